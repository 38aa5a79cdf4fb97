"""Gate and permit: what does not go to this partner, whoever else may have it."""

import numpy as np
import pyarrow.compute as pc

from flows.report import Gated
from flows.run import Run
from flows.stages.check import check_share, keep
from flows.stages.partner_view import PartnerView, view_of
from flows.stages.spines import load_spine, load_verdicts, save_objectors, save_verdicts
from schemas.catalog import CATALOG
from sources.snapshot import Snapshot
from transforms.gating import (
    FAMILY_COLUMNS,
    IDENTITY_COLUMNS,
    gate_out,
    meant_customers,
    objected_customers,
)
from transforms.objections import Recipient, in_force
from transforms.settling import spread_down, spread_quarantine
from transforms.shaping import indispensable_names, unmappable_rows, withheld_rows
from transforms.verdicts import Disposition, Verdict, Verdicts

_UNMAPPABLE = Verdict(Disposition.QUARANTINED, "unmappable_character")


def gate(run: Run, snapshot: Snapshot, partner: str) -> Gated:
    """Rule on every row for one partner and keep the verdicts in the run's folder.

    Raises:
        QuarantineLimitError: the partner's encoding would lose too many rows.
    """
    verdicts = load_verdicts(run.workspace)
    objectors = _gate_out_objectors(run, snapshot, verdicts, partner)
    view = view_of(run, snapshot, verdicts, objectors, partner)
    _withhold(view)
    _set_aside_unmappable(run, view, partner)
    save_verdicts(verdicts, run.workspace, partner)
    save_objectors(objectors, run.workspace, partner)
    return Gated(partner, int(objectors.sum()))


def _gate_out_objectors(
    run: Run, snapshot: Snapshot, verdicts: Verdicts, partner: str
) -> np.ndarray:
    """Take out who objected; give the mask of their customer rows."""
    spine = load_spine(snapshot)
    objections = snapshot.table("objections", list(CATALOG["objections"].columns))
    recipient = Recipient(partner, run.share(partner).purposes)
    mask = in_force(objections, recipient, run.folder.policy.notice, run.as_of.date())
    refusing = pc.unique(objections.filter(mask)["customer_id"])
    meant = meant_customers(refusing, spine.column("customers", "customer_id"))
    customers = snapshot.table("customers", IDENTITY_COLUMNS)
    objectors = objected_customers(meant, customers, spine)
    family = snapshot.table("family_members", FAMILY_COLUMNS)
    gate_out(verdicts, spine, objectors, family, customers)
    return objectors


def _withhold(view: PartnerView) -> None:
    """Withhold rows that cannot leave without naming an objector, with what hangs on them."""
    for table in view.tables:
        if indispensable_names(table):
            mask = np.zeros(len(view.verdicts.codes(table.name)), bool)
            for rows, places in view.leaving(table):
                mask[places[withheld_rows(rows, table, view.shaping)]] = True
            view.verdicts.rule(table.name, mask, Disposition.WITHHELD, "names_objector")
    spread_down(view.verdicts, view.spine, Disposition.WITHHELD)


def _set_aside_unmappable(run: Run, view: PartnerView, partner: str) -> None:
    """Set aside rows the partner's encoding cannot carry; a line takes its slip along."""
    if not view.shaping.delivery.is_cp932:
        return
    lost = dict.fromkeys((table.name for table in view.tables), 0)
    for table in view.tables:
        for rows, places in view.leaving(table):
            mask = unmappable_rows(rows, table, view.shaping)
            lost[table.name] += int(mask.sum())
            in_repairs = table.name == "repair_lines"
            owner = "repairs" if in_repairs else table.name
            rows_lost = view.shaping.rows_of("repair_id", rows) if in_repairs else places
            taken = np.zeros(len(view.verdicts.codes(owner)), bool)
            taken[rows_lost[mask]] = True
            view.verdicts.rule(owner, taken, *_UNMAPPABLE)
    if not any(lost.values()):
        return
    spread_quarantine(view.verdicts, view.spine)
    keep(run, view.snapshot, view.verdicts, partner)
    for name, count in lost.items():
        check_share(run, f"{partner}: {name}", count, view.snapshot.tables[name].read)
