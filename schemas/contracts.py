"""The pandera contracts of tables: what each cell may be. Nothing is coerced or dropped."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandera.pandas as pa
import pyarrow
from pandas import ArrowDtype

from schemas.arrow_types import type_of
from schemas.catalog import Table
from schemas.columns import Column, Kind

EARLIEST_DAY = date(1868, 10, 23)
"""First day of 明治, the oldest era a certificate can name."""

LATEST_DAY = date(2100, 12, 31)

_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


def contract_of(table: Table) -> pa.DataFrameSchema:
    """Give the contract of a canonical table; the order of its columns is part of it."""
    return contract({column.name: _cell(column) for column in table.columns.values()})


def contract(columns: Mapping[str, pa.Column]) -> pa.DataFrameSchema:
    """Ask for these columns, all of them, in this order and no other."""
    return pa.DataFrameSchema(
        dict(columns), strict=True, ordered=True, unique_column_names=True, coerce=False
    )


def cell(  # noqa: PLR0913 (each a rule of its own)
    kind: pyarrow.DataType,
    *,
    is_required: bool,
    codes: Iterable[str],
    pattern: str | None,
    minimum: Any,  # noqa: ANN401 (of the cell's type)
    maximum: Any,  # noqa: ANN401
) -> pa.Column:
    """Say what a cell of a column may be; each rule speaks of one cell.

    Args:
        kind: its Arrow type.
        is_required: whether it must not be null.
        codes: the only values there are; none: any.
        pattern: a regular expression its text begins with.
        minimum: the smallest value.
        maximum: the largest value.
    """
    checks = [
        *([pa.Check.isin(list(codes))] if codes else []),
        *([pa.Check.str_matches(pattern)] if pattern is not None else []),
        *([pa.Check.ge(minimum)] if minimum is not None else []),
        *([pa.Check.le(maximum)] if maximum is not None else []),
    ]
    return pa.Column(ArrowDtype(kind), checks=checks, nullable=not is_required)


def _cell(column: Column) -> pa.Column:
    is_day = column.kind is Kind.DAY
    return cell(
        type_of(column),
        is_required=column.is_required,
        codes=column.codes,
        pattern=_MONTH if column.kind is Kind.MONTH else None,
        minimum=EARLIEST_DAY if is_day else column.minimum,
        maximum=LATEST_DAY if is_day else column.maximum,
    )
