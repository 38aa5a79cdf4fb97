"""What a partner holds of us, by key: kept as one Arrow table per partner and kind of drop.

These tables have a row per customer, car and relative, are read and written whole, and hold nothing but
keys and keyed digests; as rows of SQL they would cost more than the export itself.
"""

import io
from collections.abc import Iterable

import pyarrow
import pyarrow.compute as pc
from pyarrow import ipc

from transforms.key_forms import KEY

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


OWN_NAME = {"certificates": "vehicles"}
"""A certificate goes by the key of its car, and with it."""


def packed(table: pyarrow.Table) -> bytes:
    """Write a table as bytes."""
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(table)
    return sink.getvalue()


def unpacked(content: bytes) -> pyarrow.Table:
    """Read a table back from bytes."""
    with ipc.open_stream(content) as stream:
        return stream.read_all()


def after_publishing(before: pyarrow.Table, records: pyarrow.Table, sequence: int) -> pyarrow.Table:
    """Give the holdings after a drop: its own records, and those of earlier drops it does not show."""
    own = records.append_column("drop", pyarrow.repeat(pyarrow.scalar(sequence), len(records)))
    if not len(before):
        return own.cast(HOLDINGS)
    rest = before.filter(pc.invert(pc.is_in(_names(before), value_set=_names(records))))
    return pyarrow.concat_tables([own.cast(HOLDINGS), rest.cast(HOLDINGS)])


def after_deletion(
    before: pyarrow.Table, deleted: Iterable[tuple[str, str]], sequence: int
) -> pyarrow.Table:
    """Give the holdings after the partner said it deleted keys that drop `sequence` told it to.

    What a later drop brought again stays.

    Args:
        before: `HOLDINGS`.
        deleted: record and key (hex) of each.
        sequence: of the drop that told.
    """
    names = pyarrow.array(
        [
            f"{OWN_NAME.get(record, record)}:".encode() + bytes.fromhex(key)
            for record, key in deleted
        ],
        pyarrow.binary(),
    )
    is_gone = pc.and_(
        pc.is_in(_names(before, OWN_NAME), value_set=names),
        pc.less(before["drop"], pyarrow.scalar(sequence)),
    )
    return before.filter(pc.invert(is_gone))


def held_again(
    before: pyarrow.Table, records: list[tuple[str, str]], sequence: int
) -> pyarrow.Table:
    """Give the holdings with records (record and hex key) the partner still has after all."""
    rows = pyarrow.table(
        [
            pyarrow.array([record for record, _ in records], pyarrow.string()),
            pyarrow.array([bytes.fromhex(key) for _, key in records], KEY),
            pyarrow.array([[]] * len(records), HOLDINGS.field("digests").type),
            pyarrow.array([sequence] * len(records), pyarrow.int64()),
        ],
        schema=HOLDINGS,
    )
    is_there = pc.is_in(_names(rows), value_set=_names(before))
    return pyarrow.concat_tables([before, rows.filter(pc.invert(is_there))])


def _names(rows: pyarrow.Table, called: dict[str, str] | None = None) -> pyarrow.Array:
    records = rows["record"].combine_chunks()
    for name, own in (called or {}).items():
        records = pc.if_else(pc.equal(records, name), own, records)
    keys = rows["key"].combine_chunks().cast(pyarrow.binary())
    return pc.binary_join_element_wise(records.cast(pyarrow.binary()), keys, b":")
