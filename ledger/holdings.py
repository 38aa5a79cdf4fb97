"""What a partner holds of us, by key: kept as Arrow tables, piece by piece, with the drop that brought it.

These tables have a row per customer, car and relative, and hold nothing but keys and keyed digests; as
rows of SQL they would cost more than the export itself.
"""

import io
from collections.abc import Iterable

import numpy as np
import pyarrow
import pyarrow.compute as pc
from pyarrow import ipc

from schemas.catalog import PAPERS
from transforms.arrays import whole
from transforms.key_forms import KEY
from transforms.linking import KeyIndex

PERSONS = pyarrow.schema([("key", KEY), ("tables", pyarrow.uint16())])
"""One row per customer of whom a drop holds anything. Bit n of `tables` stands for its nth table."""

RECORDS = pyarrow.schema(
    [
        ("record", pyarrow.string()),
        ("key", KEY),
        ("digests", pyarrow.list_(pyarrow.uint64())),
    ]
)
"""One row per customer, relative, car and certificate of a drop; a keyed digest per item it shows."""

HOLDINGS = pyarrow.schema([*RECORDS, ("drop", pyarrow.int64())])
"""One row per record a partner holds, as the drop that brought it last showed it."""

OWN_NAME = {PAPERS: "vehicles"}
"""A certificate goes by the key of its car: with it, or alone."""


def packed(table: pyarrow.Table | pyarrow.RecordBatch) -> bytes:
    """Write a table as bytes."""
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write(table)
    return sink.getvalue()


def unpacked(content: bytes) -> pyarrow.Table:
    """Read a table back from bytes."""
    with ipc.open_stream(content) as stream:
        return stream.read_all()


class Names:
    """Records by name: what kind of record, and its key."""

    def __init__(self, rows: Iterable[pyarrow.Table]) -> None:
        """Take tables with `record` and `key`; only these two are kept."""
        keys: dict[str, list[pyarrow.Array]] = {}
        for table in rows:
            for record in pc.unique(table["record"]).to_pylist():
                own = table.filter(pc.equal(table["record"], record))
                keys.setdefault(record, []).append(whole(own["key"]))
        self._indexes = {
            record: KeyIndex(pyarrow.concat_arrays(parts)) for record, parts in keys.items()
        }

    @classmethod
    def of(cls, names: Iterable[tuple[str, str]]) -> "Names":
        """Take a record and its key (hex) each."""
        return cls([rows_of(names)])

    def without(self, rows: pyarrow.Table, called: dict[str, str] | None = None) -> pyarrow.Table:
        """Give the rows that are none of these.

        Args:
            rows: `RECORDS`.
            called: under which other kind of record some kinds go, too.
        """
        is_other = pyarrow.array(np.ones(len(rows), bool))
        for record in pc.unique(rows["record"]).to_pylist():
            names = {record, (called or {}).get(record, record)}
            for index in (self._indexes[name] for name in names if name in self._indexes):
                is_known = pyarrow.array(index.positions(whole(rows["key"])) >= 0)
                is_meant = pc.and_(pc.equal(whole(rows["record"]), record), is_known)
                is_other = pc.and_not(is_other, is_meant)
        return rows.filter(is_other)


def rows_of(names: Iterable[tuple[str, str]]) -> pyarrow.Table:
    """Give `RECORDS` of which nothing is known but record and key (hex)."""
    known = list(names)
    return pyarrow.table(
        [
            pyarrow.array([record for record, _ in known], pyarrow.string()),
            pyarrow.array([bytes.fromhex(key) for _, key in known], KEY),
            pyarrow.array([[]] * len(known), RECORDS.field("digests").type),
        ],
        schema=RECORDS,
    )
