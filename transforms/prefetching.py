"""Iterators that work ahead: the next batch is made in a thread while this one is worked on.

Arrow leaves the interpreter free, so two steps of a stream keep two cores busy.
"""

from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

_LOOK_SECONDS = 0.1

_FEW_ROWS = 1_000
"""Rows that are worked on in less time than it takes to hand them from thread to thread."""


class _Ended:
    """Put behind the last item, with what ended the iterator if it failed."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure


def prefetched(
    items: Iterable[Item], rows: Callable[[Item], int] | None = None, count: int = 1
) -> "Prefetched[Item]":
    """Give the same items in the same order, each made before it is asked for, in a copy of our context.

    A failure of the iterator is raised where its item would have come. An iterator that is not used
    to the end is closed.

    Args:
        items: to make.
        rows: how many an item has. The thread starts behind the first item of more than a few; a small
            table needs none. If it is not told, the thread starts at once.
        count: how many wait to be asked for.
    """
    return Prefetched(items, rows, count)


class Prefetched(Iterator[Item]):
    """Items that are made in a thread of their own, as soon as that is worth one."""

    def __init__(
        self, items: Iterable[Item], rows: Callable[[Item], int] | None, count: int
    ) -> None:
        """Begin, if it is not to be seen first whether there is much to do."""
        self._items = iter(items)
        self._rows = rows
        self._queue: Queue[Item | _Ended] = Queue(count)
        self._is_left = Event()
        self._has_ended = False
        self._worker: Thread | None = None
        if rows is None:
            self._start()

    def _start(self) -> None:
        in_context = copy_context().run
        self._worker = Thread(
            target=in_context, args=(_fill, self._items, self._queue, self._is_left), daemon=True
        )
        self._worker.start()

    def __next__(self) -> Item:
        """Wait for the next item, or make it."""
        if self._has_ended:
            raise StopIteration
        if self._worker is None:
            return self._made()
        item = self._queue.get()
        if not isinstance(item, _Ended):
            return item
        self.close()
        if item.failure is not None:
            raise item.failure
        raise StopIteration

    def _made(self) -> Item:
        try:
            item = next(self._items)
        except BaseException:
            self.close()
            raise
        if self._rows is not None and self._rows(item) > _FEW_ROWS:
            self._start()
        return item

    def close(self) -> None:
        """Let go of the iterator, and wait until it is closed."""
        self._has_ended = True
        self._is_left.set()
        if self._worker is None:
            _close(self._items)
        else:
            self._worker.join()

    def __del__(self) -> None:
        """Close what was left."""
        self.close()


def _close(items: Iterator[object]) -> None:
    if hasattr(items, "close"):
        items.close()


def _fill(items: Iterator[Item], queue: "Queue[Item | _Ended]", is_left: Event) -> None:
    failure: BaseException | None = None
    try:
        for item in items:
            if not _is_taken(item, queue, is_left):
                break
    except BaseException as error:  # noqa: BLE001 (raised again where the items are used)
        failure = error
    finally:
        _close(items)
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
