"""Files of the state folder: readable by nobody but their owner, never half-written."""

import csv
import io
import os
import re
import stat
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from schemas.errors import ConfigurationError

_OWNER_ONLY = 0o600
_HIDDEN = re.compile(r"\..+\.[0-9a-f]{32}")


def private_folder(path: Path) -> Path:
    """Make a folder only its owner can enter.

    Raises:
        ConfigurationError: it is there and others can enter it: who has been in it nobody knows.
    """
    for missing in reversed([p for p in (path, *path.parents) if not p.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(exist_ok=True)  # of a file that bears the name, the error says so
    refuse_wider(path, 0o700)
    return path


def refuse_wider(path: Path, mode: int) -> None:
    """Refuse a file or folder that others than its owner can read or enter (policy §8).

    Windows has no such modes; there the folder's own rights hold.

    Raises:
        ConfigurationError: naming it and the command that mends it.
    """
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & ~mode:
        raise ConfigurationError(
            f"{path.name} をほかの人が読める状態です。だれがそうしたか確かめてから、次を実行してください: "
            f"chmod {mode:o} '{path}' / "
            f"{path.name} can be read by others than its owner (mode {stat.S_IMODE(path.stat().st_mode):o}); "
            f"find out who did, then: chmod {mode:o} '{path}'"
        )


def open_private(path: Path) -> BinaryIO:
    """Open a file to write for its owner only."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb")


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner only (mode 0600)."""
    private_folder(path.parent)
    write_whole(path, content)


def write_spreadsheet(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as `write_private`, as CSV that Excel opens: UTF-8 with its mark, every cell quoted."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    write_private(path, text.getvalue().encode("utf-8-sig"))


def write_whole(path: Path, content: bytes) -> None:
    """Write as `write_private`, into a folder that others may enter."""
    hidden = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open_private(hidden) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def sweep_half_written(folder: Path) -> None:
    """Remove what a killed program left of `write_private` in a folder and those within."""
    for path in folder.rglob(".*"):
        if _HIDDEN.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)
