"""The shop's records of objections, as they are at this moment."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG
from schemas.errors import ObjectionsUnreliableError
from schemas.shop import CsvSource, DatabaseSource, ShopConfiguration, TableMapping
from schemas.staging import FAULT
from sources.opening import opened
from sources.records import match_table, order_of, records_of
from sources.rows import Dated, RawBatch, SourceTable
from transforms.arrays import mask_of
from transforms.canonical import canonicalise
from transforms.mapping import Match, refuse_missing

_A_WORD = r"[^\sA-Za-z0-9\x{3000}０-９□☐☑✓レ./:：-]{2,}"
"""What no row number, date or check box has (RE2)."""

_LONGEST_EXPORT = timedelta(days=1)
"""So far apart are the files of one export at most, also where a person makes them one by one."""

STATED_IN = "part"
"""Column that names the file or table an objection stands in."""

STATED_AT = "record"
"""Column with its record number there, as a spreadsheet numbers rows."""

_OBJECTIONS = CATALOG["objections"]

_STATED = pyarrow.schema(
    [
        *schema_of(_OBJECTIONS),
        (FAULT, pyarrow.string()),
        (STATED_IN, pyarrow.string()),
        (STATED_AT, pyarrow.int64()),
    ]
)
"""One row per objection, or record of one that could not be read: its cells, and where it stands."""


def read_objections(
    shop: ShopConfiguration, home: Path, environment: Mapping[str, str], private: Path
) -> pyarrow.Table:
    """Read the objections as they are at this moment: columns, fault, and where each stands.

    Args:
        shop: where the records are.
        home: the shop's folder.
        environment: may name databases.
        private: a folder that goes with the run, for copies of what is far away.

    Raises:
        ObjectionsUnreliableError: of several places they are in, one holds none.
    """
    batches: list[pyarrow.RecordBatch] = []
    mappings = shop.tables["objections"]
    with ExitStack() as stack:
        for mapping in mappings:
            named = mapping.table or ""
            place = opened(shop.sources[mapping.source], home, environment, private, [named])
            rows = stack.enter_context(place).table(named)
            own = list(_stated_in(shop, mapping, rows))
            if not any(map(len, own)) and len(mappings) > 1 and not mapping.may_be_empty:
                raise _none_in(rows.part)
            batches += own
    return pyarrow.Table.from_batches(batches, _STATED)


def _stated_in(
    shop: ShopConfiguration, mapping: TableMapping, rows: SourceTable
) -> Iterator[pyarrow.RecordBatch]:
    """Read one file or table as `_STATED`, the records that could not be read last."""
    match = match_table(mapping, rows, _OBJECTIONS)
    refuse_missing(match, rows.part, _OBJECTIONS)
    read = rows.batches(_headers(shop, mapping, rows, match), order_of(match, _OBJECTIONS))
    if mapping.distinct or _is_of_spreadsheets(shop, mapping):
        read = records_of(mapping, _that_say_something(read, match))
    for raw in read:
        batch = canonicalise(raw.rows, mapping, match, _OBJECTIONS)
        part = pyarrow.repeat(rows.part, len(raw.records))
        places = pyarrow.array(raw.records, pyarrow.int64())
        arrays = [*batch.rows.columns, batch.faults, part, places]
        yield pyarrow.RecordBatch.from_arrays(arrays, schema=_STATED)
    lost = [
        {FAULT: row.reason, STATED_IN: rows.part, STATED_AT: row.record} for row in rows.unreadable
    ]
    yield from pyarrow.Table.from_pylist(lost, _STATED).to_batches()


def _none_in(part: str) -> ObjectionsUnreliableError:
    return ObjectionsUnreliableError(
        f"{part} に申し出が一件もありません。出力が失われたときも同じに見えます。"
        "本当に一件もなければ、shop.toml のその表に may_be_empty = true と書いてください / "
        f"{part} holds no objection; a lost export looks the same. If nobody ever objected "
        "there, say so with may_be_empty = true in its section of shop.toml"
    )


def refuse_left_behind(
    shop: ShopConfiguration, home: Path, environment: Mapping[str, str], private: Path
) -> None:
    """Refuse objections in a file that stayed as it was when the customers beside it were written anew.

    A program that writes a folder of files writes all of them; an export that broke off halfway leaves
    one of before, in which nobody has objected since.

    Args:
        shop: where the records are.
        home: the shop's folder.
        environment: may name databases.
        private: a folder that goes with the run, for copies of what is far away.

    Raises:
        ObjectionsUnreliableError: naming the files.
    """
    with ExitStack() as stack:
        for mapping in shop.tables["objections"]:
            beside = [own for own in shop.tables["customers"] if own.source == mapping.source]
            source = shop.sources[mapping.source]
            if mapping.is_kept_by_hand or not beside or isinstance(source, DatabaseSource):
                continue
            folder = stack.enter_context(opened(source, home, environment, private))
            if not isinstance(folder, Dated):
                continue
            written = folder.written_at(mapping.table or "")
            for own in beside:
                newer = folder.written_at(own.table or "")
                if written and newer and newer - written > _LONGEST_EXPORT:
                    days = (newer - written).days
                    raise ObjectionsUnreliableError(
                        f"{mapping.table} は {own.table} より {days} 日古いファイルです。申し出の出力が"
                        "止まっていれば、新しい申し出が入っていません。お店のシステムから一緒に出力し直して"
                        "ください。手で書き足すファイルなら、shop.toml のその表に is_kept_by_hand = true と"
                        "書いてください / "
                        f"{mapping.table} was written {days} days before {own.table}: if the export of "
                        "objections has stopped, new ones are missing. Export both again; if the file is "
                        "written by hand, say so with is_kept_by_hand = true in its section of shop.toml"
                    )


def _headers(
    shop: ShopConfiguration, mapping: TableMapping, rows: SourceTable, match: Match
) -> Sequence[str]:
    """Name the columns to read: of a CSV file all, for a row with nothing but a remark objects, too."""
    if mapping.distinct or not _is_of_spreadsheets(shop, mapping):
        return match.headers
    every = list(rows.headers)
    others = (h for h in every if h.strip() and every.count(h) == 1 and h not in match.headers)
    return [*match.headers, *others]


def _is_of_spreadsheets(shop: ShopConfiguration, mapping: TableMapping) -> bool:
    """Tell whether empty rows mean nothing: in a database or a Parquet file nobody leaves a row empty."""
    return isinstance(shop.sources[mapping.source], CsvSource)


def _that_say_something(batches: Iterator[RawBatch], match: Match) -> Iterator[RawBatch]:
    """Leave out rows that have nothing in a mapped column, and in others only what a form is printed with."""
    for batch in batches:
        says = np.zeros(batch.rows.num_rows, bool)
        for header in batch.rows.schema.names:
            cells = batch.rows.column(header).cast(pyarrow.string())
            pattern = r"\S" if header in match.headers else _A_WORD
            says |= mask_of(pc.match_substring_regex(cells, pattern))
        yield RawBatch(batch.rows.filter(pyarrow.array(says)), batch.records[says])
