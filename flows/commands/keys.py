"""`joint-use keys`: the shop's public signing key, and the keys its partners' drops are sealed to."""

import hashlib
import os
from pathlib import Path

import click

from drops.sealing import public_key_pem
from flows.commands.options import shop_option
from flows.running.clock import utc_now
from flows.running.opening import open_shop
from schemas.agreement import fingerprint_of
from schemas.carrying import AgeSeal, NoSeal
from transforms.period import SHOP_TIME


@click.command(name="keys")
@shop_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="公開鍵を書くファイル / file for the key; on Windows rather than >",
)
def command(shop: Path, out: Path | None) -> None:
    """署名の公開鍵と、納品先の鍵 / The public key partners check signatures with, and theirs."""
    folder, ledger = open_shop(shop, os.environ)
    pem = public_key_pem(ledger.signing_key())
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
