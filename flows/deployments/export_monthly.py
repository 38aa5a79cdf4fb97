"""The Prefect flow of the monthly export: scheduled, or started by hand from the form."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import prefect.runtime
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows.deployments.endings import ended
from flows.deployments.names import FlowName
from flows.deployments.scheduling import scheduled_month, was_scheduled
from flows.deployments.side_by_side import Partitioned, SideBySide
from flows.export import export
from flows.running.clock import utc_now
from flows.running.engine import Engine
from flows.running.guarding import Inputs, Result
from flows.running.report import ExportReport
from flows.running.report_texts import account_rows, markdown
from flows.running.request import ExportRequest
from schemas.errors import SourceUnavailableError

_made: list[ExportReport] = []
"""The report of the last run in this process, should Prefect be gone when it ends; or nothing."""


def last_report() -> ExportReport | None:
    """Give what the last run in this process did, whether or not Prefect took note of its end."""
    return _made[-1] if _made else None


def _run_name() -> str:
    """Name a run after shop and month, so that the runs of a group are told apart."""
    request = prefect.runtime.flow_run.parameters["request"]
    asked = ExportRequest.model_validate(request)
    return run_name(asked.shop, asked.month)


def run_name(folder: str, month: str) -> str:
    """Name a run after the folder of its shop or group, and the month."""
    return f"{Path(folder).name} {month or '先月'}"


@flow(
    name=FlowName.EXPORT_MONTHLY,
    flow_run_name=_run_name,
    persist_result=False,
    validate_parameters=True,
)
def export_monthly(request: ExportRequest) -> ExportReport:
    """Extract, check, write, verify and publish one month's drops; leave the account behind.

    A run without a month exports the month before its scheduled start, however late it starts.
    """
    asked = request.model_copy(update={"month": request.month or scheduled_month()})
    with engine_for(asked) as engine:
        report = export(
            asked,
            clock=utc_now,
            environment=os.environ,
            step=as_task,
            is_scheduled=was_scheduled(),
            engine=engine,
        )
    _made[:] = [report]
    leave_artifacts(report)
    return ended(report)


@contextmanager
def engine_for(request: ExportRequest) -> Iterator[Engine | None]:
    """Give what runs the parts of large tables: workers, if the shop is to be split."""
    if request.partitions == 1:
        yield None
        return
    with SideBySide(request.workers) as workers:
        yield Partitioned(workers, request.partitions)


def as_task(stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
    """Run a stage as a Prefect task: nothing cached, nothing stored, retried only if a source is away.

    The task itself has no parameters: Prefect would search them for the results of other tasks.
    """

    def run(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
        def staged() -> Result:
            return stage(*args, **kwargs)

        # What Prefect tells tasks apart by.
        staged.__name__ = staged.__qualname__ = stage.__name__
        staged.__doc__ = stage.__doc__
        as_configured = task(
            name=stage.__name__,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=2,
            retry_delay_seconds=[5, 60],
            retry_condition_fn=_source_was_away,
        )
        return as_configured(staged)()

    return run


def leave_artifacts(report: ExportReport) -> None:
    """Leave the account as a table and the report as Markdown; aggregates only."""
    key = f"export-{_digest(report.shop)}-{report.month}"
    for outcome in report.outcomes:
        create_table_artifact(
            key=f"{key}-{outcome.partner}".replace("_", "-").replace(".", "-"),
            table=account_rows(outcome),
            description=f"{outcome.drop_id}: {outcome.status}",
        )
    create_markdown_artifact(key=key, markdown=markdown(report))


def _digest(shop: str) -> str:
    """Name a shop as the keys of artifacts allow: one server may keep those of many shops."""
    return hashlib.sha256(shop.encode()).hexdigest()[:8]


def _source_was_away(task_: "Task[..., object]", run: TaskRun, state: "State[object]") -> bool:
    del task_, run
    return isinstance(state.result(raise_on_failure=False), SourceUnavailableError)
