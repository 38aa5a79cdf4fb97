"""Customers merged into others: who stands for whom, and which numbers are one person."""

from dataclasses import dataclass

import numpy as np
import pyarrow

from transforms.linking import UNKNOWN, KeyIndex


@dataclass(frozen=True)
class Merges:
    """Per customer row: the row that stands for it now, and its person.

    `survivors` is the row itself where it is not merged; `persons` is equal for all rows that are
    one person, also where the merges run in a circle and nobody stands for them.
    """

    survivors: np.ndarray
    persons: np.ndarray
    is_unknown: np.ndarray
    is_circular: np.ndarray
    has_any: bool
    """Whether any row has another one stand for it."""

    def followed(self, rows: np.ndarray) -> np.ndarray:
        """Give the rows that stand for these; where there is no row (below 0), it stays so."""
        if not self.has_any:
            return rows
        return np.where(rows >= 0, self.survivors[np.maximum(rows, 0)], rows)


def resolve_merges(customer_ids: pyarrow.Array, merged_into: pyarrow.Array) -> Merges:
    """Follow `merged_into_customer_id` to the end."""
    targets = KeyIndex(customer_ids).positions(merged_into)
    here = np.arange(len(targets), dtype=np.int32)
    ends = np.where(targets >= 0, targets, here)
    for _ in range(max(1, len(targets)).bit_length()):
        ends = ends[ends]
    is_circular = targets[ends] >= 0
    persons = ends.copy()
    for row in np.flatnonzero(is_circular):
        persons[row] = _smallest_on_circle(int(ends[row]), targets)
    survivors = np.where(is_circular, here, ends).astype(np.int32)
    return Merges(
        survivors=survivors,
        persons=persons,
        is_unknown=targets == UNKNOWN,
        is_circular=is_circular,
        has_any=bool(np.any(survivors != here)),
    )


def _smallest_on_circle(start: int, targets: np.ndarray) -> int:
    smallest, row = start, int(targets[start])
    while row != start:
        smallest, row = min(smallest, row), int(targets[row])
    return smallest
