"""`joint-use export`: the monthly export, from the command line."""

import os
import signal
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flows.commands.options import json_option, now, operator_option, shop_option
from flows.orchestration import set_up
from flows.report import (
    JAPANESE,
    STATUS_TEXT,
    ExportReport,
    Outcome,
    account_rows,
    cell_words,
    difference_lines,
    exit_code,
)
from flows.request import NO_REASON, ExportRequest, Mode, named_person
from flows.run import opened_run
from schemas.configuration import validated

_PATIENCE_SECONDS = 5


@click.command(name="export")
@shop_option
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
@json_option
@click.pass_context
def command(  # noqa: PLR0913 (one parameter per option)
    context: click.Context,
    *,
    shop: Path,
    month: str | None,
    partners: tuple[str, ...],
    operator: str | None,
    reason: str,
    mode: str,
    dry_run: bool,
    confirmed: bool,
    as_json: bool,
) -> None:
    """毎月の納品を行う / Make, verify and publish the monthly drops."""
    asked = {
        "shop": str(shop.resolve()),
        "month": month or "",
        "partners": partners,
        "operator": named_person(operator),
        "reason": reason,
        "dry_run": dry_run,
        "mode": mode,
        "confirmed": confirmed,
    }
    request = validated(ExportRequest, asked, where="export")
    console = Console(stderr=True)
    with _progress(console, "準備中 / getting ready"):
        # Everything that can be refused is refused before the minute Prefect may need to start.
        with opened_run(request, now, os.environ, is_scheduled=False) as run:
            state = run.folder.state
        set_up(state, os.environ)
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
        from flows.export_monthly import export_monthly  # noqa: PLC0415 (Prefect reads the environment once)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _stop)
    with _progress(console, f"{request.month or '先月'}: 作成・検査中 / making and checking"):
        report = export_monthly(request)
    _print(report, console)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        for outcome in report.outcomes:
            click.echo(outcome.path or outcome.drop_id)
    context.exit(exit_code(report.outcomes))


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


def _print(report: ExportReport, console: Console) -> None:
    console.print(f"[bold]{report.shop}[/bold]  {report.month}")
    for outcome in report.outcomes:
        _print_outcome(outcome, console)
    broken = sum(sum(reasons.values()) for reasons in report.quarantined.values())
    if broken:
        console.print(
            f"\n隔離 {broken} 行 / rows set aside: joint-use quarantine --shop … が理由を示します"
        )
    if report.texts_waiting:
        console.print(
            f"\n確認待ちの文 / texts to review: {report.texts_waiting} (joint-use review)"
        )
    if report.unsettled_objections:
        console.print(
            f"\n確認が必要な申し出 / objections to settle: {report.unsettled_objections} "
            "(joint-use objections --work)"
        )
    for line in report.attention:
        console.print(line, markup=False)


def _print_outcome(outcome: Outcome, console: Console) -> None:
    console.print(
        f"\n[bold]{outcome.partner}[/bold]: {STATUS_TEXT[outcome.status]}: {outcome.drop_id}"
    )
    console.print(_account(outcome))
    for reason, count in outcome.cells.items():
        console.print(f"  {cell_words(reason)} / cells {reason}: {count}", markup=False)
    if outcome.status == "waiting":
        console.print(f"  joint-use release {outcome.drop_id}", markup=False)
    if outcome.deleted:
        console.print(f"  削除通知 / keys to delete: {outcome.deleted}", markup=False)
    for line in difference_lines(outcome):
        console.print(f"  {line}", markup=False)
    if outcome.handed_over:
        word = "渡していません / not handed over" if outcome.handover_code else "封緘 / sealed"
        console.print(f"  {word}: {outcome.handed_over}", markup=False)


def _account(outcome: Outcome) -> Table:
    # Numbers up to ten million and all names fit into a terminal of 80 columns.
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("表\ntable", no_wrap=True)
    for english, japanese in JAPANESE.items():
        words = english.replace("out_of_", "out of\n")
        table.add_column(f"{japanese}\n{words}", justify="right", no_wrap=True)
    for row in account_rows(outcome):
        name, *counts = row.values()
        table.add_row(str(name), *(f"{count:,}" for count in counts if isinstance(count, int)))
    return table
