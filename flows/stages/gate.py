"""Gate and permit: what does not go to this partner, whoever else may have it."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.report import Gated
from flows.run import Run
from flows.scratch import load_spine
from flows.stages.check import check_share, keep
from flows.stages.partner_view import PartnerView, view_of
from sources.snapshot import Snapshot
from transforms.arrays import whole
from transforms.gating import FAMILY_COLUMNS, gate_out, named_relatives
from transforms.identity import IDENTITY_COLUMNS, core_texts, number_texts, same_people
from transforms.linking import UNKNOWN
from transforms.meaning import Meaning
from transforms.objections import Instant, Recipient, refusing
from transforms.settling import spread_down, spread_quarantine
from transforms.shaping import indispensable_names, unmappable_rows, withheld_rows
from transforms.verdicts import Disposition, Verdict, Verdicts

_UNMAPPABLE = Verdict(Disposition.QUARANTINED, "unmappable_character")


def gate(run: Run, snapshot: Snapshot, partner: str) -> Gated:
    """Rule on every row for one partner and keep the verdicts in the run's folder.

    Raises:
        QuarantineLimitError: the partner's encoding would lose too many rows.
    """
    verdicts = run.scratch.verdicts()
    persons = _Persons(run, snapshot, partner)
    objected = Verdicts.all_delivered(
        {table: len(verdicts.codes(table)) for table in verdicts.tables()}
    )
    for ruled in (verdicts, objected):
        persons.gate_out(ruled)
    view = view_of(run, snapshot, verdicts, persons.objectors, partner)
    _withhold(view)
    _set_aside_unmappable(run, view, partner)
    run.scratch.save_verdicts(verdicts, partner)
    run.scratch.save_verdicts(objected, f"objected-{partner}")
    run.scratch.save_objectors(persons.objectors, partner)
    return Gated(partner, int(persons.objectors.sum()))


class _Persons:
    """Who objected to a partner, in today's records and by what is remembered."""

    def __init__(self, run: Run, snapshot: Snapshot, partner: str) -> None:
        self._snapshot, self._spine = snapshot, load_spine(snapshot)
        self._digest = run.ledger.references.traits
        self._traits = run.scratch.traits()
        recipient = Recipient(partner, run.share(partner).purposes)
        instant = Instant(run.as_of.date())
        register = run.scratch.register()
        refusals = refusing(register, recipient, run.folder.policy.notice, instant)
        meant = Meaning.of(register, self._traits, instant).rows(refusals)
        is_refusal = pc.is_in(register.traits["objection_id"], value_set=refusals)
        self._remembered = register.traits.filter(is_refusal)["digest"].to_numpy()
        self.objectors = same_people(meant, self._spine.merges.persons, self._traits)

    def gate_out(self, verdicts: Verdicts) -> None:
        """Rule out what is theirs, and relatives' rows that are about them."""
        family = self._snapshot.table("family_members", FAMILY_COLUMNS)
        customers = self._snapshot.table("customers", IDENTITY_COLUMNS)
        is_linked = self._are_theirs(whole(family["linked_customer_id"]))
        for table in ("vehicles", "family_members"):
            verdicts.rule(table, self._of_the_erased(table), Disposition.OBJECTED, "objected")
        named = named_relatives(family, customers, self._spine, self.objectors)
        gate_out(verdicts, self._spine, self.objectors, is_linked | named)

    def _of_the_erased(self, table: str) -> np.ndarray:
        """Mask of rows that name a customer nobody is any more, and who had objected."""
        mask = self._spine.raw_rows(table, "customer_id") == UNKNOWN
        if mask.any():
            numbers = whole(self._snapshot.table(table, ["customer_id"])["customer_id"])
            mask[mask] = self._are_theirs(numbers.filter(pyarrow.array(mask)))
        return mask

    def _are_theirs(self, numbers: pyarrow.Array) -> np.ndarray:
        """Mask of customer numbers, however spoilt, that are an objector's, erased ones included."""
        exact, digits = (
            pc.fill_null(self._digest(texts), 0).to_numpy(zero_copy_only=False)
            for texts in (number_texts(numbers), core_texts(numbers))
        )
        of_objectors = self._traits.digits[self.objectors]
        mask = np.isin(exact, self._traits.number[self.objectors]) | np.isin(
            exact, self._remembered
        )
        return mask & (exact != 0) | np.isin(digits, of_objectors[of_objectors != 0])


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
