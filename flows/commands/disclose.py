"""`joint-use disclose`: what was given to whom of one customer, for the customer to read."""

import os
from pathlib import Path

import click

from flows.commands.options import json_option, operator_option, reason_option, shop_option
from flows.counter.desk import customer_number, open_desk
from flows.counter.disclosure import disclose
from flows.pages import disclosure_page, disclosure_text
from flows.running.clock import utc_now
from ledger.private_files import open_private


@click.command(name="disclose")
@shop_option
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
@operator_option
@reason_option("the customer asked for disclosure")
@json_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    shop: Path,
    customers: tuple[str, ...],
    page: Path | None,
    operator: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """だれに・いつ・どの項目を渡したか / What was given to whom, when, under which clause."""
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    first, *others = map(customer_number, customers)
    answer = disclose(desk, first, others)
    if page:
        with open_private(page) as file:
            file.write(disclosure_page(answer).encode())
        click.echo(f"{page} に書きました（印刷できます）/ written, ready to print", err=True)
    if as_json:
        click.echo(answer.model_dump_json(indent=2))
    elif not page:
        click.echo(disclosure_text(answer))
