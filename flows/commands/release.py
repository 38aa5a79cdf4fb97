"""`joint-use release`: the data manager decides about a drop that holds many persons."""

import click

from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import DropId
from flows.counter.desk import Desk
from flows.counter.releasing import decide
from flows.running.clock import utc_now


@click.command(cls=Command, name="release")
@at_desk()
@click.argument("drop", type=DropId())
@click.option("--refuse", is_flag=True, help="承諾せず、破棄する / refuse and discard it")
@click.pass_context
def command(
    context: click.Context,
    *,
    desk: Desk,
    drop: str,
    refuse: bool,
) -> None:
    """承諾待ちの納品を承諾する / Release a drop that waits, e.g. lotas/monthly-2026-10-r1.

    Only a data manager listed in shop.toml may, and not the person who ran the export (policy §8).
    """
    released = decide(desk, utc_now, drop, refuse=refuse)
    if refuse:
        click.echo("破棄しました / refused and discarded", err=True)
        return
    click.echo(released.folder)
    click.echo("承諾しました / released", err=True)
    if released.handed_over:
        click.echo(released.handed_over, err=True)
    context.exit(released.code)
