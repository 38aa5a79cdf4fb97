"""The check and scope stages over whole tables: broken rows, what hangs on them, what is too old.

Quarantine goes down from parents to children, and for a slip (a repair, its lines, its invoices)
both ways, so that no half invoice leaves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.staging import FAULT, row_of
from transforms.linking import AMBIGUOUS, NO_LINK, UNKNOWN, KeyIndex
from transforms.merges import Merges, resolve_merges
from transforms.period import Month
from transforms.verdicts import Disposition, Verdict, Verdicts

LINE_COLUMNS = [FAULT, row_of("repair_id")]
"""What settling reads of the lines, the one table that is never held whole."""

_DECIDING_COLUMNS = MappingProxyType(
    {
        "customers": ["merged_into_customer_id"],
        "vehicles": ["released_on"],
        "certificates": ["issued_on"],
        "visits": ["checked_in_on"],
        "repairs": ["status", "done_by", "done_on"],
        "invoices": ["estimated_on", "booked_on"],
        "vehicle_costs": ["incurred_on"],
        "vehicle_images": ["taken_on", "is_cleared_for_sharing"],
    }
)

Q, OUT = Disposition.QUARANTINED, Disposition.OUT_OF_SCOPE


def spine_columns(table: str) -> list[str]:
    """List the staged columns of a table that settling and the gate need in memory."""
    known = CATALOG[table]
    keys = [known.key] if known.key else []
    links = [row_of(link) for link in known.links]
    return [*keys, *_DECIDING_COLUMNS.get(table, []), FAULT, *links]


SPINE_TABLES = tuple(table for table in DELIVERABLE_TABLES if table != "repair_lines")


@dataclass(frozen=True)
class Spine:
    """The keys, links and deciding columns of every table but the lines."""

    tables: Mapping[str, pyarrow.Table]
    merges: Merges

    @classmethod
    def of(cls, tables: Mapping[str, pyarrow.Table]) -> "Spine":
        """Build from tables of `spine_columns`."""
        whole = {name: table.combine_chunks() for name, table in tables.items()}
        customers = whole["customers"]
        merges = resolve_merges(
            _column(customers, "customer_id"), _column(customers, "merged_into_customer_id")
        )
        return cls(whole, merges)

    def column(self, table: str, name: str) -> pyarrow.Array:
        """Give one column as one array."""
        return _column(self.tables[table], name)

    def rows(self, table: str, link: str) -> np.ndarray:
        """Give the rows a link points at; a merged customer is the one that stands for it."""
        rows = self.column(table, row_of(link)).to_numpy()
        if link != "customer_id":
            return rows
        return np.where(rows >= 0, self.merges.survivors[np.maximum(rows, 0)], rows)

    def raw_rows(self, table: str, link: str) -> np.ndarray:
        """Give the rows a link points at as recorded, merged or not."""
        return self.column(table, row_of(link)).to_numpy()

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self.tables[table].num_rows)


def settle(spine: Spine, lines: Iterable[pyarrow.RecordBatch], month: Month) -> Verdicts:
    """Rule on every row of every table but the lines: quarantined, out of scope, or still in."""
    verdicts = Verdicts.all_delivered({table: spine.count(table) for table in SPINE_TABLES})
    for table in SPINE_TABLES:
        _quarantine_own_faults(verdicts, spine, table)
    _quarantine_merges(verdicts, spine.merges)
    _quarantine_twin_certificates(verdicts, spine)
    has_broken_line = np.zeros(spine.count("repairs"), bool)
    for batch in lines:
        rows = batch.column(row_of("repair_id")).to_numpy()
        is_broken = batch.column(FAULT).is_valid().to_numpy(zero_copy_only=False) & (rows >= 0)
        has_broken_line[rows[is_broken]] = True
    verdicts.rule("repairs", has_broken_line, Q, "repair_lines:set_aside")
    spread_quarantine(verdicts, spine)
    _scope(verdicts, spine, month)
    return verdicts


def spread_quarantine(verdicts: Verdicts, spine: Spine) -> None:
    """Set aside what hangs on rows that are set aside."""
    for table in SPINE_TABLES:
        for link, parents in CATALOG[table].links.items():
            for rows in (spine.rows(table, link), spine.raw_rows(table, link)):
                is_set_aside = _at(verdicts.are(parents, Q), rows)
                verdicts.rule(table, is_set_aside, Q, f"{link}:set_aside")
    of_slip = spine.rows("invoices", "repair_id")
    is_broken = np.zeros(spine.count("repairs"), bool)
    is_broken[of_slip[verdicts.are("invoices", Q) & (of_slip >= 0)]] = True
    verdicts.rule("repairs", is_broken, Q, "invoices:set_aside")
    verdicts.rule("invoices", _at(verdicts.are("repairs", Q), of_slip), Q, "repair_id:set_aside")


def spread_down(verdicts: Verdicts, spine: Spine, disposition: Disposition) -> None:
    """Give rows whose parent ended in `disposition` the parent's verdict."""
    for table in SPINE_TABLES:
        for link, parents in CATALOG[table].links.items():
            for rows in (spine.rows(table, link), spine.raw_rows(table, link)):
                verdicts.inherit(table, parents, rows, disposition)


