"""`joint-use review`: texts that wait because the trade does not know a word in them."""

from collections.abc import Mapping
from dataclasses import asdict

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import json_option
from flows.counter.desk import Desk
from flows.counter.reviewing import (
    Decided,
    Waiting,
    add_words,
    decide_texts,
    decided,
    take_back_words,
    waiting,
    withhold_texts,
)
from flows.running.reasons import StandingReason
from schemas.screening import Decision, WordDecision

_DECISIONS: Mapping[str, str] = {
    Decision.RELEASED: "渡す",
    Decision.WITHHELD: "渡さない",
    WordDecision.ADDED: "業界の言葉",
}


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
@click.option(
    "--withhold-text",
    "withheld_texts",
    multiple=True,
    metavar="TEXT",
    help="記録にあるこの文は渡さない（確認待ちでなくても） / never leaves, though it does not wait",
)
@click.option(
    "--remove-word", "removed", multiple=True, help="加えた言葉を取り消す / take a word back"
)
@click.option("--decided", "is_of_decided", is_flag=True, help="決めたもの / what was decided")
@json_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    desk: Desk,
    released: tuple[str, ...],
    withheld: tuple[str, ...],
    words: tuple[str, ...],
    withheld_texts: tuple[str, ...],
    removed: tuple[str, ...],
    is_of_decided: bool,
    as_json: bool,
) -> None:
    """確認待ちの文を見て、渡す・渡さないを決める / Texts that wait, and what becomes of them.

    What is released leaves with the next export. Sensitive texts (§10) are not listed and never leave.
    """
    for names, decision in ((released, Decision.RELEASED), (withheld, Decision.WITHHELD)):
        if names:
            decide_texts(desk, names, decision)
    if withheld_texts:
        withhold_texts(desk, withheld_texts)
    new = add_words(desk, words) if words else []
    if removed:
        take_back_words(desk, removed)
    if released or withheld or withheld_texts or words or removed:
        click.echo(
            f"渡す {len(released)}  渡さない {len(withheld) + len(withheld_texts)}  言葉 {len(new)}  "
            f"取り消し {len(removed)} / released, withheld, words, taken back. "
            "次の export で反映されます / the next export carries it",
            err=True,
        )
    if is_of_decided:
        _print_decided(decided(desk), as_json=as_json)
        return
    listed = waiting(desk)
    if as_json:
        print_json([asdict(each) for each in listed])
        return
    for each in listed:
        click.echo(_line(each))
    click.echo(f"確認待ち {len(listed)} 件 / texts wait", err=True)


def _print_decided(listed: list[Decided], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in listed])
        return
    for each in listed:
        text = "(文は残していません / its text is not kept)" if each.text is None else each.text
        shown = text.replace("\n", "⏎") if each.name != text else ""
        parts = [
            each.name,
            f"{_DECISIONS[each.decision]} {each.decision}",
            each.on,
            each.person,
            shown,
        ]
        click.echo("  ".join(filter(None, parts)))
    click.echo(f"決めたもの {len(listed)} 件 / decided", err=True)


def _line(each: Waiting) -> str:
    text = each.text.replace("\n", "⏎")
    unknown = "" if each.unknown == (each.text,) else f"  [{' '.join(each.unknown)}]"
    return f"{each.name}  {each.count:5}  {','.join(each.columns)}  {text}{unknown}"
