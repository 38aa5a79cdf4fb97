"""Ending objections at the counter: only a lift does (docs/decisions/0007)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.counter.desk import Desk
from flows.counter.objecting import Taken, no_such, people_there
from flows.counter.objection_list import ENDED, Listed, listed
from flows.counter.people import People
from flows.running.workspace import workspace
from ledger.objection_book import Event, ObjectionBook
from ledger.statements import STATEMENT_COLUMNS, stated_ids
from schemas.errors import ConfigurationError, JointUseError
from schemas.objections import LIFTED
from sources.objection_records import read_objections
from transforms.meaning import Meaning
from transforms.objections import AsOf, Register, days_raised


@dataclass(frozen=True)
class Choice:
    """Which objections to lift: one by its id, or those of a customer with these terms."""

    objection: str | None
    customer: str | None
    scope: str | None
    partners: tuple[str, ...]
    purposes: tuple[str, ...]
    is_all: bool


def lift(
    desk: Desk, choice: Choice, effective_on: date | None, received_on: date, channel: str | None
) -> Taken:
    """End objections from a day on: today, or the day each takes effect if that is later.

    Raises:
        ConfigurationError: nothing, or more than one, is meant; or the day is before an objection's.
    """
    people, there = people_there(desk), _stated(desk)
    with desk.ledger.writing() as connection:
        book = ObjectionBook(connection, desk.ledger.references)
        standing = [each for each in listed(book, AsOf(desk.today)) if each.state != ENDED]
        register = book.register()
        theirs = _theirs(desk, choice.customer, people, register)
        chosen = _chosen(choice, standing, theirs)
        if choice.objection is None and people:
            _refuse_others(desk, chosen, theirs, people)
        events = [
            Event(each.objection_id, LIFTED, day, received_on=received_on, channel=channel)
            for each in chosen
            for day in _days_to_lift(register, each, effective_on, desk.today)
        ]
        book.add(desk.actor, (), events, "lifted")
        if there is not None:  # a row that is gone now, and comes back, is a new refusal
            book.see(book.seen() - ({each.objection_id for each in chosen} - there))
    persons = theirs.references.union(*(each.persons for each in chosen))
    others = _Theirs(persons, theirs.meant).among(each for each in standing if each not in chosen)
    names, still = (tuple(each.objection_id for each in some) for some in (chosen, others))
    return Taken(names, people is not None, still)


def _days_to_lift(
    register: Register, listed_one: Listed, effective_on: date | None, today: date
) -> list[date]:
    """Give the days on which lifts end an objection for good: one, and one per later raising."""
    raised = days_raised(register.events).get(listed_one.objection_id, [])
    begun = [day for day in raised if day <= (effective_on or today)]
    if effective_on and not begun:
        raise ConfigurationError(
            f"--effective: {listed_one.objection_id} の発効は {min(raised)} です。"
            "それより前の撤回では何も撤回されません / "
            f"--effective: {listed_one.objection_id} takes effect on {min(raised)}; a lift before that "
            "day would lift nothing"
        )
    first = effective_on or (today if begun else min(raised))
    return [first, *(day for day in raised if day > first)]


@dataclass(frozen=True)
class _Theirs:
    """By what one person's objections are known: references of numbers, and ids of those that mean them."""

    references: frozenset[str]
    meant: frozenset[str]

    def among(self, objections: Iterable[Listed]) -> list[Listed]:
        """Give those of them that are the person's."""
        return [
            each
            for each in objections
            if self.references & set(each.persons) or each.objection_id in self.meant
        ]


def _theirs(desk: Desk, number: str | None, people: People | None, register: Register) -> _Theirs:
    if number is None:
        return _Theirs(frozenset(), frozenset())
    numbers = people.merged_numbers(number) if people else [number]
    references = frozenset(desk.ledger.references.of(each) for each in numbers)
    return _Theirs(references, frozenset(_meaning(register, people, numbers, desk.today)))


def _meaning(
    register: Register, people: People | None, numbers: list[str], today: date
) -> set[str]:
    """Give the objections that mean one of these numbers for certain."""
    if people is None:
        return set()
    meaning = Meaning.of(register, people.traits, AsOf(today))
    pairs = meaning.certain(people.persons)
    wanted = pyarrow.array(numbers, pyarrow.string())
    rows = np.flatnonzero(pc.is_in(people.customers["customer_id"], value_set=wanted).to_numpy())
    return set(pairs.objections.filter(pyarrow.array(np.isin(pairs.rows, rows))).to_pylist())


def _chosen(choice: Choice, standing: list[Listed], theirs: _Theirs) -> list[Listed]:
    if choice.objection:
        standing = [each for each in standing if each.objection_id == choice.objection]
        if not standing:
            raise no_such(choice.objection)
        if choice.customer is None:
            return standing
    found = [
        each
        for each in theirs.among(standing)
        if choice.scope in {None, each.scope}
        and (not choice.partners or each.partner in choice.partners)
        and (not choice.purposes or each.purpose in choice.purposes)
    ]
    names = ", ".join(each.objection_id for each in found)
    if not found:
        raise ConfigurationError(
            "この方に、効力のある（またはこれから効力の生じる）その申し出はありません。一覧は "
            "`joint-use objections` に出ます / "
            "no such objection of this customer is in force or to come; `joint-use objections` lists "
            "them"
        )
    if len(found) > 1 and not choice.is_all:
        raise ConfigurationError(
            f"この方の申し出はいくつもあります（{names}）。--objection で一つを指定するか、--all "
            "を付けてください / "
            f"this customer has several ({names}); name one with --objection, or say --all"
        )
    return found


def _refuse_others(desk: Desk, chosen: list[Listed], theirs: _Theirs, people: People) -> None:
    """Refuse to lift by one customer's number what somebody else, who is in the records too, refused.

    It holds this customer back because the two were once taken for one, by a merge perhaps that was undone.
    """
    of = desk.ledger.references.of
    there = {of(number) for number in people.numbers if number} - theirs.references
    others = [each.objection_id for each in chosen if each.persons and each.persons[-1] in there]
    if others:
        names = ", ".join(others)
        raise ConfigurationError(
            f"{names} は別のお客様番号で受けた申し出です。以前同じ方とされたため、この方も除いています。"
            "申し出た方の撤回なら --objection で指定してください。この方が別の方なら、--settle にその番号、"
            "--customer に申し出た方の番号を書いて確定してください / "
            f"{names} was taken under another customer's number, and holds this one back because the two "
            "were once taken for one. If whoever refused takes it back, name it with --objection; if they "
            "are two, settle it (--settle) with the number of whoever refused"
        )


def _stated(desk: Desk) -> set[str] | None:
    """Name the objections that stand in the records; None if they cannot be read."""
    folder = desk.folder
    try:
        with workspace(folder.state) as own:
            rows = read_objections(folder.shop, folder.home, desk.environment, own)
    except JointUseError:
        return None
    rows = rows.select(STATEMENT_COLUMNS)
    return stated_ids(desk.ledger.references, rows, folder.policy.notice, desk.today)
