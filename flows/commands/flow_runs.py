"""What commands that run a Prefect flow share: the way there, the wait, and how Ctrl-C ends it."""

import errno
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from flows.running.guarding import full_disk
from flows.running.orchestration import set_up
from schemas.errors import JointUseError

_PATIENCE_SECONDS = 5
_LEAST_FREE_BYTES = 1 << 24
"""What Prefect writes of a run is a few MiB; a shop's staged records are many times more."""


def set_up_run(state: Path, *groups: Path) -> None:
    """Set Prefect up for a run whose command the operator waits for (`set_up`).

    Raises:
        JointUseError: there is no room for its database, which it would try to write for minutes.
    """
    if shutil.disk_usage(state).free < _LEAST_FREE_BYTES:
        raise JointUseError(full_disk(errno.ENOSPC))
    set_up(state, os.environ, *groups)
    for name in ("PREFECT_LOGGING_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL"):
        os.environ.setdefault(name, "CRITICAL")
    when_ended(_stop, "SIGINT", "SIGTERM", "SIGHUP")
    if "PREFECT_API_URL" not in os.environ:  # else none is started, and loading it takes a second
        from flows.deployments.temporary_server import end_with_us  # noqa: PLC0415 (Prefect reads the environment once)

        end_with_us()


def when_ended(stop: Callable[[int, FrameType | None], None], *endings: str) -> None:
    """Have these signals stop the program, but those it was told to ignore; Windows has no SIGHUP.

    Args:
        stop: what they call.
        endings: their names; SIGHUP comes when a terminal is closed.
    """
    for name in endings:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def progress(console: Console, text: str) -> AbstractContextManager[object]:
    """Show that something goes on, where somebody looks."""
    return console.status(text) if console.is_terminal else nullcontext()


def _end() -> None:
    """End at once, with the processes that work for this one."""
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(1)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Stop at Ctrl-C: the run clears up after itself, and Prefect is not waited for.

    Its server got the same Ctrl-C, so it would be asked in vain for more than a minute.
    """
    patience = threading.Timer(_PATIENCE_SECONDS, _end)
    patience.daemon = True
    patience.start()
    # Threads that wait for workers would each say in a traceback what is said here.
    threading.excepthook = lambda _: None
    with suppress(OSError):  # a terminal that was closed
        click.echo(
            "\n中止します。すでに始まった店の納品は終わりまで進むことがあります（`joint-use status` "
            "で確かめられます） / "
            "stopping; shops that have begun may still finish, see `joint-use status`",
            err=True,
        )
    raise KeyboardInterrupt
