"""The canonical tables, as declared in `people`, `cars` and `work`: the one declaration.

Contracts, Arrow schemas, partner tables, data packages, the data dictionary and the shop's column
mapping are all derived from `CATALOG`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from schemas.cars import Certificates, VehicleCosts, VehicleImages, Vehicles
from schemas.columns import Column, Role
from schemas.people import Customers, FamilyMembers, Objections
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
class Table:
    """One canonical table and its columns, in order."""

    name: str
    row_description: str
    """What one row is, as the declaration's docstring says it."""
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


def _table_of(name: str, declared: type) -> Table:
    columns = {
        column: replace(facts, name=column)
        for column, facts in vars(declared).items()
        if isinstance(facts, Column)
    }
    described = (declared.__doc__ or "").splitlines()[0]
    return Table(name, described, MappingProxyType(columns))


_DECLARED: dict[str, type] = {
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
    {name: _table_of(name, declared) for name, declared in _DECLARED.items()}
)
"""Every canonical table, each after the tables its links point at."""

PAPERS = "certificates"
"""What stands with a car: it goes with it, and comes with it again."""

DELIVERABLE_TABLES = tuple(name for name in CATALOG if name != "objections")
"""Tables an agreement may list; objections are the shop's own."""

RECALL_TABLES = ("customers", "family_members", "vehicles", "certificates")
"""What a recall reads."""
