"""The extract stage: one consistent reading of all sources into staged canonical tables.

Each row is read once, in one snapshot per source, and staged in the run's own folder with its
place of origin, its fault if it has one, and the positions of the rows its links point at.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as pc
from pyarrow import ipc

from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG, DELIVERABLE_TABLES, Table
from schemas.shop import ShopConfiguration, TableMapping
from schemas.staging import FAULT, PART, RECORD, UNREAD, row_of, staged_schema
from sources.opening import opened
from sources.rows import OpenSource, Order, RawBatch, Regrouped, SourceTable, UnreadableRow
from transforms.canonical import CanonicalBatch, canonicalise
from transforms.line_checks import LineChecks
from transforms.linking import NO_LINK, KeyIndex, find_vehicles
from transforms.mapping import Match, MatchedColumn, match_headers, refuse_missing
from transforms.spine import SPINE_TABLES, Spine
from transforms.working_ahead import ahead

STATED_IN = "part"
"""Column that names the file or table an objection stands in."""

_IPC_OPTIONS = ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class TablePart:
    """One file or table that feeds a canonical table, and how its headers were matched."""

    name: str
    source: str
    match: Match


@dataclass(frozen=True)
class Stretch:
    """Rows `start` to `stop` of a staged table, `stop` not among them: a range of its order."""

    start: int
    stop: int


@dataclass(frozen=True)
class StagedTable:
    """What was read of one canonical table."""

    read: int
    parts: tuple[TablePart, ...]
    flags: Mapping[str, int]
    batch_rows: tuple[int, ...]
    """How many rows each staged batch has."""


@dataclass(frozen=True)
class Snapshot:
    """A folder of staged tables."""

    folder: Path
    tables: Mapping[str, StagedTable]

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
            yield from staged_batches(self.folder, table, columns)
            return
        counts = np.array(self.tables[table].batch_rows, np.int64)
        stops = np.cumsum(counts)
        starts = stops - counts
        touched = np.flatnonzero((stops > stretch.start) & (starts < stretch.stop)).tolist()
        found = staged_batches(self.folder, table, columns, touched)
        for start, batch in zip(starts[touched].tolist(), found, strict=True):
            first = max(stretch.start - start, 0)
            yield batch.slice(first, stretch.stop - start - first)

    def table(self, table: str, columns: list[str]) -> pyarrow.Table:
        """Load some columns of a staged table; of one that was not read, no rows."""
        if table not in self.tables:
            return _schema_of(table, columns).empty_table()
        return _loaded(self.folder, table, columns)

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
    names = staged_schema(CATALOG[table]).names
    fields = None if columns is None else [names.index(column) for column in columns]
    for batch in batches_in(folder / f"{table}.arrow", fields, numbers):
        yield batch if columns is None else batch.select(columns)


def batches_in(
    path: Path, fields: list[int] | None = None, numbers: Iterable[int] | None = None
) -> Iterator[pyarrow.RecordBatch]:
    """Stream an Arrow file, or only some of its fields, or of its batches."""
    options = ipc.IpcReadOptions(included_fields=fields)
    with (
        pyarrow.OSFile(str(path)) as file,
        ipc.open_file(file, options=options) as reader,
    ):
        for number in range(reader.num_record_batches) if numbers is None else numbers:
            yield reader.get_batch(number)


def take_snapshot(  # noqa: PLR0913 (what reading depends on)
    shop: ShopConfiguration,
    home: Path,
    folder: Path,
    environment: Mapping[str, str],
    tables: Collection[str] = DELIVERABLE_TABLES,
    *,
    when_staged: Callable[[Snapshot, str], None] | None = None,
) -> Snapshot:
    """Read mapped tables into `folder`, each source in one read-only snapshot.

    Args:
        shop: where the records are.
        home: the shop's folder.
        folder: to stage in.
        environment: may name databases.
        tables: which to read; with a table, those its links point into.
        when_staged: is told after each table, with those that are there and the name of the last.
    """
    mappings = {name: shop.tables.get(name, ()) for name in CATALOG if name in tables}
    needed = {mapping.source for group in mappings.values() for mapping in group}
    with ExitStack() as stack:
        sources = {
            name: stack.enter_context(opened(shop.sources[name], home, environment, folder))
            for name in shop.sources
            if name in needed
        }
        stager = _Stager(folder)
        staged: dict[str, StagedTable] = {}
        for name, own in mappings.items():
            staged[name] = stager.stage(CATALOG[name], own, sources)
            if when_staged is not None:
                when_staged(Snapshot(folder, dict(staged)), name)
    return Snapshot(folder, staged)


def read_objections(
    shop: ShopConfiguration, home: Path, environment: Mapping[str, str], private: Path
) -> pyarrow.Table:
    """Read the objections as they are at this moment: columns, fault, and the part each stands in.

    Args:
        shop: where the records are.
        home: the shop's folder.
        environment: may name databases.
        private: a folder that goes with the run, for copies of what is far away.
    """
    table = CATALOG["objections"]
    schema = pyarrow.schema(
        [*schema_of(table), (FAULT, pyarrow.string()), (STATED_IN, pyarrow.string())]
    )
    batches = []
    with ExitStack() as stack:
        for mapping in shop.tables["objections"]:
            source = stack.enter_context(
                opened(shop.sources[mapping.source], home, environment, private)
            )
            rows = source.table(mapping.table or "")
            match = match_table(mapping, rows, table)
            refuse_missing(match, rows.part, table)
            for raw in _rows_of(mapping, rows.batches(match.headers, order_of(match, table))):
                batch = canonicalise(raw.rows, mapping, match, table)
                part = pyarrow.repeat(rows.part, len(raw.records))
                arrays = [*batch.rows.columns, batch.faults, part]
                batches.append(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))
            lost = [{FAULT: row.reason, STATED_IN: rows.part} for row in rows.unreadable]
            batches += pyarrow.Table.from_pylist(lost, schema).to_batches()
    return pyarrow.Table.from_batches(batches, schema)


def order_of(match: Match, table: Table) -> Order:
    """Key order of a database table: its key, or its links, then its numbering column."""
    names = [table.key] if table.key else list(table.links)
    texts = [h for name in names if name in match.columns for h in match.columns[name].headers]
    numbering = "line_number" if "line_number" in match.columns else None
    return Order(tuple(texts), match.columns[numbering].headers if numbering else ())


def match_table(mapping: TableMapping, rows: SourceTable, table: Table) -> Match:
    """Match a mapping with the headers that are there; certificate files need no mapping."""
    if mapping.table is not None:
        return match_headers(mapping, rows.headers, table)
    columns = {header: MatchedColumn((header,)) for header in rows.headers}
    return Match(columns=columns, missing=(), unmapped=("vehicle_id",), ignored=())


class _Stager:
    """Stages the tables one after the other, parents first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, KeyIndex] = {}

    def stage(
        self, table: Table, mappings: tuple[TableMapping, ...], sources: Mapping[str, OpenSource]
    ) -> StagedTable:
        """Read, check, link and write one table."""
        schema = staged_schema(table)
        lines = self._line_checks() if table.name == "repair_lines" else None
        parts: list[TablePart] = []
        flags: Counter[str] = Counter()
        batch_rows: list[int] = []
        with ipc.new_file(
            str(self._folder / f"{table.name}.arrow"), schema, options=_IPC_OPTIONS
        ) as file:
            for number, mapping in enumerate(mappings):
                rows = sources[mapping.source].table(mapping.table or "")
                match = match_table(mapping, rows, table)
                refuse_missing(match, rows.part, table)
                parts.append(TablePart(rows.part, mapping.source, match))
                stream = ahead(rows.batches(match.headers, order_of(match, table)))
                for batch, records in ahead(_canonical(stream, mapping, match, table)):
                    flags += batch.flags
                    file.write_batch(self._staged(batch, records, number, table, lines))
                    batch_rows.append(len(records))
                file.write_batch(_without_cells(rows.unreadable, number, schema))
                batch_rows.append(len(rows.unreadable))
        if table.key in {"customer_id", "vehicle_id", "repair_id"}:
            self._keys[table.name] = KeyIndex(
                self._loaded(table.name, [table.key])[table.key].combine_chunks()
            )
        return StagedTable(sum(batch_rows), tuple(parts), dict(flags), tuple(batch_rows))

    def _staged(
        self,
        batch: CanonicalBatch,
        records: np.ndarray,
        part: int,
        table: Table,
        lines: LineChecks | None,
    ) -> pyarrow.RecordBatch:
        links = {link: self._rows_of(link, batch, table) for link in table.links}
        faults = batch.faults
        if lines is not None:
            faults = pc.coalesce(faults, lines.faults(batch.rows, links["repair_id"]))
        places = [
            pyarrow.array(np.full(len(records), part), pyarrow.int16()),
            pyarrow.array(records, pyarrow.int64()),
            faults,
            batch.unread,
        ]
        rows = [pyarrow.array(found, pyarrow.int32()) for found in links.values()]
        return pyarrow.RecordBatch.from_arrays(
            [*batch.rows.columns, *places, *rows], schema=staged_schema(table)
        )

    def _rows_of(self, link: str, batch: CanonicalBatch, table: Table) -> np.ndarray:
        rows = self._keys[table.links[link]].positions(batch.rows.column(link))
        if table.name != "certificates" or not np.any(rows == NO_LINK):
            return rows
        vehicles = self._loaded("vehicles", ["chassis_number", "plate", "released_on"])
        found = find_vehicles(batch.rows["chassis_number"], batch.rows["plate"], vehicles)
        return np.where(rows == NO_LINK, found, rows)

    def _line_checks(self) -> LineChecks:
        reverses = self._loaded("repairs", ["reverses_repair_id"])["reverses_repair_id"]
        return LineChecks(reverses.is_valid().to_numpy())

    def _loaded(self, table: str, columns: list[str]) -> pyarrow.Table:
        return _loaded(self._folder, table, columns)


