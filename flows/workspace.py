"""Private folders to work in: each goes with its run, and those of killed runs are cleared."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ledger.private_files import private_folder


@contextmanager
def workspace(state: Path) -> Iterator[Path]:
    """Make a folder that goes with the run, and clear the folders of runs that were killed."""
    runs = private_folder(state / "runs")
    for lock in runs.glob("*.lock"):
        with suppress(Timeout), FileLock(lock, timeout=0):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
    folder = runs / uuid.uuid4().hex
    with FileLock(folder.with_suffix(".lock"), timeout=0, mode=0o600):
        private_folder(folder)
        private_folder(folder / "staged")
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)
