"""Files of the state folder: readable by nobody but their owner, never half-written."""

import os
import uuid
from pathlib import Path
from typing import BinaryIO

_OWNER_ONLY = 0o600


def private_folder(path: Path) -> Path:
    """Make a folder only its owner can enter."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def open_private(path: Path) -> BinaryIO:
    """Open a file to write for its owner only."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb")


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner only (mode 0600)."""
    private_folder(path.parent)
    hidden = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with open_private(hidden) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    hidden.replace(path)
