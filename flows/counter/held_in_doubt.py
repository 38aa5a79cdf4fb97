"""Whose card or row is held back because it may be about somebody else, who objected."""

import pyarrow

from flows.counter.desk import Desk
from flows.running.request import ExportRequest
from flows.running.run import opened_run
from flows.stages.gate import refused
from flows.stages.register import look_up
from ledger.audit import note
from schemas.catalog import CATALOG
from sources.staging import take_snapshot
from transforms.gating import NAMES_OBJECTOR
from transforms.ruling import rule_on
from transforms.screening.screened import Screened
from transforms.spine import SPINE_TABLES, Spine, at
from transforms.verdicts import Verdicts

_TABLES = ("customers", "family_members")
"""Tables whose rows may be about somebody else than they say."""


def held_in_doubt(desk: Desk) -> dict[tuple[str, str], tuple[str, ...]]:
    """Give table and number of the rows held back, in order, with the partners that do not get them.

    The records are today's, the objections those of the ledger: what the records say of objections since the
    last run is not among them.

    Raises:
        JointUseError: the records cannot be read, or no partner gets anything.
    """
    actor = desk.actor
    request = ExportRequest(shop=str(desk.folder.home), operator=actor.person, reason=actor.reason)
    with opened_run(request, lambda: actor.at, desk.environment, is_exclusive=False) as run:
        snapshot = take_snapshot(run.folder, run.staged, desk.environment, SPINE_TABLES)
        look_up(run, snapshot)
        run.scratch.save_verdicts(rule_on(snapshot.spine, (), run.month))
        run.scratch.save_screened(Screened.nothing())
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for partner in run.partners:
            view = refused(run, snapshot, partner)
            given = {table.name for table in view.tables}
            for each in _numbers(view.verdicts, snapshot.spine):
                if each[0] in given:
                    found[each] = (*found.get(each, ()), partner)
    with desk.ledger.writing() as connection:
        note(connection, desk.actor, "read", detail=f"{len(found)} held in doubt listed")
    return dict(sorted(found.items()))


def _numbers(verdicts: Verdicts, spine: Spine) -> list[tuple[str, str]]:
    """Give table and number of the rows that may be about who objected, without what hangs on them."""
    customers, family = (verdicts.are_for(table, NAMES_OBJECTOR) for table in _TABLES)
    family &= ~at(customers, spine.rows("family_members", "customer_id"))
    numbers = []
    for table, mask in zip(_TABLES, (customers, family), strict=True):
        ids = spine.column(table, CATALOG[table].key or "").filter(pyarrow.array(mask))
        numbers += [(table, number) for number in ids.drop_null().to_pylist()]
    return numbers
