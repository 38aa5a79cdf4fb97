"""Listing objections: what held on a day, as it was known at an instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow
import pyarrow.compute as pc

from flows.counter.desk import Desk
from flows.counter.people import People
from ledger.audit import note
from ledger.objection_book import ObjectionBook
from schemas.errors import ConfigurationError, SourceUnreadableError
from schemas.objections import LIFTED, SETTLED
from transforms.meaning import Meaning, Pairs
from transforms.objections import AsOf, Register, in_force, known_events, settled, standing

IN_FORCE, TO_COME, ENDED = "in_force", "to_come", "ended"


@dataclass(frozen=True)
class Listed:
    """One objection as it stood."""

    objection_id: str
    persons: tuple[str, ...]
    """Keyed references: of the number it was raised under, and of the one a decision named."""
    scope: str | None
    partner: str | None
    purpose: str | None
    state: str
    begins_on: date | None
    ends_on: date | None
    received_on: date | None
    channel: str | None
    origin: str
    decision: str
    """Empty, `nobody`, or `customer`: whom somebody settled it means."""


def listed(book: ObjectionBook, as_of: AsOf) -> list[Listed]:
    """List the objections known at an instant, in the order they became known."""
    register = book.register()
    histories = _histories(register, book.particulars(), as_of)
    holding = set(in_force(register.events, as_of).to_pylist())
    coming = set(standing(register.events, as_of).to_pylist()) - holding
    decisions = {row["objection_id"]: row for row in settled(register.events, as_of).to_pylist()}
    found = []
    for terms in register.terms.to_pylist():
        name = terms["objection_id"]
        if name not in histories:
            continue
        decision = decisions.get(name)
        named = decision["person"] if decision else None
        found.append(
            Listed(
                objection_id=name,
                persons=tuple(filter(None, (terms["person"], named))),
                scope=terms["scope"],
                partner=terms["partner"],
                purpose=terms["purpose"],
                state=IN_FORCE if name in holding else TO_COME if name in coming else ENDED,
                decision="" if decision is None else "customer" if named else "nobody",
                **histories[name],
            )
        )
    return found


def _histories(
    register: Register, particulars: Mapping[int, Mapping[str, Any]], as_of: AsOf
) -> dict[str, dict[str, Any]]:
    """Give per objection from when to when it was said to hold, and how it came."""
    found: dict[str, dict[str, Any]] = {}
    known = known_events(register.events, as_of)
    changes = known.filter(pc.not_equal(known["kind"], SETTLED))
    order = [("effective_on", "ascending"), ("sequence", "ascending")]
    for event in changes.sort_by(order).to_pylist():
        own = found.setdefault(
            event["objection_id"],
            {"begins_on": None, "ends_on": None, **particulars[event["sequence"]]},
        )
        is_end = event["kind"] == LIFTED
        own["ends_on"] = event["effective_on"] if is_end else None
        if not is_end:
            own["begins_on"] = event["effective_on"]
    return found


@dataclass(frozen=True)
class MeantObjection:
    """One objection with the customers it means today."""

    listed: Listed
    customers: tuple[str, ...]
    may_mean: tuple[str, ...]
    """Numbers of those it may mean, as long as nobody settled that."""
    unsettled: int | None
    """How many customers that are, if somebody has to settle it."""


@dataclass(frozen=True)
class Overview:
    """Objections at a moment; without the records nobody knows which customers they mean."""

    rows: list[MeantObjection]
    are_records_read: bool


def _numbers(people: People, pairs: Pairs) -> dict[str, set[str]]:
    """Give the customer numbers paired with each objection; rows without a number are left out."""
    numbers = people.customers["customer_id"].take(pyarrow.array(pairs.rows))
    found: dict[str, set[str]] = {}
    for name, number in zip(pairs.objections.to_pylist(), numbers.to_pylist(), strict=True):
        if number:
            found.setdefault(name, set()).add(number)
    return found


def standing_on(
    desk: Desk,
    as_of: AsOf,
    *,
    customer: str = "",
    is_of_work: bool = False,
    with_ended: bool = False,
) -> Overview:
    """List the objections as they were at a moment, and enter how many somebody looked at.

    Args:
        desk: of who looks.
        as_of: the moment.
        customer: only those that were raised under this number, mean it, or may mean it.
        is_of_work: only those somebody has to settle.
        with_ended: also those that were lifted.

    Raises:
        ConfigurationError: the number asked for is nobody's.
    """
    with desk.ledger.reading() as connection:
        book = ObjectionBook(connection, desk.ledger.references)
        found = listed(book, as_of)
        register = book.register()
    meant: dict[str, set[str]] = {}
    perhaps: dict[str, set[str]] = {}
    unsettled: dict[str, int] = {}
    are_records_read = True
    try:
        people = desk.people
        meaning = Meaning.of(register, people.traits, as_of)
        meant = _numbers(people, meaning.certain(people.persons))
        perhaps = _numbers(people, meaning.perhaps(people.persons))
        unsettled = meaning.work(standing(register.events, as_of))
    except SourceUnreadableError:
        are_records_read = False
    rows = [
        MeantObjection(
            each,
            tuple(sorted(meant.get(each.objection_id, ()))),
            tuple(sorted(perhaps.get(each.objection_id, ()))),
            unsettled.get(each.objection_id),
        )
        for each in found
    ]
    if customer:
        own = desk.ledger.references.of(customer)
        rows = [
            row
            for row in rows
            if own in row.listed.persons or customer in {*row.customers, *row.may_mean}
        ]
        if not rows and are_records_read and customer not in desk.people.numbers:
            raise ConfigurationError(
                "--customer: この番号は、申し出にも記録にもありません。確かめてください / "
                "--customer: this number is in no objection and not in the records; check it"
            )
    if is_of_work:
        rows = [row for row in rows if row.unsettled is not None]
    elif not with_ended:
        rows = [row for row in rows if row.listed.state != ENDED]
    with desk.ledger.writing() as connection:
        note(connection, desk.actor, "read", detail=f"{len(rows)} objections listed")
    return Overview(rows, are_records_read)