def line_codes(verdicts: Verdicts, lines: pyarrow.RecordBatch) -> np.ndarray:
    """Rule on a batch of lines: its own fault first, then whatever became of its repair."""
    rows = lines.column(row_of("repair_id")).to_numpy()
    codes = verdicts.codes_at("repairs", rows)
    set_aside = verdicts.code(_quarantined("repair_id:set_aside"))
    codes[np.isin(codes, verdicts.disposition_codes(Q))] = set_aside
    codes[rows == UNKNOWN] = verdicts.code(_quarantined("repair_id:unknown"))
    faults = lines.column(FAULT)
    if faults.null_count < len(faults):
        encoded = faults.dictionary_encode()
        own = np.array([verdicts.code(_quarantined(f)) for f in encoded.dictionary.to_pylist()])
        has_fault = faults.is_valid().to_numpy(zero_copy_only=False)
        codes[has_fault] = own[encoded.indices.drop_null().to_numpy()]
    return codes


def _quarantined(reason: str) -> Verdict:
    return Verdict(Q, reason)


def _quarantine_own_faults(verdicts: Verdicts, spine: Spine, table: str) -> None:
    faults = spine.column(table, FAULT)
    for fault in pc.unique(faults.drop_null()).to_pylist():
        mask = pc.fill_null(pc.equal(faults, fault), fill_value=False)
        verdicts.rule(table, mask.to_numpy(zero_copy_only=False), Q, fault)
    key = CATALOG[table].key
    if key:
        verdicts.rule(table, KeyIndex(spine.column(table, key)).duplicates(), Q, f"{key}:duplicate")
    for link in CATALOG[table].links:
        rows = spine.raw_rows(table, link)
        verdicts.rule(table, rows == UNKNOWN, Q, f"{link}:unknown")
        verdicts.rule(table, rows == AMBIGUOUS, Q, f"{link}:ambiguous")


def _quarantine_merges(verdicts: Verdicts, merges: Merges) -> None:
    link = "merged_into_customer_id"
    verdicts.rule("customers", merges.is_unknown, Q, f"{link}:unknown")
    verdicts.rule("customers", merges.is_circular, Q, f"{link}:circular")
    survivor_is_set_aside = verdicts.are("customers", Q)[merges.survivors]
    verdicts.rule("customers", survivor_is_set_aside, Q, f"{link}:set_aside")


def _quarantine_twin_certificates(verdicts: Verdicts, spine: Spine) -> None:
    """Set aside certificates of one car issued on one day: nothing says which one holds."""
    still_in = verdicts.codes("certificates") == 0
    rows, days = spine.rows("certificates", "vehicle_id"), _days(spine, "certificates", "issued_on")
    pairs = (rows[still_in].astype(np.int64) << _DAY_BITS) | np.maximum(days[still_in], 0)
    _, places, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    is_twin = np.zeros(len(rows), bool)
    is_twin[still_in] = (counts > 1)[places]
    verdicts.rule("certificates", is_twin, Q, "vehicle_id:duplicate")


def _scope(verdicts: Verdicts, spine: Spine, month: Month) -> None:
    merged = spine.column("customers", "merged_into_customer_id").is_valid()
    verdicts.rule("customers", merged.to_numpy(zero_copy_only=False), OUT, "merged")
    released = _days(spine, "vehicles", "released_on")
    is_released = (released >= 0) & (released <= _day_number(month.last))
    verdicts.rule("vehicles", is_released, OUT, "released")
    verdicts.rule("certificates", ~_is_latest(verdicts, spine), OUT, "superseded")
    status = spine.column("repairs", "status")
    for code, reason in (("cancelled", "cancelled"), ("in_progress", "unfinished")):
        is_so = pc.fill_null(pc.equal(status, code), fill_value=False).to_numpy(
            zero_copy_only=False
        )
        verdicts.rule("repairs", is_so, OUT, reason)
    for table in ("visits", "repairs"):
        verdicts.rule(table, spine.rows(table, "vehicle_id") == NO_LINK, OUT, "without_vehicle")
    for table in SPINE_TABLES:
        if "vehicle_id" in CATALOG[table].links:
            verdicts.inherit(table, "vehicles", spine.rows(table, "vehicle_id"), OUT)
    _scope_dated(verdicts, spine, month)


