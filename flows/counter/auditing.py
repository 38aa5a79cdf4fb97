"""Examining the audit chain for whoever asks: by itself, and against drops as witnesses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.running.clock import Clock
from flows.running.opening import open_shop
from flows.running.reconciling import (
    complete_pending,
    doubts,
    examined,
    is_answer_witnessed,
    unknown_drops,
    witnesses_in,
)
from ledger.audit import entries
from ledger.chain import Finding
from schemas.errors import ConfigurationError
from transforms.period import SHOP_TIME


@dataclass(frozen=True)
class Examined:
    """What an examination found.

    Args:
        entries: of the chain.
        witnesses: drops that say what the chain was when they were made.
        findings: what is wrong.
        open_ones: what of it nobody has answered for.
        unknown_drops: ids of drops in the shop's folder that the ledger never published.
        is_settled: whether nothing is open, and a drop vouches for the answers given.
    """

    entries: int
    witnesses: int
    findings: list[Finding]
    open_ones: list[Finding]
    unknown_drops: list[str]
    is_settled: bool

    @property
    def is_sound(self) -> bool:
        """Whether nothing at all was found."""
        return not (self.findings or self.unknown_drops)


def examine_chain(
    shop: Path, places: Iterable[Path], clock: Clock, environment: Mapping[str, str]
) -> Examined:
    """Examine the chain of a shop.

    Args:
        shop: its folder.
        places: further folders with drops, also as partners keep them.
        clock: gives the moment.
        environment: may name the ledger's database.

    Raises:
        ConfigurationError: a place has no drop that bears witness.
    """
    folder, ledger = open_shop(shop, environment)
    complete_pending(ledger, folder, clock().astimezone(SHOP_TIME))
    witnessing = tuple(dict.fromkeys([folder.drops, *places]))
    witnesses = {place: len(list(witnesses_in(place))) for place in witnessing}
    for place in places:
        if not witnesses[place]:
            raise ConfigurationError(
                f"--drops {place.name}: このフォルダに証しとなる納品がありません。"
                "納品のあるフォルダを指定してください / "
                f"--drops {place.name}: no drop that bears witness is in this folder; name the folder "
                "that holds the drops"
            )
    found = examined(ledger, witnessing)
    open_ones = doubts(ledger, found)
    strangers = [drop.drop_id for _, drop in unknown_drops(ledger, folder)]
    with ledger.reading() as connection:
        count = len(entries(connection))
    is_answered = not open_ones and (not found or is_answer_witnessed(ledger, witnessing))
    return Examined(
        entries=count,
        witnesses=sum(witnesses.values()),
        findings=found,
        open_ones=open_ones,
        unknown_drops=strangers,
        is_settled=is_answered and not strangers,
    )
