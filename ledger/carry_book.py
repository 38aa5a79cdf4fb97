"""The book of carrying out: drops that wait for the data manager, and what was handed over (policy §8)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, insert, select

from ledger import tables
from ledger.answer_book import AnswerBook
from ledger.audit import Actor, note
from ledger.drop_book import UNDECIDED, DropBook
from ledger.drop_entries import EnteredDrop
from ledger.settings import forget_setting, remember_setting, setting, settings_beginning_with
from schemas.carrying import Place
from schemas.drop import DropKind
from schemas.policy import Policy

RELEASED: Final = "released"
REFUSED: Final = "refused"
"""What a data manager decides about a waiting drop."""


_BEGUN = "handover:"
"""Begins the name of the setting that keeps a handing over until its end is known."""

_PARCEL = "parcel:"
"""Begins the name of the setting that keeps which parcel is of which drop."""

BY_HAND = "by hand"
"""Where a drop went that no program carried."""


@dataclass(frozen=True)
class WaitingDrop:
    """A finished drop that waits for the data manager."""

    entered: EnteredDrop
    since: datetime
    persons: int


@dataclass(frozen=True)
class Owed:
    """Drops that should be at their partner's and are not: ids.

    Args:
        by_program: have a place to go to.
        overtaken: had one under an agreement that was changed since; their month is to be made again.
        by_hand: have none, and nobody is known to have carried them.
    """

    by_program: list[str]
    overtaken: list[str]
    by_hand: list[str]


@dataclass(frozen=True)
class Delivery:
    """When a drop was handed over, and where: the place's name, or `BY_HAND`."""

    at: datetime
    place: str


@dataclass(frozen=True)
class BegunHandover:
    """A drop that is being sent to its place, or was when a program was cut off.

    Args:
        entered: the drop.
        at: the instant of who sends it.
        place: where.
        file: name of the tar there.
        sha256: its digest, hexadecimal.
        is_whole: whether all of it was there, and its marker to be put: its partner may have taken it.
    """

    entered: EnteredDrop
    at: datetime
    place: Place
    file: str
    sha256: str
    is_whole: bool


