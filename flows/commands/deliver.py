"""`joint-use deliver`: hand over what was published and is not at its partner's place yet."""

import os
from pathlib import Path

import click

from flows.carrying import deliver, due
from flows.commands.options import now, operator_option, reason_option, shop_option
from flows.desk import open_desk
from schemas.errors import JointUseError


@click.command(name="deliver")
@shop_option
@click.argument("drop", required=False)
@operator_option
@reason_option("handing over")
@click.pass_context
def command(
    context: click.Context, *, shop: Path, drop: str | None, operator: str | None, reason: str
) -> None:
    """まだ渡していない納品を渡す / Hand over one drop, or all that are due."""
    desk = open_desk(shop, operator, reason, now, os.environ)
    if drop:
        click.echo(deliver(desk, now, drop))
        return
    code = 0
    for name in due(desk):
        try:
            click.echo(f"{name}: {deliver(desk, now, name)}")
        except JointUseError as error:
            click.echo(f"{name}: {error}", err=True)
            code = error.exit_code
    context.exit(code)
