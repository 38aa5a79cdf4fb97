"""What was published and is not at its partner's yet, and what somebody says of it at the counter."""

from dataclasses import dataclass

from drops.sealing import parcels_beside
from flows.counter.desk import Desk
from ledger.audit import Actor
from ledger.carry_book import BY_HAND, CarryBook, Owed
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from ledger.objections_moved import have_moved_since
from schemas.drop import Drop, DropKind
from schemas.errors import ConfigurationError


def send_again(desk: Desk, drop_id: str) -> None:
    """Enter that the partner was asked and has not got a drop nobody knew of: it may be sent again.

    Raises:
        ConfigurationError: nothing is in doubt about it.
    """
    with desk.ledger.writing() as connection:
        entered, book = DropBook(connection).named(drop_id), CarryBook(connection)
        if entered.sequence not in book.doubtful():
            raise ConfigurationError(
                f"{drop_id}: 渡したかどうかははっきりしています（`joint-use status`）。渡していなければ "
                f"`joint-use deliver {drop_id}` / "
                f"{drop_id}: whether it was handed over is known (`joint-use status`); if it was not, "
                f"joint-use deliver {drop_id}"
            )
        book.send_again(desk.actor, entered)


@dataclass(frozen=True)
class Carried:
    """What there is to say of a drop that somebody carried: what replaced it, whether it should have been."""

    successor: str
    is_overtaken: bool
    is_stopped: bool


def carried_by_hand(desk: Desk, drop_id: str) -> Carried:
    """Enter that somebody carried a drop to its partner.

    A drop that was replaced or stopped meanwhile is entered too: what a partner was given has to be known.

    Raises:
        ConfigurationError: the ledger knows no such drop, or it is at its partner's already.
    """
    with desk.ledger.writing() as connection:
        entered, book = DropBook(connection).named(drop_id), CarryBook(connection)
        is_by_hand = desk.folder.policy.is_carried_by_hand(entered.drop.partner)
        if is_by_hand and not parcels_beside(desk.folder.drops / entered.drop.drop_id):
            raise ConfigurationError(
                f"{drop_id} は封緘されていません。`joint-use deliver {drop_id}` が理由を示します / "
                f"{drop_id} is not sealed; `joint-use deliver {drop_id}` says why"
            )
        if entered.sequence in book.delivered():
            raise ConfigurationError(
                f"{drop_id} はすでに渡してあります。いつかは `joint-use status` に出ます / "
                f"{drop_id} was handed over before; `joint-use status` says when"
            )
        _enter(book, desk.actor, entered)
        drop = entered.drop
        has_moved = have_moved_since(connection, drop, desk.today)
        is_overtaken = drop.kind is not DropKind.NOTICES and has_moved
        successor = successor_of(DropBook(connection), drop)
        return Carried(successor, is_overtaken, is_stopped=entered.stopped_at is not None)


def _enter(book: CarryBook, actor: Actor, entered: EnteredDrop) -> None:
    """Enter that a drop was carried, or that its partner took it from its place before a break."""
    begun = book.doubtful().get(entered.sequence)
    if begun:
        book.deliver(actor, entered, begun.place.name, begun.sha256, begun.at)
    else:
        book.deliver(actor, entered, BY_HAND, entered.bag_sha256)


def successor_of(book: DropBook, drop: Drop) -> str:
    """Give the newest of the drops that replaced another; nothing if none did."""
    replaced_by = {each.drop.supersedes: each.drop.drop_id for each in book.published()}
    newest = drop.drop_id
    while newest in replaced_by:
        newest = replaced_by[newest]
    return newest if newest != drop.drop_id else ""


def owed(desk: Desk) -> Owed:
    """List the newest published drops that are not at their partner's yet."""
    with desk.ledger.reading() as connection:
        return CarryBook(connection).owed(desk.folder.policy)
