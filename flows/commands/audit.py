"""`joint-use audit`: the chain of what everybody did; verify it, read it, resume after a restored backup."""

import os
import textwrap
from dataclasses import asdict
from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Group
from flows.commands.options import json_option, shop_option
from flows.counter.auditing import Examined, examine_chain
from flows.counter.desk import Desk
from flows.running.clock import utc_now
from flows.running.opening import open_shop
from flows.running.reconciling import in_words
from ledger.actions import ACTION_TITLES
from ledger.audit import entries
from schemas.errors import HeldError

_WIDEST_SUBJECT = 60
_places_option = click.option(
    "--drops",
    "places",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="納品の控え（共同利用者のものも）/ folders with drops, also as partners keep them",
)


@click.group(cls=Group, name="audit")
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
    found = examine_chain(shop, places, utc_now, os.environ)
    if as_json:
        print_json(_as_json(found))
    else:
        _tell(found)
    context.exit(0 if found.is_settled else HeldError.exit_code)


def _as_json(found: Examined) -> dict[str, object]:
    findings = [
        {**asdict(each), "is_answered_for": each not in found.open_ones} for each in found.findings
    ]
    return {
        "entries": found.entries,
        "witnesses": found.witnesses,
        "findings": findings,
        "unknown_drops": found.unknown_drops,
    }


def _tell(found: Examined) -> None:
    for each in found.findings:
        answered = "" if each in found.open_ones else "（確認済 / answered for）"
        click.echo(f"{in_words(each)}{answered}")
    for name in found.unknown_drops:
        click.echo(
            f"{name}: 納品フォルダにありますが、台帳にありません / "
            f"unknown: {name} is in the drops folder and not in the ledger"
        )
    sound = "異常あり / not sound"
    if found.is_sound:
        sound = "異常なし / sound"
    elif not (found.open_ones or found.unknown_drops):
        sound = "確認済みの異常のみ / nothing but what was answered for"
    click.echo(
        f"{found.entries} 件 / entries, 証人 / witnesses {found.witnesses}: {sound}", err=True
    )


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
        print_json([asdict(each) for each in newest])
        return
    for each in newest:
        subject = textwrap.shorten(each.subject, _WIDEST_SUBJECT, placeholder=" …")
        click.echo(
            f"{each.sequence:6}  {each.at[:19]}  {each.person}  "
            f"{ACTION_TITLES.get(each.action, '')} {each.action}  {subject}  "
            f"{each.detail.partition(';')[0]}  ({each.reason})"
        )


@command.command(name="resume")
@at_desk()
@_places_option
@click.option(
    "--nobody-refused",
    is_flag=True,
    help="削除を求められ、申し出の記録がない方は、申し出ていない / "
    "whoever was to be deleted and has no objection recorded did not refuse",
)
def resume_command(
    *,
    desk: Desk,
    places: tuple[Path, ...],
    nobody_refused: bool,
) -> None:
    """控えから戻した後に再開する / Answer for what `verify` found, and go on.

    Drops the ledger does not know are entered as they are: what their partners hold is told to be
    deleted when it must be. Record objections taken since the backup first.
    """
    from flows.counter.adopting import resume  # noqa: PLC0415 (reading drops is slow to load, the chain is not)

    answered = resume(desk, places, is_nobody_forgotten=nobody_refused)
    for line in answered:
        click.echo(line)
    told = (
        "再開できます / answered for; exports go on"
        if answered
        else "異常なし / nothing to answer for"
    )
    click.echo(told, err=True)
