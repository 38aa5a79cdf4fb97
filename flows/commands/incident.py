"""`joint-use incident`: the facts about a drop that may have come into wrong hands."""

import os
from datetime import date
from pathlib import Path

import click

from flows.commands.options import DAY, json_option, operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.counter.incident import incident
from flows.running.clock import utc_now
from schemas.errors import ConfigurationError


@click.command(name="incident")
@shop_option
@click.argument("drop")
@click.option("--known", type=DAY, help="知った日（省略時は今日）/ the day it became known")
@click.option(
    "--wrongful", is_flag=True, help="不正の目的によるおそれがある / taken on purpose, perhaps"
)
@operator_option
@reason_option("incident")
@json_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    shop: Path,
    drop: str,
    known: date | None,
    wrongful: bool,
    operator: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """漏えいのとき、報告に要る事実を出す / Persons, items, sealed or not, deadlines: the facts at once."""
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    if known and known > desk.today:
        raise ConfigurationError("--known: 先の日付です / the day is in the future")
    found = incident(desk, drop, known or desk.today, is_wrongful=wrongful)
    click.echo(found.model_dump_json(indent=2) if as_json else found.facts)
