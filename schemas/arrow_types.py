"""Canonical columns and tables as Arrow holds them."""

from collections.abc import Mapping

import pyarrow

from schemas.catalog import Table
from schemas.columns import Column, Kind

DECIMAL = pyarrow.decimal128(14, 3)

_TYPES: Mapping[Kind, pyarrow.DataType] = {
    Kind.DAY: pyarrow.date32(),
    Kind.WHOLE: pyarrow.int64(),
    Kind.MEASURE: pyarrow.int64(),
    Kind.QUANTITY: DECIMAL,
    Kind.FLAG: pyarrow.bool_(),
    Kind.DELETION: pyarrow.bool_(),
}


def type_of(column: Column) -> pyarrow.DataType:
    """Give the Arrow type of a column: text, unless its kind has one of its own."""
    return _TYPES.get(column.kind, pyarrow.string())


def schema_of(table: Table) -> pyarrow.Schema:
    """Give the Arrow schema of a table."""
    return pyarrow.schema([(column.name, type_of(column)) for column in table.columns.values()])
