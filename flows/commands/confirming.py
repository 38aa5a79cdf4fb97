"""Asking the operator whether a number is the person's they mean, before anything is entered."""

import sys

import click
import pyarrow.compute as pc

from flows.counter.desk import Desk
from schemas.errors import JointUseError
from transforms.reading.folding import nfkc

yes_option = click.option(
    "--yes", "is_sure", is_flag=True, help="確かめずに進む / do not ask whether it is this person"
)


_YES = frozenset({"y", "yes", "はい", "ハイ"})


def confirm_person(desk: Desk, number: str, *, is_sure: bool) -> None:
    """Show whom a customer number is of and ask, where somebody sits at a terminal; else ask nothing.

    A name is shown on the operator's screen only, never where output is kept.
    """
    if is_sure or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    try:
        customers = desk.people.customers
    except JointUseError:
        return
    found = customers.filter(pc.equal(customers["customer_id"], number)).to_pylist()
    for person in found:
        click.echo(f"{number}  {person['name'] or ''} 様  {person['address'] or ''}", err=True)
    if not found:
        click.echo(f"{number}: 店の記録にありません / not in the records", err=True)
    answer = click.prompt(
        "この方でよいですか / is this the person? (y/N)", "", show_default=False, err=True
    )
    if nfkc(answer).strip().casefold() not in _YES:
        raise click.Abort
