"""The monthly export from records to published drops, as one table of contents.

`export_monthly` runs these stages as Prefect tasks; `plainly` runs them as they are.
"""

import errno
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from flows.running.attention import attention
from flows.running.clock import Clock
from flows.running.engine import Engine
from flows.running.opening import note_policy
from flows.running.report import ExportReport, Outcome, Registered, Settled
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
from ledger.private_files import write_private
from schemas.agreement import DropKind
from schemas.errors import JointUseError, ObjectionsMovedError, UnexpectedError
from schemas.state_folder import Part
from sources.snapshot import Snapshot

_MOST_ATTEMPTS = 5
"""How often a run starts over because objections arrived while it was working."""

Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")


class Step(Protocol):
    """How a stage is run: plainly, or as a task."""

    def __call__(self, stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
        """Wrap a stage."""
        ...


def plainly(stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
    """Run a stage as it is."""
    return stage


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
    with opened as run:
        note_policy(run.folder, run.ledger, run.actor)
        try:
            return _Export(run, step).report()
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
        step: how a stage is run.
        snapshot: the run's snapshot.
        registered: what is known of objections.
        outcomes: by partner, of the drops that are done; what is done here is added at once, so that it
            is known even if an objection stops the next.
        gated: what to do when the gate has ruled for a partner.
    """

    def do(stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
        return step(guarded(stage, run))

    partners = [partner for partner in run.partners if partner not in outcomes]
    for partner in partners:
        run.clear(partner)
        do(gate)(run, snapshot, partner)
        if gated:
            gated(partner)
    built = [do(write)(run, snapshot, registered, partner) for partner in partners]
    for drop in built:
        do(verify)(run, snapshot, drop)
    for drop in built:
        outcome = do(publish)(run, registered, drop)
        outcomes[drop.partner] = do(deliver)(run, outcome)


class _Export:
    """One run through the stages; from the gate on once more whenever an objection arrives."""

    def __init__(self, run: Run, step: Step) -> None:
        self._run, self._step = run, step

    def report(self) -> ExportReport:
        """Run all stages and tell what became of each partner's drop."""
        run = self._run
        snapshot = self._do(extract, run)(run)
        self._do(check, run)(run, snapshot)
        settled = self._do(screen, run)(run, snapshot)
        outcomes: dict[str, Outcome] = {}

        def once(run: Run) -> Registered:
            registered = self._do(register, run)(run, snapshot)
            deliver_all(run, self._step, snapshot, registered, outcomes)
            return registered

        run, registered = while_objections_move(run, once)
        told = attention(run.folder, run.ledger, run.as_of)
        return _report(run, snapshot, settled, registered).model_copy(
            update={
                "outcomes": tuple(outcomes[partner] for partner in run.partners),
                "attention": told,
            }
        )

    def _do(self, stage: Callable[Inputs, Result], run: Run) -> Callable[Inputs, Result]:
        return self._step(guarded(stage, run))


def _report(run: Run, snapshot: Snapshot, settled: Settled, registered: Registered) -> ExportReport:
    waits = run.scratch.screened().waiting_count
    return ExportReport(
        shop=run.folder.shop.name,
        month=str(run.month),
        as_of=run.as_of.isoformat(),
        objections=registered.objections,
        unsettled_objections=registered.unsettled,
        quarantined=settled.quarantined,
        texts_waiting=waits,
        flags={name: table.flags for name, table in snapshot.tables.items() if table.flags},
        outcomes=(),
    )


def _kept(run: Run, details: str) -> str:
    """Keep what a failure says where only the shop can read it; a full disk must not hide it."""
    path = run.folder.state / Part.FAILURES / f"{run.workspace.name}.txt"
    try:
        write_private(path, details.encode())
    except OSError as error:
        return f"Details could not be kept ({error.strerror}): is the disk full or read-only?"
    return f"Details for whoever maintains the program: failures/{path.name} in the state folder"


def _full_disk(number: int | None) -> str:
    """Say that the disk takes nothing more, if that is what the system's error number means."""
    if number not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        return ""
    return (
        "ディスクがいっぱいか、書き込めません。その先は何も納品していません。"
        "空きを作って、もう一度実行してください / "
        "the disk is full or read-only; nothing further was published. Make room and run again"
    )


def guarded(stage: Callable[Inputs, Result], run: Run) -> Callable[Inputs, Result]:
    """Keep a program's failure from quoting data: the details go to the state folder.

    Libraries quote values in their errors, and whatever is raised here is logged and stored.
    """

    @wraps(stage)
    def wrapped(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
        try:
            return stage(*args, **kwargs)
        except JointUseError:
            raise
        except Exception as error:  # noqa: BLE001 (translated below, outside the handler)
            kind, details = type(error).__name__, traceback.format_exc()
            failure = error.errno if isinstance(error, OSError) else None
        if disk := _full_disk(failure):
            raise JointUseError(disk)
        raise UnexpectedError(
            f"「{stage.__name__}」の段階でプログラムが失敗し（{kind}）、その先は何も納品していません。"
            "もう一度実行し、直らなければこの行をお知らせください / "
            f"the stage '{stage.__name__}' failed ({kind}); nothing further was published. "
            f"{_kept(run, details)}"
        )

    return wrapped
