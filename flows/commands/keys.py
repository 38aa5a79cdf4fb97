"""`joint-use keys`: the shop's public signing key, and the keys its partners' drops are sealed to."""

import hashlib
import os
from pathlib import Path

import click

from drops.sealing import public_key_pem
from flows.commands.once import Command
from flows.commands.options import operator_option, shop_option
from flows.counter.desk import open_desk
from flows.running.clock import utc_now
from flows.running.opening import open_shop
from schemas.agreement import fingerprint_of
from schemas.carrying import AgeSeal, NoSeal
from schemas.errors import ConfigurationError
from transforms.period import SHOP_TIME

_REPLACED = (
    "署名の鍵を新しくしました。すべての納品先に新しい公開鍵を渡し、電話で照合してください。それまで納品先は"
    "新しい納品を受け取れません。古い公開鍵は、これまでの納品を確かめるためだけに残してもらいます。"
    "封緘して渡していない納品は `joint-use deliver` で作り直されます / "
    "the signing key is another one now. Give every partner the new public key and compare it by telephone: "
    "until then they refuse new drops. The former one is good only for what they have already. What is "
    "sealed and not handed over is made anew by `joint-use deliver`"
)


@click.command(cls=Command, name="keys")
@shop_option
@operator_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="公開鍵を書くファイル / file for the key; on Windows rather than >",
)
@click.option(
    "--replace",
    is_flag=True,
    help="署名の鍵を新しくする。鍵が他人の手に渡ったおそれがあるとき / "
    "sign with another key from now on: the one there is may be in others' hands",
)
@click.option("--reason", default="", help="--replace の理由 / why, with --replace")
def command(
    *, shop: Path, operator: str | None, out: Path | None, replace: bool, reason: str
) -> None:
    """署名の公開鍵と、納品先の鍵 / The public key partners check signatures with, and theirs."""
    if replace:
        desk = open_desk(shop, operator, reason, utc_now, os.environ)
        folder, signing_key = desk.folder, desk.ledger.replace_signing_key(desk.actor)
        click.echo(_REPLACED, err=True)
    elif reason:
        raise ConfigurationError(
            "--reason は --replace と一緒に使います / --reason goes with --replace"
        )
    else:
        folder, ledger = open_shop(shop, os.environ)
        signing_key = ledger.signing_key()
    pem = public_key_pem(signing_key)
    if out is None:
        click.echo(pem, nl=False)  # bytes: the line ends are those the digest is of
    else:
        out.write_bytes(pem)
    click.echo(f"SHA-256 {hashlib.sha256(pem).hexdigest()}", err=True)
    today = utc_now().astimezone(SHOP_TIME).date()
    for partner, agreement in folder.policy.agreements.items():
        sealing = agreement.sealing
        told = "鍵なし：納品できません / no key: gets nothing"
        if isinstance(sealing, AgeSeal):
            is_over = "（期限切れ / expired）" if today > sealing.expires_on else ""
            told = f"age {fingerprint_of(agreement)}  {sealing.expires_on} まで / until{is_over}"
        elif isinstance(sealing, NoSeal):
            told = f"封緘なし / unsealed  {sealing.until} まで / until"
        click.echo(f"{partner}: {told}", err=True)