def _scope_dated(verdicts: Verdicts, spine: Spine, month: Month) -> None:
    for table, column in (
        ("visits", "checked_in_on"),
        ("vehicle_costs", "incurred_on"),
        ("vehicle_images", "taken_on"),
    ):
        verdicts.rule(table, ~_is_in(_days(spine, table, column), month), OUT, "outside_month")
    cleared = pc.fill_null(
        spine.column("vehicle_images", "is_cleared_for_sharing"), fill_value=False
    )
    verdicts.rule("vehicle_images", ~cleared.to_numpy(zero_copy_only=False), OUT, "not_cleared")
    is_dated, invoice_is_in = _slips_in(spine, month)
    verdicts.rule("repairs", ~is_dated, OUT, "outside_month")
    verdicts.inherit("invoices", "repairs", spine.rows("invoices", "repair_id"), OUT)
    verdicts.rule("invoices", ~invoice_is_in, OUT, "outside_month")


def _slips_in(spine: Spine, month: Month) -> tuple[np.ndarray, np.ndarray]:
    """Tell which repairs and which invoices belong to the month.

    A slip is dated by `booked_on`; an estimate without a sale by `estimated_on`; work known from
    another shop, for which there is no invoice, by the day it was done.
    """
    repairs = spine.rows("invoices", "repair_id")
    has_repair = repairs >= 0
    booked, estimated = (
        _days(spine, "invoices", "booked_on"),
        _days(spine, "invoices", "estimated_on"),
    )
    is_sold, has_invoice = (
        np.zeros(spine.count("repairs"), bool),
        np.zeros(spine.count("repairs"), bool),
    )
    is_sold[repairs[(booked >= 0) & has_repair]] = True
    has_invoice[repairs[has_repair]] = True
    counts_as_estimate = (booked < 0) & ~_at(is_sold, repairs)
    invoice_is_in = _is_in(booked, month) | (counts_as_estimate & _is_in(estimated, month))
    elsewhere = pc.equal(spine.column("repairs", "done_by"), "other_shop")
    is_elsewhere = pc.fill_null(elsewhere, fill_value=False).to_numpy(zero_copy_only=False)
    repair_is_in = is_elsewhere & ~has_invoice & _is_in(_days(spine, "repairs", "done_on"), month)
    repair_is_in[repairs[invoice_is_in & has_repair]] = True
    return repair_is_in, invoice_is_in


def _is_latest(verdicts: Verdicts, spine: Spine) -> np.ndarray:
    rows, days = spine.rows("certificates", "vehicle_id"), _days(spine, "certificates", "issued_on")
    has_car = rows >= 0
    # A broken paper without a readable day may be the newest: then the car has none.
    is_broken = verdicts.are("certificates", Q)
    days = np.where(is_broken & (days < 0), np.iinfo(np.int64).max, days)
    latest = np.full(spine.count("vehicles"), np.iinfo(np.int64).min)
    np.maximum.at(latest, rows[has_car], days[has_car])
    mask = np.ones(len(rows), bool)
    mask[has_car] = days[has_car] == latest[rows[has_car]]
    return mask


def _column(table: pyarrow.Table, name: str) -> pyarrow.Array:
    column = table[name]
    return column.chunk(0) if column.num_chunks else pyarrow.array([], column.type)


def _days(spine: Spine, table: str, name: str) -> np.ndarray:
    """Give a date column as days since 1970 plus a margin, so that every date is >= 0 and null is -1."""
    days = spine.column(table, name).cast(pyarrow.int32()).cast(pyarrow.int64())
    return pc.fill_null(pc.add(days, _BEFORE_1970), -1).to_numpy()


_DAY_BITS = 20

_BEFORE_1970 = 100_000
"""Days by which dates are shifted; the earliest date a table holds is 1868."""


def _day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days + _BEFORE_1970


def _is_in(days: np.ndarray, month: Month) -> np.ndarray:
    return (days >= _day_number(month.first)) & (days <= _day_number(month.last))


def _at(mask: np.ndarray, rows: np.ndarray) -> np.ndarray:
    found = np.zeros(len(rows), bool)
    found[rows >= 0] = mask[rows[rows >= 0]]
    return found
