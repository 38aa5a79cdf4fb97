"""What runs the parts of one large job side by side."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np

from sources.snapshot import Stretch

Job = TypeVar("Job")
Result = TypeVar("Result")

FEWEST_ROWS = 8192
"""Shorter stretches are not worth a worker's while."""


class Engine(Protocol):
    """Runs jobs side by side."""

    @property
    def parts(self) -> int:
        """Into how many parts a large table is split."""
        ...

    @property
    def fewest_rows(self) -> int:
        """How many rows a part has at least."""
        ...

    def map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Give the result of each job, in the order of the jobs, each as soon as it is there."""
        ...


def stretches(engine: Engine, rows: int) -> list[Stretch]:
    """Split the rows of a table into ranges of its order; a small table into one."""
    count = max(1, min(engine.parts, rows // max(engine.fewest_rows, 1)))
    edges = np.linspace(0, rows, count + 1).astype(int).tolist()
    return [Stretch(start, stop) for start, stop in pairwise(edges)]
