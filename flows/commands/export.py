"""`joint-use export`: the monthly export, from the command line."""

import os
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from flows.commands.answers import print_json
from flows.commands.flow_runs import progress, set_up_run
from flows.commands.once import Command
from flows.commands.options import (
    MONTH,
    group_option,
    json_option,
    neither_shop_nor_group,
    operator_option,
    refuse_both,
    shop_or_group_option,
)
from flows.commands.printing import print_group, print_report
from flows.deployments.group import STATE, GroupRequest, shops_of
from flows.running.clock import utc_now
from flows.running.operators import named_person
from flows.running.reasons import StandingReason, checked_reason
from flows.running.request import ExportRequest, Mode, Runner, Workers
from flows.running.run import opened_run
from ledger.private_files import private_folder
from schemas.catalog import DELIVERABLE_TABLES
from schemas.errors import ConfigurationError
from schemas.strict import validated
from sources.opening import refuse_missing_files


@click.command(cls=Command, name="export")
@shop_or_group_option
@group_option(
    "店舗フォルダを集めたフォルダ。全店を並行して納品 / a folder of shops: all of them, side by side"
)
@click.option(
    "--month", type=MONTH, help="対象月 YYYY-MM（省略時は先月）/ month, default last month"
)
@click.option(
    "--partner", "partners", multiple=True, help="納品先（省略時は全社）/ partner, default all"
)
@operator_option
@click.option(
    "--reason",
    default=str(StandingReason.MANUAL),
    show_default=True,
    help="理由 / why; nothing personal",
)
@click.option(
    "--dry-run", is_flag=True, help="納品せずに検査だけ行う / make and check, publish nothing"
)
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.ISSUE.value,
    show_default=True,
    help="issue 通常の納品、reproduce 前の納品の再現、correct 理由を付けた訂正版",
)
@click.option(
    "--yes",
    "confirmed",
    is_flag=True,
    help="correct: 差分を確認した / the difference was looked at",
)
@click.option(
    "--partitions",
    default=1,
    show_default=True,
    help="大きな店：明細などをこの数に分けて並行して作る / parts of a large shop's tables",
)
@click.option(
    "--runner",
    type=click.Choice([runner.value for runner in Runner]),
    default=Runner.PROCESSES.value,
    show_default=True,
    help="group, partitions: この PC のプロセスかスレッド、または Dask / what works side by side",
)
@click.option("--scheduler", default="", help="dask: スケジューラ / its scheduler, tcp://host:8786")
@click.option(
    "--workers",
    default=0,
    help="processes, threads: 同時に動かす数 / how many at once, default one per core",
)
@json_option
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **asked: Any) -> None:  # noqa: ANN401 (the options above)
    """毎月の納品を行う / Make, verify and publish the monthly drops."""
    asked["month"] = asked["month"] or ""
    asked["operator"] = named_person(asked["operator"])
    asked["reason"] = checked_reason(asked["reason"])
    count = asked.pop("workers")
    asked["workers"] = {"count": count, **{n: asked.pop(n) for n in ("runner", "scheduler")}}
    shop, group, console = asked.pop("shop"), asked.pop("group"), Console(stderr=True)
    refuse_both(context)
    if group is not None:
        code = _of_group(group.resolve(), asked, console, as_json=as_json)
    elif shop is not None:
        code = _of_shop(shop.resolve(), asked, console, as_json=as_json)
    else:
        raise neither_shop_nor_group()
    context.exit(code)


def _of_shop(shop: Path, asked: dict[str, Any], console: Console, *, as_json: bool) -> int:
    request = validated(ExportRequest, {**asked, "shop": str(shop)}, where="export")
    _refuse_lone_server(request.workers)
    with progress(console, "準備中 / getting ready"):
        # Everything that can be refused is refused before the minute Prefect may need to start.
        with opened_run(request, utc_now, os.environ) as run:
            state = run.folder.state
            refuse_missing_files(run.folder, DELIVERABLE_TABLES)
        set_up_run(state, shop.parent / STATE)
        from httpx import HTTPError  # noqa: PLC0415 (as Prefect)

        from flows.deployments.export_monthly import (  # noqa: PLC0415 (Prefect reads the environment once)
            export_monthly,
            last_report,
        )
    with progress(console, f"{request.month or '先月'}: 作成・検査中 / making and checking"):
        try:
            report = export_monthly(request)
        except HTTPError:
            made = last_report()
            if made is None:
                raise
            report = made
            click.echo(
                "Prefect のサーバーが途中で止まり、画面には失敗と出ます。実行の結果は次のとおりです / "
                "Prefect's server has ended, and its window shows a failure; this is what the run did",
                err=True,
            )
    print_report(report, console)
    if as_json:
        print_json(report)
    else:
        for outcome in report.outcomes:
            if outcome.status != "stopped":  # what stands there must not be carried
                click.echo(outcome.path or outcome.drop_id)
    return report.exit_code


def _of_group(folder: Path, asked: dict[str, Any], console: Console, *, as_json: bool) -> int:
    if asked.pop("mode") != Mode.ISSUE or asked.pop("confirmed"):
        raise ConfigurationError(
            "--group: --mode と --yes は、違いを確かめた一つの店だけに使えます。--shop で指定してください / "
            "--group: --mode and --yes are for one shop, whose difference was looked at; use --shop"
        )
    if asked.pop("partitions") != 1:
        raise ConfigurationError(
            "--group: --partitions は大きな一つの店のためのものです。--shop で指定してください / "
            "--group: --partitions is for one large shop; use --shop"
        )
    request = validated(GroupRequest, {**asked, "group": str(folder)}, where="export")
    _refuse_lone_server(request.workers)
    with progress(console, "準備中 / getting ready"):
        shops = shops_of(folder)
        set_up_run(private_folder(folder / STATE))
        from flows.deployments.export_group import export_group  # noqa: PLC0415 (Prefect reads the environment once)
    with progress(console, f"{len(shops)} 店: 作成・検査中 / making and checking"):
        report = export_group(request)
    print_group(report, console)
    if as_json:
        print_json(report)
    return report.exit_code


def _refuse_lone_server(workers: Workers) -> None:
    """Refuse workers of other machines where Prefect's server would be one of ours, for this run only."""
    if workers.runner is Runner.DASK and "PREFECT_API_URL" not in os.environ:
        raise ConfigurationError(
            "--runner dask: PREFECT_API_URL に、どの作業機からもつながる Prefect "
            "サーバーを指定してください / "
            "--runner dask: set PREFECT_API_URL to a Prefect server that the workers reach as well"
        )
