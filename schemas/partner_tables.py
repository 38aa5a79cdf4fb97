"""What a partner's files look like: derived from the canonical model and the agreement."""

from dataclasses import dataclass

import pyarrow

from schemas.agreement import KEY_TITLES, AgreedTable, Share
from schemas.catalog import CATALOG, Column
from schemas.columns import Kind
from schemas.errors import ConfigurationError

KEY_PATTERN = r"^[0-9a-f]{32}$"
"""A partner key: the first 128 bits of an HMAC-SHA-256, in hex."""


DELETED = "deleted"
"""Name of the file of keys the partner must delete."""

STANDING = ("customers", "family_members", "vehicles")
"""Records a partner holds until told otherwise; all else hangs on them, or belongs to a month."""


@dataclass(frozen=True)
class PartnerColumn:
    """One column of a partner's file; `canonical` is None for a key, and for what `deleted` has."""

    name: str
    title: str
    type: pyarrow.DataType
    canonical: Column | None
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """Items of the notice the column cites; a key cites none."""
        return self.canonical.items if self.canonical else ()

    @property
    def is_required(self) -> bool:
        """Whether every row has a value (free text never must: a cell may be withheld)."""
        if self.canonical is None:
            return True
        return self.canonical.is_required and self.canonical.kind is not Kind.FREE_TEXT

    @property
    def is_key(self) -> bool:
        """Whether the column holds partner keys."""
        return self.canonical is None and not self.labels

    @property
    def codes(self) -> tuple[str, ...]:
        """The only values there are, in the partner's words; empty where any may be."""
        words = dict(self.labels)
        if self.canonical is None:
            return tuple(words)
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
    def schema(self) -> pyarrow.Schema:
        """The file's Arrow schema."""
        return pyarrow.schema(
            [pyarrow.field(c.name, c.type, nullable=not c.is_required) for c in self.columns]
        )


def deleted_table() -> PartnerTable:
    """Derive the file of keys the partner must delete: in every drop, and last."""
    records = tuple((record, record) for record in STANDING)
    columns = (
        PartnerColumn("record", "種別", pyarrow.string(), None, records),
        PartnerColumn("key", "削除するキー", pyarrow.string(), None),
    )
    return PartnerTable(DELETED, columns, ("key",), ())


def key_name(identifier: str) -> str:
    """Name the partner's key for one of our own numbers: `customer_id` → `customer_key`."""
    return f"{identifier.removesuffix('_id')}_key"


def partner_tables(share: Share) -> tuple[PartnerTable, ...]:
    """Derive the files of a drop, parents before children."""
    return tuple(_partner_table(t, share.tables[t], share) for t in CATALOG if t in share.tables)


def _partner_table(name: str, agreed: AgreedTable, share: Share) -> PartnerTable:
    table = CATALOG[name]
    parents = tuple((key_name(k), to) for k, to in table.links.items() if to in share.tables)
    own = (key_name(table.key),) if table.key else ()
    keys = (*own, *(key for key, _ in parents))
    columns = (
        *(
            PartnerColumn(k, agreed.titles.get(k, KEY_TITLES[k]), pyarrow.string(), None)
            for k in keys
        ),
        *(_partner_column(table.columns[c], agreed) for c in agreed.columns),
    )
    titles = [column.title for column in columns]
    if len(set(titles)) != len(titles):
        raise ConfigurationError(
            f"tables.{name}: two columns would have the same title; rename one"
        )
    return PartnerTable(name, columns, _row_key(name, keys, agreed), parents)


def _row_key(name: str, keys: tuple[str, ...], agreed: AgreedTable) -> tuple[str, ...]:
    if name != "repair_lines":
        return keys[:1]
    return (*keys, "line_number") if keys and "line_number" in agreed.columns else ()


def _partner_column(column: Column, agreed: AgreedTable) -> PartnerColumn:
    labels = tuple(agreed.labels.get(column.name, {}).items())
    return PartnerColumn(
        column.name, agreed.titles.get(column.name, column.title), column.type, column, labels
    )
