"""Private folders to work in: each goes with its run, and those of killed runs are cleared."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ledger.private_files import private_folder
from schemas.state_folder import Part


@contextmanager
def workspace(state: Path) -> Iterator[Path]:
    """Make a folder that goes with the run, and clear the folders of runs that were killed."""
    runs = private_folder(state / Part.RUNS)
    folder = runs / uuid.uuid4().hex
    own = FileLock(folder.with_suffix(".lock"), timeout=0, mode=0o600)
    # One at a time: a lock just made and not yet taken looks like that of a killed run.
    with FileLock(state / "runs.lock", mode=0o600):
        for lock in runs.glob("*.lock"):
            with suppress(Timeout):
                with FileLock(lock, timeout=0):
                    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                _take_away(lock)
        for left in runs.iterdir():
            # A worker of a run that was stopped may have put something there after it was cleared.
            if left.is_dir() and not left.with_suffix(".lock").exists():
                shutil.rmtree(left, ignore_errors=True)
        taken = own.acquire()
    try:
        with taken:
            private_folder(folder)
            private_folder(folder / "staged")
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        _take_away(folder.with_suffix(".lock"))


def _take_away(lock: Path) -> None:
    """Delete a lock nobody holds any more; what cannot be deleted now is cleared by a later run."""
    with suppress(OSError):
        lock.unlink()
