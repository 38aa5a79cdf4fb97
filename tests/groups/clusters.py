"""Real workers for tests: a Dask cluster of processes, and a worker that is killed at its work."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager

_DYING = """
import os, signal, sys
if "--multiprocessing-fork" in sys.argv or "dask_worker" in " ".join(sys.orig_argv):
    import {module} as module
    work = module.{work}
    def dies_once(*args, **kwargs):
        done = work(*args, **kwargs)
        try:
            os.close(os.open(os.environ["DIES_ONCE"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return done
        os.kill(os.getpid(), signal.SIGKILL)
    module.{work} = dies_once
"""


def dying(tmp_path, monkeypatch, module, work):
    """Let the first worker process that has done some work be killed on the spot."""
    (tmp_path / "dying").mkdir()
    program = _DYING.format(module=module, work=work)
    (tmp_path / "dying" / "sitecustomize.py").write_text(program)
    paths = [str(tmp_path / "dying"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("DIES_ONCE", str(tmp_path / "died"))
    return tmp_path / "died"


@contextmanager
def dask(workers=2):
    """Start a scheduler and its workers, each a process of its own; gives the scheduler's address."""
    from prefect.settings import PREFECT_API_URL

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value()}
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = ["dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in (scheduler, *[worker] * workers)
    ]
    try:
        yield address
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def workers(runner):
    """Give two workers of a kind, as a request asks for them."""
    from flows.running.request import Workers

    if runner == "dask":
        with dask() as scheduler:
            yield Workers(runner=runner, scheduler=scheduler)
    else:
        yield Workers(runner=runner, count=2)
