"""`joint-use sources`: how the shop's headers meet the canonical columns."""

import os
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.once import Command
from flows.commands.options import json_option, shop_option
from flows.running.workspace import workspace
from sources.inspection import Inspection, inspect_sources
from sources.shop_folder import load_shop


@click.command(cls=Command, name="sources")
@shop_option
@json_option
def command(shop: Path, *, as_json: bool) -> None:
    """店の記録の列と対応 / What was matched, what is missing, what is unknown and ignored."""
    folder = load_shop(shop)
    with ExitStack() as stack:
        own = stack.enter_context(workspace(folder.state))
        found = inspect_sources(folder.shop, folder.home, os.environ, own, stack)
    if as_json:
        print_json(asdict(found))
        return
    _print(found)


def _print(found: Inspection) -> None:
    for part in found.parts:
        click.secho(f"{part.table} ← {part.source}: {part.name}", bold=True)
        for column, headers in part.matched.items():
            click.echo(f"  {column} ← {' + '.join(headers)}")
        for column in part.missing:
            click.echo(f"  {column}: 見出しが見つかりません / its header is not there")
        if part.unmapped:
            click.echo(
                f"  対応なし（空欄になります）/ not mapped, stays empty: {', '.join(part.unmapped)}"
            )
        if part.ignored:
            click.echo(f"  読まない列 / ignored, never read: {', '.join(part.ignored)}")
    for source, names in found.unused.items():
        click.echo(f"{source}: 使っていない表 / not used: {', '.join(names)}")
    if found.unmapped_tables:
        click.echo(f"記録のない表 / tables without records: {', '.join(found.unmapped_tables)}")
