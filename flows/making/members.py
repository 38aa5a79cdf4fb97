"""Whom a drop holds, for the ledger: persons by keyed reference, and digests of what is shown of them."""

from collections.abc import Iterable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.making.partner_view import PartnerView
from ledger.holdings import PERSONS, RECORDS
from ledger.references import References
from schemas.partner_tables import HELD, PartnerTable, key_name
from transforms.key_forms import KEY, binary_keys
from transforms.persons import tables_of_persons


def shown(
    table: PartnerTable, rows: pyarrow.RecordBatch, references: References
) -> pyarrow.Table | None:
    """Digest the shaped rows of a record partners hold, item by item; None for others."""
    key = key_name(HELD[table.name]) if table.name in HELD else None
    if key not in rows.schema.names:
        return None
    digests = [references.traits(_of_item(table, rows, item)) for item in table.items]
    columns = [each.to_numpy(zero_copy_only=False) for each in digests]
    stacked = np.column_stack(columns) if columns else np.zeros((rows.num_rows, 0), np.uint64)
    offsets = pyarrow.array(np.arange(rows.num_rows + 1) * len(table.items), pyarrow.int32())
    lists = pyarrow.ListArray.from_arrays(
        offsets, pyarrow.array(stacked.reshape(-1), pyarrow.uint64())
    )
    records = pyarrow.repeat(pyarrow.scalar(table.name), rows.num_rows)
    return pyarrow.table([records, binary_keys(rows.column(key)), lists], schema=RECORDS)


def persons_in(
    view: PartnerView, tables: Iterable[PartnerTable], repairs_with_lines: np.ndarray
) -> pyarrow.Table:
    """Give every customer of whom the drop holds anything, and in which of its tables."""
    names = [table.name for table in tables]
    delivered = {
        name: repairs_with_lines if name == "repair_lines" else view.verdicts.codes(name) == 0
        for name in names
    }
    found = tables_of_persons(names, delivered, view.spine)
    rows = np.flatnonzero(found)
    keys = _keys_of_customers(view, rows)
    has_key = keys.is_valid()
    return pyarrow.table(
        [keys.filter(has_key), pyarrow.array(found[rows]).filter(has_key)], schema=PERSONS
    )


def _keys_of_customers(view: PartnerView, rows: np.ndarray) -> pyarrow.Array:
    """Give the keys of customers: those made for the drop, and the others'."""
    made = pyarrow.nulls(len(rows), KEY)
    if "customers" in view.shaping.keys:
        made = view.shaping.keys["customers"].of(rows)
    if not made.null_count:
        return made
    numbers = view.spine.column("customers", "customer_id").take(pyarrow.array(rows))
    others = pc.if_else(made.is_null(), numbers, pyarrow.scalar(None, pyarrow.string()))
    return pc.coalesce(made, view.keys.binary("customers", others))


def _of_item(table: PartnerTable, rows: pyarrow.RecordBatch, item: str) -> pyarrow.Array:
    cells = [
        rows.column(column.name).cast(pyarrow.string())
        for column in table.columns
        if item in column.items
    ]
    return pc.binary_join_element_wise(*cells, "\x1f", null_handling="replace", null_replacement="")
