"""What the second look searches a drop for: begun as soon as the register stands, while the gate rules.

It reads register and records itself, and asks nothing of the gate.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from drops.refusers import Refusals
from drops.suspects import Known, Suspects, suspects_of
from flows.making.begun_early import is_worth_a_process
from schemas.staging import row_of
from sources.snapshot import Snapshot

if TYPE_CHECKING:
    # The helper process loads this module, too, and needs no run.
    from flows.running.run import Run


def begin_suspects(run: "Run", snapshot: Snapshot) -> None:
    """Begin to gather what the refusers of each partner are recognised by."""
    for partner in run.partners if is_worth_a_process(snapshot) else ():
        run.ahead.begun.begin(_name(partner), _gathering(run, snapshot, partner))


def suspects(run: "Run", snapshot: Snapshot, partner: str) -> Suspects:
    """Give what a partner's refusers are recognised by, and who else has it."""
    return run.ahead.begun.result(_name(partner), _gathering(run, snapshot, partner))


def _name(partner: str) -> str:
    return f"suspects {partner}"


def _gathering(run: "Run", snapshot: Snapshot, partner: str) -> Callable[[], Suspects]:
    return partial(suspects_of, _refusals(run, partner), _known(run, snapshot, partner))


def _refusals(run: "Run", partner: str) -> Refusals:
    notice, objections = run.folder.policy.notice, run.scratch.register()
    return Refusals(
        objections=objections.terms.to_pylist(),
        events=objections.events.to_pylist(),
        partner=partner,
        purposes=run.agreed_purposes(partner),
        partners=frozenset(partner.id for partner in notice.partners),
        all_purposes=frozenset(purpose.id for purpose in notice.purposes),
        day=run.as_of.date(),
    )


def _known(run: "Run", snapshot: Snapshot, partner: str) -> Known:
    return Known(
        partial(snapshot.table, "customers"),
        partial(snapshot.table, "vehicles"),
        partial(_certificates, snapshot),
        PartnerKeys(run.ledger.key(partner)),
        run.ledger.references.of_all,
    )


def _certificates(snapshot: Snapshot, columns: list[str]) -> pyarrow.Table:
    """Read certificates, each with the number of the car it was found to be of as `vehicle_id`."""
    row = row_of("vehicle_id")
    papers = snapshot.table("certificates", [row if c == "vehicle_id" else c for c in columns])
    if "vehicle_id" not in columns:
        return papers
    rows = papers[row]
    known = pc.if_else(pc.greater_equal(rows, 0), rows, pyarrow.scalar(None, pyarrow.int32()))
    numbers = snapshot.table("vehicles", ["vehicle_id"])["vehicle_id"].take(known)
    return papers.set_column(columns.index("vehicle_id"), "vehicle_id", numbers)
