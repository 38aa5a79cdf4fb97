"""Work a later stage needs, begun in a process of its own while the stages before it leave a core idle.

In a thread it would wait for the interpreter, and the stages for it: reading took twice as long beside it.
"""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

from drops.key_helpers import pipes_of
from flows.running import work_helper

Result = TypeVar("Result")


class BegunWork:
    """What was begun in one run, by name; it is done in the order in which it was begun."""

    def __init__(self) -> None:
        """Begin nothing yet, and start no process."""
        self._waiting = ThreadPoolExecutor(1)
        self._begun: dict[str, Future[Any]] = {}
        self._helper: subprocess.Popen[bytes] | None = None
        self._lock, self._is_closed = Lock(), False

    def begin(self, name: str, work: Callable[[], object]) -> None:
        """Begin to work; what was begun under the same name before is forgotten.

        Args:
            name: to ask for its result by.
            work: a function of a module that takes little to load, or a `partial` of one, with arguments that
                can be pickled, as must its result.
        """
        self._begun[name] = self._waiting.submit(self._by_helper, work)

    def result(self, name: str, work: Callable[[], Result]) -> Result:
        """Give the result of what was begun, once; what nobody has begun, or was not done, is done now."""
        begun = self._begun.pop(name, None)
        if begun is None or begun.cancel():
            return work()
        try:
            found: Result = begun.result()
        except Exception:  # noqa: BLE001 (whatever it was, the work meets it again, or does without a helper)
            return work()
        return found

    def close(self) -> None:
        """Begin no more, and stop what is being worked on."""
        self._waiting.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._is_closed = True
            if self._helper is not None:
                self._helper.kill()
        self._waiting.shutdown()
        self._stop()

    def _by_helper(self, work: Callable[[], object]) -> object:
        try:
            jobs, answers = pipes_of(self._at_work())
            work_helper.send(jobs, work)
            return work_helper.receive(answers)
        except BaseException:
            # An answer that was not read would be taken for that of the next job.
            self._stop()
            raise

    def _at_work(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._is_closed:
                raise EOFError
            if self._helper is None:
                self._helper = _started()
            return self._helper

    def _stop(self) -> None:
        with self._lock:
            helper, self._helper = self._helper, None
        if helper is not None:
            with suppress(OSError):
                helper.kill()
                helper.communicate()


def _started() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", work_helper.__name__]
    return subprocess.Popen(  # noqa: S603 (ourselves)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
