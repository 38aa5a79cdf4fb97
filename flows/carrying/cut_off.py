"""Sending that was cut off: what may have been taken is entered, what must not be is taken away."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from drops.places import OpenPlace, open_place
from drops.transfer import Marker, Sight, sight_of, take_away
from flows.carrying.credentials import credential_of
from flows.running.overtaken import refuse_called_back
from flows.running.run import Run, instant
from ledger.answer_book import AnswerBook
from ledger.carry_book import BegunHandover, CarryBook
from ledger.drop_book import DropBook
from schemas.carrying import Place
from schemas.drop import Drop
from schemas.errors import DeliveryError, JointUseError, ObjectionsMovedError, RefusedError


@dataclass(frozen=True)
class Settled:
    """Drops whose sending was cut off, by what became of them: ids.

    Args:
        taken: were handed over before the break.
        unknown: nothing of them is at their place any more, or it cannot be reached.
    """

    taken: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def told(self) -> str:
        """Say it in a line; nothing if there is nothing to say."""
        lines = []
        if self.taken:
            named = ", ".join(self.taken)
            lines.append(
                f"{named} は前回、途中で止まる前に渡っていました。台帳に記録しました / "
                f"{named} had been handed over before the break; the ledger says so now"
            )
        lines += [_doubt(drop_id) for drop_id in self.unknown]
        return ". ".join(lines)


def settle_cut_off(run: Run, drop: Drop, *, may_leave: bool = True) -> Settled:
    """Find out what became of drops that were being sent, of the partner and kind this run alone works for.

    What was whole and marked, or answered, was handed over, whatever was refused since: the ledger says
    so, and the partner is told to delete it. Of a drop that may not leave any more nothing stays at the
    place; one that may is gone on with by who carries it.

    Args:
        run: holds what belongs to the partner's drops of this kind.
        drop: that is to be carried.
        may_leave: whether it may.

    Raises:
        DeliveryError: nobody can tell whether it was taken.
    """
    with run.ledger.reading() as connection:
        begun = [
            each
            for each in CarryBook(connection).begun()
            if (each.entered.drop.partner, each.entered.drop.kind) == (drop.partner, drop.kind)
        ]
    taken, unknown = [], []
    for each in begun:
        name = each.entered.drop.drop_id
        is_asked = name == drop.drop_id
        try:
            if _was_taken(run, each, may_leave=may_leave or not is_asked):
                taken.append(name)
        except JointUseError:
            # What was never whole nobody can have taken: it is enough that the next run looks again.
            if is_asked and each.is_whole:
                raise
            unknown += [name] if each.is_whole else []
    return Settled(tuple(taken), tuple(unknown))


@contextmanager
def taking_away_what_is_refused(run: Run, drop: Drop) -> Iterator[None]:
    """Leave nothing of a drop at its place that turns out not to be allowed to leave."""
    try:
        yield
    except (RefusedError, ObjectionsMovedError):
        with suppress(JointUseError):  # the next run looks again
            settle_cut_off(run, drop, may_leave=False)
        raise


def opened(run: Run, place: Place) -> AbstractContextManager[OpenPlace]:
    """Connect with a partner's place."""
    return open_place(place, run.folder.home, credential_of(place, run.folder.state))


def _was_taken(run: Run, begun: BegunHandover, *, may_leave: bool) -> bool:
    """Settle one drop; tell whether it was handed over."""
    marker = Marker(begun.entered.drop.drop_id, begun.file, begun.sha256)
    seen = Sight.TAKEN if _is_answered(run, begun) else Sight.UNMARKED
    if begun.is_whole and seen is Sight.UNMARKED:
        seen = sight_of(marker, opened(run, begun.place))
    if seen is Sight.NOTHING:
        raise DeliveryError(_doubt(marker.drop_id))
    with run.ledger.writing() as connection:
        book = CarryBook(connection)
        if seen is Sight.TAKEN:
            book.deliver(run.actor, begun.entered, begun.place.name, begun.sha256, begun.at)
            return True
        book.begin(replace(begun, is_whole=False))
        leaves = may_leave and _is_known(connection, begun) and _may_leave(run, connection, begun)
    if not leaves:
        take_away(marker, opened(run, begun.place))
        with run.ledger.writing() as connection:
            CarryBook(connection).give_up(begun.entered.sequence)
    return False


def _is_answered(run: Run, begun: BegunHandover) -> bool:
    with run.ledger.reading() as connection:
        return begun.entered.sequence in AnswerBook(connection).answers()


def _is_known(connection: Connection, begun: BegunHandover) -> bool:
    """Tell whether the ledger knows the parcel: that of an adopted drop is made anew, and is another file."""
    return CarryBook(connection).parcel_of(begun.entered) == begun.sha256


def _may_leave(run: Run, connection: Connection, begun: BegunHandover) -> bool:
    drop, book = begun.entered.drop, DropBook(connection)
    if drop.drop_id in {each.drop.supersedes for each in book.published(drop.partner)}:
        return False
    entered = book.named(drop.drop_id)
    try:
        refuse_called_back(connection, entered, instant(run.clock).date())
    except (RefusedError, ObjectionsMovedError):
        return False
    return True


def _doubt(drop_id: str) -> str:
    return (
        f"{drop_id}: 渡し終えたか分かりません。納品先にその納品がないか、つながりません。"
        f"別のディスクなら正しいものをつないで `joint-use deliver {drop_id}`、納品先が受け取って"
        f"いれば `joint-use deliver {drop_id} --by-hand`、受け取っていなければ"
        f" `joint-use deliver {drop_id} --again` / "
        f"{drop_id}: nobody knows whether it was handed over: nothing of it is at its place now, or that is "
        "out of reach. If this is another disk, connect the right one and deliver it again. Else ask the "
        f"partner; if it has the drop, joint-use deliver {drop_id} --by-hand, if not, joint-use deliver "
        f"{drop_id} --again"
    )
