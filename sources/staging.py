"""The extract stage: one consistent reading of all sources into staged canonical tables.

Each row is read once, in one snapshot per source, and staged in the run's own folder with its
place of origin, its fault if it has one, and the positions of the rows its links point at.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG, DELIVERABLE_TABLES, Table
from schemas.shop import TableMapping
from schemas.staging import FAULT, PART, RECORD, UNREAD, row_of, staged_schema
from sources.arrow_files import writing
from sources.opening import opened
from sources.records import TableReading, TableReadings, records_of
from sources.rows import OutOfOrderError, RawBatch, UnreadableRow
from sources.shop_folder import ShopFolder
from sources.snapshot import Snapshot, StagedTable, loaded
from transforms.arrays import mask_of
from transforms.canonical import CanonicalBatch, canonicalise
from transforms.line_checks import LineChecks
from transforms.linking import NO_LINK, KeyIndex, find_vehicles, living_keys
from transforms.mapping import Match
from transforms.prefetching import prefetched


def take_snapshot(
    shop: ShopFolder,
    folder: Path,
    environment: Mapping[str, str],
    tables: Collection[str] = DELIVERABLE_TABLES,
    *,
    when_staged: Callable[[Snapshot, str], None] | None = None,
) -> Snapshot:
    """Read mapped tables into `folder`, each source in one read-only snapshot.

    Args:
        shop: whose records, and where they are.
        folder: to stage in.
        environment: may name databases.
        tables: which to read; with a table, those its links point into.
        when_staged: is told after each table, with those that are there and the name of the last.
    """
    configured = shop.shop
    mappings = {name: configured.tables.get(name, ()) for name in CATALOG if name in tables}
    needed: dict[str, list[str]] = {}
    for mapping in itertools.chain.from_iterable(mappings.values()):
        needed.setdefault(mapping.source, []).append(mapping.table or "")
    with ExitStack() as stack:
        sources = {
            name: stack.enter_context(opened(source, shop.home, environment, folder, needed[name]))
            for name, source in configured.sources.items()
            if name in needed
        }
        readings = stack.enter_context(closing(TableReadings(sources, mappings)))
        stager = _Stager(folder)
        staged: dict[str, StagedTable] = {}
        for name, own in mappings.items():
            staged[name] = stager.stage(CATALOG[name], own, readings)
            if when_staged is not None:
                when_staged(Snapshot(folder, dict(staged)), name)
    return Snapshot(folder, staged)


class _Stager:
    """Stages the tables one after the other, parents first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, KeyIndex] = {}

    def stage(
        self, table: Table, mappings: tuple[TableMapping, ...], reading: TableReadings
    ) -> StagedTable:
        """Read, check, link and write one table."""
        staged = None
        with suppress(OutOfOrderError):
            staged = self._stage(table, mappings, reading.standing)
        if staged is None:
            staged = self._stage(table, mappings, reading.sorted)
        if table.key in {"customer_id", "vehicle_id", "repair_id"}:
            own = self._loaded(table.name, [table.key, FAULT])
            keys = living_keys(own[table.key].combine_chunks(), own[FAULT].combine_chunks())
            self._keys[table.name] = KeyIndex(keys)
        return staged

    def _stage(
        self,
        table: Table,
        mappings: tuple[TableMapping, ...],
        reading: Callable[[TableMapping, Table], TableReading],
    ) -> StagedTable:
        schema = staged_schema(table.name)
        lines = self._line_checks() if table.name == "repair_lines" else None
        parts: list[str] = []
        unread: dict[str, tuple[str, ...]] = {}
        flags: Counter[str] = Counter()
        batch_rows: list[int] = []
        with writing(self._folder / f"{table.name}.arrow", schema) as file:
            for number, mapping in enumerate(mappings):
                read = reading(mapping, table)
                parts.append(read.rows.part)
                unread[read.rows.part] = read.match.ignored
                with (
                    closing(read.batches),
                    closing(
                        prefetched(
                            _canonical(read.batches, mapping, read.match, table),
                            lambda made: len(made[1]),
                        )
                    ) as canonical,
                ):
                    for batch, records in canonical:
                        flags += batch.flags
                        file.write_batch(self._staged(batch, records, number, table, lines))
                        batch_rows.append(len(records))
                file.write_batch(_without_cells(read.rows.unreadable, number, schema))
                batch_rows.append(len(read.rows.unreadable))
        return StagedTable(sum(batch_rows), tuple(parts), dict(flags), tuple(batch_rows), unread)

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
            is_deleted = mask_of(batch.rows["is_deleted"])
            standing = np.where(is_deleted, NO_LINK, links["repair_id"])
            faults = pc.coalesce(faults, lines.faults(batch.rows, standing))
        places = [
            pyarrow.array(np.full(len(records), part), pyarrow.int16()),
            pyarrow.array(records, pyarrow.int64()),
            faults,
            batch.unread,
        ]
        rows = [pyarrow.array(found, pyarrow.int32()) for found in links.values()]
        return pyarrow.RecordBatch.from_arrays(
            [*batch.rows.columns, *places, *rows], schema=staged_schema(table.name)
        )

    def _rows_of(self, link: str, batch: CanonicalBatch, table: Table) -> np.ndarray:
        rows = self._keys[table.links[link]].positions(batch.rows.column(link))
        if table.name != "certificates" or not np.any(rows == NO_LINK):
            return rows
        vehicles = self._loaded(
            "vehicles", ["chassis_number", "plate", "released_on", "is_deleted"]
        )
        found = find_vehicles(batch.rows["chassis_number"], batch.rows["plate"], vehicles)
        return np.where(rows == NO_LINK, found, rows)

    def _line_checks(self) -> LineChecks:
        reverses = self._loaded("repairs", ["reverses_repair_id"])["reverses_repair_id"]
        return LineChecks(reverses.is_valid().to_numpy())

    def _loaded(self, table: str, columns: list[str]) -> pyarrow.Table:
        return loaded(self._folder, table, columns)


def _canonical(
    batches: Iterator[RawBatch], mapping: TableMapping, match: Match, table: Table
) -> Iterator[tuple[CanonicalBatch, np.ndarray]]:
    for raw in records_of(mapping, batches):
        yield canonicalise(raw.rows, mapping, match, table), raw.records


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
