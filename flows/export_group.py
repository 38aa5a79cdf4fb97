"""The Prefect flow of a group's monthly export: a flow run per shop, side by side."""

from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.export_monthly import export_monthly
from flows.group import GroupReport, GroupRequest, ShopEnding, shops_of
from flows.report import exit_code
from flows.request import ExportRequest
from flows.side_by_side import SideBySide
from schemas.errors import JointUseError, WorkerLostError


@flow(name="export-group", persist_result=False, validate_parameters=True)
def export_group(request: GroupRequest) -> GroupReport:
    """Export every shop of a folder; a shop that fails stops only itself.

    A shop whose worker died is run again, alone: exports converge however they were cut off.
    """
    asked = [request.of_shop(shop) for shop in shops_of(Path(request.group))]
    with SideBySide(request.workers) as workers:
        endings = list(workers.endings(export_shop, [{"request": each} for each in asked]))
    report = GroupReport(
        group=Path(request.group).name,
        shops=tuple(
            _told(Path(each.shop).name, ending) for each, ending in zip(asked, endings, strict=True)
        ),
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


def _told(shop: str, ending: object) -> ShopEnding:
    if isinstance(ending, WorkerLostError):
        return ShopEnding(shop=shop, exit_code=ending.exit_code, told=str(ending))
    if isinstance(ending, Exception):
        told = (
            f"the run failed ({type(ending).__name__}); run `joint-use export --shop` for this shop "
            "to see why"
        )
        return ShopEnding(shop=shop, exit_code=JointUseError.exit_code, told=told)
    return ShopEnding.model_validate(ending)
