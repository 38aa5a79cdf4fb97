"""Handing over at the counter a drop that was published, if nothing has moved since."""

from functools import partial

from flows.carrying.carry import carry
from flows.counter.desk import Desk
from flows.counter.earlier_drop import (
    objections_moved,
    opened_for,
    refuse_holding_refusers,
)
from flows.counter.owed import successor_of
from flows.running.clock import Clock
from flows.running.overtaken import again, overtaken_by_objections
from flows.running.run import Run
from ledger.carry_book import CarryBook
from ledger.drop_book import DropBook
from schemas.drop import Drop, DropKind
from schemas.errors import RefusedError


def deliver(desk: Desk, clock: Clock, drop_id: str) -> str:
    """Hand over one published drop, if no objection has arrived since it was made.

    Raises:
        JointUseError: saying why it is not handed over.
    """
    with desk.ledger.reading() as connection:
        drop = DropBook(connection).named(drop_id).drop
    with opened_for(desk, clock, drop) as run:
        return carry(run, drop.drop_id, partial(_refuse_overtaken, run, drop))


def _refuse_overtaken(run: Run, drop: Drop) -> None:
    """Refuse a drop that was replaced, takes back what was given since, or holds who refused meanwhile."""
    with run.ledger.reading() as connection:
        book = DropBook(connection)
        successor = successor_of(book, drop)
        takes_back = CarryBook(connection).takes_back(book.named(drop.drop_id))
    if successor:
        raise RefusedError(
            f"{drop.drop_id} は {successor} に差し替えられています。そちらを渡してください / "
            f"{drop.drop_id} was replaced by {successor}; deliver that"
        )
    if takes_back:
        japanese, english = again(drop)
        raise RefusedError(
            f"{drop.drop_id} が削除を求める記録の中に、その後の納品でまた渡したものがあります。渡しません。"
            f"{japanese} / "
            f"{drop.drop_id} tells to delete what a later drop gave again; it is not handed over. {english}"
        )
    if drop.kind is not DropKind.NOTICES:  # which holds nobody
        with run.ledger.writing() as connection:
            has_moved = objections_moved(run, connection, drop)
        if has_moved:
            raise overtaken_by_objections(drop)
    refuse_holding_refusers(run, drop, run.folder.drops / drop.drop_id)
