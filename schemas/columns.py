"""How a canonical column is declared: its kind of value, what it is for, and the item it cites.

Plain facts, so that whoever only asks about the policy loads no table library. What they mean for
rows is derived elsewhere: Arrow types in `schemas.arrow_types`, pandera contracts in
`schemas.contracts`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How the text of a value is read."""

    IDENTIFIER = "identifier"
    TEXT = "text"
    NAME = "name"
    ADDRESS = "address"
    PLACE = "place"
    FREE_TEXT = "free_text"
    CODE = "code"
    DAY = "day"
    MONTH = "month"
    WHOLE = "whole"
    MEASURE = "measure"
    QUANTITY = "quantity"
    FLAG = "flag"
    DELETION = "deletion"
    PHONE = "phone"
    POSTAL_CODE = "postal_code"
    EMAIL = "email"
    PLATE = "plate"
    CHASSIS_NUMBER = "chassis_number"
    MODEL_CODE = "model_code"
    DIGITS = "digits"


ADDRESSES = frozenset({Kind.ADDRESS, Kind.PLACE})
"""Addresses, of customers and as papers print them."""

TEXTS = frozenset({Kind.TEXT, Kind.NAME}) | ADDRESSES
"""Short texts; of a `NAME` or a customer's `ADDRESS` a lost character makes another one."""

TYPED_BY_PEOPLE = TEXTS | {Kind.FREE_TEXT}
"""Kinds whose wording nobody constrains: a spreadsheet may take such a cell for a formula."""


_UNITS = {"_jpy": "円", "_km": "km", "_kg": "kg", "_cm": "cm", "displacement": "L, 電気は kW"}
"""As the certificate prints them (自動車検査証); money is in whole yen."""


class Role(StrEnum):
    """What a canonical column is for."""

    KEY = "key"
    LINK = "link"
    DECIDES = "decides"
    ITEM = "item"


@dataclass(frozen=True)
class Column:
    """One canonical column; its name is the one it is declared under."""

    title: str
    kind: Kind
    role: Role
    is_required: bool
    items: tuple[str, ...] = ()
    to: str | None = None
    """The table a link points into."""
    codes: tuple[str, ...] = ()
    """The only values there are; empty where any may be."""
    minimum: int | None = None
    maximum: int | None = None
    name: str = ""

    @property
    def unit(self) -> str:
        """The unit of the values, told by the end of the column's name; empty where they have none."""
        return next((unit for end, unit in _UNITS.items() if self.name.endswith(end)), "")


def key(title: str) -> Column:
    """Declare a column that names the row itself."""
    return Column(title, Kind.IDENTIFIER, Role.KEY, is_required=True)


def link(title: str, *, to: str, nullable: bool = False) -> Column:
    """Declare a column that holds the key of a row of another table."""
    return Column(title, Kind.IDENTIFIER, Role.LINK, is_required=not nullable, to=to)


def decides(kind: Kind, title: str, *, nullable: bool = True, codes: Iterable[str] = ()) -> Column:
    """Declare a column that is used inside the shop and never leaves."""
    return Column(title, kind, Role.DECIDES, is_required=not nullable, codes=tuple(codes))


def deletion() -> Column:
    """Declare the mark of a row that a shop's system keeps and calls deleted (削除フラグ)."""
    return decides(Kind.DELETION, "削除の印")


def item(items: str, kind: Kind, title: str, *, nullable: bool = True, **rules: Any) -> Column:  # noqa: ANN401 (fields of Column)
    """Declare a column that may leave because the notice names its items (one or more, spaced)."""
    cited = tuple(items.split())
    return Column(title, kind, Role.ITEM, is_required=not nullable, items=cited, **rules)
