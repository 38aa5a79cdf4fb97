"""Screen: texts that are not made of the trade's words wait, dangers never leave (policy §10)."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.making.begun_early import everybody
from flows.making.learning import remembered
from flows.making.partner_view import begin_keys
from flows.making.photographs import make_photographs
from flows.making.set_aside import check_share, keep
from flows.running.reasons import STANDING_REASONS
from flows.running.run import Run
from flows.running.telling_reasons import refuse_telling_reason
from ledger.audit import head
from ledger.locks import held_shop
from ledger.review_book import ReviewBook
from ledger.review_list import ReviewList, WaitingText
from schemas.screening import WAITS
from schemas.staging import row_of
from sources.screening.loading import shipped_dangers, shipped_knowledge
from sources.screening.tokenizing import JapaneseTokenizer
from sources.snapshot import Snapshot
from transforms.arrays import mask_of, whole
from transforms.ruling import codes_of, line_columns, spread_down, spread_quarantine
from transforms.screening.judging import Screen
from transforms.screening.named_cells import CODES, NAMES, PLACES, ROW_GOES_WITH, NamedCells
from transforms.screening.screened import (
    COLUMNS,
    ROWS_THAT_CAN_STAY,
    SCREENED,
    Blocked,
    Screened,
)
from transforms.spine import NAMED_LINE_COLUMNS
from transforms.verdicts import Disposition, Verdict, Verdicts

_TAX = "税|種別割|環境性能割"
"""Costs that are a tax (RE2); people speak of the two parts of 自動車税 without naming it."""

_ZERO_TAX = "inference"
"""A car whose owner pays no tax is, more often than not, a disabled person's (減免)."""


def screen(run: Run, snapshot: Snapshot) -> Mapping[str, Mapping[str, int]]:
    """Judge every distinct text that could leave, and keep what waits; count what is set aside, by reason.

    Raises:
        QuarantineLimitError: a table has more broken rows than the shop allows.
    """
    verdicts = run.scratch.verdicts()
    begin_keys(run, snapshot, verdicts)
    screened = screened_texts(run, snapshot, verdicts)
    run.scratch.save_screened(screened)
    _set_aside(snapshot, verdicts, screened)
    withhold_named_rows(snapshot, verdicts, screened)
    _withhold_zero_taxes(snapshot, verdicts)
    _withhold_zero_tax_lines(snapshot, verdicts)
    make_photographs(run, snapshot, verdicts)
    run.scratch.save_verdicts(verdicts)
    _keep_waiting(run, screened)
    quarantined = keep(run, snapshot, verdicts)
    for table, reasons in quarantined.items():
        check_share(run, table, reasons, snapshot.tables[table].read)
    return quarantined


def screened_texts(run: Run, snapshot: Snapshot, verdicts: Verdicts) -> Screened:
    """Judge the distinct texts of rows that are still in, column by column.

    Raises:
        ConfigurationError: the reason given for the run, which partners read, names somebody.
    """
    of_named_cells = _of_named_cells(run, snapshot, verdicts)  # while everybody is still gathered
    known = everybody(run, snapshot)
    if run.request.reason not in STANDING_REASONS:
        refuse_telling_reason(
            run.request.reason, known.in_free_text, remembered(run.ledger).in_free_text
        )
    with run.ledger.reading() as connection:
        decisions = ReviewBook(connection, run.ledger.references).decisions()
        run.scratch.save_decided(head(connection).sequence)
    judge = Screen(
        shipped_knowledge(), shipped_dangers(), JapaneseTokenizer(), decisions, known.in_free_text
    )
    distinct = {
        f"{table}.{name}": counts
        for table, names in _agreed_columns(run).items()
        if table in snapshot.tables
        for name, counts in _distinct(snapshot, verdicts, table, names).items()
    }
    rows: list[tuple[object, ...]] = [
        (column, text, found.reason, found.action, distinct[column][text], found.unknown)
        for column, judged in judge.judge(distinct).items()
        for text, found in judged.items()
    ]
    rows += of_named_cells
    named = [dict(zip(SCREENED.names, row, strict=True)) for row in rows]
    return Screened(pyarrow.Table.from_pylist(named, SCREENED))


