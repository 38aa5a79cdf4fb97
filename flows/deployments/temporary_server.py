"""The server Prefect starts for one command ends with the command, however that ends.

Prefect ends it as its program exits; a program that is killed does not get that far. So a process that does
nothing else waits for our end of a pipe to close, which the system sees to.
"""

import atexit
import subprocess
import sys
from pathlib import Path
from typing import Any

from prefect.server.api.server import SubprocessASGIServer

from flows.deployments import waiting_for_the_end


def end_with_us() -> None:
    """See to it that a server Prefect starts for this process from now on does not outlive it."""
    server = SubprocessASGIServer()
    start = server._run_uvicorn_command  # noqa: SLF001 (nothing else tells which process it is, while it starts)

    def watched() -> "subprocess.Popen[Any]":
        process = start()
        _watch(process.pid)
        return process

    server._run_uvicorn_command = watched  # type: ignore[method-assign] # noqa: SLF001


def _watch(pid: int) -> None:
    command = [sys.executable, "-S", str(Path(waiting_for_the_end.__file__)), str(pid)]
    watcher = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
    # Prefect has registered the end of its server later than this: at our exit that comes first.
    atexit.register(watcher.wait)
    atexit.register(_close, watcher)


def _close(watcher: "subprocess.Popen[bytes]") -> None:
    if watcher.stdin is not None:
        watcher.stdin.close()
