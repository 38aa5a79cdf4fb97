"""`datapackage.json`: the contract of every file of a drop (Data Package v1, Frictionless)."""

import pyarrow

from schemas.agreement import Delivery
from schemas.notice import Notice
from schemas.partner_tables import KEY_PATTERN, PartnerColumn, PartnerTable

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

_PARQUET_NULLS: list["JsonValue"] = ["", "nan", "None"]
"""Parquet has real nulls; frictionless reads it through pandas and meets them under these names."""


def type_name(column: PartnerColumn) -> str:
    """Name a column's type as Table Schema does."""
    if pyarrow.types.is_date(column.type):
        return "date"
    if pyarrow.types.is_decimal(column.type):
        return "number"
    if pyarrow.types.is_integer(column.type):
        return "integer"
    return "boolean" if pyarrow.types.is_boolean(column.type) else "string"


def field_name(column: PartnerColumn, delivery: Delivery) -> str:
    """Name a column as the file's header does: titles in CSV, plain names in Parquet."""
    return column.title if delivery.format == "csv" else column.name


def describe(
    tables: tuple[PartnerTable, ...], delivery: Delivery, notice: Notice, name: str
) -> dict[str, JsonValue]:
    """Describe the files of a drop; reading programs need nothing else."""
    return {
        "profile": "tabular-data-package" if delivery.format == "csv" else "data-package",
        "name": name,
        "title": f"{name}: joint-use drop",
        "resources": [_resource(table, tables, delivery, notice) for table in tables],
    }


def _resource(
    table: PartnerTable, tables: tuple[PartnerTable, ...], delivery: Delivery, notice: Notice
) -> dict[str, JsonValue]:
    names = {column.name: field_name(column, delivery) for column in table.columns}
    parents: list[JsonValue] = [
        {
            "fields": [names[key]],
            "reference": {
                "resource": parent,
                "fields": [_own_key_name(parent, tables, delivery)],
            },
        }
        for key, parent in table.parents
    ]
    schema: dict[str, JsonValue] = {
        "fields": [_field(column, delivery, notice) for column in table.columns],
        "missingValues": [""] if delivery.format == "csv" else _PARQUET_NULLS,
    }
    if table.key:
        schema["primaryKey"] = [names[key] for key in table.key]
    if parents:
        schema["foreignKeys"] = parents
    resource: dict[str, JsonValue] = {
        "name": table.name,
        "path": f"data/{table.name}{delivery.suffix}",
        "format": delivery.format,
        "schema": schema,
    }
    if delivery.format == "csv":
        resource["profile"] = "tabular-data-resource"
        resource["encoding"] = delivery.encoding
        line_end = "\r\n" if delivery.line_end == "crlf" else "\n"
        resource["dialect"] = {"delimiter": ",", "quoteChar": '"', "lineTerminator": line_end}
    return resource


def _own_key_name(parent: str, tables: tuple[PartnerTable, ...], delivery: Delivery) -> str:
    table = next(t for t in tables if t.name == parent)
    return next(field_name(c, delivery) for c in table.columns if c.name == table.key[0])


def _field(column: PartnerColumn, delivery: Delivery, notice: Notice) -> dict[str, JsonValue]:
    constraints: dict[str, JsonValue] = {}
    if column.is_required:
        constraints["required"] = True
    if column.is_key:
        constraints["pattern"] = KEY_PATTERN
    if column.codes:
        constraints["enum"] = list(column.codes)
    if column.canonical and column.canonical.minimum is not None:
        constraints["minimum"] = column.canonical.minimum
    if column.canonical and column.canonical.maximum is not None:
        constraints["maximum"] = column.canonical.maximum
    field: dict[str, JsonValue] = {
        "name": field_name(column, delivery),
        "title": column.title,
        "type": type_name(column),
        "joint-use:column": column.name,
    }
    if column.items:
        cited = "、".join(f"{i}（§{notice.clause_of(i)}）" for i in column.items)
        unit = column.canonical.unit if column.canonical else ""
        field["description"] = f"{cited}［単位：{unit}］" if unit else cited
    if constraints:
        field["constraints"] = constraints
    return field
