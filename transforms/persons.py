"""Whose a row is: which customer each delivered row belongs to."""

from collections.abc import Iterable, Mapping

import numpy as np

from schemas.catalog import CATALOG
from transforms.linking import KeyIndex
from transforms.spine import Spine


def keepers(table: str, spine: Spine) -> np.ndarray:
    """Give the customer row each row of a table belongs to (merges followed), -1 where there is none.

    A visit, repair or invoice is the customer's of that day; what hangs on a car is its keeper's.
    """
    if table == "customers":
        return np.arange(spine.count("customers"))
    if table in {"family_members", "vehicles", "visits", "repairs", "invoices"}:
        return spine.rows(table, "customer_id")
    return keepers_of_cars(spine.rows(table, "vehicle_id"), spine)


def keepers_of_cars(vehicles: np.ndarray, spine: Spine) -> np.ndarray:
    """Give the customer row that keeps each of these vehicle rows, -1 where there is none."""
    of_vehicle = spine.rows("vehicles", "customer_id")
    if not len(of_vehicle):
        return np.full(len(vehicles), -1)
    found = of_vehicle.take(vehicles, mode="clip")
    found[vehicles < 0] = -1
    return found


def tables_of_persons(
    tables: Iterable[str],
    delivered: Mapping[str, np.ndarray],
    spine: Spine,
) -> np.ndarray:
    """Give per customer row in which tables of a drop anything of theirs stands (uint16, a bit each).

    What a merged number is entered under counts for it, too: a merge may be taken back. So does a relative's
    row for the customer it names as the same person.

    Args:
        tables: of the drop, in its order.
        delivered: per table the mask of its rows that are in the drop; of the lines, the mask of
            the repairs that have one.
        spine: of the same snapshot.
    """
    found = np.zeros(spine.count("customers"), np.uint16)
    for place, table in enumerate(tables):
        of_table, rows = (
            "repairs" if table == "repair_lines" else table,
            np.flatnonzero(delivered[table]),
        )
        owners = [keepers(of_table, spine)]
        if spine.merges.has_any and "customer_id" in CATALOG[of_table].links:
            owners.append(spine.raw_rows(of_table, "customer_id"))
        if of_table == "family_members":
            owners += _same_persons(spine)
        is_there = np.zeros(len(found), bool)
        for owner in owners:
            theirs = owner[rows]
            is_there[theirs[theirs >= 0]] = True
        found[is_there] |= np.uint16(1 << place)
    return found


def _same_persons(spine: Spine) -> list[np.ndarray]:
    """Give the customer row that each relative is entered as, too: as it is named, and who stands for it."""
    named = spine.column("family_members", "linked_customer_id")
    if named.null_count == len(named):
        return []
    rows = KeyIndex(spine.column("customers", "customer_id")).positions(named)
    return [rows, spine.merges.followed(rows)]
