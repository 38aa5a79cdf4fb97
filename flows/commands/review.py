"""`joint-use review`: texts that wait because the trade does not know a word in them."""

from dataclasses import asdict

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import json_option
from flows.counter.desk import Desk
from flows.counter.reviewing import Waiting, add_words, decide_texts, waiting
from flows.running.reasons import StandingReason
from schemas.screening import Decision


@click.command(cls=Command, name="review")
@at_desk(StandingReason.REVIEW)
@click.option(
    "--release", "released", multiple=True, metavar="ID", help="この文を渡してよい / may leave"
)
@click.option(
    "--withhold", "withheld", multiple=True, metavar="ID", help="この文は渡さない / never leaves"
)
@click.option(
    "--add-word", "words", multiple=True, help="業界の言葉として覚える / a word of the trade"
)
@json_option
def command(
    *,
    desk: Desk,
    released: tuple[str, ...],
    withheld: tuple[str, ...],
    words: tuple[str, ...],
    as_json: bool,
) -> None:
    """確認待ちの文を見て、渡す・渡さないを決める / Texts that wait, and what becomes of them.

    What is released leaves with the next export. Sensitive texts (§10) are not listed and never leave.
    """
    for names, decision in ((released, Decision.RELEASED), (withheld, Decision.WITHHELD)):
        if names:
            decide_texts(desk, names, decision)
    new = add_words(desk, words) if words else []
    listed = waiting(desk)
    if as_json:
        print_json([asdict(each) for each in listed])
        return
    for each in listed:
        click.echo(_line(each))
    if released or withheld or words:
        click.echo(
            f"渡す {len(released)}  渡さない {len(withheld)}  言葉 {len(new)} / released, withheld, words. "
            "次の export で反映されます / the next export carries it",
            err=True,
        )
    click.echo(f"確認待ち {len(listed)} 件 / texts wait", err=True)


def _line(each: Waiting) -> str:
    text = each.text.replace("\n", "⏎")
    unknown = "" if each.unknown == (each.text,) else f"  [{' '.join(each.unknown)}]"
    return f"{each.name}  {each.count:5}  {','.join(each.columns)}  {text}{unknown}"
