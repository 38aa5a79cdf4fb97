"""`joint-use audit`: the chain of what everybody did; verify it, read it, resume after a restored backup."""

import json
import os
import textwrap
from dataclasses import asdict
from pathlib import Path

import click

from flows.commands.options import json_option, operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.running.clock import utc_now
from flows.running.opening import open_shop
from flows.running.reconciling import (
    complete_pending,
    doubts,
    examined,
    in_words,
    is_answer_witnessed,
    unknown_drops,
    witnesses_in,
)
from ledger.audit import entries
from schemas.errors import ConfigurationError, HeldError
from transforms.period import SHOP_TIME

_HELD = HeldError.exit_code
_WIDEST_SUBJECT = 60
_places_option = click.option(
    "--drops",
    "places",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="納品の控え（共同利用者のものも）/ folders with drops, also as partners keep them",
)


@click.group(name="audit")
def command() -> None:
    """操作の記録（監査の鎖）/ The audit chain."""


@command.command(name="verify")
@shop_option
@_places_option
@json_option
@click.pass_context
def verify(context: click.Context, *, shop: Path, places: tuple[Path, ...], as_json: bool) -> None:
    """改ざん・欠落がないか検査する / Look for anything changed, removed, inserted or cut off.

    Exit 4 if something is found, unless somebody has answered for it and a drop made since vouches
    for that answer.
    """
    folder, ledger = open_shop(shop, os.environ)
    complete_pending(ledger, folder, utc_now().astimezone(SHOP_TIME))
    witnessing = tuple(dict.fromkeys([folder.drops, *places]))
    witnesses = {place: len(list(witnesses_in(place))) for place in witnessing}
    for place in places:
        if not witnesses[place]:
            raise ConfigurationError(
                f"--drops {place.name}: このフォルダに証しとなる納品がありません。"
                "納品のあるフォルダを指定してください / "
                f"--drops {place.name}: no drop that bears witness is in this folder; name the folder "
                "that holds the drops"
            )
    found = examined(ledger, witnessing)
    open_ones = doubts(ledger, found)
    strangers = [drop.drop_id for drop in unknown_drops(ledger, folder)]
    with ledger.reading() as connection:
        count = len(entries(connection))
    if as_json:
        findings = [{**asdict(each), "is_answered_for": each not in open_ones} for each in found]
        told = {
            "entries": count,
            "witnesses": sum(witnesses.values()),
            "findings": findings,
            "unknown_drops": strangers,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for each in found:
            answered = "" if each in open_ones else "（確認済 / answered for）"
            click.echo(f"{in_words(each)}{answered}")
        for name in strangers:
            click.echo(
                f"{name}: 納品フォルダにありますが、台帳にありません / "
                f"unknown: {name} is in the drops folder and not in the ledger"
            )
        sound = "異常あり / not sound"
        if not (found or strangers):
            sound = "異常なし / sound"
        elif not (open_ones or strangers):
            sound = "確認済みの異常のみ / nothing but what was answered for"
        click.echo(
            f"{count} 件 / entries, 証人 / witnesses {sum(witnesses.values())}: {sound}", err=True
        )
    is_settled = not open_ones and (not found or is_answer_witnessed(ledger, witnessing))
    context.exit(0 if is_settled and not strangers else _HELD)


@command.command(name="show")
@shop_option
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
def show(*, shop: Path, last: int, as_json: bool) -> None:
    """だれがいつ何をしたか / Who did what when; customers only as keyed references."""
    _, ledger = open_shop(shop, os.environ)
    with ledger.reading() as connection:
        newest = entries(connection)[-last:]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in newest], ensure_ascii=False, indent=2))
        return
    for each in newest:
        subject = textwrap.shorten(each.subject, _WIDEST_SUBJECT, placeholder=" …")
        click.echo(
            f"{each.sequence:6}  {each.at[:19]}  {each.person}  {each.action}  {subject}  "
            f"{each.detail.partition(';')[0]}  ({each.reason})"
        )


@command.command(name="resume")
@shop_option
@_places_option
@operator_option
@reason_option()
def resume_command(
    *, shop: Path, places: tuple[Path, ...], operator: str | None, reason: str
) -> None:
    """控えから戻した後に再開する / Answer for what `verify` found, and go on.

    Drops the ledger does not know are entered as they are: what their partners hold is told to be
    deleted when it must be. Record objections taken since the backup first.
    """
    from flows.counter.adopting import resume  # noqa: PLC0415 (reading drops is slow to load, the chain is not)

    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    answered = resume(desk, places)
    for line in answered:
        click.echo(line)
    told = (
        "再開できます / answered for; exports go on"
        if answered
        else "異常なし / nothing to answer for"
    )
    click.echo(told, err=True)