def _of_named_cells(run: Run, snapshot: Snapshot, verdicts: Verdicts) -> list[tuple[object, ...]]:
    """Judge names, addresses and codes any partner gets, as `SCREENED`."""
    cells = NamedCells(shipped_dangers(), shipped_knowledge().rules)
    rows: list[tuple[object, ...]] = []
    for table, names in _agreed_of_all(run, (*NAMES, *PLACES, *CODES)).items():
        counts: dict[str, Counter[str]] = {name: Counter() for name in names}
        for batch in (
            _still_in(snapshot, verdicts, table, names) if table in snapshot.tables else ()
        ):
            for name in names:
                texts = batch.column(name)
                mask = cells.suspicious(f"{table}.{name}", texts)
                counts[name].update(texts.filter(pyarrow.array(mask)).to_pylist())
        for name, found in counts.items():
            column = f"{table}.{name}"
            judged = cells.judge(column, found).items()
            rows += [(column, t, j.reason, j.action, found[t], ()) for t, j in judged]
    return rows


def withhold_named_rows(snapshot: Snapshot, verdicts: Verdicts, screened: Screened) -> None:
    """Withhold rows whose name may not leave, with what hangs on them."""
    for column in ROW_GOES_WITH:
        table, _, name = column.partition(".")
        for blocked in screened.of(table, [name]).values():
            _rule_rows(snapshot, verdicts, column, blocked)
    spread_down(verdicts, snapshot.spine, Disposition.WITHHELD)


def _agreed_columns(run: Run) -> dict[str, list[str]]:
    """Give the screened columns any partner of the shop gets with a drop.

    What a run judges must not depend on whom it is for: a row set aside is set aside for everyone.
    """
    return _agreed_of_all(run, [f"{t}.{name}" for t, names in COLUMNS.items() for name in names])


def _agreed_of_all(run: Run, columns: Iterable[str]) -> dict[str, list[str]]:
    """Give those of the columns (`table.column`) that any partner gets, by their table."""
    asked: dict[str, list[str]] = {}
    for column in columns:
        table, _, name = column.partition(".")
        asked.setdefault(table, []).append(name)
    agreements = run.folder.policy.agreements.values()
    agreed = {t: {c for a in agreements for c in a.columns_of(t)} for t in asked}
    return {t: [name for name in names if name in agreed[t]] for t, names in asked.items()}


def _distinct(
    snapshot: Snapshot, verdicts: Verdicts, table: str, names: list[str]
) -> dict[str, Counter[str]]:
    """Count the distinct texts of each column over the rows that are still in."""
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    for batch in _still_in(snapshot, verdicts, table, names):
        for name in names:
            for each in pc.value_counts(batch.column(name).drop_null()).to_pylist():
                found[name][each["values"]] += each["counts"]
    return found


def _still_in(
    snapshot: Snapshot, verdicts: Verdicts, table: str, names: Collection[str]
) -> Iterator[pyarrow.RecordBatch]:
    if not names:
        return
    of_lines = line_columns(verdicts) if table == "repair_lines" else ()
    columns = list(dict.fromkeys([*names, *of_lines]))
    start = 0
    for batch in snapshot.batches(table, columns):
        is_in = codes_of(verdicts, table, batch, start) == 0
        start += batch.num_rows
        if is_in.any():
            yield batch.filter(pyarrow.array(is_in))


def _set_aside(snapshot: Snapshot, verdicts: Verdicts, screened: Screened) -> None:
    """Set aside rows whose source must be mended; of lines also withhold those a rule names."""
    for table, names in COLUMNS.items():
        for name, blocked in screened.of(table, names).items():
            if table == "repair_lines":
                _rule_lines(snapshot, verdicts, name, blocked)
            else:
                _rule_rows(snapshot, verdicts, f"{table}.{name}", blocked)
    spread_quarantine(verdicts, snapshot.spine)


