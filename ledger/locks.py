"""One run at a time for a partner and kind of drop."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ledger.private_files import private_folder
from schemas.errors import BusyError


@contextmanager
def held(state: Path, names: Iterable[str]) -> Iterator[None]:
    """Hold the named locks, or say at once that another run has one.

    Raises:
        BusyError: somebody else holds one of them. The system frees the lock of a killed run.
    """
    folder = private_folder(state / "locks")
    with ExitStack() as stack:
        for name in sorted(names):
            busy = False
            try:
                stack.enter_context(FileLock(folder / f"{name}.lock", timeout=0, mode=0o600))
            except Timeout:
                busy = True
            if busy:
                raise BusyError(f"another run is working on {name}; wait until it has ended")
        yield
