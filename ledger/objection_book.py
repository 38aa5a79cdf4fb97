"""The book of objections: recording, lifting and settling them, and what the shop's records say.

Events are only ever added, each in the transaction of its audit entry, whose detail carries a digest
of them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow
from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.bindings import BOUND_EVENTS, BOUND_TERMS, digest_of_objections
from ledger.chain import Head
from ledger.objections_moved import head_of_objections
from ledger.references import References
from transforms.identity import DIGITS, NUMBER
from transforms.marks import put_together
from transforms.number_texts import digits_texts, number_texts
from transforms.objections import EVENTS, MARK, MENTIONS, TERMS, TRAITS, Register

OF_RECORDS, OF_COMMAND = "records", "command"
"""Where an event comes from: the shop's own records, or the command line; or it is `OF_OUTSIDER`."""


@dataclass(frozen=True)
class Terms:
    """What is refused: empty partner or purpose means all."""

    scope: str | None
    partner: str | None = None
    purpose: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that happens to an objection, from the beginning of a day in Japan."""

    objection_id: str
    kind: str
    effective_on: date
    origin: str = OF_COMMAND
    received_on: date | None = None
    channel: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class Raised:
    """A new objection: its id, the customer number as written, its terms."""

    objection_id: str
    customer_id: str | None
    terms: Terms
    reference: str = ""
    """What names the person, if not the digest of the number (`schemas.objections.reference_of`)."""


class ObjectionBook:
    """The objections of one ledger, within a transaction."""

    def __init__(self, connection: Connection, references: References) -> None:
        """Work on an open transaction; a writing one for whatever is added or remembered."""
        self._connection, self._references = connection, references

    def register(self) -> Register:
        """Load all objections, events and traits."""
        events = select(*(tables.objection_events.c[name] for name in EVENTS.names))
        terms = select(*(tables.objections.c[name] for name in TERMS.names))
        traits = self._rows(select(tables.objection_traits), TRAITS.names)
        traits["digest"] = [int(digest, 16) for digest in traits["digest"]]
        ordered = self._rows(events.order_by(tables.objection_events.c.sequence), EVENTS.names)
        ordered["known_at"] = pyarrow.array(ordered["known_at"], pyarrow.string()).cast(
            EVENTS.field("known_at").type
        )
        return Register(
            terms=pyarrow.table(self._rows(terms, TERMS.names), TERMS),
            events=pyarrow.table(ordered, EVENTS),
            traits=pyarrow.table(traits, TRAITS),
            head=self.head(),
        )

    def head(self) -> str:
        """Give the digest of the audit entry that recorded the newest event."""
        return head_of_objections(self._connection)

    def particulars(self) -> dict[int, dict[str, Any]]:
        """Give, by the number of each event, where it came from and how the customer said it."""
        names = ("received_on", "channel", "origin")
        events = tables.objection_events.c
        rows = self._connection.execute(select(events.sequence, *(events[name] for name in names)))
        return {sequence: dict(zip(names, told, strict=True)) for sequence, *told in rows}

    def next_ids(self, count: int) -> list[str]:
        """Give ids for objections recorded by command: K and a number never used."""
        known = self._connection.execute(select(func.count()).select_from(tables.objections))
        first = known.scalar_one() + 1
        return [f"K{number:05}" for number in range(first, first + count)]

    def add(
        self,
        actor: Actor,
        raised: Iterable[Raised],
        events: Iterable[Event],
        told: str,
    ) -> Head:
        """Add objections and events under one audit entry."""
        raised, events = list(raised), list(events)
        rows = [self._new_row(each) for each in raised]
        digest = digest_of_objections(
            [tuple(row[name] for name in BOUND_TERMS) for row in rows],
            [tuple(getattr(event, name) for name in BOUND_EVENTS) for event in events],
        )
        subjects = dict.fromkeys(event.objection_id for event in events)
        head = note(
            self._connection,
            actor,
            "object",
            " ".join(subjects),
            f"{told}; events sha256:{digest}",
        )
        if rows:
            own = {"audit_sequence": head.sequence}
            self._connection.execute(insert(tables.objections), [{**row, **own} for row in rows])
            numbers = {each.objection_id: each.customer_id for each in raised}
            self._add_number_traits({each: number for each, number in numbers.items() if number})
        if events:
            entered = {"known_at": actor.stamp, "audit_sequence": head.sequence}
            self._connection.execute(
                insert(tables.objection_events), [{**vars(event), **entered} for event in events]
            )
        return head

    def settle(
        self, actor: Actor, event: Event, customer_id: str | None, there: Collection[int]
    ) -> None:
        """Add a decision whom an objection means: a customer number, or nobody in the records.

        What it was recognised by until now is forgotten: the decision takes its place. That it means nobody
        is true of today's records only: a number nobody has in them is kept, for whom it is given later.

        Args:
            actor: who decides.
            event: the decision.
            customer_id: whom it means, None for nobody.
            there: digests of the numbers in the records.
        """
        person = self._references.of(customer_id) if customer_id else None
        self.add(actor, (), [replace(event, person=person)], "settled")
        traits = tables.objection_traits
        own = traits.c.objection_id == event.objection_id
        numbers = select(traits.c.digest).where(own, traits.c.kind == NUMBER)
        known = {int(digest, 16) for digest in self._connection.execute(numbers).scalars()}
        self._connection.execute(delete(traits).where(own))
        mentions = tables.objection_mentions
        is_gone = mentions.c.number.not_in([f"{number:016x}" for number in there])
        forgotten = mentions.c.objection_id == event.objection_id
        if not customer_id:
            forgotten &= ~is_gone
        self._connection.execute(delete(mentions).where(forgotten))
        if customer_id:
            self._add_number_traits({event.objection_id: customer_id})
        else:
            self._add_traits(
                {(event.objection_id, NUMBER, digest) for digest in known - set(there)}
            )

    def remember(self, lessons: set[tuple[str, str, int]], mentions: pyarrow.Table) -> None:
        """Keep by what the person of each objection is recognised, beyond what is kept already.

        What tells of the person in other rows is not forgotten when it is gone from the records; but where
        the same name has another contact or home now, the old one was a slip of the pen, and goes.

        Args:
            lessons: objection, kind and digest of traits.
            mentions: `MENTIONS`, in order.
        """
        self._add_traits(lessons)
        known = self._marks()
        new: dict[tuple[str, str], np.ndarray] = {}
        for key, now in _packed(mentions).items():
            before = known.get(key)
            if before is None:
                new[key] = now
            elif before.tobytes() != now.tobytes():
                new[key] = put_together(before, now)
        if not new:
            return
        table = tables.objection_mentions
        own = delete(table).where(
            table.c.objection_id == bindparam("objection"), table.c.number == bindparam("of")
        )
        self._connection.execute(
            own, [{"objection": objection, "of": number} for objection, number in new]
        )
        rows = [
            {"objection_id": objection, "number": number, "marks": marks.tobytes()}
            for (objection, number), marks in new.items()
        ]
        self._connection.execute(insert(table), rows)

    def mentions(self) -> pyarrow.Table:
        """Load what tells of the persons of objections in other people's rows, as `MENTIONS`."""
        kept = self._marks()
        counts = [len(each) for each in kept.values()]
        numbers = np.array([int(number, 16) for _, number in kept], np.uint64)
        marks = np.concatenate([np.array([], MARK), *kept.values()])
        columns = {
            "objection_id": np.repeat(
                np.array([objection for objection, _ in kept], object), counts
            ),
            "number": np.repeat(numbers, counts),
            "group": marks["group"],
            "digest": marks["digest"].astype(np.uint64),
        }
        return pyarrow.table(columns, MENTIONS)

    def _marks(self) -> dict[tuple[str, str], np.ndarray]:
        rows = self._connection.execute(select(tables.objection_mentions))
        return {
            (row.objection_id, row.number): np.frombuffer(bytes(row.marks), MARK) for row in rows
        }

    def seen(self) -> set[str]:
        """Give the objections that stood in the shop's records when they were last read."""
        found = self._connection.execute(select(tables.objection_sightings.c.objection_id))
        return set(found.scalars())

    def see(self, objection_ids: set[str]) -> None:
        """Keep which objections stand in the shop's records at this reading."""
        known = self.seen()
        gone, new = known - objection_ids, objection_ids - known
        column = tables.objection_sightings.c.objection_id
        for each in sorted(gone):
            self._connection.execute(tables.objection_sightings.delete().where(column == each))
        if new:
            rows = [{"objection_id": each} for each in sorted(new)]
            self._connection.execute(insert(tables.objection_sightings), rows)

    def _new_row(self, raised: Raised) -> dict[str, object]:
        return {
            "objection_id": raised.objection_id,
            "person": raised.reference or self._references.of(raised.customer_id or ""),
            **vars(raised.terms),
        }

    def _add_number_traits(self, numbers: Mapping[str, str]) -> None:
        ids, written = list(numbers), pyarrow.array(list(numbers.values()), pyarrow.string())
        exact = self._references.traits(number_texts(written)).to_pylist()
        texts, places = digits_texts(written)
        found = zip(places.to_pylist(), self._references.traits(texts).to_pylist(), strict=True)
        self._add_traits(
            {(each, NUMBER, digest) for each, digest in zip(ids, exact, strict=True)}
            | {(ids[place], DIGITS, digest) for place, digest in found}
        )

    def _add_traits(self, traits: set[tuple[str, str, int]]) -> None:
        rows = {(objection, kind, f"{digest:016x}") for objection, kind, digest in traits if digest}
        known = {tuple(row) for row in self._connection.execute(select(tables.objection_traits))}
        names = ("objection_id", "kind", "digest")
        new = [dict(zip(names, row, strict=True)) for row in sorted(rows - known)]
        if new:
            self._connection.execute(insert(tables.objection_traits), new)

    def _rows(self, query: Select[Any], names: list[str]) -> dict[str, Any]:
        rows = self._connection.execute(query).all()
        columns = zip(*rows, strict=True) if rows else ([] for _ in names)
        return {name: list(column) for name, column in zip(names, columns, strict=True)}


def _packed(mentions: pyarrow.Table) -> dict[tuple[str, str], np.ndarray]:
    """Give the marks (`MENTIONS`, in order) of each objection and customer number."""
    ids, numbers = (mentions[name].to_numpy() for name in ("objection_id", "number"))
    marks = np.empty(len(mentions), MARK)
    for name in MARK.names or ():
        marks[name] = mentions[name].to_numpy()
    is_new = np.append(True, (ids[1:] != ids[:-1]) | (numbers[1:] != numbers[:-1]))[: len(ids)]
    firsts = np.flatnonzero(is_new)
    names = zip(ids[firsts].tolist(), numbers[firsts].tolist(), strict=True)
    pieces = np.split(marks, firsts[1:])
    return {
        (objection, f"{number:016x}"): piece
        for (objection, number), piece in zip(names, pieces, strict=False)
    }
