"""Whether rows already stand in the order a database would sort them into.

Sorting a large table takes a database longer than reading it, and tables of slips mostly stand as they were
numbered. Only what is beyond doubt is taken for order: keys of ASCII, none empty, no two rows in one place.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow
import pyarrow.compute as pc

from sources.rows import Order, OutOfOrderError, RawBatch

_PLAIN_NUMBER = "^[0-9]{1,15}$"


def in_order(batches: Iterator[RawBatch], order: Order) -> Iterator[RawBatch]:
    """Pass batches on as long as each row comes after the one before it.

    Raises:
        OutOfOrderError: a row does not, or may not.
    """
    last: pyarrow.RecordBatch | None = None
    for batch in batches:
        rows = batch.rows.select(list(dict.fromkeys([*order.texts, *order.numbers])))
        if not _ascends(rows, order) or (
            last is not None and not _ascends(_joined(last, rows), order)
        ):
            raise OutOfOrderError
        if rows.num_rows:
            last = rows.slice(rows.num_rows - 1)
        yield batch


def _joined(last: pyarrow.RecordBatch, rows: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    seam = pyarrow.Table.from_batches([last, rows.slice(0, 1)]).combine_chunks().to_batches()
    return seam[0]


def _ascends(rows: pyarrow.RecordBatch, order: Order) -> bool:
    is_after = np.zeros(max(rows.num_rows - 1, 0), bool)
    is_tied = ~is_after
    for header in rows.schema.names:
        cells = _orderly(rows[header], is_number=header in order.numbers)
        if cells is None:
            return False
        is_after |= is_tied & _plainly(pc.less(cells[:-1], cells[1:]))
        is_tied &= _plainly(pc.equal(cells[:-1], cells[1:]))
    return bool(is_after.all())


def _orderly(cells: pyarrow.Array, *, is_number: bool) -> pyarrow.Array | None:
    """Give cells as they are compared; None unless every database compares them so.

    Texts of ASCII stand in one order in every encoding; SQLite's own order of others depends on its file's.
    """
    if is_number:
        is_plain = pc.match_substring_regex(cells, _PLAIN_NUMBER)
    else:
        is_plain = pc.and_(pc.string_is_ascii(cells), pc.greater(pc.binary_length(cells), 0))
    if not pc.all(is_plain, skip_nulls=False, min_count=0).as_py():
        return None
    return cells.cast(pyarrow.int64()) if is_number else cells


def _plainly(mask: pyarrow.BooleanArray) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False)
