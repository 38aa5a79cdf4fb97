"""`joint-use lawful-request`: what was given to an authority; recorded, and never a drop (policy §9)."""

import click

from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.counter.desk import Desk, customer_number
from flows.counter.lawful_requests import BASES, LawfulRequest, record_request
from schemas.strict import validated


@click.command(cls=Command, name="lawful-request")
@at_desk()
@click.option(
    "--customer", "customers", multiple=True, required=True, help="お客様番号 / customer number"
)
@click.option("--authority", required=True, help="要請した機関 / which authority asked")
@click.option(
    "--basis",
    type=click.Choice(list(BASES)),
    required=True,
    help="§9 のどれに当たるか / which case of §9",
)
@click.option("--law", required=True, help="根拠の条文 / the law and article")
@click.option("--document", required=True, help="文書の番号 / number of its document")
@click.option("--given", required=True, help="渡した項目 / what was given, by items")
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    desk: Desk,
    customers: tuple[str, ...],
    authority: str,
    basis: str,
    law: str,
    document: str,
    given: str,
) -> None:
    """公的機関への提供を記録する / Record what was given to an authority, person by person."""
    asked = {
        "authority": authority,
        "basis": basis,
        "law": law,
        "document": document,
        "given": given,
    }
    request = validated(LawfulRequest, asked, where="lawful-request")
    path = record_request(desk, request, [customer_number(each) for each in customers])
    click.echo(path)
    click.echo(
        f"記録しました: {BASES[basis]} / recorded. 提供するものは手で用意してください / what is given is "
        "prepared by hand; no drop is made",
        err=True,
    )
