"""`joint-use quarantine`: what the last run set aside, and why. Counts only."""

from pathlib import Path

import click

from flows.commands.options import json_option, shop_option
from ledger.quarantine import QuarantineFolder
from sources.shop_folder import load_shop


@click.command(name="quarantine")
@shop_option
@json_option
def command(shop: Path, *, as_json: bool) -> None:
    """隔離された行の数と理由 / How many rows are set aside, and why."""
    quarantine = QuarantineFolder(load_shop(shop).state)
    summary = quarantine.summary()
    if as_json:
        click.echo(summary.model_dump_json(indent=2))
        return
    click.echo(f"{summary.period}  ({summary.taken_at})", err=True)
    for table, reasons in summary.reasons.items():
        total = sum(reasons.values())
        click.echo(f"{table}: {total} / {summary.read[table]}")
        for reason, count in reasons.items():
            click.echo(f"  {count:6}  {reason}")
    click.echo(
        f"行そのもの（個人情報）/ the rows themselves: {quarantine.folder}\n"
        "元の記録を直して export を再実行すると納品されます / mend the source and export again",
        err=True,
    )
