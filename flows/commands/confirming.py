"""Asking the operator whether a number is the person's they mean, before anything is entered."""

import sys
from collections.abc import Iterator, Sequence

import click
import pyarrow
import pyarrow.compute as pc

from flows.counter.desk import Desk
from flows.counter.objecting import Held, relative_of
from flows.counter.objection_list import standing_on
from schemas.errors import JointUseError
from transforms.objections import AsOf
from transforms.reading.folding import nfkc

yes_option = click.option(
    "--yes", "is_sure", is_flag=True, help="確かめずに進む / do not ask whether it is this person"
)


_YES = frozenset({"y", "yes", "はい", "ハイ"})


def confirm_person(desk: Desk, number: str, *, is_sure: bool) -> None:
    """Show whom a customer number is of and ask, where somebody sits at a terminal; else ask nothing.

    A name is shown on the operator's screen only, never where output is kept.
    """
    if not is_sure and is_at_terminal():
        _show_and_ask(desk, [number], nobody=number)


def confirm_objection(desk: Desk, objection: str, *, is_sure: bool) -> None:
    """Show whom an objection means, or may mean, and ask; where nobody sits at a terminal, ask nothing."""
    if is_sure or not is_at_terminal():
        return
    every = standing_on(desk, AsOf(desk.today), with_ended=True).rows
    own = [row for row in every if row.listed.objection_id == objection]
    numbers = [number for row in own for number in row.customers or row.may_mean]
    _show_and_ask(desk, numbers, nobody=objection)


def is_at_terminal() -> bool:
    """Tell whether somebody sits there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _show_and_ask(desk: Desk, numbers: Sequence[str], *, nobody: str) -> None:
    """Show the persons of the numbers, or that there are none, and go on only if somebody says so."""
    try:
        customers = desk.people.customers
    except JointUseError:
        return
    wanted = pyarrow.array(numbers, pyarrow.string())
    found = customers.filter(pc.is_in(customers["customer_id"], value_set=wanted)).to_pylist()
    for person in found:
        shown = (person["customer_id"], f"{person['name'] or ''} 様", person["address"] or "")
        click.echo("  ".join(shown), err=True)
    relative = None if found else relative_of(desk, nobody)
    if relative is not None:
        name = relative["name"][0].as_py() or ""
        click.echo(f"{nobody}  {name} 様（お客様のご家族 / a customer's relative）", err=True)
    elif not found:
        click.echo(f"{nobody}: 店の記録にありません / not in the records", err=True)
    answer = click.prompt(
        "この方でよいですか / is this the person? (y/N)", "", show_default=False, err=True
    )
    if nfkc(answer).strip().casefold() not in _YES:
        raise click.Abort


def doubts_about(held: Held | None) -> Iterator[str]:
    """Say if an objection just recorded holds back nobody, or perhaps somebody else."""
    if held is None or held.is_certain:
        return
    if held.perhaps:
        yield (
            f"この番号そのものの方は今の記録にいません。番号の似た {held.perhaps} 人を、決まるまで"
            "除きます。joint-use objections --work で見て、--settle で決めてください / "
            f"nobody in the records has this very number; {held.perhaps} whose numbers are like it are held "
            "back until somebody says who is meant: look at `joint-use objections --work`, then --settle"
        )
        return
    yield (
        "この番号の方が今の記録にいないので、どなたも除いていません。お客様番号か確かめてください。"
        "別の方の番号なら joint-use object --settle で決めてください / "
        "nobody in the records has this number, so nobody is held back. Is it a customer number? If somebody "
        "there is meant, say whom with `joint-use object --settle`"
    )
