"""What was written stands on the disk: it outlasts a power cut, and a stick that is pulled out."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO


def to_disk(file: BinaryIO) -> None:
    """Have everything written to an open file stand on the disk."""
    file.flush()
    os.fsync(file.fileno())


def path_to_disk(path: Path) -> None:
    """Have a file, or the names in a folder, stand on the disk."""
    # Windows keeps only what was opened to be written, and opens no folders; there a rename is durable.
    is_folder = path.is_dir()
    with contextlib.suppress(*([PermissionError] if is_folder else [])):
        handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
