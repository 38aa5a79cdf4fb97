"""How the rows of every table but the lines hang together: what ruling and the gate work on."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import DELIVERABLE_TABLES
from schemas.staging import FAULT, row_of
from transforms.arrays import mask_of, whole
from transforms.linking import living_keys
from transforms.merges import Merges, resolve_merges

LINE_COLUMNS = [FAULT, row_of("repair_id")]
"""What ruling reads of the lines, the one table that is never held whole."""

NAMED_LINE_COLUMNS = ["name", *LINE_COLUMNS]
"""What it reads of them once lines of certain names are ruled on."""

SPINE_TABLES = tuple(table for table in DELIVERABLE_TABLES if table != "repair_lines")

_MOST_KEPT = 50_000
"""Rows of a table whose columns are kept: together not 20 MiB, and a small shop's run is a tenth shorter."""

Read = Callable[[str, str], pyarrow.ChunkedArray]
"""Reads one staged column of a table: (table, column) → its cells, in row order."""


class Spine:
    """The rows of every table but the lines, as they hang together.

    Columns are read when they are asked for, and of large tables not kept: those of a large shop's
    slips take more memory than all else, and reading one again takes milliseconds.
    """

    def __init__(self, counts: Mapping[str, int], read: Read) -> None:
        """Read nothing yet.

        Args:
            counts: of rows, per table of `SPINE_TABLES`.
            read: reads a column of them.
        """
        self._counts, self._read = counts, read
        self._kept: dict[tuple[str, str], pyarrow.ChunkedArray] = {}

    @cached_property
    def merges(self) -> Merges:
        """Which customers stand for which."""
        ids = living_keys(self.column("customers", "customer_id"), self.column("customers", FAULT))
        return resolve_merges(ids, self.column("customers", "merged_into_customer_id"))

    def _cells(self, table: str, name: str) -> pyarrow.ChunkedArray:
        if self._counts[table] > _MOST_KEPT:
            return self._read(table, name)
        if (table, name) not in self._kept:
            self._kept[table, name] = self._read(table, name)
        return self._kept[table, name]

    def column(self, table: str, name: str) -> pyarrow.Array:
        """Read one column."""
        return whole(self._cells(table, name))

    def are(self, table: str, name: str, value: object) -> np.ndarray:
        """Mask of the rows that have this value in a column."""
        return mask_of(pc.equal(self._cells(table, name), value))

    def rows(self, table: str, link: str) -> np.ndarray:
        """Give the rows a link points at; a merged customer is the one that stands for it."""
        rows = self.raw_rows(table, link)
        return self.merges.followed(rows) if link == "customer_id" else rows

    def each_rows(self, table: str, link: str) -> tuple[np.ndarray, ...]:
        """Give the rows a link points at, followed through merges and as recorded, if they differ."""
        recorded = self.raw_rows(table, link)
        if link != "customer_id" or not self.merges.has_any:
            return (recorded,)
        return self.rows(table, link), recorded

    def raw_rows(self, table: str, link: str) -> np.ndarray:
        """Give the rows a link points at as recorded, merged or not."""
        return np.asarray(self._cells(table, row_of(link)).to_numpy())

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return self._counts[table]

    def days(self, table: str, name: str) -> np.ndarray:
        """Give a date column as day numbers (`day_number`), -1 where it is empty."""
        days = self.column(table, name).cast(pyarrow.int32())
        return pc.fill_null(
            pc.add(days, pyarrow.scalar(_BEFORE_1970, pyarrow.int32())), -1
        ).to_numpy()


_BEFORE_1970 = 100_000
"""Days by which dates are shifted so that all are positive; the earliest is of 1868."""


def day_number(day: date) -> int:
    """Number a day as `Spine.days` does."""
    return (day - date(1970, 1, 1)).days + _BEFORE_1970


def at(mask: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Look a mask up at parent rows; false where there is no parent."""
    if not len(mask):
        return np.zeros(len(rows), bool)
    return mask.take(rows, mode="clip") & (rows >= 0)