def _canonical(
    batches: Iterator[RawBatch], mapping: TableMapping, match: Match, table: Table
) -> Iterator[tuple[CanonicalBatch, np.ndarray]]:
    for raw in _rows_of(mapping, batches):
        yield canonicalise(raw.rows, mapping, match, table), raw.records


def _rows_of(mapping: TableMapping, batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Give the records that count: with content, and each once where the mapping says so."""
    return _each_once(_with_content(batches)) if mapping.distinct else _with_content(batches)


def _each_once(batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Leave out records equal to an earlier one; keeps the distinct records in memory."""
    known = pyarrow.array([], pyarrow.string())
    for batch in batches:
        cells = [column.cast(pyarrow.string()) for column in batch.rows.columns]
        record = pc.binary_join_element_wise(
            *cells, "\x1f", null_handling="replace", null_replacement="\x00"
        )
        encoded = record.dictionary_encode()
        _, first = np.unique(encoded.indices.to_numpy(), return_index=True)
        is_first = np.zeros(len(record), bool)
        is_first[first] = True
        is_new = is_first & ~pc.is_in(record, value_set=known).to_numpy(zero_copy_only=False)
        known = pyarrow.concat_arrays([known, record.filter(pyarrow.array(is_new))])
        yield RawBatch(batch.rows.filter(pyarrow.array(is_new)), batch.records[is_new])


def _with_content(batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Leave out records without any content: the empty lines a spreadsheet puts behind the last."""
    for batch in Regrouped(batches):
        if any(column.null_count == 0 for column in batch.rows.columns):
            yield batch
            continue
        filled = np.zeros(batch.rows.num_rows, bool)
        for column in batch.rows.columns:
            filled |= column.is_valid().to_numpy(zero_copy_only=False)
            if filled.all():
                break
        yield (
            batch
            if filled.all()
            else RawBatch(batch.rows.filter(pyarrow.array(filled)), batch.records[filled])
        )


def _loaded(folder: Path, table: str, columns: list[str]) -> pyarrow.Table:
    batches = staged_batches(folder, table, columns)
    return pyarrow.Table.from_batches(batches, _schema_of(table, columns))


def _schema_of(table: str, columns: list[str]) -> pyarrow.Schema:
    return pyarrow.schema([staged_schema(CATALOG[table]).field(column) for column in columns])


def _without_cells(
    unreadable: list[UnreadableRow], part: int, schema: pyarrow.Schema
) -> pyarrow.RecordBatch:
    """Stage records that could not be split into cells, so that they are counted and kept."""
    count = len(unreadable)
    known = {
        PART: pyarrow.array([part] * count, pyarrow.int16()),
        RECORD: pyarrow.array([row.record for row in unreadable], pyarrow.int64()),
        FAULT: pyarrow.array([row.reason for row in unreadable], pyarrow.string()),
        UNREAD: pyarrow.array([row.written for row in unreadable], pyarrow.string()),
    }
    links = {row_of(link) for table in CATALOG.values() for link in table.links}
    arrays = [
        known.get(field.name)
        if field.name in known
        else pyarrow.repeat(NO_LINK, count).cast(field.type)
        if field.name in links
        else pyarrow.nulls(count, field.type)
        for field in schema
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)
