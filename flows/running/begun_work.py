"""Work a later stage needs, begun in a thread while the stages before it leave a core idle."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class BegunWork:
    """What was begun in one run, by name; it is done in the order in which it was begun."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._worker = ThreadPoolExecutor(1)
        self._begun: dict[str, Future[Any]] = {}

    def begin(self, name: str, work: Callable[[], object]) -> None:
        """Begin to work; what was begun under the same name before is forgotten."""
        self._begun[name] = self._worker.submit(work)

    def result(self, name: str, work: Callable[[], Result]) -> Result:
        """Give the result of what was begun, once; what nobody has begun is done now.

        A failure of the work is raised here, where its result is needed.
        """
        begun = self._begun.pop(name, None)
        if begun is None or begun.cancel():
            return work()
        found: Result = begun.result()
        return found

    def close(self) -> None:
        """Begin no more, and wait for what is being worked on."""
        self._worker.shutdown(cancel_futures=True)
