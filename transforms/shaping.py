"""From our rows to a partner's: keys for numbers, agreed columns only, the partner's words."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.agreement import Delivery
from schemas.catalog import CATALOG
from schemas.columns import TEXTS, TYPED_BY_PEOPLE, Kind
from schemas.partner_tables import PHOTOGRAPHS, PartnerColumn, PartnerTable
from schemas.screening import WAITS
from schemas.staging import row_of
from transforms.arrays import mask_of
from transforms.encodings import carried, substituted, unmappable
from transforms.formulas import defused
from transforms.holders import HOLDER_COLUMNS, OWNER_COLUMNS, is_customer
from transforms.key_forms import hexadecimal_keys
from transforms.mentions import Mentions
from transforms.reading.folded_columns import fold_addresses
from transforms.screening.screened import Screened

KeyOf = Callable[[str, pyarrow.Array], pyarrow.Array]
"""Partner keys of our numbers: (kind of record, numbers) → keys."""


class RowKeys(Protocol):
    """The partner's keys of the rows of a table."""

    def of(self, rows: np.ndarray) -> pyarrow.Array:
        """Give the keys of rows (16 bytes); null where a row does not leave."""
        ...


@dataclass(frozen=True)
class CustomerBlock:
    """Name and address of every customer, read when first asked for; which customer keeps each car."""

    read: Callable[[str], pyarrow.Array]
    keeper_of_vehicle: np.ndarray

    @cached_property
    def names(self) -> pyarrow.Array:
        """Give the name of every customer."""
        return self.read("name")

    @cached_property
    def addresses(self) -> pyarrow.Array:
        """Give the address of every customer."""
        return self.read("address")


@dataclass(frozen=True)
class Shaping:
    """All that shaping the tables of one drop needs."""

    delivery: Delivery
    keys: dict[str, RowKeys]
    """Per table the partner's keys of its rows."""
    mentions: Mentions
    customers: CustomerBlock
    key_of: KeyOf
    rows_of: Callable[[str, pyarrow.RecordBatch], np.ndarray]
    """Which parent rows a link of a batch points at, merges followed."""
    screened: Screened
    """Texts that do not leave (§10)."""


def staged_columns(table: PartnerTable) -> list[str]:
    """List the staged columns shaping needs: the agreed ones, and what decides about them."""
    known = CATALOG[table.name]
    agreed = [column.name for column in table.columns if column.canonical]
    own = [known.key] if known.key else []
    holders = list(HOLDER_COLUMNS) if set(agreed) & set(HOLDER_COLUMNS) else []
    links = [row_of(link) for link in known.links]
    return list(dict.fromkeys([*own, *agreed, *holders, *links]))


def shape(
    rows: pyarrow.RecordBatch,
    places: np.ndarray,
    table: PartnerTable,
    shaping: Shaping,
) -> tuple[pyarrow.RecordBatch, Counter[str]]:
    """Shape rows that leave; also count the cells that were emptied, substituted or defused.

    Args:
        rows: staged rows with at least `staged_columns`.
        places: the position of each row in its staged table.
        table: what the partner's file looks like.
        shaping: of the drop.
    """
    told: Counter[str] = Counter()
    cells = permitted_cells(rows, table, shaping, told)
    arrays = [
        _written(cells[column.name], column, shaping.delivery, told)
        if column.canonical
        else _keys(column.name, rows, places, table, shaping)
        for column in table.columns
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=table.schema), told


def permitted_cells(
    rows: pyarrow.RecordBatch, table: PartnerTable, shaping: Shaping, told: Counter[str]
) -> dict[str, pyarrow.Array]:
    """Give the agreed cells, emptied where they are about somebody who must not leave."""
    cells = {c.name: rows.column(c.name) for c in table.columns if c.canonical}
    if table.name == "vehicle_images" and "file" in cells:
        keys = shaping.key_of(table.name, rows.column("image_id"))
        cells["file"] = pc.binary_join_element_wise(f"{PHOTOGRAPHS}/", keys, ".jpg", "")
    if table.name == "certificates" and set(cells) & set(HOLDER_COLUMNS):
        cells |= _without_strangers(rows, cells, shaping, told)
    found_by = finders(shaping.mentions)
    for column in table.columns:
        find = found_by.get(column.canonical.kind) if column.canonical else None
        if find is not None:
            named = find(cells[column.name])
            cells[column.name] = _emptied(cells[column.name], named)
            told["withheld:names_objector"] += int(named.sum())
    if "base_location" in cells:
        cells["base_location"] = _unless_home(rows, cells["base_location"], shaping, told)
    for name, blocked in shaping.screened.of(table.name, cells).items():
        places = blocked.places(cells[name])
        cells[name] = _emptied(cells[name], places >= 0)
        for reason, count in zip(
            blocked.reasons,
            np.bincount(places + 1, minlength=len(blocked.reasons) + 1)[1:],
            strict=True,
        ):
            told[reason if reason == WAITS else f"withheld:{reason}"] += int(count)
    return cells


