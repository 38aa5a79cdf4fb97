"""What an export did, printed for people."""

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.deployments.group import GroupReport, ShopEnding
from flows.running.report import ExportReport, Outcome
from flows.running.report_texts import (
    COLUMN_WORDS,
    STATUS_TEXT,
    account_rows,
    difference_lines,
    outcome_lines,
    work_lines,
)


def print_report(report: ExportReport, console: Console) -> None:
    """Print what an export did, for people."""
    console.print(f"[bold]{escape(report.shop)}[/bold]  {report.month}", soft_wrap=True)
    for outcome in report.outcomes:
        _print_outcome(outcome, console)
    for line in work_lines(report):
        console.print(f"\n{line}", markup=False, soft_wrap=True)


def _print_outcome(outcome: Outcome, console: Console) -> None:
    console.print(
        f"\n[bold]{escape(outcome.partner)}[/bold]: {STATUS_TEXT[outcome.status]}: {escape(outcome.drop_id)}",
        soft_wrap=True,
    )
    console.print(_account(outcome))
    for line in (*outcome_lines(outcome), *difference_lines(outcome)):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def print_outcome(outcome: Outcome, told: str) -> None:
    """Print in a line or two what became of a drop beside the monthly ones, and where it is."""
    click.echo(f"{outcome.partner}: {STATUS_TEXT[outcome.status]}: {told}", err=True)
    if outcome.status == "waiting":
        click.echo(f"  joint-use release {outcome.drop_id}", err=True)
    if outcome.handed_over:
        click.echo(f"  {outcome.handed_over}", err=True)
    if outcome.path:
        click.echo(outcome.path)


def _account(outcome: Outcome) -> Table:
    # Numbers up to ten million and all names fit into a terminal of 80 columns.
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("表\ntable", no_wrap=True)
    for english, japanese in COLUMN_WORDS.items():
        words = english.replace("out_of_", "out of\n")
        table.add_column(f"{japanese}\n{words}", justify="right", no_wrap=True)
    for row in account_rows(outcome):
        name, *counts = row.values()
        table.add_row(str(name), *(f"{count:,}" for count in counts if isinstance(count, int)))
    return table


def _work_of(shop: ShopEnding) -> list[str]:
    return work_lines(shop.report) if shop.report else []


def print_group(report: GroupReport, console: Console) -> None:
    """Print how each shop of a group ended: a line each, and why one did not."""
    for shop in report.shops:
        mark = "[green]✓[/green]" if shop.exit_code == 0 else f"[red]✗ {shop.exit_code}[/red]"
        outcomes = shop.report.outcomes if shop.report else ()
        console.print(f"{mark} [bold]{escape(shop.shop)}[/bold]", soft_wrap=True)
        for outcome in outcomes:
            console.print(
                f"    {outcome.drop_id}: {STATUS_TEXT[outcome.status]}",
                markup=False,
                soft_wrap=True,
            )
            if outcome.handed_over:
                console.print(f"    {outcome.handed_over}", markup=False, soft_wrap=True)
        for line in (*((shop.told,) if shop.told else ()), *_work_of(shop)):
            console.print(f"    {line}", markup=False, soft_wrap=True)
    failed = sum(shop.exit_code != 0 for shop in report.shops)
    console.print(
        f"\n{len(report.shops)} 店のうち {len(report.shops) - failed} 店が完了、{failed} 店は要確認 / "
        f"{failed} of {len(report.shops)} shops need a look",
        soft_wrap=True,
    )
