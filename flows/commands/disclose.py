"""`joint-use disclose`: what was given to whom of one customer, for the customer to read."""

from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import json_option
from flows.counter.desk import Desk, customer_number
from flows.counter.disclosure import disclose
from flows.pages import disclosure_page, disclosure_text
from flows.running.reasons import StandingReason
from ledger.private_files import open_private


@click.command(cls=Command, name="disclose")
@at_desk(StandingReason.DISCLOSURE)
@click.option(
    "--customer",
    "customers",
    required=True,
    multiple=True,
    help="お客様番号（以前の番号も足せる）/ customer number, and earlier ones",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="印刷用のページを書く / write a page to print",
)
@json_option
def command(
    *,
    desk: Desk,
    customers: tuple[str, ...],
    page: Path | None,
    as_json: bool,
) -> None:
    """だれに・いつ・どの項目を渡したか / What was given to whom, when, under which clause."""
    first, *others = map(customer_number, customers)
    answer = disclose(desk, first, others)
    if page:
        with open_private(page) as file:
            file.write(disclosure_page(answer).encode())
        click.echo(f"{page} に書きました（印刷できます）/ written, ready to print", err=True)
    if as_json:
        print_json(answer)
    elif not page:
        click.echo(disclosure_text(answer))
