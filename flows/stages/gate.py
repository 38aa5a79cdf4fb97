"""Gate and permit: what does not go to this partner, whoever else may have it."""

import numpy as np

from flows.making.objectors import Objectors
from flows.making.partner_view import PartnerView, view_of
from flows.making.set_aside import check_share, keep
from flows.running.run import Run
from schemas.drop import DropKind
from sources.snapshot import Snapshot
from transforms.gating import NAMES_OBJECTOR
from transforms.remembered import Refusers
from transforms.ruling import spread_down, spread_quarantine
from transforms.shaping import indispensable_names, unmappable_cells, withheld_rows
from transforms.verdicts import Disposition, Verdicts

_UNMAPPABLE = "unmappable_character"


def gate(run: Run, snapshot: Snapshot, partner: str) -> None:
    """Rule on every row for one partner and keep the verdicts in the run's folder.

    Raises:
        QuarantineLimitError: the partner's encoding would lose too many rows.
    """
    view = refused(run, snapshot, partner)
    _set_aside_unmappable(run, view, partner)
    run.scratch.save_verdicts(view.verdicts, partner)


def refused(run: Run, snapshot: Snapshot, partner: str) -> PartnerView:
    """Rule out who objected to the partner, what is theirs, and rows that cannot but name them."""
    verdicts, refusers = _gated_out(run, snapshot, partner)
    view = view_of(run, snapshot, verdicts, refusers, partner)
    _withhold(view)
    return view


def _gated_out(run: Run, snapshot: Snapshot, partner: str) -> tuple[Verdicts, Refusers]:
    """Rule out who objected to the partner, and keep who that is and what is theirs."""
    verdicts = run.scratch.verdicts()
    objectors = Objectors(run, snapshot, partner)
    objected = verdicts.anew()
    for ruled in (verdicts, objected):
        objectors.gate_out(ruled)
    run.scratch.save_verdicts(objected, f"objected-{partner}")
    refusers = Refusers(objectors.rows, objectors.gone)
    run.scratch.save_refusers(refusers, partner)
    return verdicts, refusers


def _withhold(view: PartnerView) -> None:
    """Withhold rows that cannot leave without naming an objector, with what hangs on them."""
    for table in view.tables:
        if table.name in view.snapshot.tables and indispensable_names(table):
            mask = np.zeros(len(view.verdicts.codes(table.name)), bool)
            for rows, places in view.leaving(table):
                mask[places[withheld_rows(rows, table, view.shaping)]] = True
            view.verdicts.rule(table.name, mask, Disposition.WITHHELD, NAMES_OBJECTOR)
    spread_down(view.verdicts, view.spine, Disposition.WITHHELD)


def _set_aside_unmappable(run: Run, view: PartnerView, partner: str) -> None:
    """Set aside rows the partner's encoding cannot carry; a line takes its slip along."""
    if not view.shaping.delivery.is_cp932:
        return
    lost = dict.fromkeys((table.name for table in view.tables), 0)
    for table in view.tables:
        for rows, places in view.leaving(table):
            in_repairs = table.name == "repair_lines"
            owner = "repairs" if in_repairs else table.name
            rows_lost = view.shaping.rows_of("repair_id", rows) if in_repairs else places
            is_lost = np.zeros(len(places), bool)
            for column, mask in unmappable_cells(rows, table, view.shaping):
                taken = np.zeros(len(view.verdicts.codes(owner)), bool)
                taken[rows_lost[mask]] = True
                where = table.name if in_repairs else column
                view.verdicts.rule(owner, taken, Disposition.QUARANTINED, f"{where}:{_UNMAPPABLE}")
                is_lost |= mask
            lost[table.name] += int(is_lost.sum())
    if not any(lost.values()):
        return
    spread_quarantine(view.verdicts, view.spine)
    if run.kind is DropKind.RECALL:
        return  # its cars go to the shop's own list; the quarantine stays the monthly export's
    keep(run, view.snapshot, view.verdicts, partner)
    for name, count in lost.items():
        reasons = {_UNMAPPABLE: count}
        check_share(run, name, reasons, view.snapshot.tables[name].read, partner)
