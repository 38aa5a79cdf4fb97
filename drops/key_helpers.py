"""The helper processes that digest numbers beside us, started when first needed."""

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import IO

from drops import key_helper

_MOST = 8


@dataclass
class KeyHelpers:
    """A helper for each core but our own. They end with us, however we end: their input is our pipe."""

    count: int = field(default_factory=lambda: min(max((os.cpu_count() or 1) - 1, 1), _MOST))
    _processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def digest(self, secret: bytes, kind: str, shares: list[bytes]) -> list[bytes] | None:
        """Give the digests of each share of lines; None if a helper cannot work."""
        with self._lock:
            try:
                pipes = [pipes_of(process) for process in self._started()]
                for (jobs, _), lines in zip(pipes, shares, strict=True):
                    key_helper.send(jobs, secret, kind.encode(), lines)
                return [key_helper.receive(answers) for _, answers in pipes]
            except (OSError, EOFError):
                self._stop()
                return None
            except BaseException:
                # An answer that was not read would be taken for that of the next job.
                self._stop()
                raise

    def _started(self) -> list["subprocess.Popen[bytes]"]:
        if not self._processes:
            atexit.register(self._stop)
            self._processes = [_start() for _ in range(self.count)]
        return self._processes

    def _stop(self) -> None:
        for process in self._processes:
            with suppress(OSError):
                process.kill()
                process.communicate()
        self._processes = []


HELPERS = KeyHelpers()


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", key_helper.__name__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def pipes_of(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    """Give where a helper's jobs go in, and where its answers come out.

    Raises:
        OSError: it has none.
    """
    if process.stdin is None or process.stdout is None:
        raise OSError
    return process.stdin, process.stdout
