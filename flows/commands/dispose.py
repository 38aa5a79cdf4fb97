"""`joint-use dispose`: removes what is past its time."""

import os
from pathlib import Path

import click

from flows.commands.options import operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.counter.disposing import dispose, past_their_time
from flows.running.clock import utc_now


@click.command(name="dispose")
@shop_option
@click.option("--dry-run", is_flag=True, help="何が対象か見るだけ / only show")
@operator_option
@reason_option("retention is over")
def command(*, shop: Path, dry_run: bool, operator: str | None, reason: str) -> None:
    """保存期間を過ぎたものを廃棄し、証明書を残す / Dispose, and leave a certificate (policy §5)."""
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    found = past_their_time(desk)
    for each in found:
        persons = "" if each.persons is None else f"  {each.persons} 人 persons"
        click.echo(f"{each.kind}  {each.name}{persons}  ({each.rule})", err=True)
    if dry_run:
        click.echo(f"{len(found)} 件 / past their time", err=True)
        return
    certificate = dispose(desk)
    if certificate is None:
        click.echo("保存期間を過ぎたものはありません / nothing was past its time", err=True)
        return
    click.echo(certificate)
    click.echo(f"{len(found)} 件を廃棄しました / disposed of", err=True)
