"""What is set aside: counted, held against what the shop allows, and kept in the quarantine."""

from collections import Counter
from collections.abc import Iterator, Mapping

import pyarrow

from flows.running.run import Run
from ledger.audit import note
from ledger.locks import held_shop
from ledger.quarantine import QuarantineFolder, QuarantineSummary
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.columns import TYPED_BY_PEOPLE, Column
from schemas.errors import QuarantineLimitError
from schemas.faults import in_words
from schemas.staging import PART, RECORD, UNREAD
from sources.snapshot import Snapshot
from transforms.formulas import defused
from transforms.ruling import codes_of, line_codes, line_columns
from transforms.verdicts import Disposition, Verdict, Verdicts

_HINT = (
    (
        "多くは {parents} にない番号です。{parents} の番号の先頭のゼロが消えていないか、行が欠けていないか、"
        "確かめてください。"
    ),
    (
        "most have a number that is not in {parents}: have its numbers lost their leading zeros, or rows "
        "gone? "
    ),
)


def verdict_counts(snapshot: Snapshot, verdicts: Verdicts, table: str) -> Counter[Verdict]:
    """Count the rows of a table by what became of them."""
    if table != "repair_lines":
        return verdicts.count(verdicts.codes(table))
    counts: Counter[Verdict] = Counter()
    for batch in snapshot.batches(table, line_columns(verdicts)):
        counts += verdicts.count(line_codes(verdicts, batch))
    return counts


def _quarantined(counts: Counter[Verdict]) -> dict[str, int]:
    return {
        verdict.reason: count
        for verdict, count in sorted(counts.items())
        if verdict.disposition is Disposition.QUARANTINED
    }


def check_share(
    run: Run, table: str, reasons: Mapping[str, int], read: int, partner: str = ""
) -> None:
    """Hold the run if a table has more rows set aside than the shop allows, of all or for one partner."""
    most, count = run.folder.shop.limits.max_quarantined_share, sum(reasons.values())
    if count > read * most:
        parents, named = _lost_parents(table, reasons), f"{partner}: {table}" if partner else table
        japanese, english = _HINT if parents else ("", "")
        raise QuarantineLimitError(
            f"{named}: {read} 行のうち {count} 行に誤りがあり、上限（{most:.1%}）を超えています。"
            f"{japanese.format(parents=parents)}理由は `joint-use quarantine` に出ます。元の記録を直すか、"
            "limits.max_quarantined_share を上げてください / "
            f"{named}: {count} of {read} rows are broken, more than {most:.1%}; "
            f"{english.format(parents=parents)}`joint-use quarantine` tells why. Mend the source, or raise "
            "limits.max_quarantined_share"
        )


def _lost_parents(table: str, reasons: Mapping[str, int]) -> str:
    """Name the table most broken rows point into without finding anything: the fault is seldom their own."""
    link, _, rule = max(reasons, key=lambda reason: reasons[reason]).partition(":")
    return CATALOG[table].links.get(link, "") if rule == "unknown" else ""


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
    told = ", ".join(f"{table} {sum(reasons.values())}" for table, reasons in quarantined.items())
    with run.ledger.writing() as connection:
        note(connection, run.actor, "quarantine", partner or "", told or "nothing set aside")
    return quarantined


def _rows(snapshot: Snapshot, verdicts: Verdicts, table: str) -> Iterator[pyarrow.Table]:
    names = pyarrow.array(snapshot.tables[table].parts)
    reasons = pyarrow.array([verdict.reason for verdict in verdicts.book])
    words = pyarrow.array([in_words(table, verdict.reason) for verdict in verdicts.book])
    start = 0
    for batch in snapshot.batches(table):
        codes = codes_of(verdicts, table, batch, start)
        start += batch.num_rows
        mask = verdicts.ended(codes, Disposition.QUARANTINED)
        if mask.any():
            rows = batch.filter(pyarrow.array(mask))
            verdict = pyarrow.array(codes[mask])
            columns = {
                "元の記録": names.take(rows.column(PART)),
                "元の行番号": rows.column(RECORD),  # 行番号 is a line's own number on its slip
                "隔離の理由": words.take(verdict),
                "reason": reasons.take(verdict),
                "読めなかった値": defused(rows.column(UNREAD))[0],
                **{
                    column.title: _in_a_spreadsheet(rows.column(name), column)
                    for name, column in CATALOG[table].columns.items()
                },
            }
            yield pyarrow.table(columns)


def _in_a_spreadsheet(cells: pyarrow.Array, column: Column) -> pyarrow.Array:
    """Give cells as somebody can open them with Excel: what people typed does not run as a formula."""
    return defused(cells)[0] if column.kind in TYPED_BY_PEOPLE else cells
