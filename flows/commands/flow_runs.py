"""What commands that run a Prefect flow share: the way there, the wait, and how Ctrl-C ends it."""

import multiprocessing
import os
import signal
import threading
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import click
from rich.console import Console

from flows.running.orchestration import set_up

_PATIENCE_SECONDS = 5


def set_up_run(state: Path, *groups: Path) -> None:
    """Set Prefect up for a run whose command the operator waits for (`set_up`)."""
    set_up(state, os.environ, *groups)
    for name in ("PREFECT_LOGGING_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL"):
        os.environ.setdefault(name, "CRITICAL")
    for name in (
        "SIGINT",
        "SIGTERM",
        "SIGHUP",
    ):  # the last when a terminal is closed; Windows has none
        ending = getattr(signal, name, None)
        if ending is not None and signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, _stop)


def progress(console: Console, text: str) -> AbstractContextManager[object]:
    """Show that something goes on, where somebody looks."""
    return console.status(text) if console.is_terminal else nullcontext()


def _end() -> None:
    """End at once, with the processes that work for this one."""
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(1)


def _stop(_signal: int, _frame: object) -> None:
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
