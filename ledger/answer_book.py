"""What partners answered to drops, and what follows from it: what they hold, and what must be told again."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, insert, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.chain import sha256_of_text
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop, Tombstone
from schemas.acknowledgement import NOTHING_HELD, Acknowledgement
from schemas.catalog import PAPERS


class AnswerBook:
    """The acknowledgements of one ledger, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction."""
        self._connection, self._drops = connection, DropBook(connection)

    def answers(self) -> dict[int, Acknowledgement]:
        """Give the last acknowledgement of each drop, by the drop's number."""
        query = select(tables.acknowledgements).order_by(tables.acknowledgements.c.sequence)
        rows = self._connection.execute(query)
        return {row.drop_sequence: Acknowledgement.model_validate_json(row.content) for row in rows}

    def enter(self, actor: Actor, entered: EnteredDrop, said: Acknowledgement) -> None:
        """Enter a partner's answer; what it says it deleted is no longer held."""
        content = said.model_dump_json()
        detail = f"{said.rejected_count} rows rejected; answer sha256:{sha256_of_text(content)}"
        head = note(self._connection, actor, "acknowledge", entered.drop.drop_id, detail)
        self._connection.execute(
            insert(tables.acknowledgements).values(
                drop_sequence=entered.sequence,
                received_at=said.received_at.isoformat(),
                recorded_at=actor.stamp,
                content=content,
                audit_sequence=head.sequence,
            )
        )
        answer = said.tables.get("deleted")
        refused = {each.row: each.reason for each in answer.rejected} if answer else {}
        told = list(enumerate(self._drops.tombstones(entered.sequence), start=1))
        settled = {each.sequence for each in self.settled(entered.drop.partner)}
        for kind in sorted({tombstone.kind for _, tombstone in told}):
            own = [(n, (each.record, each.key)) for n, each in told if each.kind == kind]
            unknown = [name for number, name in own if refused.get(number) == NOTHING_HELD]
            # It may hold nothing yet, because it has not taken in the drop that brought it.
            is_gone = set(unknown) - self._drops.holdings.of_other_drops(
                entered.drop.partner, kind, unknown, settled
            )
            done = [name for number, name in own if number not in refused or name in is_gone]
            again = [name for number, name in own if number in refused and name not in is_gone]
            self._drops.holdings.delete(entered.drop.partner, kind, entered.sequence, done, again)
        self._hold_what_was_loaded_late(entered)
        self._hold_what_came_after(entered, said.received_at)

    def settled(self, partner: str | None = None) -> list[EnteredDrop]:
        """List the drops nobody waits for anything of, the newest first; of one partner or of all.

        A partner answered them, or a later revision, or a later drop that told it to discard them.
        """
        answers, published = self.answers(), self._drops.published(partner)
        over = {each.drop.drop_id for each in published if each.sequence in answers}
        settled = []
        for each in reversed(published):  # a revision comes after what it supersedes
            if each.drop.drop_id in over:
                settled.append(each)
                over.update((each.drop.supersedes or "", *each.drop.discard))
        return settled

    def _hold_what_was_loaded_late(self, entered: EnteredDrop) -> None:
        """Hold again what a partner took in after it had said that it deleted it.

        The drop may be the one taken in late or the one that told to delete: answers come in any order. Of
        relatives and cars nobody knows any more which drop had them; so they are told again.
        """
        answers, order = self.answers(), self._drops.order()
        own = [
            (order[each.sequence], answers[each.sequence].received_at, each)
            for each in self._drops.published(entered.drop.partner)
            if each.sequence in answers
        ]
        for place, loaded_at, loaded in own:
            later = [
                told
                for told_place, deleted_at, told in own
                if told_place > place
                and deleted_at < loaded_at
                and entered.sequence in {loaded.sequence, told.sequence}
            ]
            self._hold_again(loaded, later)

    def _hold_what_came_after(self, told: EnteredDrop, deleted_at: datetime) -> None:
        """Hold again what was handed over after a partner had deleted it; its answer is entered only now."""
        order, deliveries = self._drops.order(), tables.deliveries.c
        query = select(deliveries.drop_sequence, deliveries.delivered_at)
        came = {
            sequence: datetime.fromisoformat(at)
            for sequence, at in self._connection.execute(query).tuples()
        }
        published, answers = self._drops.published(told.drop.partner), self.answers()
        for each in published:
            came_at = came.get(each.sequence)
            is_earlier = order[each.sequence] < order[told.sequence]
            if is_earlier and came_at is not None and came_at >= deleted_at:
                gone = {
                    stone
                    for other in published
                    if other.sequence in answers and answers[other.sequence].received_at > came_at
                    for stone in self._deleted_by(other, answers[other.sequence])
                }
                self._hold_again(each, [told], gone)

    def _deleted_by(self, told: EnteredDrop, said: Acknowledgement) -> Iterator[Tombstone]:
        """Give what a partner deleted by a drop, as its answer says."""
        answer = said.tables.get("deleted")
        refused = {each.row for each in answer.rejected} if answer else set()
        for number, stone in enumerate(self._drops.tombstones(told.sequence), start=1):
            if number not in refused:
                yield stone

    def hold_what_was_carried_late(self, carried: EnteredDrop, at: datetime) -> None:
        """Hold again what is handed over after its partner had said that it deleted it.

        Args:
            carried: the drop that is handed over.
            at: the instant.
        """
        answers, order = self.answers(), self._drops.order()
        later = [
            each
            for each in self._drops.published(carried.drop.partner)
            if each.sequence in answers
            and order[each.sequence] > order[carried.sequence]
            and answers[each.sequence].received_at <= at
        ]
        self._hold_again(carried, later)

    def _hold_again(
        self, taken_in: EnteredDrop, later: list[EnteredDrop], gone: Collection[Tombstone] = ()
    ) -> None:
        """Hold what a drop brought, though drops published later told to delete it.

        Args:
            taken_in: the drop that brought it.
            later: drops that told to delete it before it came.
            gone: what was deleted after it came.
        """
        if not (later and taken_in.drop.tables):
            return
        persons = self._drops.holdings.person_keys(taken_in.sequence)
        stones = [
            stone
            for told in later
            for stone in self._drops.tombstones(told.sequence)
            if stone.kind == taken_in.drop.kind
            and stone not in gone
            and (stone.record != "customers" or stone.key in persons)
        ]
        late = [(stone.record, stone.key) for stone in stones]
        if PAPERS in {table.name for table in taken_in.drop.tables}:
            late += [(PAPERS, stone.key) for stone in stones if stone.record == "vehicles"]
        self._drops.holdings.hold_again(
            taken_in.drop.partner, taken_in.drop.kind, taken_in.sequence, list(dict.fromkeys(late))
        )

    def to_discard(self, partner: str) -> tuple[str, ...]:
        """List the stopped drops of a partner that it has not said it knows of.

        It knows of one when it acknowledged a drop that told it.
        """
        answered = self.answers()
        published = self._drops.published(partner)
        known = {
            name for each in published if each.sequence in answered for name in each.drop.discard
        }
        return tuple(
            each.drop.drop_id
            for each in published
            if each.stopped_at and each.drop.drop_id not in known
        )

    def deletions_called_back(self, partner: str) -> int:
        """Count the keys of which nothing but a stopped drop without an answer told to delete them."""
        drops, stops, answers = tables.drops.c, tables.stops.c, tables.acknowledgements.c
        query = (
            select(stops.drop_sequence)
            .join(tables.drops, drops.sequence == stops.drop_sequence)
            .where(
                drops.partner == partner,
                stops.drop_sequence.not_in(select(answers.drop_sequence)),
            )
        )
        stopped = self._connection.execute(query).scalars().all()
        if not stopped:
            return 0
        told, order = self._drops.deletions_told(partner), self._drops.order()
        stones = {
            (stone.kind, stone.key)
            for sequence in stopped
            for stone in self._drops.tombstones(sequence)
        }
        return sum(
            self._drops.holdings.count_untold(
                partner, kind, {key for of, key in stones if of == kind}, told, order
            )
            for kind in {kind for kind, _ in stones}
        )
