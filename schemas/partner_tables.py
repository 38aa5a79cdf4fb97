"""What a partner's files look like: derived from the canonical model and the agreement."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow

from schemas.agreement import KEY_TITLES, AgreedTable, Share
from schemas.arrow_types import type_of
from schemas.catalog import CATALOG, PAPERS, Table
from schemas.columns import Column, Kind
from schemas.errors import ConfigurationError

KEY_PATTERN = r"^[0-9a-f]{32}$"
"""A partner key: the first 128 bits of an HMAC-SHA-256, in hex."""


DELETED = "deleted"
"""Name of the file of keys the partner must delete."""

HELD = {
    "customers": "customer_id",
    "family_members": "family_member_id",
    "vehicles": "vehicle_id",
    PAPERS: "vehicle_id",
}
"""Records a partner holds until told otherwise, and the number each goes by: a certificate, its car's."""

DELETABLE = tuple(HELD)
"""Records that can be told to be deleted."""

STANDING = tuple(record for record in HELD if record != PAPERS)
"""Those with a number of their own; all else hangs on them, or belongs to a month."""


@dataclass(frozen=True)
class PartnerColumn:
    """One column of a partner's file; `canonical` is None for a key, and for what no record has.

    `derived_from` are the items of the notice a column is derived from that no record has.
    """

    name: str
    title: str
    type: pyarrow.DataType
    canonical: Column | None
    labels: tuple[tuple[str, str], ...] = ()
    derived_from: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """Items of the notice the column cites; a key cites none."""
        return self.canonical.items if self.canonical else self.derived_from

    @property
    def is_required(self) -> bool:
        """Whether every row has a value (free text never must: a cell may be withheld)."""
        if self.canonical is None:
            return True
        return self.canonical.is_required and self.canonical.kind is not Kind.FREE_TEXT

    @property
    def is_key(self) -> bool:
        """Whether the column holds partner keys."""
        return self.canonical is None and not self.labels and not self.derived_from

    @property
    def codes(self) -> tuple[str, ...]:
        """The only values there are, in the partner's words; empty where any may be."""
        words = dict(self.labels)
        if self.canonical is None:
            return tuple(words.values())
        return tuple(words.get(code, code) for code in self.canonical.codes)


@dataclass(frozen=True)
class PartnerTable:
    """One file of a drop."""

    name: str
    columns: tuple[PartnerColumn, ...]
    key: tuple[str, ...]
    """Columns that together name a row."""
    parents: tuple[tuple[str, str], ...]
    """Key column and the table of the same drop it points into."""

    @property
    def items(self) -> tuple[str, ...]:
        """Items of the notice a row shows: those of the columns, each once, in their order."""
        return tuple(dict.fromkeys(item for column in self.columns for item in column.items))

    @property
    def schema(self) -> pyarrow.Schema:
        """The file's Arrow schema."""
        return pyarrow.schema(
            [pyarrow.field(c.name, c.type, nullable=not c.is_required) for c in self.columns]
        )


def deleted_table() -> PartnerTable:
    """Derive the file of keys the partner must delete: in every drop, and last."""
    records = tuple((record, record) for record in DELETABLE)
    columns = (
        PartnerColumn("record", "種別", pyarrow.string(), None, records),
        PartnerColumn("key", "削除するキー", pyarrow.string(), None),
    )
    return PartnerTable(DELETED, columns, ("key",), ())


TARGETS = "recall_targets"
"""Name of the file that says which car which campaign may be about."""


def recall_tables(share: Share) -> tuple[PartnerTable, ...]:
    """Derive the files of a recall drop but for `TARGETS`: cars are there by their keys alone."""
    agreed = {**share.tables, "vehicles": None}
    with_cars = [name for name in CATALOG if name in agreed]
    return tuple(_partner_table(name, agreed[name], agreed) for name in with_cars)


def targets_table() -> PartnerTable:
    """Derive the file that says which car which campaign may be about, and how sure that is."""
    text, car = pyarrow.string(), ("2.certificate",)
    classes = (("in_range", "範囲内"), ("possible", "可能性あり"))
    columns = (
        PartnerColumn(key_name("vehicle_id"), KEY_TITLES[key_name("vehicle_id")], text, None),
        PartnerColumn("campaign", "届出番号", text, None, derived_from=car),
        PartnerColumn("notified_on", "届出日", pyarrow.date32(), None, derived_from=car),
        PartnerColumn("category", "区分", text, None, derived_from=car),
        PartnerColumn("device", "不具合の部位", text, None, derived_from=car),
        PartnerColumn("match_class", "対象の可能性", text, None, classes, car),
    )
    return PartnerTable(TARGETS, columns, (), ((key_name("vehicle_id"), "vehicles"),))


PHOTOGRAPHS = "data/images"
"""Folder of a drop's photographs, each named by its key."""


def key_name(identifier: str) -> str:
    """Name the partner's key for one of our own numbers: `customer_id` → `customer_key`."""
    return f"{identifier.removesuffix('_id')}_key"


def partner_tables(share: Share) -> tuple[PartnerTable, ...]:
    """Derive the files of a drop, parents before children."""
    return tuple(
        _partner_table(t, share.tables[t], share.tables) for t in CATALOG if t in share.tables
    )


def _partner_table(name: str, agreed: AgreedTable | None, tables: Collection[str]) -> PartnerTable:
    """Derive one file; without agreed columns it has keys only."""
    table = CATALOG[name]
    parents = tuple((key_name(k), to) for k, to in table.links.items() if to in tables)
    own = (key_name(table.key),) if table.key else ()
    keys = (*own, *(key for key, _ in parents))
    titles_of_keys = agreed.titles if agreed else {}
    columns = (
        *(
            PartnerColumn(k, titles_of_keys.get(k, KEY_TITLES[k]), pyarrow.string(), None)
            for k in keys
        ),
        *(_partner_columns(table, agreed) if agreed else ()),
    )
    titles = [column.title for column in columns]
    if len(set(titles)) != len(titles):
        raise ConfigurationError(
            f"tables.{name}: 二つの列の見出しが同じになります。一方を変えてください / "
            f"tables.{name}: two columns would have the same title; rename one"
        )
    return PartnerTable(name, columns, _row_key(name, keys, agreed), parents)


def _row_key(name: str, keys: tuple[str, ...], agreed: AgreedTable | None) -> tuple[str, ...]:
    if name != "repair_lines" or agreed is None:
        return keys[:1]
    return (*keys, "line_number") if keys and "line_number" in agreed.columns else ()


def _partner_columns(table: Table, agreed: AgreedTable) -> Iterator[PartnerColumn]:
    return (_partner_column(table.columns[name], agreed) for name in agreed.columns)


def _partner_column(column: Column, agreed: AgreedTable) -> PartnerColumn:
    labels = tuple(agreed.labels.get(column.name, {}).items())
    return PartnerColumn(
        column.name, agreed.titles.get(column.name, column.title), type_of(column), column, labels
    )
