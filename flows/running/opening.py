"""Opening a shop: its folder, its ledger, and the entry that says which policy was loaded."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ledger.audit import Actor, newest_instant
from ledger.audit import note as note_entry
from ledger.opening import Ledger, open_ledger
from ledger.settings import remember_setting, setting
from schemas.errors import ConfigurationError, LedgerDoubtfulError
from sources.shop_folder import ShopFolder, load_shop

_KNOWN = ".joint-use-ledger"
"""Tells that the shop has a ledger in another place."""


def open_shop(home: Path, environment: Mapping[str, str]) -> tuple[ShopFolder, Ledger]:
    """Load a shop's folder and open its ledger.

    Raises:
        ConfigurationError: a file is missing or wrong, or the ledger is of a newer version or another
            shop's.
        RefusedError: an agreement goes beyond the notice.
    """
    # A worker that was not started by `serve` has its own mask; whatever a run writes is for its owner.
    os.umask(0o077)
    folder = load_shop(home)
    url = folder.shop.ledger.url_in(environment)
    if url is None:
        _refuse_lost(folder)
    ledger = open_ledger(folder.state, url)
    _refuse_anothers(ledger, folder)
    if url is None:
        _note_known(folder)
    return folder, ledger


def _refuse_lost(folder: ShopFolder) -> None:
    """Refuse to begin a new ledger for a shop that had one: its disk is away, and with it all objections.

    A state folder within the shop's has its own witness (`ledger.noted_head`); one elsewhere goes with it.
    """
    if (folder.home / _KNOWN).exists() and not (folder.state / "ledger.db").exists():
        raise LedgerDoubtfulError(
            f"この店の台帳が {folder.shop.places.state} にありません。共有フォルダやディスクが"
            "つながっているか確かめてください。本当に失われたのなら、控えを戻してください。控えもなければ、"
            f"店舗フォルダの {_KNOWN} を消し、申し出をすべて記録し直してください / "
            f"this shop's ledger is not in {folder.shop.places.state}: is that share or disk there? If it is "
            f"lost, restore a backup; if there is none, remove {_KNOWN} in the shop's folder and record all "
            "objections anew"
        )


def _note_known(folder: ShopFolder) -> None:
    """Note beside `shop.toml` that there is a ledger, if its folder is elsewhere."""
    is_elsewhere = folder.home.resolve() not in folder.state.resolve().parents
    # Whoever cannot write there goes without this witness.
    with suppress(OSError):
        if is_elsewhere:
            (folder.home / _KNOWN).touch(mode=0o600)


def _refuse_anothers(ledger: Ledger, folder: ShopFolder) -> None:
    """Refuse a ledger last used by a shop of another name in another place; remember who uses it now.

    Two shops with one ledger would replace each other's drops and take each other's customers for gone.
    A shop may move, and it may change its name, but hardly both between two commands.
    """
    with ledger.reading() as connection:
        known = setting(connection, "shop")
    user = {"name": folder.shop.name, "home": str(folder.home.resolve())}
    told = json.dumps(user, ensure_ascii=False)
    if told == known:
        return
    if known is not None and not user.items() & json.loads(known).items():
        owner = json.loads(known)["name"]
        raise ConfigurationError(
            f"shop.toml: この state か台帳は、別の店「{owner}」のものです。店ごとに別の [places] state と "
            "[ledger] url にしてください。店の名前も場所も変えたのなら、いったん name を元に戻して "
            "`joint-use status` を行い、それから name を改めてください / "
            f"shop.toml: this state or ledger belongs to another shop, {owner}; give each shop its own "
            "[places] state and [ledger] url. If it is this shop, renamed and moved, put the old name "
            "back, run `joint-use status`, and rename it then"
        )
    with ledger.writing() as connection:
        remember_setting(connection, "shop", told)


def is_clock_behind(ledger: Ledger, now: datetime) -> bool:
    """Tell whether the clock says an earlier day than an entry of the ledger was made on."""
    with ledger.reading() as connection:
        newest = newest_instant(connection)
    return newest is not None and now.date() < newest.date()


def refuse_clock_behind(ledger: Ledger, now: datetime) -> None:
    """Hold if the clock was set back: objections since would seem to take effect in the future.

    Raises:
        LedgerDoubtfulError: saying what to do.
    """
    if is_clock_behind(ledger, now):
        raise LedgerDoubtfulError(
            f"このパソコンの時計の日付（{now:%Y-%m-%d}）が、台帳の最後の記録より前です。時計を合わせて、"
            "もう一度実行してください。台帳のほうが進みすぎているなら `joint-use audit resume` "
            "で確認を記録してください / "
            f"the clock's day ({now:%Y-%m-%d}) is before that of the ledger's last entry; set it right and "
            "run again. If it is the ledger that was ahead, answer for it with `joint-use audit resume`"
        )


def note_policy(folder: ShopFolder, ledger: Ledger, actor: Actor) -> None:
    """Enter once which versions of notice and agreements are in use from now on."""
    policy = folder.policy
    prints = [("notice", policy.own_fingerprint), *policy.fingerprints.items()]
    told = " ".join(f"{name}={print_.version}:{print_.sha256}" for name, print_ in prints)
    with ledger.writing() as connection:
        if setting(connection, "policy") != told:
            note_entry(connection, actor, "policy load", detail=told)
            remember_setting(connection, "policy", told)