def _rule_rows(snapshot: Snapshot, verdicts: Verdicts, column: str, blocked: Blocked) -> None:
    table, _, name = column.partition(".")
    places = blocked.places(whole(snapshot.table(table, [name])[name]))
    for place, ruling in _rulings(name, blocked):
        can_stay = table in ROWS_THAT_CAN_STAY or column in ROW_GOES_WITH
        if ruling.disposition is Disposition.QUARANTINED or can_stay:
            verdicts.rule(table, places == place, *ruling)


def _rulings(name: str, blocked: Blocked) -> Iterator[tuple[int, Verdict]]:
    """Give the place of each text whose row does not leave, and what becomes of the row."""
    for place, reason in enumerate(blocked.reasons):
        if blocked.is_fault[place]:
            yield place, Verdict(Disposition.QUARANTINED, f"{name}:{reason}")
        elif blocked.is_row[place]:
            yield place, Verdict(Disposition.WITHHELD, reason)


def _rule_lines(snapshot: Snapshot, verdicts: Verdicts, name: str, blocked: Blocked) -> None:
    """Rule on lines by their name; a line that is set aside takes its slip along."""
    faults = blocked.texts.filter(pyarrow.array(blocked.is_fault))
    has_fault = np.zeros(len(verdicts.codes("repairs")), bool)
    for batch in snapshot.batches("repair_lines", NAMED_LINE_COLUMNS) if len(faults) else ():
        is_meant = codes_of(verdicts, "repair_lines", batch, 0) == 0
        is_meant &= pc.is_in(batch.column(name), value_set=faults).to_numpy(zero_copy_only=False)
        has_fault[batch.column(row_of("repair_id")).to_numpy()[is_meant]] = True
    verdicts.rule("repairs", has_fault, Disposition.QUARANTINED, "repair_lines:set_aside")
    for place, ruling in _rulings(name, blocked):
        verdicts.line_texts[blocked.texts[place].as_py()] = ruling


def _withhold_zero_tax_lines(snapshot: Snapshot, verdicts: Verdicts) -> None:
    """Withhold lines of a tax that is nothing on one of them: all of that name, so that none stands out."""
    for batch in snapshot.batches("repair_lines", [*NAMED_LINE_COLUMNS, "amount_jpy"]):
        of_nothing = batch.filter(_is_nothing(batch.column("amount_jpy")))
        of_tax = of_nothing.filter(_are_taxes(of_nothing.column("name")))
        is_in = codes_of(verdicts, "repair_lines", of_tax, 0) == 0
        for text in pc.unique(of_tax.column("name").filter(pyarrow.array(is_in))).to_pylist():
            verdicts.line_texts[text] = Verdict(Disposition.WITHHELD, _ZERO_TAX)


def _withhold_zero_taxes(snapshot: Snapshot, verdicts: Verdicts) -> None:
    """Withhold taxes of nothing."""
    rows = snapshot.table("vehicle_costs", ["cost_kind", "amount_jpy"])
    is_free = mask_of(pc.and_(_are_taxes(rows["cost_kind"]), _is_nothing(rows["amount_jpy"])))
    verdicts.rule("vehicle_costs", is_free, Disposition.WITHHELD, _ZERO_TAX)


def _is_nothing(amounts: pyarrow.Array) -> pyarrow.Array:
    return pc.equal(pc.fill_null(amounts, 0), 0)


def _are_taxes(kinds: pyarrow.Array) -> pyarrow.Array:
    return pc.match_substring_regex(kinds, _TAX)


def _keep_waiting(run: Run, screened: Screened) -> None:
    texts = [
        WaitingText.model_validate(row)
        for row in screened.rows.filter(pc.equal(screened.rows["reason"], WAITS)).to_pylist()
    ]
    with held_shop(run.folder.state):
        ReviewList(run.folder.state).replace(str(run.month), texts)