class CarryBook:
    """What was carried out, or waits to be, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction."""
        self._connection = connection

    def wait(self, actor: Actor, sequence: int, drop_id: str, persons: int) -> None:
        """Enter that a finished drop holds too many persons to leave without the data manager."""
        head = note(self._connection, actor, "wait", drop_id, f"{persons} persons")
        self._connection.execute(
            insert(tables.waits).values(
                drop_sequence=sequence,
                since=actor.stamp,
                persons=persons,
                audit_sequence=head.sequence,
            )
        )

    def waiting(self) -> list[WaitingDrop]:
        """List the drops nobody has decided about yet."""
        query = select(tables.waits).where(tables.waits.c.drop_sequence.in_(UNDECIDED))
        entered = self._entered(tables.drops.c.sequence.in_(UNDECIDED))
        return [
            WaitingDrop(entered[row.drop_sequence], datetime.fromisoformat(row.since), row.persons)
            for row in self._connection.execute(query)
            if entered[row.drop_sequence].published_at is None
        ]

    def decide(
        self, actor: Actor, waiting: WaitingDrop, decision: Literal["released", "refused"]
    ) -> None:
        """Enter the data manager's decision."""
        entered = waiting.entered
        told = f"{waiting.persons} persons; bag {entered.bag_sha256}"
        head = note(self._connection, actor, decision, entered.drop.drop_id, told)
        self._connection.execute(
            insert(tables.releases).values(
                drop_sequence=entered.sequence,
                decision=decision,
                decided_at=actor.stamp,
                audit_sequence=head.sequence,
            )
        )

    def remember_parcel(self, entered: EnteredDrop, sha256: str) -> None:
        """Keep which parcel is of a drop, by the digest of its tar (hexadecimal)."""
        told = f"{entered.bag_sha256} {sha256}"
        remember_setting(self._connection, f"{_PARCEL}{entered.sequence}", told)

    def parcel_of(self, entered: EnteredDrop) -> str:
        """Give the digest of the parcel that was made of a drop as it is now; nothing if none is known."""
        told = setting(self._connection, f"{_PARCEL}{entered.sequence}") or ""
        bag, _, sha256 = told.partition(" ")
        return sha256 if bag == entered.bag_sha256 else ""

    def forget_parcels(self) -> None:
        """Know no parcel any more: all that are not with their partners are made anew."""
        for number in settings_beginning_with(self._connection, _PARCEL):
            forget_setting(self._connection, f"{_PARCEL}{number}")

    def begin(self, begun: BegunHandover) -> None:
        """Keep how far the sending of a drop has come: a program that is killed tells nobody."""
        told = {
            "at": begun.at.isoformat(),
            "place": begun.place.model_dump(mode="json", exclude_none=True),
            "file": begun.file,
            "sha256": begun.sha256,
            "is_whole": begun.is_whole,
        }
        name = f"{_BEGUN}{begun.entered.sequence}"
        remember_setting(self._connection, name, json.dumps(told, ensure_ascii=False))

    def begun(self) -> list[BegunHandover]:
        """List the drops that are being sent, or were when a program was cut off."""
        known = settings_beginning_with(self._connection, _BEGUN)
        if not known:
            return []
        entered = self._entered(tables.drops.c.sequence.in_(map(int, known)))
        return [
            BegunHandover(
                entered=entered[int(number)],
                at=datetime.fromisoformat(told["at"]),
                place=TypeAdapter(Place).validate_python(told["place"]),
                file=told["file"],
                sha256=told["sha256"],
                is_whole=told["is_whole"],
            )
            for number, told in ((n, json.loads(value)) for n, value in known.items())
        ]

    def _entered(self, that: ColumnElement[bool]) -> dict[int, EnteredDrop]:
        """Give drops, by their numbers."""
        return {each.sequence: each for each in DropBook(self._connection).drops(that)}

    def doubtful(self) -> dict[int, BegunHandover]:
        """Give, by its number, each drop its partner may have taken though nobody knows."""
        return {each.entered.sequence: each for each in self.begun() if each.is_whole}

    def give_up(self, sequence: int) -> None:
        """Forget that a drop was being sent."""
        forget_setting(self._connection, f"{_BEGUN}{sequence}")

    def send_again(self, actor: Actor, entered: EnteredDrop) -> None:
        """Enter that a partner was asked and has not got a drop that was in doubt."""
        note(self._connection, actor, "again", entered.drop.drop_id, "not with its partner")
        self.give_up(entered.sequence)

    def deliver(
        self,
        actor: Actor,
        entered: EnteredDrop,
        place: str,
        sha256: str,
        at: datetime | None = None,
    ) -> None:
        """Enter that a drop was handed over.

        Args:
            actor: who enters it.
            entered: the drop.
            place: the place's name, or `BY_HAND`.
            sha256: digest of what was handed over.
            at: when, if not now.
        """
        told = f"handed over: {place}; sha256 {sha256}"
        head = note(self._connection, actor, "deliver", entered.drop.drop_id, told)
        self.give_up(entered.sequence)
        self._connection.execute(
            insert(tables.deliveries).values(
                drop_sequence=entered.sequence,
                delivered_at=at.isoformat() if at else actor.stamp,
                place=place,
                sha256=sha256,
                audit_sequence=head.sequence,
            )
        )
        AnswerBook(self._connection).hold_what_was_carried_late(entered, at or actor.at)

    def owed(self, policy: Policy) -> Owed:
        """List the newest published drops that are not at their partner's, by who has to bring them there."""
        answers = AnswerBook(self._connection).answers()
        found = [
            each.drop
            for each in self._not_handed_over()
            if each.sequence not in answers
            and not (each.drop.kind is DropKind.NOTICES and self.takes_back(each))
        ]
        placed = [drop for drop in found if policy.has_place(drop.partner)]
        current = [d for d in placed if policy.is_in_force(d.partner, d.agreement.sha256)]
        by_hand = [d for d in found if d.sealed_to and policy.is_carried_by_hand(d.partner)]
        return Owed(
            by_program=[drop.drop_id for drop in current],
            overtaken=[drop.drop_id for drop in placed if drop not in current],
            by_hand=[drop.drop_id for drop in by_hand],
        )

    def takes_back(self, entered: EnteredDrop) -> bool:
        """Tell whether a drop would have its partner delete what a drop published later gave it again."""
        return bool(DropBook(self._connection).given_again(entered))

    def _not_handed_over(self) -> list[EnteredDrop]:
        """List the published drops, not stopped and not superseded, that were never handed over."""
        published, done = DropBook(self._connection).published(), self.delivered()
        superseded = {each.drop.supersedes for each in published}
        return [
            each
            for each in published
            if each.sequence not in done
            and each.stopped_at is None
            and each.drop.drop_id not in superseded
        ]

    def delivered(self) -> dict[int, Delivery]:
        """Give when and where each drop was handed over, by its number."""
        return {
            row.drop_sequence: Delivery(datetime.fromisoformat(row.delivered_at), row.place)
            for row in self._connection.execute(select(tables.deliveries))
        }
