"""`joint-use export`: the monthly export, from the command line."""

import os
import signal
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from flows.commands.options import json_option, now, operator_option
from flows.group import GroupRequest, Runner, shops_of
from flows.orchestration import set_up
from flows.printing import print_group, print_report
from flows.report import exit_code
from flows.request import NO_REASON, ExportRequest, Mode, named_person
from flows.run import opened_run
from ledger.private_files import private_folder
from schemas.configuration import validated
from schemas.errors import ConfigurationError

_PATIENCE_SECONDS = 5


@click.command(name="export")
@click.option(
    "--shop",
    envvar="JOINT_USE_SHOP",
    type=click.Path(path_type=Path),
    help="店舗フォルダ / the shop's folder, with shop.toml (or JOINT_USE_SHOP)",
)
@click.option(
    "--group",
    type=click.Path(path_type=Path),
    help="店舗フォルダを集めたフォルダ。全店を並行して納品 / a folder of shops: all of them, side by side",
)
@click.option("--month", help="対象月 YYYY-MM（省略時は先月）/ month, default last month")
@click.option(
    "--partner", "partners", multiple=True, help="納品先（省略時は全社）/ partner, default all"
)
@operator_option
@click.option("--reason", default=NO_REASON, show_default=True, help="理由 / why; nothing personal")
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
    "--runner",
    type=click.Choice([runner.value for runner in Runner]),
    default=Runner.PROCESSES.value,
    show_default=True,
    help="group: この PC のプロセス、または Dask / processes of this machine, or a Dask cluster",
)
@click.option("--scheduler", default="", help="dask: スケジューラ / its scheduler, tcp://host:8786")
@click.option(
    "--workers",
    default=0,
    help="processes: 同時に動かす店の数 / shops at once, default one per core",
)
@json_option
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **asked: Any) -> None:  # noqa: ANN401 (the options above)
    """毎月の納品を行う / Make, verify and publish the monthly drops."""
    asked["month"] = asked["month"] or ""
    asked["operator"] = named_person(asked["operator"])
    of_group = {name: asked.pop(name) for name in ("group", "runner", "scheduler", "workers")}
    console = Console(stderr=True)
    if of_group["group"] is None:
        if asked["shop"] is None:
            raise ConfigurationError("which shop? give --shop (or JOINT_USE_SHOP), or --group")
        code = _of_shop(asked, console, as_json=as_json)
    else:
        code = _of_group(asked, of_group, console, as_json=as_json)
    context.exit(code)


def _of_shop(asked: dict[str, Any], console: Console, *, as_json: bool) -> int:
    asked["shop"] = str(asked["shop"].resolve())
    request = validated(ExportRequest, asked, where="export")
    with _progress(console, "準備中 / getting ready"):
        # Everything that can be refused is refused before the minute Prefect may need to start.
        with opened_run(request, now, os.environ, is_scheduled=False) as run:
            state = run.folder.state
        _set_up(state)
        from flows.export_monthly import export_monthly  # noqa: PLC0415 (Prefect reads the environment once)
    with _progress(console, f"{request.month or '先月'}: 作成・検査中 / making and checking"):
        report = export_monthly(request)
    print_report(report, console)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        for outcome in report.outcomes:
            click.echo(outcome.path or outcome.drop_id)
    return exit_code(report.outcomes)


def _of_group(
    asked: dict[str, Any], of_group: dict[str, Any], console: Console, *, as_json: bool
) -> int:
    if asked.pop("mode") != Mode.ISSUE or asked.pop("confirmed"):
        raise ConfigurationError(
            "--group: --mode and --yes are for one shop, whose difference was looked at; use --shop"
        )
    del asked["shop"]
    folder = of_group["group"].resolve()
    request = validated(GroupRequest, {**asked, **of_group, "group": str(folder)}, where="export")
    if request.runner is Runner.DASK and "PREFECT_API_URL" not in os.environ:
        raise ConfigurationError(
            "--runner dask: set PREFECT_API_URL to a Prefect server that the workers reach as well"
        )
    with _progress(console, "準備中 / getting ready"):
        shops = shops_of(folder)
        _set_up(private_folder(folder / "state"))
        from flows.export_group import export_group  # noqa: PLC0415 (Prefect reads the environment once)
    with _progress(console, f"{len(shops)} 店: 作成・検査中 / making and checking"):
        report = export_group(request)
    print_group(report, console)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    return report.exit_code


def _set_up(state: Path) -> None:
    set_up(state, os.environ)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _stop)


def _stop(_signal: int, _frame: object) -> None:
    """Stop at Ctrl-C: the run clears up after itself, and Prefect is not waited for.

    Its server got the same Ctrl-C, so it would be asked in vain for more than a minute.
    """
    patience = threading.Timer(_PATIENCE_SECONDS, os._exit, (1,))
    patience.daemon = True
    patience.start()
    click.echo("\n中止します / stopping; nothing further is published", err=True)
    raise KeyboardInterrupt


def _progress(console: Console, text: str) -> AbstractContextManager[object]:
    return console.status(text) if console.is_terminal else nullcontext()
