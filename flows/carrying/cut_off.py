"""Handing over that was cut off between the partner's marker and the ledger's entry."""

from collections.abc import Iterable

from drops.places import open_place
from drops.transfer import Marker, may_have_been_taken
from flows.carrying.credentials import credential_of
from flows.running.run import Run
from ledger.carry_book import BegunHandover, CarryBook
from schemas.carrying import Place


def told_of(drop_ids: Iterable[str]) -> str:
    """Say in a line which drops had been handed over before a break."""
    named = ", ".join(drop_ids)
    return (
        f"{named} は前回、途中で止まる前に渡っていました。台帳に記録しました / "
        f"{named} had been handed over before the break; the ledger says so now"
    )


def settle_cut_off(run: Run, partner: str) -> list[str]:
    """Find out what became of drops whose marker was about to be put; name those that were taken.

    What is there was handed over, whatever was refused since: the ledger says so, and the partner is told
    to delete it. A drop that went to a place the agreement does not name any more stays unsettled.

    Raises:
        DeliveryError: the place cannot be reached.
    """
    place = run.agreement(partner).place
    if place is None:
        return []
    with run.ledger.reading() as connection:
        begun = [
            each
            for each in CarryBook(connection).begun()
            if each.entered.drop.partner == partner and each.place == place.name
        ]
    return [each.entered.drop.drop_id for each in begun if _was_handed_over(run, place, each)]


def _was_handed_over(run: Run, place: Place, begun: BegunHandover) -> bool:
    marker = Marker(begun.entered.drop.drop_id, begun.file, begun.sha256)
    opening = open_place(place, run.folder.home, credential_of(place, run.folder.state))
    was_taken = may_have_been_taken(marker, opening)
    with run.ledger.writing() as connection:
        book = CarryBook(connection)
        if was_taken:
            book.deliver(run.actor, begun.entered, begun.place, begun.sha256, begun.at)
        else:
            book.give_up(begun.entered.sequence)
    return was_taken
