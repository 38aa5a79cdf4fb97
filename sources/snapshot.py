"""A folder of staged tables: every row that was read, with its place of origin, its fault and its links."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow

from schemas.staging import staged_schema
from sources.arrow_files import batches_in
from transforms.spine import SPINE_TABLES, Spine

_MOST_KEPT = 2_000
"""Rows of a table that stays in memory once it is read: opening its file a hundred times costs more."""


@dataclass(frozen=True)
class Stretch:
    """Rows `start` to `stop` of a staged table, `stop` not among them: a range of its order."""

    start: int
    stop: int


@dataclass(frozen=True)
class StagedTable:
    """What was read of one canonical table."""

    read: int
    parts: tuple[str, ...]
    flags: Mapping[str, int]
    batch_rows: tuple[int, ...]
    """How many rows each staged batch has."""
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By file or table, the headers nothing asks for."""


@dataclass(frozen=True)
class Snapshot:
    """A folder of staged tables."""

    folder: Path
    tables: Mapping[str, StagedTable]

    def __reduce__(self) -> tuple[type["Snapshot"], tuple[Path, Mapping[str, StagedTable]]]:
        """Go to another process without what was read of the tables here."""
        return Snapshot, (self.folder, self.tables)

    @property
    def unread_columns(self) -> dict[str, set[str]]:
        """Give, by file or table, the headers no mapping asks for."""
        found: dict[str, set[str]] = {}
        for table in self.tables.values():
            for part, headers in table.unread.items():
                found[part] = found.get(part, set(headers)) & set(headers)
        return found

    @cached_property
    def spine(self) -> Spine:
        """How the rows of all tables but the lines hang together."""
        counts = {
            name: self.tables[name].read if name in self.tables else 0 for name in SPINE_TABLES
        }
        return Spine(counts, lambda table, column: self.table(table, [column])[column])

    def batches(
        self, table: str, columns: list[str] | None = None, stretch: Stretch | None = None
    ) -> Iterator[pyarrow.RecordBatch]:
        """Stream a staged table, or only some of its columns, or a stretch of its rows."""
        if stretch is None:
            yield from self._batches(table, columns)
            return
        counts = np.array(self.tables[table].batch_rows, np.int64)
        stops = np.cumsum(counts)
        starts = stops - counts
        touched = np.flatnonzero((stops > stretch.start) & (starts < stretch.stop)).tolist()
        found = self._batches(table, columns, touched)
        for start, batch in zip(starts[touched].tolist(), found, strict=True):
            first = max(stretch.start - start, 0)
            yield batch.slice(first, stretch.stop - start - first)

    def table(self, table: str, columns: list[str]) -> pyarrow.Table:
        """Load some columns of a staged table; of one that was not read, no rows."""
        if table not in self.tables:
            return _schema_of(table, columns).empty_table()
        return pyarrow.Table.from_batches(self._batches(table, columns), _schema_of(table, columns))

    def _batches(
        self, table: str, columns: list[str] | None, numbers: Iterable[int] | None = None
    ) -> Iterator[pyarrow.RecordBatch]:
        if self.tables[table].read > _MOST_KEPT:
            return staged_batches(self.folder, table, columns, numbers)
        if table not in self._kept:
            self._kept[table] = list(staged_batches(self.folder, table))
        kept = self._kept[table]
        chosen = kept if numbers is None else [kept[number] for number in numbers]
        return (batch if columns is None else batch.select(columns) for batch in chosen)

    @cached_property
    def _kept(self) -> dict[str, list[pyarrow.RecordBatch]]:
        """Small tables that were read."""
        return {}

    def chosen(self, table: str, columns: list[str], mask: np.ndarray) -> pyarrow.Table:
        """Load some columns of the rows of a mask; all others pass by."""
        chosen, start = [], 0
        for batch in self.batches(table, columns) if mask.any() else ():
            is_meant = mask[start : start + batch.num_rows]
            start += batch.num_rows
            if is_meant.any():
                chosen.append(batch.filter(pyarrow.array(is_meant)))
        return pyarrow.Table.from_batches(chosen, _schema_of(table, columns))


def staged_batches(
    folder: Path,
    table: str,
    columns: list[str] | None = None,
    numbers: Iterable[int] | None = None,
) -> Iterator[pyarrow.RecordBatch]:
    """Stream the rows staged under `folder`, or only the batches of these numbers."""
    names = staged_schema(table).names
    fields = None if columns is None else [names.index(column) for column in columns]
    for batch in batches_in(folder / f"{table}.arrow", fields, numbers):
        yield batch if columns is None else batch.select(columns)


def loaded(folder: Path, table: str, columns: list[str]) -> pyarrow.Table:
    """Load some columns of the rows staged under `folder`."""
    batches = staged_batches(folder, table, columns)
    return pyarrow.Table.from_batches(batches, _schema_of(table, columns))


def _schema_of(table: str, columns: list[str]) -> pyarrow.Schema:
    return pyarrow.schema([staged_schema(table).field(column) for column in columns])
