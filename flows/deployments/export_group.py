"""The Prefect flow of a group's monthly export: a flow run per shop, side by side."""

import os
from pathlib import Path
from typing import Any

import prefect.runtime
from prefect import flow, tags, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import get_state_exception

from flows.deployments.burying import bury_tagged
from flows.deployments.endings import needs_a_look
from flows.deployments.export_monthly import export_monthly, run_name
from flows.deployments.group import GroupReport, GroupRequest, ShopEnding, sorted_out
from flows.deployments.names import FlowName
from flows.deployments.same_code import code_print, refuse_other_code
from flows.deployments.scheduling import for_group, scheduled_month, was_scheduled
from flows.deployments.side_by_side import SideBySide, end_with_parent
from flows.running.request import ExportRequest, Runner
from schemas.errors import (
    BusyError,
    ConfigurationError,
    JointUseError,
    SchedulerLostError,
    unusable,
)


def _run_name() -> str:
    """Name a run after group and month, as those of its shops are after shop and month."""
    asked = GroupRequest.model_validate(prefect.runtime.flow_run.parameters["request"])
    return run_name(asked.group, asked.month)


@flow(
    name=FlowName.EXPORT_GROUP,
    flow_run_name=_run_name,
    persist_result=False,
    validate_parameters=True,
)
def export_group(request: GroupRequest) -> GroupReport:
    """Export every shop of a folder; a shop that fails stops only itself.

    Without a month it is for all of them the month before the group's scheduled start. A shop whose
    worker died is run again, alone: exports converge however they were cut off.
    """
    month = request.month or scheduled_month()
    group = Path(request.group)
    fit, unfit = sorted_out(group, os.environ)
    asked = {shop: request.of_shop(shop.resolve(), month) for shop in fit}
    is_scheduled = was_scheduled()
    group_run = f"group {prefect.runtime.flow_run.id}"
    with SideBySide(request.workers) as workers:
        calls = [
            {
                "request": each,
                "group_run": group_run,
                "code": code_print(),
                "is_scheduled": is_scheduled,
            }
            for each in asked.values()
        ]
        work = _WITH_PATIENCE if request.workers.runner is Runner.DASK else export_shop
        endings = dict(zip(asked, workers.endings(work, calls), strict=True))
    if not any(isinstance(ending, SchedulerLostError) for ending in endings.values()):
        bury_tagged(group_run)
    shops = {
        **{shop: _told(shop.name, ending) for shop, ending in endings.items()},
        **{shop: _unfit(shop.name, why) for shop, why in unfit.items()},
    }
    report = GroupReport(group=group.name, shops=tuple(shops[shop] for shop in sorted(shops)))
    create_table_artifact(
        key="export-group",
        table=[shop.model_dump(include={"shop", "exit_code", "told"}) for shop in report.shops],
        description=f"{report.group}: exit code {report.exit_code}",
    )
    needy = [f"{shop.shop} {shop.exit_code}" for shop in report.shops if shop.exit_code]
    if not needy:
        return report
    return needs_a_look(report, f"{len(needy)} / {len(report.shops)}: {', '.join(needy)}")


def is_busy(_task: object, _run: object, state: State[Any]) -> bool:
    """Tell whether a shop failed because another run was at it."""
    return isinstance(get_state_exception(state), BusyError)


@task(
    name="export-shop",
    task_run_name="{request.shop}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def export_shop(
    request: ExportRequest, group_run: str, code: str, *, is_scheduled: bool
) -> ShopEnding:
    """Run one shop's monthly export as a flow run of its own, tagged with the group's."""
    end_with_parent()
    name = Path(request.shop).name
    try:
        refuse_other_code(code)
        with tags(group_run), for_group(is_scheduled=is_scheduled):
            report = export_monthly(request)
    except BusyError:
        raise  # which is tried again where there is patience
    except JointUseError as error:
        return ShopEnding(shop=name, exit_code=error.exit_code, told=str(error))
    return ShopEnding(shop=name, exit_code=report.exit_code, report=report)


_WITH_PATIENCE = export_shop.with_options(
    retries=2, retry_delay_seconds=[15, 60], retry_condition_fn=is_busy
)
"""A Dask worker that is stopped gives its shop back at once, and works on for a while with its locks."""


def _told(shop: str, ending: object) -> ShopEnding:
    if isinstance(ending, JointUseError):
        return ShopEnding(shop=shop, exit_code=ending.exit_code, told=str(ending))
    if isinstance(ending, OSError) and ending.strerror:
        return ShopEnding(shop=shop, exit_code=JointUseError.exit_code, told=unusable(ending))
    if isinstance(ending, Exception):
        told = (
            "プログラムが失敗しました。この店だけで `joint-use export --shop` を実行すると理由が分かります / "
            f"the run failed ({type(ending).__name__}); run `joint-use export --shop` for this shop "
            "to see why"
        )
        return ShopEnding(shop=shop, exit_code=JointUseError.exit_code, told=told)
    return ShopEnding.model_validate(ending).model_copy(update={"shop": shop})


def _unfit(shop: str, why: str) -> ShopEnding:
    return ShopEnding(shop=shop, exit_code=ConfigurationError.exit_code, told=why)
