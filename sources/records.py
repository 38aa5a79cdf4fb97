"""What is read of a file or table, and which of its records count."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG, Table
from schemas.shop import TableMapping
from sources.rows import (
    OpenSource,
    Order,
    RawBatch,
    ReadBeside,
    Regrouped,
    SourceTable,
    StandingTable,
)
from transforms.arrays import as_texts, without_empty
from transforms.mapping import Match, MatchedColumn, match_headers, refuse_missing
from transforms.prefetching import Prefetched, prefetched

_MOST_ROWS = "repair_lines"
"""The table with most of a shop's rows: a database is asked for them while their parents are read."""

_BATCHES_AHEAD = 2
"""Of it, some 8 MB each."""

_TELL_PAPERS_APART = ("chassis_number", "plate", "issued_on")
"""What orders certificates of one car, or of none that is told."""


def order_of(match: Match, table: Table) -> Order:
    """Key order of a database table: its key, or its links, then its numbering column."""
    names = [table.key] if table.key else list(table.links)
    if table.name == "certificates":
        names = [*names, *_TELL_PAPERS_APART]
    texts = [h for name in names if name in match.columns for h in match.columns[name].headers]
    numbering = "line_number" if "line_number" in match.columns else None
    return Order(tuple(texts), match.columns[numbering].headers if numbering else ())


def match_table(mapping: TableMapping, rows: SourceTable, table: Table) -> Match:
    """Match a mapping with the headers that are there; certificate files need no mapping."""
    if mapping.table is not None:
        return match_headers(mapping, rows.headers, table)
    columns = {header: MatchedColumn((header,)) for header in rows.headers}
    return Match(columns=columns, missing=(), unmapped=("vehicle_id",), ignored=())


@dataclass(frozen=True)
class TableReading:
    """One file or table that is being read, ahead of its use."""

    rows: SourceTable
    match: Match
    batches: Prefetched[RawBatch]


class TableReadings:
    """Begins to read files and tables; the largest table at once, if its source has room for another thread.

    A database sorts its rows while it is asked for their parents; unless they stand in order already.
    """

    def __init__(
        self, sources: Mapping[str, OpenSource], mappings: Mapping[str, tuple[TableMapping, ...]]
    ) -> None:
        self._sources = sources
        self._begun: dict[int, TableReading] = {}
        for mapping in mappings.get(_MOST_ROWS, ())[:1]:
            source = sources[mapping.source]
            beside = source.beside() if isinstance(source, ReadBeside) else None
            if beside is not None:
                self._begun[id(mapping)] = _begun(
                    beside, mapping, CATALOG[_MOST_ROWS], is_at_once=True
                )

    def standing(self, mapping: TableMapping, table: Table) -> TableReading:
        """Read a table in key order, as long as it stands so.

        Raises:
            OutOfOrderError: from the batches, when it does not.
        """
        begun = self._begun.pop(id(mapping), None)
        return begun or _begun(self._sources[mapping.source], mapping, table)

    def sorted(self, mapping: TableMapping, table: Table) -> TableReading:
        """Read a table in key order, whatever it takes."""
        return _begun(self._sources[mapping.source], mapping, table, is_sorted=True)

    def close(self) -> None:
        """Let go of what was begun and is not asked for."""
        for reading in self._begun.values():
            reading.batches.close()


def _begun(
    source: OpenSource,
    mapping: TableMapping,
    table: Table,
    *,
    is_sorted: bool = False,
    is_at_once: bool = False,
) -> TableReading:
    rows = source.table(mapping.table or "")
    match = match_table(mapping, rows, table)
    refuse_missing(match, rows.part, table)
    order = order_of(match, table)
    if isinstance(rows, StandingTable) and not is_sorted:
        batches = rows.standing(match.headers, order)
    else:
        batches = rows.batches(match.headers, order)
    if is_at_once:
        return TableReading(rows, match, prefetched(batches, count=_BATCHES_AHEAD))
    return TableReading(rows, match, prefetched(batches, lambda batch: len(batch.records)))


def records_of(mapping: TableMapping, batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Give the records that count: with content, and each once where the mapping says so."""
    return _each_once(_with_content(batches)) if mapping.distinct else _with_content(batches)


def _each_once(batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Leave out records equal to an earlier one; keeps the distinct records in memory."""
    known = pyarrow.array([], pyarrow.string())
    for batch in batches:
        cells = [without_empty(as_texts(column)) for column in batch.rows.columns]
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
        filled = np.zeros(batch.rows.num_rows, bool)
        for column in batch.rows.columns:
            filled |= _are_filled(column)
            if filled.all():
                break
        yield (
            batch
            if filled.all()
            else RawBatch(batch.rows.filter(pyarrow.array(filled)), batch.records[filled])
        )


def _are_filled(cells: pyarrow.Array) -> np.ndarray:
    """Mask of the cells that hold anything; an empty text is what databases write for nothing."""
    mask = cells.is_valid()
    if isinstance(cells, pyarrow.DictionaryArray):
        of_entries = pyarrow.array(_are_filled(cells.dictionary))
        mask = pc.fill_null(of_entries.take(cells.indices), fill_value=False)
    elif pyarrow.types.is_string(cells.type) or pyarrow.types.is_large_string(cells.type):
        mask = pc.fill_null(pc.greater(pc.binary_length(cells), 0), fill_value=False)
    return np.asarray(mask.to_numpy(zero_copy_only=False))
