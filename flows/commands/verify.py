"""`joint-use verify`: check a drop folder, or a sealed drop as received."""

import os
import tempfile
from pathlib import Path

import click

from drops.sealing import Parcel, check_parcel, unpack
from drops.verify import Verified, verify_drop
from flows.commands.options import json_option, now, operator_option, reason_option
from flows.desk import open_desk
from ledger.audit import note
from schemas.errors import ConfigurationError


@click.command(name="verify")
@click.argument("drop", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="店の署名の公開鍵 (PEM) / the shop's public key, for a sealed drop",
)
@click.option(
    "--identity",
    type=click.Path(path_type=Path, dir_okay=False),
    help="受取人の age 秘密鍵 / the recipient's age key, to look inside",
)
@click.option(
    "--shop",
    type=click.Path(path_type=Path),
    help="店舗フォルダ。検査したことを記録する / enter the check in this shop's audit chain",
)
@operator_option
@reason_option("checking a drop")
@json_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    drop: Path,
    key: Path | None,
    identity: Path | None,
    shop: Path | None,
    operator: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """納品フォルダ、または封緘した納品を検査する / Check a drop folder, or a sealed drop (.tar.age)."""
    desk = open_desk(shop, operator, reason, now, os.environ) if shop else None
    verified = _verified(drop, key, identity)
    if verified is None:
        click.echo(f"{drop.name}: 署名・改変なし / signature and digest OK")
        return
    if desk:
        with desk.ledger.writing() as connection:
            note(connection, desk.actor, "verify", verified.drop.drop_id, "sound")
    if as_json:
        click.echo(verified.drop.model_dump_json(indent=2))
        return
    click.echo(f"{verified.drop.drop_id}: OK")
    for table, rows in verified.rows.items():
        click.echo(f"  {table}: {rows}")


def _verified(drop: Path, key: Path | None, identity: Path | None) -> Verified | None:
    if drop.is_dir() or not drop.exists():
        return verify_drop(drop)
    with tempfile.TemporaryDirectory() as scratch:
        return _verify_sealed(drop, key, identity, Path(scratch))


def _verify_sealed(
    tar: Path, key: Path | None, identity: Path | None, scratch: Path
) -> Verified | None:
    """Check a sealed drop; without the recipient's key only from outside."""
    if key is None:
        raise ConfigurationError(
            "--key: give the shop's public key (`joint-use keys` prints it), to check who sealed this"
        )
    parcel = Parcel(tar)
    check_parcel(parcel, _read(key).encode())
    is_sealed = tar.name.endswith(".age")
    if is_sealed and identity is None:
        return None
    lines = _read(identity).splitlines() if identity else []
    secret = next((line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    return verify_drop(unpack(parcel, secret if is_sealed else None, scratch))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    raise ConfigurationError(f"{path.name} cannot be read; name the key file")
