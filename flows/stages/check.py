"""Check and scope: rule on every row, keep the broken ones, and hold the run if there are too many."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow

from flows.report import Settled
from flows.run import Run
from flows.stages.spines import load_spine, save_verdicts
from ledger.locks import held_shop
from ledger.objection_register import ObjectionRegister
from ledger.quarantine import QuarantineFolder, QuarantineSummary
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.errors import ObjectionsUnreliableError, QuarantineLimitError
from schemas.staging import PART, RECORD, UNREAD, row_of
from sources.snapshot import Snapshot, digest_of_objections
from transforms.objections import refuses
from transforms.settling import line_codes, settle
from transforms.spine import LINE_COLUMNS
from transforms.verdicts import Disposition, Verdict, Verdicts


def check(run: Run, snapshot: Snapshot) -> Settled:
    """Settle what does not depend on a partner, and keep the verdicts in the run's folder.

    Raises:
        ObjectionsUnreliableError: the objections have shrunk, or too many match no customer.
        QuarantineLimitError: a table has more broken rows than the shop allows.
    """
    count, unmatched = _check_objections(run, snapshot)
    spine = load_spine(snapshot)
    verdicts = settle(spine, snapshot.batches("repair_lines", LINE_COLUMNS), run.month)
    save_verdicts(verdicts, run.workspace)
    quarantined = keep(run, snapshot, verdicts)
    for table, reasons in quarantined.items():
        check_share(run, table, sum(reasons.values()), snapshot.tables[table].read)
    return Settled(count, digest_of_objections(snapshot), unmatched, quarantined)


def _check_objections(run: Run, snapshot: Snapshot) -> tuple[int, int]:
    limits = run.folder.shop.limits
    objections = snapshot.table("objections", ["customer_id", "scope", row_of("customer_id")])
    rows = objections[row_of("customer_id")].to_numpy()
    if not len(rows) and not limits.objections_may_be_empty:
        raise ObjectionsUnreliableError(
            "there is no objection at all; a lost export looks the same. If nobody ever objected, "
            "say so with limits.objections_may_be_empty = true in shop.toml"
        )
    unmatched = int((rows < 0).sum())
    if unmatched > len(rows) * limits.max_unmatched_objection_share:
        raise ObjectionsUnreliableError(
            f"{unmatched} of {len(rows)} objections match no customer number. Correct the numbers; if "
            "these people really are no longer in the records, allow for them with "
            "limits.max_unmatched_objection_share in shop.toml"
        )
    register = ObjectionRegister(run.folder.state)
    people = set(objections.filter(refuses(objections["scope"]))["customer_id"].to_pylist())
    with held_shop(run.folder.state):
        register.check(people, allowed_share=limits.max_objection_shrink_share)
        if not run.request.dry_run:
            register.remember(people)
    return len(rows), unmatched


def verdict_counts(snapshot: Snapshot, verdicts: Verdicts, table: str) -> Counter[Verdict]:
    """Count the rows of a table by what became of them."""
    if table != "repair_lines":
        return verdicts.count(verdicts.codes(table))
    counts: Counter[Verdict] = Counter()
    for batch in snapshot.batches(table, LINE_COLUMNS):
        counts += verdicts.count(line_codes(verdicts, batch))
    return counts


def _quarantined(counts: Counter[Verdict]) -> dict[str, int]:
    return {
        verdict.reason: count
        for verdict, count in sorted(counts.items())
        if verdict.disposition is Disposition.QUARANTINED
    }


def check_share(run: Run, table: str, count: int, read: int) -> None:
    """Hold the run if a table has more rows set aside than the shop allows."""
    most = run.folder.shop.limits.max_quarantined_share
    if count > read * most:
        raise QuarantineLimitError(
            f"{table}: {count} of {read} rows are broken, more than {most:.1%}; "
            "`joint-use quarantine` tells why. Mend the source, or raise limits.max_quarantined_share"
        )


def keep(
    run: Run, snapshot: Snapshot, verdicts: Verdicts, partner: str | None = None
) -> dict[str, dict[str, int]]:
    """Keep the rows set aside, for all partners or for one, and give their counts by reason."""
    counts = {t: _quarantined(verdict_counts(snapshot, verdicts, t)) for t in DELIVERABLE_TABLES}
    quarantined = {table: reasons for table, reasons in counts.items() if reasons}
    summary = QuarantineSummary(
        period=str(run.month),
        taken_at=run.as_of.isoformat(),
        read={table: snapshot.tables[table].read for table in DELIVERABLE_TABLES},
        reasons=quarantined,
    )
    rows = {table: _rows(snapshot, verdicts, table) for table in quarantined}
    with held_shop(run.folder.state):
        QuarantineFolder(run.folder.state, partner).replace(summary, rows)
    return quarantined


def _rows(snapshot: Snapshot, verdicts: Verdicts, table: str) -> Iterator[pyarrow.Table]:
    names = pyarrow.array([part.name for part in snapshot.tables[table].parts])
    reasons = pyarrow.array([verdict.reason for verdict in verdicts.book])
    broken = verdicts.disposition_codes(Disposition.QUARANTINED)
    start = 0
    for batch in snapshot.batches(table):
        codes = codes_of(verdicts, table, batch, start)
        start += batch.num_rows
        mask = np.isin(codes, broken)
        if mask.any():
            rows = batch.filter(pyarrow.array(mask))
            columns = {
                "source": names.take(rows.column(PART)),
                "row": rows.column(RECORD),
                "reason": reasons.take(pyarrow.array(codes[mask])),
                "unreadable": rows.column(UNREAD),
                **{name: rows.column(name) for name in CATALOG[table].columns},
            }
            yield pyarrow.table(columns)


def codes_of(verdicts: Verdicts, table: str, batch: pyarrow.RecordBatch, start: int) -> np.ndarray:
    """Give the codes of a batch that begins at row `start` of its staged table."""
    if table == "repair_lines":
        return line_codes(verdicts, batch)
    return verdicts.codes(table)[start : start + batch.num_rows]
