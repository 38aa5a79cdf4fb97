"""The check stage over whole tables: broken rows, and what hangs on them.

Quarantine goes down from parents to children, and for a slip (a repair, its lines, its invoices)
both ways, so that no half invoice leaves.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG
from schemas.staging import DELETED, FAULT, row_of
from transforms.arrays import mask_of
from transforms.linking import AMBIGUOUS, UNKNOWN, KeyIndex, living_keys
from transforms.merges import Merges
from transforms.period import Month
from transforms.scoping import scope
from transforms.spine import LINE_COLUMNS, NAMED_LINE_COLUMNS, SPINE_TABLES, Spine, at
from transforms.verdicts import Disposition, Verdict, Verdicts

_DAY_BITS = 20

_SET_ASIDE = Disposition.QUARANTINED


def rule_on(spine: Spine, lines: Iterable[pyarrow.RecordBatch], month: Month) -> Verdicts:
    """Rule on every row of every table but the lines: quarantined, out of scope, or still in."""
    verdicts = Verdicts.all_delivered({table: spine.count(table) for table in SPINE_TABLES})
    for table in SPINE_TABLES:
        _rule_on_own_faults(verdicts, spine, table)
    _quarantine_merges(verdicts, spine.merges)
    _quarantine_twin_certificates(verdicts, spine)
    has_broken_line = np.zeros(spine.count("repairs"), bool)
    for batch in lines:
        rows = batch.column(row_of("repair_id")).to_numpy()
        is_broken = mask_of(pc.not_equal(batch.column(FAULT), DELETED)) & (rows >= 0)
        has_broken_line[rows[is_broken]] = True
    verdicts.rule("repairs", has_broken_line, _SET_ASIDE, "repair_lines:set_aside")
    spread_quarantine(verdicts, spine)
    scope(verdicts, spine, month)
    return verdicts


def spread_quarantine(verdicts: Verdicts, spine: Spine) -> None:
    """Set aside what hangs on rows that are set aside."""
    for table in SPINE_TABLES:
        for link, parents in CATALOG[table].links.items():
            for rows in spine.each_rows(table, link):
                is_set_aside = at(verdicts.are(parents, _SET_ASIDE), rows)
                verdicts.rule(table, is_set_aside, _SET_ASIDE, f"{link}:set_aside")
    of_slip = spine.rows("invoices", "repair_id")
    is_broken = np.zeros(spine.count("repairs"), bool)
    is_broken[of_slip[verdicts.are("invoices", _SET_ASIDE) & (of_slip >= 0)]] = True
    verdicts.rule("repairs", is_broken, _SET_ASIDE, "invoices:set_aside")
    verdicts.rule(
        "invoices",
        at(verdicts.are("repairs", _SET_ASIDE), of_slip),
        _SET_ASIDE,
        "repair_id:set_aside",
    )


def spread_down(verdicts: Verdicts, spine: Spine, disposition: Disposition) -> None:
    """Give rows whose parent ended in `disposition` the parent's verdict."""
    for table in SPINE_TABLES:
        for link, parents in CATALOG[table].links.items():
            for rows in spine.each_rows(table, link):
                verdicts.inherit(table, parents, rows, disposition)


def line_codes(verdicts: Verdicts, lines: pyarrow.RecordBatch) -> np.ndarray:
    """Rule on a batch of lines: its own fault first, then whatever became of its repair.

    Args:
        verdicts: on all other tables.
        lines: with at least `line_columns`.
    """
    rows = lines.column(row_of("repair_id")).to_numpy()
    codes = verdicts.codes_at("repairs", rows)
    set_aside = verdicts.code(_quarantined("repair_id:set_aside"))
    codes[verdicts.ended(codes, _SET_ASIDE)] = set_aside
    codes[rows == UNKNOWN] = verdicts.code(_quarantined("repair_id:unknown"))
    faults = lines.column(FAULT)
    if faults.null_count < len(faults):
        encoded = faults.dictionary_encode()
        own = np.array([verdicts.code(_of_fault(f)) for f in encoded.dictionary.to_pylist()])
        has_fault = faults.is_valid().to_numpy(zero_copy_only=False)
        codes[has_fault] = own[encoded.indices.drop_null().to_numpy()]
    if verdicts.line_texts:
        _rule_by_name(codes, verdicts, lines)
    return codes


