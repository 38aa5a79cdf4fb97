"""`joint-use incident`: the facts about a drop that may have come into wrong hands."""

from datetime import date

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import DAY, DropId, json_option
from flows.counter.desk import Desk
from flows.counter.incident import incident
from flows.running.reasons import StandingReason
from schemas.errors import ConfigurationError


@click.command(cls=Command, name="incident")
@at_desk(StandingReason.INCIDENT)
@click.argument("drop", type=DropId())
@click.option("--known", type=DAY, help="知った日（省略時は今日）/ the day it became known")
@click.option(
    "--wrongful", is_flag=True, help="不正の目的によるおそれがある / taken on purpose, perhaps"
)
@json_option
def command(
    *,
    desk: Desk,
    drop: str,
    known: date | None,
    wrongful: bool,
    as_json: bool,
) -> None:
    """漏えいのとき、報告に要る事実を出す / Persons, items, sealed or not, deadlines: the facts at once."""
    if known and known > desk.today:
        raise ConfigurationError("--known: 先の日付です / the day is in the future")
    found = incident(desk, drop, known or desk.today, is_wrongful=wrongful)
    if as_json:
        print_json(found)
    else:
        click.echo(found.facts)
