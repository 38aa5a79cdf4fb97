"""`joint-use release`: the data manager decides about a drop that holds many persons."""

import os
from pathlib import Path

import click

from flows.commands.options import operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.counter.releasing import decide
from flows.running.clock import utc_now


@click.command(name="release")
@shop_option
@click.argument("drop")
@click.option("--refuse", is_flag=True, help="承諾せず、破棄する / refuse and discard it")
@operator_option
@reason_option()
@click.pass_context
def command(  # noqa: PLR0913 (one parameter per option)
    context: click.Context,
    *,
    shop: Path,
    drop: str,
    refuse: bool,
    operator: str | None,
    reason: str,
) -> None:
    """承諾待ちの納品を承諾する / Release a drop that waits, e.g. lotas/monthly-2026-10-r1.

    Only a data manager listed in shop.toml may, and not the person who ran the export (policy §8).
    """
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    released = decide(desk, utc_now, drop, refuse=refuse)
    if refuse:
        click.echo("破棄しました / refused and discarded", err=True)
        return
    click.echo(released.folder)
    click.echo("承諾しました / released", err=True)
    if released.handed_over:
        click.echo(released.handed_over, err=True)
    context.exit(released.code)
