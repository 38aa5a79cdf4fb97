"""Opening a shop: its folder, its ledger, and the entry that says which policy was loaded."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from ledger.audit import Actor
from ledger.audit import note as note_entry
from ledger.opening import Ledger, open_ledger, remember_setting, setting
from sources.shop_folder import ShopFolder, load_shop

Clock = Callable[[], datetime]


def open_shop(home: Path, environment: Mapping[str, str]) -> tuple[ShopFolder, Ledger]:
    """Load a shop's folder and open its ledger.

    Raises:
        ConfigurationError: a file is missing or wrong, or the ledger is of a newer version.
        RefusedError: an agreement goes beyond the notice.
    """
    # A worker that was not started by `serve` has its own mask; whatever a run writes is for its owner.
    os.umask(0o077)
    folder = load_shop(home)
    return folder, open_ledger(folder.state, folder.shop.ledger.url_in(environment))


def note_policy(folder: ShopFolder, ledger: Ledger, actor: Actor) -> None:
    """Enter once which versions of notice and agreements are in use from now on."""
    prints = folder.policy.fingerprints
    told = " ".join(f"{name}={print_.version}:{print_.sha256}" for name, print_ in prints.items())
    with ledger.writing() as connection:
        if setting(connection, "policy") != told:
            note_entry(connection, actor, "policy load", detail=told)
            remember_setting(connection, "policy", told)
