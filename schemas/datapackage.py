"""`datapackage.json`: the contract of every file of a drop (Data Package v1, Frictionless)."""

from typing import Literal

import pyarrow
from pydantic import BaseModel, ConfigDict, Field

from schemas.agreement import Delivery
from schemas.notice import Notice
from schemas.partner_tables import KEY_PATTERN, PartnerColumn, PartnerTable

_PARQUET_NULLS = ("", "nan", "None")
"""Parquet has real nulls; frictionless reads it through pandas and meets them under these names."""

TypeName = Literal["string", "date", "integer", "number", "boolean"]
"""Types of Table Schema that drops have."""


class _Described(BaseModel):
    """A part of the description; what is not of ours is passed over, as the format asks for."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)


class Constraints(_Described):
    """What a cell must keep."""

    required: bool = False
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


class FieldDescription(_Described):
    """A column: its header, what it is called, its type, and its canonical name."""

    name: str
    title: str
    type: TypeName
    column: str = Field(alias="joint-use:column")
    description: str | None = None
    constraints: Constraints = Constraints()


class Reference(_Described):
    """The file and the column whose keys another file's rows name."""

    resource: str
    fields: tuple[str, ...] = Field(min_length=1)


class ForeignKey(_Described):
    """A column that holds keys of another file."""

    fields: tuple[str, ...] = Field(min_length=1)
    reference: Reference


class TableSchema(_Described):
    """The columns of a file and how its rows hang together with others'."""

    fields: tuple[FieldDescription, ...]
    missing_values: tuple[str, ...] = Field((), alias="missingValues")
    primary_key: tuple[str, ...] = Field((), alias="primaryKey")
    foreign_keys: tuple[ForeignKey, ...] = Field((), alias="foreignKeys")


class Dialect(_Described):
    """How a CSV file is written."""

    delimiter: str
    quote: str = Field(alias="quoteChar")
    line_end: str = Field(alias="lineTerminator")


class Resource(_Described):
    """One file of a drop."""

    name: str
    path: str
    format: Literal["csv", "parquet"]
    table: TableSchema = Field(alias="schema")
    profile: str | None = None
    encoding: str | None = None
    """Of a CSV file."""
    dialect: Dialect | None = None

    @property
    def fields(self) -> tuple[FieldDescription, ...]:
        """Its columns, in order."""
        return self.table.fields

    @property
    def headers(self) -> dict[str, str]:
        """The header of each column, by its canonical name."""
        return {field.column: field.name for field in self.fields}


class DataPackage(_Described):
    """The files of a drop."""

    profile: str
    name: str
    title: str
    resources: tuple[Resource, ...]

    def written(self) -> str:
        """Give it as JSON; what a file or a column has not is left out."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True, indent=2) + "\n"


def type_name(column: PartnerColumn) -> TypeName:
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
) -> DataPackage:
    """Describe the files of a drop; reading programs need nothing else."""
    return DataPackage(
        profile="tabular-data-package" if delivery.format == "csv" else "data-package",
        name=name,
        title=f"{name}: joint-use drop",
        resources=tuple(_resource(table, tables, delivery, notice) for table in tables),
    )


def _resource(
    table: PartnerTable, tables: tuple[PartnerTable, ...], delivery: Delivery, notice: Notice
) -> Resource:
    names = {column.name: field_name(column, delivery) for column in table.columns}
    own_keys = {each.name: _own_key_name(each, delivery) for each in tables if each.key}
    is_csv = delivery.format == "csv"
    schema = TableSchema(
        fields=tuple(_field(column, delivery, notice) for column in table.columns),
        missing_values=("",) if is_csv else _PARQUET_NULLS,
        primary_key=tuple(names[key] for key in table.key),
        foreign_keys=tuple(
            ForeignKey(
                fields=(names[key],),
                reference=Reference(resource=parent, fields=(own_keys[parent],)),
            )
            for key, parent in table.parents
        ),
    )
    line_end = "\r\n" if delivery.line_end == "crlf" else "\n"
    return Resource(
        name=table.name,
        path=f"data/{table.name}{delivery.suffix}",
        format=delivery.format,
        table=schema,
        profile="tabular-data-resource" if is_csv else None,
        encoding=delivery.encoding if is_csv else None,
        dialect=Dialect(delimiter=",", quote='"', line_end=line_end) if is_csv else None,
    )


def _own_key_name(table: PartnerTable, delivery: Delivery) -> str:
    return next(field_name(c, delivery) for c in table.columns if c.name == table.key[0])


def _field(column: PartnerColumn, delivery: Delivery, notice: Notice) -> FieldDescription:
    cited = "、".join(f"{i}（§{notice.clause_of(i)}）" for i in column.items)
    unit = column.canonical.unit if column.canonical else ""
    return FieldDescription(
        name=field_name(column, delivery),
        title=column.title,
        type=type_name(column),
        column=column.name,
        description=(f"{cited}［単位：{unit}］" if unit else cited) or None,
        constraints=Constraints(
            required=column.is_required,
            pattern=KEY_PATTERN if column.is_key else None,
            enum=tuple(column.codes),
            minimum=column.canonical.minimum if column.canonical else None,
            maximum=column.canonical.maximum if column.canonical else None,
        ),
    )
