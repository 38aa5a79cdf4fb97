"""The monthly export from records to published drops, as one table of contents.

`export_monthly` runs these stages as Prefect tasks; `plainly` runs them as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from flows.making.handed_on import Registered
from flows.running.attention import attention
from flows.running.clock import Clock
from flows.running.engine import Engine
from flows.running.guarding import Result, Step, guarding, plainly
from flows.running.opening import note_policy
from flows.running.report import ExportReport, Outcome
from flows.running.request import ExportRequest
from flows.running.run import Run, opened_run
from flows.stages.check import check
from flows.stages.deliver import deliver
from flows.stages.extract import extract
from flows.stages.gate import gate
from flows.stages.publish import publish
from flows.stages.register import register
from flows.stages.screen import screen
from flows.stages.verify import verify
from flows.stages.write import write
from ledger.known_columns import note_columns
from ledger.locks import held_shop
from schemas.drop import DropKind
from schemas.errors import ObjectionsMovedError
from sources.snapshot import Snapshot

_MOST_ATTEMPTS = 5
"""How often a run starts over because objections arrived while it was working."""


def export(  # noqa: PLR0913 (what a run depends on from outside)
    request: ExportRequest,
    *,
    clock: Clock,
    environment: Mapping[str, str],
    step: Step = plainly,
    is_scheduled: bool = False,
    kind: DropKind = DropKind.MONTHLY,
    engine: Engine | None = None,
) -> ExportReport:
    """Export one month for the partners asked for, or only tell them what to delete (`kind`).

    Raises:
        JointUseError: of the kind that tells why nothing, or nothing further, was published.
    """
    opened = opened_run(
        request, clock, environment, is_scheduled=is_scheduled, kind=kind, engine=engine
    )
    with publishing(opened) as run:
        return _exported(run, guarding(step, run))


@contextmanager
def publishing(opened: AbstractContextManager[Run]) -> Iterator[Run]:
    """Work with a run that makes drops: the policy it obeys is entered, and nothing unfinished stays."""
    with opened as run:
        note_policy(run.folder, run.ledger, run.actor)
        try:
            yield run
        finally:
            for partner in run.partners:
                run.clear(partner)


def while_objections_move(run: Run, attempt: Callable[[Run], Result]) -> tuple[Run, Result]:
    """Start over from the gate whenever an objection arrives; give the run that came through.

    Raises:
        ObjectionsMovedError: they never came to rest.
    """
    for number in range(1, _MOST_ATTEMPTS + 1):
        run = run.again()
        try:
            return run, attempt(run)
        except ObjectionsMovedError:
            if number == _MOST_ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def deliver_all(  # noqa: PLR0913 (what the stages work on, and the two places they leave something in)
    run: Run,
    step: Step,
    snapshot: Snapshot,
    registered: Registered,
    outcomes: dict[str, Outcome],
    *,
    gated: Callable[[str], None] | None = None,
) -> None:
    """Make, check and publish each partner's drop, but for those that were published before.

    Args:
        run: the run.
        step: how a stage is run, guarded.
        snapshot: the run's snapshot.
        registered: what is known of objections.
        outcomes: by partner, of the drops that are done; what is done here is added at once, so that it
            is known even if an objection stops the next.
        gated: what to do when the gate has ruled for a partner.
    """
    partners = [partner for partner in run.partners if partner not in outcomes]
    for partner in partners:
        run.clear(partner)
        step(gate)(run, snapshot, partner)
        if gated:
            gated(partner)
    built = [step(write)(run, snapshot, registered, partner) for partner in partners]
    for drop in built:
        step(verify)(run, snapshot, drop)
    for drop in built:
        outcome = step(publish)(run, registered, drop)
        outcomes[drop.partner] = step(deliver)(run, outcome)


def _exported(run: Run, step: Step) -> ExportReport:
    """Run all stages, from the gate on once more whenever an objection arrives; tell what became of it."""
    snapshot = step(extract)(run)
    step(check)(run, snapshot)
    quarantined = step(screen)(run, snapshot)
    outcomes: dict[str, Outcome] = {}

    def once(run: Run) -> Registered:
        registered = step(register)(run, snapshot)
        deliver_all(run, step, snapshot, registered, outcomes)
        return registered

    run, registered = while_objections_move(run, once)
    with held_shop(run.folder.state):
        new_columns = note_columns(run.folder.state, snapshot.unread_columns)
    return ExportReport(
        shop=run.folder.shop.name,
        month=str(run.month),
        as_of=run.as_of.isoformat(),
        objections=registered.objections,
        unsettled_objections=registered.unsettled,
        quarantined=quarantined,
        texts_waiting=run.scratch.screened().waiting_count,
        flags={name: table.flags for name, table in snapshot.tables.items() if table.flags},
        outcomes=tuple(outcomes[partner] for partner in run.partners),
        left_out=run.left_out,
        attention=attention(run.folder, run.ledger, run.as_of),
        new_columns=new_columns,
    )
