"""The newest entry of the audit chain, noted beside the state folder: a restored backup of it shows.

Published drops bear witness only of entries before them. A refusal recorded after the last drop, and lost
because an older backup was restored, would be missed by nobody.
"""

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from ledger.chain import Head
from ledger.private_files import open_private, private_folder


@dataclass(frozen=True)
class NotedHead:
    """The newest entry at an instant (ISO 8601)."""

    head: Head
    at: str


def noted_head(state: Path) -> NotedHead | None:
    """Read what was noted last; None if nothing was, or nothing that can be read."""
    try:
        told = json.loads(note_file(state).read_text())
        return NotedHead(Head(int(told["sequence"]), str(told["sha256"])), str(told["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_head(state: Path, head: Head, *, anew: bool = False) -> None:
    """Note the newest entry, unless the note there is speaks of a later one.

    Args:
        state: the state folder.
        head: the newest entry, of a chain that has the noted one.
        anew: whether somebody has answered for what the older note shows.
    """
    file = note_file(state)
    hidden = file.with_name(f".{file.name}")
    at = datetime.now().astimezone().isoformat(timespec="microseconds")
    told = {"sequence": head.sequence, "sha256": head.digest, "at": at}
    # Whoever cannot write beside the state folder goes without this witness.
    with (
        contextlib.suppress(OSError),
        FileLock(private_folder(state / "locks") / "head.lock", mode=0o600),
    ):
        known = noted_head(state)
        if known is not None and not anew and known.head.sequence >= head.sequence:
            return
        hidden.unlink(missing_ok=True)
        with open_private(hidden) as written:
            written.write((json.dumps(told) + "\n").encode())
        hidden.replace(file)


def note_file(state: Path) -> Path:
    """Give the place of the note: beside the state folder, for a restored folder must not bring it along."""
    return state.with_name(f"{state.name}.head.json")
