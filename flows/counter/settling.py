"""Settling at the counter whom an objection means."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.counter.desk import Desk
from flows.counter.objecting import Taken, learn_now, no_such
from flows.counter.objection_list import listed
from flows.counter.people import People
from ledger.bindings import OF_OUTSIDER
from ledger.objection_book import Event, ObjectionBook
from schemas.errors import ConfigurationError
from schemas.objections import PURPOSE, SETTLED
from transforms.arrays import is_among, mask_of
from transforms.meaning import Meaning
from transforms.objections import AsOf, in_force, settled


def settle(desk: Desk, objection: str, customer: str | None) -> Taken:
    """Record whom an objection means: a customer number, or nobody (None).

    Raises:
        ConfigurationError: there is nothing to settle about it, nobody has the number, or its row names
            somebody else besides who has no such objection of their own.
        SourceUnreadableError: the records cannot be read, so nothing can be decided about them.
    """
    people = desk.people
    if customer and customer not in people.numbers:
        raise ConfigurationError(
            "--customer: この番号の方は記録にいません。確かめてください / "
            "--customer: nobody in the records has this number; check it"
        )
    with desk.ledger.writing() as connection:
        book = ObjectionBook(connection, desk.ledger.references)
        register, as_of = book.register(), AsOf(desk.today)
        if objection not in register.terms["objection_id"].to_pylist():
            raise no_such(objection)
        _refuse_of_outsider(book, objection, as_of)
        decided = settled(register.events, as_of)["objection_id"].to_pylist()
        meaning = Meaning.of(register, people.traits, as_of)
        is_certain = objection not in meaning.unsettled and objection not in decided
        if is_certain and not _means_several(meaning, people, objection):
            raise ConfigurationError(
                f"{objection} はだれの申し出か決まっているので、確定するものがありません。撤回なら --lift "
                "を使ってください / "
                f"{objection} means somebody for certain, there is nothing to settle; if the customer "
                "takes it back, use --lift"
            )
        _refuse_to_forget(meaning, people, objection, customer, as_of)
        there = people.traits.number.tolist()
        book.settle(desk.actor, Event(objection, SETTLED, desk.today), customer, there)
        learn_now(book, people, as_of)
    return Taken((objection,), are_records_read=True)


def _refuse_of_outsider(book: ObjectionBook, objection: str, as_of: AsOf) -> None:
    """Refuse to settle what somebody without a number said: they named themselves, and stay remembered so."""
    if any(
        each.objection_id == objection and each.origin == OF_OUTSIDER
        for each in listed(book, as_of)
    ):
        raise ConfigurationError(
            f"{objection} は番号のない方の申し出なので、だれのことか決め直せません。別の方まで除かれている"
            "ときは、記録に生年月日を入れるか、--lift で撤回して、生年月日まで聞いて --person で記録し直して"
            "ください / "
            f"{objection} is of somebody without a number, who said who they are: nothing to settle. If "
            "somebody else is held back by it, enter birth dates in the records, or lift it and record it "
            "again with --person and the birth date"
        )


def _refuse_to_forget(
    meaning: Meaning, people: People, objection: str, customer: str | None, as_of: AsOf
) -> None:
    """Refuse to settle a row of several customers' numbers as one's, unless the others refuse as much."""
    persons, digits = people.persons, people.traits.digits
    is_chosen = is_among(persons, persons[np.array(people.numbers, object) == customer])
    named = meaning.perhaps(persons)
    rows = named.rows[mask_of(pc.equal(named.objections, objection))]
    if len(np.unique(digits[rows])) <= 1:
        return  # one number, and only written like those of several
    rows = rows[~is_chosen[rows] & ~is_among(digits[rows], digits[is_chosen])]
    certain = meaning.certain(persons)
    held = certain.rows[mask_of(pc.is_in(certain.objections, _as_wide(meaning, objection, as_of)))]
    forgotten = np.setdiff1d(persons[rows], persons[held])
    if len(forgotten):
        raise ConfigurationError(
            f"{objection} の行には、ほかの方のお客様番号も {len(forgotten)} 名分あります。その方の申し出を"
            "先に joint-use object --customer で記録してから、もう一度決めてください。何も変えていません / "
            f"the row of {objection} bears the numbers of {len(forgotten)} other customers too: record "
            "theirs first (joint-use object --customer), then settle it; nothing was changed"
        )


def _as_wide(meaning: Meaning, objection: str, as_of: AsOf) -> pyarrow.Array:
    """Name the other objections that are in force and refuse at least what one does."""
    terms = {each["objection_id"]: each for each in meaning.register.terms.to_pylist()}
    others = set(in_force(meaning.register.events, as_of).to_pylist()) - {objection}

    def refused(name: str) -> tuple[str | None, ...]:
        return tuple(terms[name][column] for column in ("scope", "partner", "purpose"))

    wide = (
        name
        for name in others
        if refused(name) == refused(objection)
        or (terms[name]["scope"] != PURPOSE and not terms[name]["partner"])
    )
    return pyarrow.array(sorted(wide), pyarrow.string())


def _means_several(meaning: Meaning, people: People, objection: str) -> bool:
    """Tell whether an objection means rows of several persons, as after a merge that was taken back."""
    pairs = meaning.certain(people.persons)
    is_its = pc.equal(pairs.objections, objection).to_numpy(zero_copy_only=False)
    return len(np.unique(people.persons[pairs.rows[is_its]])) > 1