def finders(mentions: Mentions) -> dict[Kind, Callable[[pyarrow.Array], np.ndarray]]:
    """Give what finds objectors in the cells of a kind."""
    return {
        **dict.fromkeys(TEXTS, mentions.in_names),
        Kind.FREE_TEXT: mentions.in_free_text,
        **dict.fromkeys((Kind.MODEL_CODE, Kind.CHASSIS_NUMBER), mentions.in_codes),
        Kind.PLATE: mentions.are_plates,
        Kind.PHONE: mentions.are_phones,
        Kind.EMAIL: mentions.are_emails,
    }


def indispensable_names(table: PartnerTable) -> list[str]:
    """List the columns that can name an objector and that no row can leave without."""
    return [
        column.name
        for column in table.columns
        if column.canonical and column.is_required and column.canonical.kind in TEXTS
    ]


def withheld_rows(rows: pyarrow.RecordBatch, table: PartnerTable, shaping: Shaping) -> np.ndarray:
    """Mask of the rows that cannot leave because a cell they must have names an objector."""
    mask = np.zeros(rows.num_rows, bool)
    for name in indispensable_names(table):
        mask |= shaping.mentions.in_names(rows.column(name))
    return mask


def unmappable_cells(
    rows: pyarrow.RecordBatch, table: PartnerTable, shaping: Shaping
) -> Iterator[tuple[str, np.ndarray]]:
    """Give the columns with characters that CP932 cannot carry, as agreed, and masks of their cells."""
    substitute = shaping.delivery.unmappable == "substitute"
    for name, cells in permitted_cells(rows, table, shaping, Counter()).items():
        if pyarrow.types.is_string(cells.type):
            mask = unmappable(cells, substitute=substitute)
            if mask.any():
                yield name, mask


def _keys(
    name: str, rows: pyarrow.RecordBatch, places: np.ndarray, table: PartnerTable, shaping: Shaping
) -> pyarrow.Array:
    parent = dict(table.parents).get(name)
    if parent is not None:
        link = f"{name.removesuffix('_key')}_id"
        return hexadecimal_keys(shaping.keys[parent].of(shaping.rows_of(link, rows)))
    return hexadecimal_keys(shaping.keys[table.name].of(places))


def _without_strangers(
    rows: pyarrow.RecordBatch,
    cells: Mapping[str, pyarrow.Array],
    shaping: Shaping,
    told: Counter[str],
) -> dict[str, pyarrow.Array]:
    vehicles = shaping.rows_of("vehicle_id", rows)
    keepers = pyarrow.array(shaping.customers.keeper_of_vehicle[vehicles])
    names, addresses = (
        c.take(keepers) for c in (shaping.customers.names, shaping.customers.addresses)
    )
    owner = is_customer(rows["owner_name"], rows["owner_address"], names, addresses)
    user = is_customer(rows["user_name"], rows["user_address"], names, addresses)
    changed = {}
    for name in set(cells) & set(HOLDER_COLUMNS):
        stranger = ~(owner if name in OWNER_COLUMNS else user)
        is_filled = cells[name].is_valid().to_numpy(zero_copy_only=False)
        told["withheld:holder_is_not_the_customer"] += int((stranger & is_filled).sum())
        changed[name] = _emptied(cells[name], stranger)
    return changed


def _unless_home(
    rows: pyarrow.RecordBatch, cells: pyarrow.Array, shaping: Shaping, told: Counter[str]
) -> pyarrow.Array:
    """Empty the base of a car kept at an objector's home that is not the customer's own."""
    keepers = pyarrow.array(
        shaping.customers.keeper_of_vehicle[shaping.rows_of("vehicle_id", rows)]
    )
    own = fold_addresses(shaping.customers.addresses.take(keepers))
    mask = shaping.mentions.are_homes(cells) & ~mask_of(pc.equal(fold_addresses(cells), own))
    told["withheld:home_of_objector"] += int(mask.sum())
    return _emptied(cells, mask)


def _emptied(cells: pyarrow.Array, mask: np.ndarray) -> pyarrow.Array:
    return (
        pc.if_else(pyarrow.array(mask), pyarrow.scalar(None, cells.type), cells)
        if mask.any()
        else cells
    )


def campaign_words(cells: pyarrow.Array, delivery: Delivery) -> pyarrow.Array:
    """Give what a campaign says as it can be written: nobody's data, which must not hold a recall up."""
    if delivery.format != "csv" or not pyarrow.types.is_string(cells.type):
        return cells
    cells = defused(cells)[0]
    return carried(cells) if delivery.is_cp932 else cells


def _written(
    cells: pyarrow.Array, column: PartnerColumn, delivery: Delivery, told: Counter[str]
) -> pyarrow.Array:
    if column.labels:
        codes, words = zip(*column.labels, strict=True)
        places = pc.index_in(cells, value_set=pyarrow.array(codes))
        cells = pyarrow.array(words).take(places)
    if delivery.format != "csv" or not pyarrow.types.is_string(column.type):
        return cells
    if delivery.is_cp932:
        cells, count = substituted(cells)
        told["substituted"] += count
    if column.canonical and column.canonical.kind in TYPED_BY_PEOPLE:
        cells, count = defused(cells)
        told["defused"] += count
    return cells
