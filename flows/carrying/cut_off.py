"""Sending that was cut off: what may have been taken is entered, what must not be is taken away."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace

from sqlalchemy import Connection

from drops.places import OpenPlace, open_place
from drops.transfer import Marker, may_have_been_taken, take_away
from flows.carrying.credentials import credential_of
from flows.running.overtaken import refuse_called_back
from flows.running.run import Run, instant
from ledger.carry_book import BegunHandover, CarryBook
from ledger.drop_book import DropBook
from schemas.carrying import Place
from schemas.errors import ObjectionsMovedError, RefusedError


def told_of(drop_ids: Iterable[str]) -> str:
    """Say in a line which drops had been handed over before a break."""
    named = ", ".join(drop_ids)
    return (
        f"{named} は前回、途中で止まる前に渡っていました。台帳に記録しました / "
        f"{named} had been handed over before the break; the ledger says so now"
    )


def settle_cut_off(run: Run, partner: str) -> list[str]:
    """Find out what became of drops that were being sent; name those that were handed over.

    What was whole and marked was handed over, whatever was refused since: the ledger says so, and the partner
    is told to delete it. Of a drop that may not leave any more nothing stays at the place; one that may is
    gone on with by who carries it. What went to a place the agreement does not name any more stays unsettled.

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


def opened(run: Run, place: Place) -> AbstractContextManager[OpenPlace]:
    """Connect with a partner's place."""
    return open_place(place, run.folder.home, credential_of(place, run.folder.state))


def _was_handed_over(run: Run, place: Place, begun: BegunHandover) -> bool:
    marker = Marker(begun.entered.drop.drop_id, begun.file, begun.sha256)
    if begun.is_whole and may_have_been_taken(marker, opened(run, place)):
        with run.ledger.writing() as connection:
            CarryBook(connection).deliver(
                run.actor, begun.entered, begun.place, begun.sha256, begun.at
            )
        return True
    with run.ledger.writing() as connection:
        CarryBook(connection).begin(replace(begun, is_whole=False))
        may_leave = _may_leave(run, connection, begun)
    if not may_leave:
        take_away(marker, opened(run, place))
        with run.ledger.writing() as connection:
            CarryBook(connection).give_up(begun.entered.sequence)
    return False


def _may_leave(run: Run, connection: Connection, begun: BegunHandover) -> bool:
    drop, book = begun.entered.drop, DropBook(connection)
    if drop.drop_id in {each.drop.supersedes for each in book.published(drop.partner)}:
        return False
    try:
        refuse_called_back(connection, begun.entered, instant(run.clock).date())
    except (RefusedError, ObjectionsMovedError):
        return False
    return True
