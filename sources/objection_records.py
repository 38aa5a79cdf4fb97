"""The shop's records of objections, as they are at this moment."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG
from schemas.errors import ObjectionsUnreliableError
from schemas.shop import CsvSource, ShopConfiguration, TableMapping
from schemas.staging import FAULT
from sources.opening import opened
from sources.records import match_table, order_of, records_of
from sources.rows import RawBatch, SourceTable
from transforms.canonical import canonicalise
from transforms.mapping import Match, refuse_missing

_A_WORD = r"[^\sA-Za-z0-9\x{3000}０-９□☐☑✓レ./:：-]{2,}"
"""What no row number, date or check box has (RE2)."""

STATED_IN = "part"
"""Column that names the file or table an objection stands in."""


def read_objections(
    shop: ShopConfiguration, home: Path, environment: Mapping[str, str], private: Path
) -> pyarrow.Table:
    """Read the objections as they are at this moment: columns, fault, and the part each stands in.

    Args:
        shop: where the records are.
        home: the shop's folder.
        environment: may name databases.
        private: a folder that goes with the run, for copies of what is far away.

    Raises:
        ObjectionsUnreliableError: of several places they are in, one holds none.
    """
    table = CATALOG["objections"]
    schema = pyarrow.schema(
        [*schema_of(table), (FAULT, pyarrow.string()), (STATED_IN, pyarrow.string())]
    )
    batches: list[pyarrow.RecordBatch] = []
    with ExitStack() as stack:
        mappings = shop.tables["objections"]
        for mapping in mappings:
            known = len(batches)
            source = stack.enter_context(
                opened(shop.sources[mapping.source], home, environment, private)
            )
            rows = source.table(mapping.table or "")
            match = match_table(mapping, rows, table)
            refuse_missing(match, rows.part, table)
            headers = _headers(shop, mapping, rows, match)
            read = rows.batches(headers, order_of(match, table))
            if mapping.distinct or _is_of_spreadsheets(shop, mapping):
                read = records_of(mapping, _that_say_something(read, match))
            for raw in read:
                batch = canonicalise(raw.rows, mapping, match, table)
                part = pyarrow.repeat(rows.part, len(raw.records))
                arrays = [*batch.rows.columns, batch.faults, part]
                batches.append(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))
            lost = [{FAULT: row.reason, STATED_IN: rows.part} for row in rows.unreadable]
            batches += pyarrow.Table.from_pylist(lost, schema).to_batches()
            is_empty = not any(batch.num_rows for batch in batches[known:])
            if is_empty and len(mappings) > 1 and not mapping.may_be_empty:
                raise ObjectionsUnreliableError(
                    f"{rows.part} に申し出が一件もありません。出力が失われたときも同じに見えます。"
                    "本当に一件もなければ、shop.toml のその表に may_be_empty = true と書いてください / "
                    f"{rows.part} holds no objection; a lost export looks the same. If nobody ever objected "
                    "there, say so with may_be_empty = true in its section of shop.toml"
                )
    return pyarrow.Table.from_batches(batches, schema)


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
            found = pc.fill_null(pc.match_substring_regex(cells, pattern), fill_value=False)
            says |= found.to_numpy(zero_copy_only=False)
        yield RawBatch(batch.rows.filter(pyarrow.array(says)), batch.records[says])
