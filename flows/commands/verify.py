"""`joint-use verify`: check a drop folder as the partner would."""

import os
from pathlib import Path

import click

from drops.verify import verify_drop
from flows.commands.options import json_option, now, operator_option, reason_option
from flows.desk import open_desk
from ledger.audit import note


@click.command(name="verify")
@click.argument("drop", type=click.Path(path_type=Path))
@click.option(
    "--shop",
    type=click.Path(path_type=Path),
    help="店舗フォルダ。検査したことを記録する / enter the check in this shop's audit chain",
)
@operator_option
@reason_option("checking a drop")
@json_option
def command(
    *,
    drop: Path,
    shop: Path | None,
    operator: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """納品フォルダを検査する / Check a drop folder, ours or as received."""
    desk = open_desk(shop, operator, reason, now, os.environ) if shop else None
    verified = verify_drop(drop)
    if desk:
        with desk.ledger.writing() as connection:
            note(connection, desk.actor, "verify", verified.drop.drop_id, "sound")
    if as_json:
        click.echo(verified.drop.model_dump_json(indent=2))
        return
    click.echo(f"{verified.drop.drop_id}: OK")
    for table, rows in verified.rows.items():
        click.echo(f"  {table}: {rows}")
