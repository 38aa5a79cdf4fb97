"""The shop's records of objections, as they are at this moment."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pyarrow

from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG
from schemas.shop import ShopConfiguration
from schemas.staging import FAULT
from sources.opening import opened
from sources.records import match_table, order_of, records_of
from transforms.canonical import canonicalise
from transforms.mapping import refuse_missing

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
            for raw in records_of(mapping, rows.batches(match.headers, order_of(match, table))):
                batch = canonicalise(raw.rows, mapping, match, table)
                part = pyarrow.repeat(rows.part, len(raw.records))
                arrays = [*batch.rows.columns, batch.faults, part]
                batches.append(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))
            lost = [{FAULT: row.reason, STATED_IN: rows.part} for row in rows.unreadable]
            batches += pyarrow.Table.from_pylist(lost, schema).to_batches()
    return pyarrow.Table.from_batches(batches, schema)
