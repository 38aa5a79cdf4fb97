"""`joint-use quarantine`: what the last run set aside, and why. Counts only."""

from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.once import Command
from flows.commands.options import json_option, shop_option
from ledger.quarantine import QuarantineFolder, QuarantineSummary
from schemas.catalog import CATALOG
from schemas.faults import follows, in_words
from sources.shop_folder import load_shop


@click.command(cls=Command, name="quarantine")
@shop_option
@json_option
def command(shop: Path, *, as_json: bool) -> None:
    """隔離された行の数と理由 / How many rows are set aside, and why."""
    folder = load_shop(shop)
    quarantine = QuarantineFolder(folder.state)
    summary = quarantine.summary()
    if as_json:
        print_json(summary)
        return
    _print(summary)
    for partner in folder.policy.agreements:
        own = QuarantineFolder(folder.state, partner)
        if own.folder.exists():
            click.secho(f"{partner}:", bold=True)
            _print(own.summary())
    click.echo(
        f"行そのもの（個人情報）/ the rows themselves: {quarantine.folder.parent}\n"
        "元の記録を直して export を再実行すると納品されます / mend the source and export again",
        err=True,
    )


def _print(summary: QuarantineSummary) -> None:
    click.echo(f"{summary.period}  ({summary.taken_at})", err=True)
    for table, reasons in summary.reasons.items():
        total = sum(reasons.values())
        title = CATALOG[table].title
        click.echo(f"{title} {table}: {total} / {summary.read[table]}")
        for reason in sorted(reasons, key=follows):
            click.echo(f"  {reasons[reason]:6}  {in_words(table, reason)}  {reason}")
