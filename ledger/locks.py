"""One run at a time for a partner and kind of drop, and for a moment for what all runs share."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ledger.private_files import private_folder
from schemas.drop import DropKind
from schemas.errors import BusyError
from schemas.state_folder import Part

_PATIENCE_SECONDS = 60


def series_lock(partner: str, kind: DropKind) -> str:
    """Name the lock of a partner's drops of a kind."""
    return f"{partner}-{kind}"


@contextmanager
def held_shop(state: Path) -> Iterator[None]:
    """Hold what runs of different partners share, for a moment; wait for the other run's moment."""
    folder = private_folder(state / Part.LOCKS)
    busy = False
    try:
        lock = FileLock(folder / "shop.lock", timeout=_PATIENCE_SECONDS, mode=0o600).acquire()
    except Timeout:
        busy = True
    if busy:
        raise BusyError(
            "ほかの実行が state フォルダを使っています。終わるまでお待ちください / "
            "another run keeps the state folder busy; wait until it has ended"
        )
    with lock:
        yield


@contextmanager
def held(state: Path, names: Iterable[str]) -> Iterator[None]:
    """Hold the named locks, or say at once that another run has one.

    Raises:
        BusyError: somebody else holds one of them. The system frees the lock of a killed run.
    """
    folder = private_folder(state / Part.LOCKS)
    with ExitStack() as stack:
        for name in sorted(names):
            busy = False
            try:
                stack.enter_context(FileLock(folder / f"{name}.lock", timeout=0, mode=0o600))
            except Timeout:
                busy = True
            if busy:
                raise BusyError(
                    f"ほかの実行が {name} を処理しています。終わるまでお待ちください / "
                    f"another run is working on {name}; wait until it has ended"
                )
        yield
