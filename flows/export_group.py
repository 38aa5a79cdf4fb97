"""The Prefect flow of a group's monthly export: a flow run per shop, side by side."""

import importlib
import os
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner

from flows.export_monthly import export_monthly
from flows.group import LOST, GroupReport, GroupRequest, Runner, ShopEnding, shops_of
from flows.report import exit_code
from flows.request import ExportRequest
from schemas.errors import ConfigurationError, JointUseError


@flow(name="export-group", persist_result=False, validate_parameters=True)
def export_group(request: GroupRequest) -> GroupReport:
    """Export every shop of a folder; a shop that fails stops only itself.

    A shop whose worker died is run again, alone: exports converge however they were cut off.
    """
    runner = _runner_for(request)
    asked = [request.of_shop(shop) for shop in shops_of(Path(request.group))]
    endings = _side_by_side(runner, asked)
    for each in asked:
        if each.shop not in endings:
            endings |= _side_by_side(runner, [each])
    report = GroupReport(
        group=Path(request.group).name,
        shops=tuple(endings.get(each.shop) or _lost(each) for each in asked),
    )
    create_table_artifact(
        key="export-group",
        table=[shop.model_dump(include={"shop", "exit_code", "told"}) for shop in report.shops],
        description=f"{report.group}: exit code {report.exit_code}",
    )
    return report


@task(
    name="export-shop",
    task_run_name="{request.shop}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def export_shop(request: ExportRequest) -> ShopEnding:
    """Run one shop's monthly export as a flow run of its own."""
    name = Path(request.shop).name
    try:
        report = export_monthly(request)
    except JointUseError as error:
        return ShopEnding(shop=name, exit_code=error.exit_code, told=str(error))
    return ShopEnding(shop=name, exit_code=exit_code(report.outcomes), report=report)


def _runner_for(request: GroupRequest) -> TaskRunner[Any]:
    if request.runner is Runner.PROCESSES:
        return ProcessPoolTaskRunner(max_workers=request.workers or os.cpu_count())
    if find_spec("prefect_dask") is None:
        raise ConfigurationError(
            "--runner dask needs the extra of that name: pip install 'joint-use-export[dask]'"
        )
    dask = importlib.import_module("prefect_dask")
    runner: TaskRunner[Any] = dask.DaskTaskRunner(address=request.scheduler)
    return runner


def _side_by_side(runner: TaskRunner[Any], asked: list[ExportRequest]) -> dict[str, ShopEnding]:
    """Run shops on a fresh set of workers; give the endings of those whose worker lived."""
    with runner.duplicate() as started:
        futures = {each.shop: started.submit(export_shop, {"request": each}) for each in asked}
        found = {shop: _ending(shop, future) for shop, future in futures.items()}
    return {shop: ending for shop, ending in found.items() if ending is not None}


def _ending(shop: str, future: Any) -> ShopEnding | None:  # noqa: ANN401 (each runner has its own kind)
    try:
        return ShopEnding.model_validate(future.result())
    except _worker_losses():
        return None
    except Exception as error:  # noqa: BLE001 (one broken shop stops only itself)
        kind = type(error).__name__
    return ShopEnding(
        shop=Path(shop).name,
        exit_code=LOST,
        told=f"the run failed ({kind}); run `joint-use export --shop` for this shop to see why",
    )


def _worker_losses() -> tuple[type[BaseException], ...]:
    """Name what runners raise when a worker died."""
    if find_spec("distributed") is None:
        return (BrokenProcessPool,)
    return (BrokenProcessPool, importlib.import_module("distributed").KilledWorker)


def _lost(request: ExportRequest) -> ShopEnding:
    return ShopEnding(
        shop=Path(request.shop).name,
        exit_code=LOST,
        told="its worker died twice: look for a lack of memory, and run this shop again",
    )
