"""`joint-use verify`: check a drop folder, or a sealed drop as received."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from drops.verify import Verified, verify_drop
from flows.commands.answers import print_json
from flows.commands.once import Command
from flows.commands.options import json_option, operator_option, reason_option
from flows.running.clock import utc_now
from flows.running.reasons import StandingReason
from schemas.errors import ConfigurationError


@click.command(cls=Command, name="verify")
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
@reason_option(StandingReason.CHECK)
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
    noted = _noting(shop, operator, reason) if shop else None
    verified = _verified(drop, key, identity)
    if verified is None:
        click.echo(f"{drop.name}: 署名・改変なし / signature and digest OK")
        return
    if noted:
        noted(verified.drop.drop_id)
    if as_json:
        print_json(verified.drop)
        return
    click.echo(f"{verified.drop.drop_id}: OK")
    for table, rows in verified.rows.items():
        click.echo(f"  {table}: {rows}")


def _noting(shop: Path, operator: str | None, reason: str) -> Callable[[str], None]:
    """Open the shop, and give what enters a sound drop in its audit chain."""
    # A partner has no shop, and should not wait for what opens one.
    from flows.counter.desk import open_desk  # noqa: PLC0415
    from ledger.audit import note  # noqa: PLC0415

    desk = open_desk(shop, operator, reason, utc_now, os.environ)

    def noted(drop_id: str) -> None:
        with desk.ledger.writing() as connection:
            note(connection, desk.actor, "verify", drop_id, "sound")

    return noted


def _verified(drop: Path, key: Path | None, identity: Path | None) -> Verified | None:
    if drop.is_dir() or not drop.exists():
        if key or identity:
            raise ConfigurationError(
                "--key と --identity は封緘したファイル（.tar.age）のためのものです。フォルダには署名が"
                "ありません / --key and --identity are for a sealed file (.tar.age); a folder has no "
                "signature"
            )
        return verify_drop(drop)
    with tempfile.TemporaryDirectory() as scratch:
        return _verify_sealed(drop, key, identity, Path(scratch))


def _verify_sealed(
    tar: Path, key: Path | None, identity: Path | None, scratch: Path
) -> Verified | None:
    """Check a sealed drop; without the recipient's key only from outside."""
    from drops.sealing import Parcel, check_parcel, unpack  # noqa: PLC0415 (loads the ciphers)

    if key is None:
        raise ConfigurationError(
            "--key: だれが封緘したか確かめるため、店の公開鍵を指定してください（`joint-use keys` で出ます）"
            " / "
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
    raise ConfigurationError(
        f"{path.name} を読めません。鍵のファイルを指定してください / "
        f"{path.name} cannot be read; name the key file"
    )
