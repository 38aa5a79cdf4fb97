"""`joint-use hold`: a drop that must not be disposed of while a dispute or an inquiry lasts."""

import os
from pathlib import Path

import click

from flows.commands.options import operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.counter.disposing import every_series, is_kept
from flows.running.clock import utc_now
from ledger.drop_book import DropBook
from ledger.hold_book import HoldBook
from schemas.errors import ConfigurationError


@click.command(name="hold")
@shop_option
@click.argument("drop")
@click.option("--lift", is_flag=True, help="保全を解く / end the hold")
@operator_option
@reason_option()
def command(*, shop: Path, drop: str, lift: bool, operator: str | None, reason: str) -> None:
    """廃棄を差し止める / Keep a drop from disposal, e.g. lotas/monthly-2026-10-r1."""
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    with desk.ledger.held(every_series(desk)), desk.ledger.writing() as connection:
        name = DropBook(connection).named(drop).drop.drop_id
        if not lift and not is_kept(desk, name):
            raise ConfigurationError(
                f"{name}: すでに廃棄されていて、保全できません / was disposed of; nothing is left to hold"
            )
        if lift and name not in HoldBook(connection).held():
            raise ConfigurationError(f"{name}: 保全されていません / is not held")
        HoldBook(connection).enter(desk.actor, name, is_held=not lift)
    click.echo(name)
    told = "保全を解きました / the hold is lifted" if lift else "廃棄を差し止めました / held"
    click.echo(told, err=True)
