"""The scope stage: the month, cancelled and unfinished work, sold cars, merged and deleted records."""

import numpy as np

from schemas.catalog import CATALOG
from schemas.staging import DELETED
from transforms.linking import NO_LINK
from transforms.period import Month
from transforms.spine import SPINE_TABLES, Spine, at, day_number
from transforms.verdicts import Disposition, Verdicts

_OUT = Disposition.OUT_OF_SCOPE

GIVEN_AWAY = "released"
"""Why a car is out of scope that its keeper gave away (`released_on`)."""


def scope(verdicts: Verdicts, spine: Spine, month: Month) -> None:
    """Rule out of scope what is not this month's, not finished, or no longer the shop's.

    What the shop's system calls deleted is out of scope already, and takes along what hangs on it.
    """
    merged = spine.column("customers", "merged_into_customer_id").is_valid()
    verdicts.rule("customers", merged.to_numpy(zero_copy_only=False), _OUT, "merged")
    released = spine.days("vehicles", "released_on")
    is_released = (released >= 0) & (released <= day_number(month.last))
    verdicts.rule("vehicles", is_released, _OUT, GIVEN_AWAY)
    verdicts.rule("certificates", ~_is_latest(verdicts, spine), _OUT, "superseded")
    gone, slips = verdicts.are_for("customers", DELETED), verdicts.are_for("invoices", DELETED)
    for table in SPINE_TABLES:
        if "customer_id" in CATALOG[table].links:
            is_theirs = at(gone, spine.rows(table, "customer_id"))
            verdicts.rule(table, is_theirs, _OUT, DELETED)
    for code, reason in (("cancelled", "cancelled"), ("in_progress", "unfinished")):
        verdicts.rule("repairs", spine.are("repairs", "status", code), _OUT, reason)
    for table in ("visits", "repairs"):
        verdicts.rule(table, spine.rows(table, "vehicle_id") == NO_LINK, _OUT, "without_vehicle")
    for table in SPINE_TABLES:
        if "vehicle_id" in CATALOG[table].links:
            verdicts.inherit(table, "vehicles", spine.rows(table, "vehicle_id"), _OUT)
    _scope_dated(verdicts, spine, month, slips)


def _scope_dated(
    verdicts: Verdicts, spine: Spine, month: Month, deleted_invoices: np.ndarray
) -> None:
    for table, column in (
        ("visits", "checked_in_on"),
        ("vehicle_costs", "incurred_on"),
        ("vehicle_images", "taken_on"),
    ):
        verdicts.rule(table, ~_is_in(spine.days(table, column), month), _OUT, "outside_month")
    for table, column in (("vehicle_costs", "incurred_on"), ("vehicle_images", "taken_on")):
        verdicts.rule(table, _is_before_the_keeper(spine, table, column), _OUT, "former_keeper")
    is_cleared = spine.are("vehicle_images", "is_cleared_for_sharing", True)  # noqa: FBT003 (a cell)
    verdicts.rule("vehicle_images", ~is_cleared, _OUT, "not_cleared")
    is_dated, invoice_is_in = _slips_in(spine, month, deleted_invoices)
    verdicts.rule("repairs", ~is_dated, _OUT, "outside_month")
    verdicts.inherit("invoices", "repairs", spine.rows("invoices", "repair_id"), _OUT)
    verdicts.rule("invoices", ~invoice_is_in, _OUT, "outside_month")


def _is_before_the_keeper(spine: Spine, table: str, column: str) -> np.ndarray:
    """Mask of the rows of cars from a day before their keeper had them: they are somebody else's."""
    acquired, cars = spine.days("vehicles", "acquired_on"), spine.rows(table, "vehicle_id")
    if not len(acquired):
        return np.zeros(len(cars), bool)
    since = np.where(cars >= 0, acquired[np.maximum(cars, 0)], -1)
    return np.asarray(spine.days(table, column) < since)


def _slips_in(
    spine: Spine, month: Month, deleted_invoices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which repairs and which invoices belong to the month; deleted invoices count for nothing.

    A slip is dated by `booked_on`; an estimate without a sale by `estimated_on`; work known from
    another shop, for which there is no invoice, by the day it was done.
    """
    repairs = spine.rows("invoices", "repair_id")
    has_repair = (repairs >= 0) & ~deleted_invoices
    booked, estimated = (
        spine.days("invoices", "booked_on"),
        spine.days("invoices", "estimated_on"),
    )
    is_sold, has_invoice = (
        np.zeros(spine.count("repairs"), bool),
        np.zeros(spine.count("repairs"), bool),
    )
    is_sold[repairs[(booked >= 0) & has_repair]] = True
    has_invoice[repairs[has_repair]] = True
    counts_as_estimate = (booked < 0) & ~at(is_sold, repairs)
    invoice_is_in = _is_in(booked, month) | (counts_as_estimate & _is_in(estimated, month))
    is_elsewhere = spine.are("repairs", "done_by", "other_shop")
    repair_is_in = is_elsewhere & ~has_invoice & _is_in(spine.days("repairs", "done_on"), month)
    repair_is_in[repairs[invoice_is_in & has_repair]] = True
    return repair_is_in, invoice_is_in


def _is_latest(verdicts: Verdicts, spine: Spine) -> np.ndarray:
    rows, days = spine.rows("certificates", "vehicle_id"), spine.days("certificates", "issued_on")
    has_car = (rows >= 0) & ~verdicts.are_for("certificates", DELETED)
    # A broken paper without a readable day may be the newest: then the car has none.
    is_broken = verdicts.are("certificates", Disposition.QUARANTINED)
    days = np.where(is_broken & (days < 0), np.iinfo(days.dtype).max, days)
    latest = np.full(spine.count("vehicles"), np.iinfo(days.dtype).min, days.dtype)
    np.maximum.at(latest, rows[has_car], days[has_car])
    mask = np.ones(len(rows), bool)
    mask[has_car] = days[has_car] == latest[rows[has_car]]
    return mask


def _is_in(days: np.ndarray, month: Month) -> np.ndarray:
    return (days >= day_number(month.first)) & (days <= day_number(month.last))
