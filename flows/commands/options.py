"""Options that several commands share."""

from pathlib import Path

import click

shop_option = click.option(
    "--shop",
    envvar="JOINT_USE_SHOP",
    required=True,
    type=click.Path(path_type=Path),
    help="店舗フォルダ / the shop's folder, with shop.toml (or JOINT_USE_SHOP)",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="結果を JSON で出す / answer with one JSON document"
)
