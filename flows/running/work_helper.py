"""A process that works beside a run: `python -m flows.running.work_helper`, spoken to over its pipes.

A job is a pickled function without arguments, the answer its pickled result. A job that fails ends the
process, and so does the end of its input; whoever gave the job does it then, and meets the failure.
"""

import os
import pickle
import signal
import sys
from typing import IO, Any

from flows.running.memory import prefer_flat_memory

_PROTOCOL = 5


def send(pipe: IO[bytes], thing: object) -> None:
    """Write a job or an answer."""
    pickle.dump(thing, pipe, _PROTOCOL)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:  # noqa: ANN401 (a job, or whatever it gives)
    """Read a job or an answer of our own.

    Raises:
        EOFError: the other side is gone.
    """
    return pickle.load(pipe)  # noqa: S301 (the pipe is between us and a process of ours)


def main() -> None:
    """Work off jobs until the input ends; Ctrl-C is meant for whoever gives the jobs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prefer_flat_memory()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    while True:
        try:
            work = receive(sys.stdin.buffer)
        except EOFError:
            return
        send(answers, work())


if __name__ == "__main__":
    main()
