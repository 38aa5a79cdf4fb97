"""The canonical tables as plain data, read off their pandera models: the one declaration.

Checks, partner tables, file schemas, data packages, the data dictionary and the shop's column
mapping are all derived from `CATALOG`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow

from schemas.cars import Certificates, VehicleCosts, VehicleImages, Vehicles
from schemas.columns import Kind, Role
from schemas.people import CanonicalTable, Customers, FamilyMembers, Objections
from schemas.work import Invoices, RepairLines, Repairs, Visits

_TITLES = MappingProxyType(
    {
        "customers": "お客様情報",
        "family_members": "ご家族",
        "vehicles": "お車",
        "certificates": "車検証",
        "visits": "ご来店",
        "repairs": "修理・整備",
        "repair_lines": "修理・整備の明細",
        "invoices": "お見積・ご請求",
        "vehicle_costs": "維持費",
        "vehicle_images": "お車の写真",
        "objections": "お申し出",
    }
)


@dataclass(frozen=True)
class Column:
    """One canonical column."""

    name: str
    title: str
    kind: Kind
    role: Role
    items: tuple[str, ...]
    to: str | None
    type: pyarrow.DataType
    is_required: bool
    codes: tuple[str, ...]
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True)
class Table:
    """One canonical table: its contract, and its columns in order."""

    name: str
    model: type[CanonicalTable]
    columns: Mapping[str, Column]

    @property
    def key(self) -> str | None:
        """Name of the column that names a row; none where a link does (lines, certificates)."""
        return next((c.name for c in self.columns.values() if c.role is Role.KEY), None)

    @property
    def links(self) -> dict[str, str]:
        """Link columns and the table each one points at."""
        return {c.name: c.to for c in self.columns.values() if c.to is not None}

    @property
    def title(self) -> str:
        """What the shop's customers would call the table."""
        return _TITLES[self.name]

    @property
    def row_description(self) -> str:
        """What one row is, as the model's docstring says it."""
        return (self.model.__doc__ or "").splitlines()[0]

    @property
    def schema(self) -> pyarrow.Schema:
        """The table's Arrow schema."""
        return pyarrow.schema([(c.name, c.type) for c in self.columns.values()])


def _column_of(name: str, field: Any) -> Column:  # noqa: ANN401 (pandera's schema columns are untyped)
    statistics = {k: v for check in field.checks for k, v in (check.statistics or {}).items()}
    minimum, maximum = statistics.get("min_value"), statistics.get("max_value")
    return Column(
        name=name,
        title=field.title,
        kind=field.metadata["kind"],
        role=field.metadata["role"],
        items=tuple((field.metadata["item"] or "").split()),
        to=field.metadata["to"],
        type=field.dtype.type.pyarrow_dtype,
        is_required=not field.nullable,
        codes=tuple(statistics.get("allowed_values", ())),
        minimum=minimum if isinstance(minimum, int) else None,
        maximum=maximum if isinstance(maximum, int) else None,
    )


def _table_of(name: str, model: type[CanonicalTable]) -> Table:
    fields = model.to_schema().columns
    columns = {column: _column_of(column, field) for column, field in fields.items()}
    return Table(name=name, model=model, columns=MappingProxyType(columns))


_MODELS: dict[str, type[CanonicalTable]] = {
    "customers": Customers,
    "objections": Objections,
    "family_members": FamilyMembers,
    "vehicles": Vehicles,
    "certificates": Certificates,
    "visits": Visits,
    "repairs": Repairs,
    "repair_lines": RepairLines,
    "invoices": Invoices,
    "vehicle_costs": VehicleCosts,
    "vehicle_images": VehicleImages,
}

CATALOG: Mapping[str, Table] = MappingProxyType(
    {name: _table_of(name, model) for name, model in _MODELS.items()}
)
"""Every canonical table, each after the tables its links point at."""

DELIVERABLE_TABLES = tuple(name for name in CATALOG if name != "objections")
"""Tables an agreement may list; objections are the shop's own."""
