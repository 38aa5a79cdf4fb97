"""How a canonical column is declared: its type, its kind of value, and the item it cites.

A declaration is one pandera field. What the field cannot say itself (kind, role, item, reference)
stands in its metadata; `schemas.catalog` reads it back.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import pandas as pd
import pandera.pandas as pa
import pyarrow

Text = Annotated[pd.ArrowDtype, pyarrow.string()]
Day = Annotated[pd.ArrowDtype, pyarrow.date32()]
Whole = Annotated[pd.ArrowDtype, pyarrow.int64()]
DECIMAL = pyarrow.decimal128(14, 3)
Quantity = Annotated[pd.ArrowDtype, DECIMAL]
Flag = Annotated[pd.ArrowDtype, pyarrow.bool_()]

EARLIEST_DAY = date(1868, 10, 23)
"""First day of 明治, the oldest era a certificate can name."""

LATEST_DAY = date(2100, 12, 31)


class Kind(StrEnum):
    """How the text of a value is read."""

    IDENTIFIER = "identifier"
    TEXT = "text"
    FREE_TEXT = "free_text"
    CODE = "code"
    DAY = "day"
    MONTH = "month"
    WHOLE = "whole"
    QUANTITY = "quantity"
    FLAG = "flag"
    PHONE = "phone"
    POSTAL_CODE = "postal_code"
    EMAIL = "email"
    PLATE = "plate"
    CHASSIS_NUMBER = "chassis_number"
    MODEL_CODE = "model_code"
    DIGITS = "digits"


TYPED_BY_PEOPLE = frozenset({Kind.TEXT, Kind.FREE_TEXT})
"""Kinds whose wording nobody constrains: a spreadsheet may take such a cell for a formula."""


class Role(StrEnum):
    """What a canonical column is for."""

    KEY = "key"
    LINK = "link"
    DECIDES = "decides"
    ITEM = "item"


def _column(kind: Kind, role: Role, title: str, **facts: Any) -> Any:  # noqa: ANN401 (pandera fields are untyped)
    nullable = facts.pop("nullable", True)
    metadata = {"kind": kind, "role": role, **{k: facts.pop(k, None) for k in ("item", "to")}}
    checks = facts
    if kind is Kind.DAY:
        checks = {"ge": EARLIEST_DAY, "le": LATEST_DAY, **checks}
    if kind is Kind.MONTH:
        checks = {"str_matches": r"^\d{4}-(0[1-9]|1[0-2])$", **checks}
    return pa.Field(nullable=nullable, title=title, metadata=metadata, **checks)


def key(title: str, kind: Kind = Kind.IDENTIFIER) -> Any:  # noqa: ANN401
    """Declare a column that names the row itself."""
    return _column(kind, Role.KEY, title, nullable=False)


def link(title: str, *, to: str, nullable: bool = False) -> Any:  # noqa: ANN401
    """Declare a column that holds the key of a row of another table."""
    return _column(Kind.IDENTIFIER, Role.LINK, title, to=to, nullable=nullable)


def decides(kind: Kind, title: str, *, nullable: bool = True, **checks: Any) -> Any:  # noqa: ANN401
    """Declare a column that is used inside the shop and never leaves."""
    return _column(kind, Role.DECIDES, title, nullable=nullable, **checks)


def item(code: str, kind: Kind, title: str, *, nullable: bool = True, **checks: Any) -> Any:  # noqa: ANN401
    """Declare a column that may leave because the notice names its item."""
    return _column(kind, Role.ITEM, title, item=code, nullable=nullable, **checks)


def one_of(codes: Iterable[str]) -> dict[str, Any]:
    """Say that a coded column takes only these codes."""
    return {"isin": list(codes)}
