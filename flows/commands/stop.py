"""`joint-use stop`: a bad drop; its partner must discard it."""

import os
from pathlib import Path

import click

from flows.commands.options import operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.running.clock import utc_now
from ledger.drop_book import DropBook


@click.command(name="stop")
@shop_option
@click.argument("drop")
@operator_option
@reason_option()
def command(*, shop: Path, drop: str, operator: str | None, reason: str) -> None:
    """誤った納品を止める / Stop a drop, e.g. lotas/monthly-2026-10-r1.

    The next drop tells the partner to discard it. Its folder stays as it is: it is the evidence of
    what was given.
    """
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    with desk.ledger.writing() as connection:
        name = DropBook(connection).stop(desk.actor, drop)
    partner = name.partition("/")[0]
    click.echo(name)
    click.echo(
        "止めました。廃棄を求めることは次の納品で伝わります。すぐに伝えるには joint-use notices --partner "
        f"{partner}。共同利用者に電話もしてください。直した納品は joint-use export --mode correct / "
        "stopped; the next drop tells the partner to "
        f"discard it, or now: joint-use notices --partner {partner}. Telephone the partner as well. "
        "A mended drop of the month: joint-use export --mode correct",
        err=True,
    )
