"""`joint-use stop`: a bad drop; its partner must discard it."""

import click

from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import DropId
from flows.counter.desk import Desk
from ledger.drop_book import DropBook


@click.command(cls=Command, name="stop")
@at_desk()
@click.argument("drop", type=DropId())
def command(*, desk: Desk, drop: str) -> None:
    """誤った納品を止める / Stop a drop, e.g. lotas/monthly-2026-10-r1.

    The next drop tells the partner to discard it. Its folder stays as it is: it is the evidence of
    what was given.
    """
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
