"""Iterators that work ahead: the next batch is made in a thread while this one is worked on.

Arrow leaves the interpreter free, so two steps of a stream keep two cores busy.
"""

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

_LOOK_SECONDS = 0.1


class _Ended:
    """Put behind the last item, with what ended the iterator if it failed."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure


def prefetched(items: Iterable[Item], count: int = 1) -> "Prefetched[Item]":
    """Give the same items in the same order, each made before it is asked for, in a copy of our context.

    The work begins at once. A failure of the iterator is raised where its item would have come.
    An iterator that is not used to the end is closed.

    Args:
        items: to make.
        count: how many wait to be asked for.
    """
    return Prefetched(items, count)


class Prefetched(Iterator[Item]):
    """Items that are made in a thread of their own."""

    def __init__(self, items: Iterable[Item], count: int) -> None:
        """Begin with the first item."""
        self._queue: Queue[Item | _Ended] = Queue(count)
        self._is_left = Event()
        self._has_ended = False
        in_context = copy_context().run
        self._worker = Thread(
            target=in_context, args=(_fill, items, self._queue, self._is_left), daemon=True
        )
        self._worker.start()

    def __next__(self) -> Item:
        """Wait for the next item."""
        if self._has_ended:
            raise StopIteration
        item = self._queue.get()
        if not isinstance(item, _Ended):
            return item
        self.close()
        if item.failure is not None:
            raise item.failure
        raise StopIteration

    def close(self) -> None:
        """Let go of the iterator, and wait until it is closed."""
        self._has_ended = True
        self._is_left.set()
        self._worker.join()

    def __del__(self) -> None:
        """Close what was left."""
        self.close()


def _fill(items: Iterable[Item], queue: "Queue[Item | _Ended]", is_left: Event) -> None:
    failure: BaseException | None = None
    stream = iter(items)
    try:
        for item in stream:
            if not _is_taken(item, queue, is_left):
                break
    except BaseException as error:  # noqa: BLE001 (raised again where the items are used)
        failure = error
    finally:
        if isinstance(stream, Iterator) and hasattr(stream, "close"):
            stream.close()
    _is_taken(_Ended(failure), queue, is_left)


def _is_taken(item: "Item | _Ended", queue: "Queue[Item | _Ended]", is_left: Event) -> bool:
    """Put an item into the queue as soon as there is room; false if nobody waits for it."""
    while not is_left.is_set():
        try:
            queue.put(item, timeout=_LOOK_SECONDS)
        except Full:
            continue
        return True
    return False
