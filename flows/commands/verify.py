"""`joint-use verify`: check a drop folder as the partner would."""

from pathlib import Path

import click

from drops.verify import verify_drop
from flows.commands.options import json_option


@click.command(name="verify")
@click.argument("drop", type=click.Path(path_type=Path))
@json_option
def command(drop: Path, *, as_json: bool) -> None:
    """納品フォルダを検査する / Check a drop folder, ours or as received."""
    verified = verify_drop(drop)
    if as_json:
        click.echo(verified.drop.model_dump_json(indent=2))
        return
    click.echo(f"{verified.drop.drop_id}: OK")
    for table, rows in verified.rows.items():
        click.echo(f"  {table}: {rows}")
