"""`joint-use hold`: a drop that must not be disposed of while a dispute or an inquiry lasts."""

import click

from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import DropId
from flows.counter.desk import Desk
from flows.counter.disposing import hold


@click.command(cls=Command, name="hold")
@at_desk()
@click.argument("drop", type=DropId())
@click.option("--lift", is_flag=True, help="保全を解く / end the hold")
def command(*, desk: Desk, drop: str, lift: bool) -> None:
    """廃棄を差し止める / Keep a drop from disposal, e.g. lotas/monthly-2026-10-r1."""
    click.echo(hold(desk, drop, is_held=not lift))
    told = "保全を解きました / the hold is lifted" if lift else "廃棄を差し止めました / held"
    click.echo(told, err=True)
