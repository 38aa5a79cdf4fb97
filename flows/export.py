"""The monthly export from records to published drops, as one table of contents.

`export_monthly` runs these stages as Prefect tasks; `plainly` runs them as they are.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from drops.folders import sweep
from flows.report import ExportReport, Settled
from flows.request import ExportRequest
from flows.run import Clock, Run, instant, opened_run
from flows.stages.check import check
from flows.stages.extract import extract
from flows.stages.gate import gate
from flows.stages.publish import publish
from flows.stages.verify import verify
from flows.stages.write import write
from ledger.private_files import write_private
from schemas.errors import JointUseError, ObjectionsMovedError, UnexpectedError
from sources.snapshot import Snapshot

_MOST_ATTEMPTS = 3
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


def export(
    request: ExportRequest,
    *,
    clock: Clock,
    environment: Mapping[str, str],
    step: Step = plainly,
    is_scheduled: bool = False,
) -> ExportReport:
    """Export one month for the partners asked for.

    Raises:
        JointUseError: of the kind that tells why nothing, or nothing further, was published.
    """
    with opened_run(request, clock, environment, is_scheduled=is_scheduled) as run:
        for attempt in range(_MOST_ATTEMPTS):
            try:
                return _attempt(replace(run, as_of=instant(clock)), step)
            except ObjectionsMovedError:
                if attempt == _MOST_ATTEMPTS - 1:
                    raise
            finally:
                for partner in run.partners:
                    sweep(run.folder.drops / partner)
    raise AssertionError


def _attempt(run: Run, step: Step) -> ExportReport:
    snapshot = step(guarded(extract, run))(run)
    settled = step(guarded(check, run))(run, snapshot)
    for partner in run.partners:
        step(guarded(gate, run))(run, snapshot, partner)
    built = [step(guarded(write, run))(run, snapshot, settled, partner) for partner in run.partners]
    for drop in built:
        step(guarded(verify, run))(run, snapshot, drop)
    outcomes = [step(guarded(publish, run))(run, settled, drop) for drop in built]
    return _report(run, snapshot, settled).model_copy(update={"outcomes": tuple(outcomes)})


def _report(run: Run, snapshot: Snapshot, settled: Settled) -> ExportReport:
    return ExportReport(
        shop=run.folder.shop.name,
        month=str(run.month),
        as_of=run.as_of.isoformat(),
        objections=settled.objections,
        unmatched_objections=settled.unmatched_objections,
        quarantined=settled.quarantined,
        flags={name: table.flags for name, table in snapshot.tables.items() if table.flags},
        outcomes=(),
    )


def _kept(run: Run, details: str) -> str:
    """Keep what a failure says where only the shop can read it; a full disk must not hide it."""
    path = run.folder.state / "failures" / f"{run.workspace.name}.txt"
    try:
        write_private(path, details.encode())
    except OSError as error:
        return f"Details could not be kept ({error.strerror}): is the disk full or read-only?"
    return f"Details for whoever maintains the program: failures/{path.name} in the state folder"


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
        raise UnexpectedError(
            f"the stage '{stage.__name__}' failed ({kind}); nothing further was published. "
            f"{_kept(run, details)}"
        )

    return wrapped