def codes_of(verdicts: Verdicts, table: str, batch: pyarrow.RecordBatch, start: int) -> np.ndarray:
    """Give the codes of a batch that begins at row `start` of its staged table."""
    if table == "repair_lines":
        return line_codes(verdicts, batch)
    return verdicts.codes(table)[start : start + batch.num_rows]


def line_columns(verdicts: Verdicts) -> list[str]:
    """List what ruling on lines needs: their names only where some names are ruled on."""
    return NAMED_LINE_COLUMNS if verdicts.line_texts else LINE_COLUMNS


def _rule_by_name(codes: np.ndarray, verdicts: Verdicts, lines: pyarrow.RecordBatch) -> None:
    """Rule on lines whose name must not leave with them: set aside before all else, withheld after."""
    names = pyarrow.array(list(verdicts.line_texts), pyarrow.string())
    places = pc.fill_null(pc.index_in(lines.column("name"), value_set=names), -1)
    found = places.to_numpy(zero_copy_only=False)
    rulings = [verdicts.code(ruling) for ruling in verdicts.line_texts.values()]
    own = np.array([0, *rulings], np.uint16)[found + 1]
    is_parents = codes == verdicts.code(_quarantined("repair_id:set_aside"))
    codes[is_parents & verdicts.ended(own, _SET_ASIDE)] = 0
    mask = (found >= 0) & (codes == 0)
    codes[mask] = own[mask]


def _quarantined(reason: str) -> Verdict:
    return Verdict(_SET_ASIDE, reason)


def _of_fault(fault: str) -> Verdict:
    return Verdict(Disposition.OUT_OF_SCOPE if fault == DELETED else _SET_ASIDE, fault)


def _rule_on_own_faults(verdicts: Verdicts, spine: Spine, table: str) -> None:
    faults = spine.column(table, FAULT)
    for fault in pc.unique(faults.drop_null()).to_pylist():
        verdicts.rule(table, mask_of(pc.equal(faults, fault)), *_of_fault(fault))
    key = CATALOG[table].key
    if key:
        keys = living_keys(spine.column(table, key), faults)
        verdicts.rule(table, KeyIndex(keys).duplicates(), _SET_ASIDE, f"{key}:duplicate")
    for link in CATALOG[table].links:
        rows = spine.raw_rows(table, link)
        verdicts.rule(table, rows == UNKNOWN, _SET_ASIDE, f"{link}:unknown")
        verdicts.rule(table, rows == AMBIGUOUS, _SET_ASIDE, f"{link}:ambiguous")


def _quarantine_merges(verdicts: Verdicts, merges: Merges) -> None:
    link = "merged_into_customer_id"
    verdicts.rule("customers", merges.is_unknown, _SET_ASIDE, f"{link}:unknown")
    verdicts.rule("customers", merges.is_circular, _SET_ASIDE, f"{link}:circular")
    survivor_is_set_aside = verdicts.are("customers", _SET_ASIDE)[merges.survivors]
    verdicts.rule("customers", survivor_is_set_aside, _SET_ASIDE, f"{link}:set_aside")


def _quarantine_twin_certificates(verdicts: Verdicts, spine: Spine) -> None:
    """Set aside certificates of one car issued on one day: nothing says which one holds."""
    still_in = verdicts.codes("certificates") == 0
    rows, days = spine.rows("certificates", "vehicle_id"), spine.days("certificates", "issued_on")
    pairs = (rows[still_in].astype(np.int64) << _DAY_BITS) | np.maximum(days[still_in], 0)
    _, places, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    is_twin = np.zeros(len(rows), bool)
    is_twin[still_in] = (counts > 1)[places]
    verdicts.rule("certificates", is_twin, _SET_ASIDE, "vehicle_id:duplicate")
