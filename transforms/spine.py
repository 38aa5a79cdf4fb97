"""The keys, links and deciding columns of every table but the lines: what settling works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.staging import FAULT, row_of
from transforms.arrays import whole
from transforms.merges import Merges, resolve_merges

LINE_COLUMNS = [FAULT, row_of("repair_id")]
"""What settling reads of the lines, the one table that is never held whole."""

NAMED_LINE_COLUMNS = ["name", *LINE_COLUMNS]
"""What it reads of them once lines of certain names are ruled on."""

_DECIDING_COLUMNS = MappingProxyType(
    {
        "customers": ["merged_into_customer_id"],
        "vehicles": ["released_on"],
        "certificates": ["issued_on"],
        "visits": ["checked_in_on"],
        "repairs": ["status", "done_by", "done_on"],
        "invoices": ["estimated_on", "booked_on"],
        "vehicle_costs": ["incurred_on"],
        "vehicle_images": ["taken_on", "is_cleared_for_sharing"],
    }
)


def spine_columns(table: str) -> list[str]:
    """List the staged columns of a table that settling and the gate need in memory."""
    known = CATALOG[table]
    keys = [known.key] if known.key else []
    links = [row_of(link) for link in known.links]
    return [*keys, *_DECIDING_COLUMNS.get(table, []), FAULT, *links]


SPINE_TABLES = tuple(table for table in DELIVERABLE_TABLES if table != "repair_lines")


@dataclass(frozen=True)
class Spine:
    """The keys, links and deciding columns of every table but the lines."""

    tables: Mapping[str, pyarrow.Table]
    merges: Merges

    @classmethod
    def of(cls, tables: Mapping[str, pyarrow.Table]) -> "Spine":
        """Build from tables of `spine_columns`."""
        joined = {name: table.combine_chunks() for name, table in tables.items()}
        customers = joined["customers"]
        merges = resolve_merges(
            whole(customers["customer_id"]), whole(customers["merged_into_customer_id"])
        )
        return cls(joined, merges)

    def column(self, table: str, name: str) -> pyarrow.Array:
        """Give one column as one array."""
        return whole(self.tables[table][name])

    def rows(self, table: str, link: str) -> np.ndarray:
        """Give the rows a link points at; a merged customer is the one that stands for it."""
        rows = self.raw_rows(table, link)
        if link != "customer_id" or not self.merges.has_any:
            return rows
        return np.where(rows >= 0, self.merges.survivors[np.maximum(rows, 0)], rows)

    def each_rows(self, table: str, link: str) -> tuple[np.ndarray, ...]:
        """Give the rows a link points at, followed through merges and as recorded, if they differ."""
        recorded = self.raw_rows(table, link)
        if link != "customer_id" or not self.merges.has_any:
            return (recorded,)
        return self.rows(table, link), recorded

    def raw_rows(self, table: str, link: str) -> np.ndarray:
        """Give the rows a link points at as recorded, merged or not."""
        return self.column(table, row_of(link)).to_numpy()

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self.tables[table].num_rows)

    def days(self, table: str, name: str) -> np.ndarray:
        """Give a date column as day numbers (`day_number`), -1 where it is empty."""
        days = self.column(table, name).cast(pyarrow.int32()).cast(pyarrow.int64())
        return pc.fill_null(pc.add(days, _BEFORE_1970), -1).to_numpy()


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
