"""`joint-use acknowledge`: what a partner answered to a drop."""

import json
from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import DropId, json_option
from flows.counter.desk import Desk
from flows.running.reasons import StandingReason
from ledger.answer_book import AnswerBook
from ledger.drop_book import DropBook
from schemas.acknowledgement import Acknowledgement
from schemas.errors import ConfigurationError
from schemas.strict import validated


@click.command(cls=Command, name="acknowledge")
@at_desk(StandingReason.ANSWER)
@click.argument("drop", type=DropId())
@click.option(
    "--file",
    "path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="共同利用者から届いた JSON / the partner's answer",
)
@json_option
def command(
    *,
    desk: Desk,
    drop: str,
    path: Path,
    as_json: bool,
) -> None:
    """共同利用者の受領の返事を記録する / Record a partner's acknowledgement of a drop.

    What it says it deleted is not told again; what it rejected is, and is listed here.
    """
    said = _read(path)
    with desk.ledger.writing() as connection:
        entered = DropBook(connection).named(drop)
        said.hold_against(entered.drop, entered.published_at or desk.actor.at, desk.actor.at)
        AnswerBook(connection).enter(desk.actor, entered, said)
    rows = {
        name: {"accepted": table.accepted, "rejected": len(table.rejected)}
        for name, table in said.tables.items()
    }
    if as_json:
        print_json({"drop_id": entered.drop.drop_id, "tables": rows})
        return
    click.echo(f"{entered.drop.drop_id}: 受領を記録しました / acknowledged")
    for name, table in said.tables.items():
        rejected = len(table.rejected)
        told = f"受入 {table.accepted} 行、拒否 {rejected} 行"
        click.echo(f"  {name}: {told} / {table.accepted} accepted, {rejected} rejected")


def _read(path: Path) -> Acknowledgement:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise ConfigurationError(
            f"{path.name} を開けません。共同利用者の返事を --file で指定してください / "
            f"{path.name} cannot be opened; give the partner's answer with --file"
        ) from None
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return validated(Acknowledgement, content, where=path.name)
    raise ConfigurationError(
        f"{path.name} は返事の形（JSON）ではありません。共同利用者に joint-use-ack/1 "
        "のファイルを頼んでください"
        " / "
        f"{path.name} is not JSON, or no object; ask the partner for a joint-use-ack/1 file (README)"
    )
