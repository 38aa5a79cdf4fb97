"""Turning a batch of source rows into canonical rows, with a reason on each row that is no good."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG, Table
from schemas.columns import Column
from schemas.shop import TableMapping
from schemas.staging import DELETED
from transforms.arrays import as_texts, plain_rows
from transforms.certificates import with_users
from transforms.checking import broken_rows
from transforms.mapping import Match, raw_column
from transforms.reading.columns import ColumnRead, read_column
from transforms.reading.folding import nfkc

OBJECTIONS = CATALOG["objections"]


@dataclass(frozen=True)
class CanonicalBatch:
    """Rows in canonical columns and types.

    `faults` gives per row why it is set aside (null: it is not), or that it is `DELETED`; `unread`
    shows the cells that could not be read, as they were written.
    """

    rows: pyarrow.RecordBatch
    faults: pyarrow.Array
    unread: pyarrow.Array
    flags: Counter[str]


def canonicalise(
    batch: pyarrow.RecordBatch, mapping: TableMapping, match: Match, table: Table
) -> CanonicalBatch:
    """Read the mapped columns of a source batch into a canonical one and check each row."""
    sources = {n: _source_of(n, batch, mapping, match) for n in table.columns}
    reads = {
        name: _read(source, table.columns[name], mapping.values.get(name))
        for name, source in sources.items()
    }
    return assemble(reads, sources, table)


def assemble(
    reads: Mapping[str, ColumnRead], sources: Mapping[str, pyarrow.Array], table: Table
) -> CanonicalBatch:
    """Put read columns together, check the rows against the contract, and note the reasons."""
    encoded = pyarrow.RecordBatch.from_arrays(
        [reads[n].values for n in table.columns], list(table.columns)
    )
    rows = plain_rows(encoded).cast(schema_of(table))
    flags = Counter({f"{n}:{f}": c for n, read in reads.items() for f, c in read.flags.items()})
    if table.name == "certificates":
        encoded = rows = with_users(rows)
    if table.name == "objections":
        return _lenient_objections(rows, reads, flags)
    notes = _Notes(rows.num_rows)
    for name, read in reads.items():
        if read.faults is not None:
            notes.add(table.columns[name], read.faults, sources[name])
    for row, reason in broken_rows(encoded, table):
        notes.give(row, reason)
    is_deleted = pc.fill_null(rows.column("is_deleted"), fill_value=False)
    faults = pc.if_else(is_deleted, DELETED, notes.reasons)  # what is deleted need not be whole
    return CanonicalBatch(rows, faults, notes.unread, flags)


def _lenient_objections(
    rows: pyarrow.RecordBatch, reads: Mapping[str, ColumnRead], flags: Counter[str]
) -> CanonicalBatch:
    """Keep every objection: a cell that cannot be read is empty, which means the widest refusal.

    So is a day outside the calendar of real papers: a slip of the pen must not put an objection off.
    """
    for name, read in reads.items():
        if read.faults is not None:
            flags[f"{name}:unreadable"] += len(read.faults) - read.faults.null_count
    spoilt: dict[str, list[int]] = {}
    for row, reason in broken_rows(rows, OBJECTIONS):
        column = reason.partition(":")[0]
        if column.endswith("_on"):
            spoilt.setdefault(column, []).append(row)
            flags[reason] += 1
    for column, places in spoilt.items():
        keeps = np.ones(rows.num_rows, bool)
        keeps[places] = False
        nothing = pyarrow.scalar(None, pyarrow.date32())
        cells = pc.if_else(pyarrow.array(keeps), rows.column(column), nothing)
        place = rows.schema.get_field_index(column)
        rows = rows.set_column(place, rows.schema.field(place), cells)
    untold = pyarrow.nulls(rows.num_rows, pyarrow.string())
    return CanonicalBatch(rows, untold, untold, flags)


def _source_of(
    name: str, batch: pyarrow.RecordBatch, mapping: TableMapping, match: Match
) -> pyarrow.Array:
    if name in match.columns:
        return raw_column(batch, match.columns[name])
    if name in mapping.constants:
        return pyarrow.repeat(
            pyarrow.scalar(mapping.constants[name], pyarrow.string()), batch.num_rows
        )
    return pyarrow.nulls(batch.num_rows, pyarrow.string())


def _read(source: pyarrow.Array, column: Column, words: Mapping[str, str] | None) -> ColumnRead:
    if words is None:
        return read_column(source, column)
    return read_column(_translate(as_texts(source), words), column)


def _translate(source: pyarrow.Array, words: Mapping[str, str]) -> pyarrow.Array:
    """Turn the shop's words into codes; an unknown word stays and fails the contract."""
    by_fold = {nfkc(word).strip(): code for word, code in words.items()}
    encoded = source.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    codes = [by_fold.get(nfkc(word).strip(), word) for word in distinct]
    translated = pyarrow.array(codes, pyarrow.string()).take(encoded.indices)
    return pc.coalesce(translated, pyarrow.scalar(by_fold[""])) if "" in by_fold else translated


class _Notes:
    """Why rows are no good, and what their unreadable cells said."""

    def __init__(self, row_count: int) -> None:
        self._row_count = row_count
        self._reasons: dict[int, str] = {}
        self._unread: dict[int, str] = {}

    def add(self, column: Column, faults: pyarrow.Array, source: pyarrow.Array) -> None:
        """Note the rows of a column that could not be read."""
        for row in np.flatnonzero(faults.is_valid().to_numpy(zero_copy_only=False)).tolist():
            self.give(row, f"{column.name}:{faults[row].as_py()}")
            written = f"{column.title}={source[row].as_py()}"
            before = self._unread.get(row)
            self._unread[row] = f"{before} / {written}" if before else written

    def give(self, row: int, reason: str) -> None:
        """Give a row its reason; the first one stands."""
        self._reasons.setdefault(row, reason)

    @property
    def reasons(self) -> pyarrow.Array:
        """Reason per row, null where there is none."""
        return _spread(self._reasons, self._row_count)

    @property
    def unread(self) -> pyarrow.Array:
        """Unreadable cells per row, null where there is none."""
        return _spread(self._unread, self._row_count)


def _spread(texts: Mapping[int, str], row_count: int) -> pyarrow.Array:
    if not texts:
        return pyarrow.nulls(row_count, pyarrow.string())
    places = np.full(row_count, -1, np.int64)
    places[list(texts)] = np.arange(len(texts))
    return pyarrow.array(list(texts.values()), pyarrow.string()).take(
        pyarrow.array(places, mask=places < 0)
    )
