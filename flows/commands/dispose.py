"""`joint-use dispose`: removes what is past its time."""

import click

from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.counter.desk import Desk
from flows.counter.disposing import dispose, past_their_time
from flows.running.reasons import StandingReason


@click.command(cls=Command, name="dispose")
@at_desk(StandingReason.RETENTION)
@click.option("--dry-run", is_flag=True, help="何が対象か見るだけ / only show")
def command(*, desk: Desk, dry_run: bool) -> None:
    """保存期間を過ぎたものを廃棄し、証明書を残す / Dispose, and leave a certificate (policy §5)."""
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
