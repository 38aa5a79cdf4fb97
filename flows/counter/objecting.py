"""Taking objections at the counter: recording one, lifting one, settling whom one means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.counter.desk import Desk
from flows.counter.objection_list import ENDED, IN_FORCE, Listed, listed
from flows.counter.people import People, read_relative
from flows.making.learning import learn
from flows.running.workspace import workspace
from ledger.objection_book import Event, ObjectionBook, Raised, Terms
from ledger.statements import STATEMENT_COLUMNS, is_of_records, stated_ids
from schemas.errors import ConfigurationError, JointUseError
from schemas.objections import ERASURE, LIFTED, PURPOSE, RAISED, SETTLED
from sources.objection_records import read_objections
from transforms.arrays import is_among, mask_of
from transforms.identity import IDENTITY, MATCHED, traits_of
from transforms.marks import outsider_mentions, relative_mentions
from transforms.meaning import Meaning
from transforms.objections import FURTHEST, AsOf, Register, days_raised, in_force, settled
from transforms.stated_numbers import are_contacts


@dataclass(frozen=True)
class Refusal:
    """What somebody said: no partners or purposes mean all, no `customer` somebody without a number."""

    customer: str
    scope: str
    partners: tuple[str, ...]
    purposes: tuple[str, ...]
    received_on: date
    effective_on: date
    channel: str
    is_in_records: bool


@dataclass(frozen=True)
class Choice:
    """Which objections to lift: one by its id, or those of a customer with these terms."""

    objection: str | None
    customer: str | None
    scope: str | None
    partners: tuple[str, ...]
    purposes: tuple[str, ...]
    is_all: bool


@dataclass(frozen=True)
class Held:
    """Whom an objection holds back: somebody for certain, or so many it may mean until that is settled."""

    is_certain: bool
    perhaps: int


@dataclass(frozen=True)
class Taken:
    """What was recorded: ids of the objections, and whether the records could be looked at.

    Args:
        objection_ids: of those recorded, lifted or settled.
        are_records_read: whether the records could be looked at.
        standing: others of the person that stand: with the same terms when one is recorded, any when one
            is lifted.
    """

    objection_ids: tuple[str, ...]
    are_records_read: bool
    standing: tuple[str, ...] = ()
    held: Held | None = None
    """Whom what was recorded holds back; None if the records could not be looked at."""
    recognised: tuple[str, ...] = ()
    """Customer numbers of whoever objected without one."""


def record(desk: Desk, refusal: Refusal, outsider: pyarrow.Table | None = None) -> Taken:
    """Record an objection, one per partner and purpose it names.

    It is recorded even if the shop's records cannot be read at this moment.

    A relative of a customer is named by their own number, and remembered by what tells their row; whoever
    has no number at all, by what they say of themselves.

    Args:
        desk: the counter's.
        refusal: what was said.
        outsider: `IDENTITY_COLUMNS` of whoever has no number, one row.

    Raises:
        ConfigurationError: it contradicts itself, or nobody has the number.
    """
    _refuse_contradictions(desk, refusal)
    people = _people(desk)
    relative = None
    if people and refusal.customer and refusal.customer not in people.numbers:
        relative = relative_of(desk, refusal.customer)
        if relative is None:
            _refuse_nobodys(people, refusal.customer, is_in_records=refusal.is_in_records)
    terms = [
        Terms(refusal.scope, partner, purpose)
        for partner in refusal.partners or (None,)
        for purpose in refusal.purposes or (None,)
    ]
    with desk.ledger.writing() as connection:
        book = ObjectionBook(connection, desk.ledger.references)
        same = _same(desk, book, refusal.customer, terms)
        raised = [
            Raised(name, refusal.customer, each)
            for name, each in zip(book.next_ids(len(terms)), terms, strict=True)
        ]
        events = [
            Event(
                each.objection_id,
                RAISED,
                refusal.effective_on,
                received_on=refusal.received_on,
                channel=refusal.channel,
            )
            for each in raised
        ]
        book.add(desk.actor, raised, events, "recorded")
        names = tuple(each.objection_id for each in raised)
        _remember_beside_customers(desk, book, names, relative, outsider)
        if people is None:
            return Taken(names, are_records_read=False, standing=same)
        meaning = _learn(book, people, AsOf(desk.today))
        held, rows = _held_by(meaning, people, names[0])
        if relative is not None or outsider is not None:
            held = Held(is_certain=True, perhaps=0)
        numbers = [people.numbers[row] or "" for row in rows] if outsider is not None else []
        return Taken(
            names, are_records_read=True, standing=same, held=held, recognised=tuple(numbers)
        )


def _same(desk: Desk, book: ObjectionBook, customer: str, terms: list[Terms]) -> tuple[str, ...]:
    """Name the objections under a customer number that stand with one of these terms."""
    own = desk.ledger.references.of(customer) if customer else None
    return tuple(
        each.objection_id
        for each in listed(book, AsOf(desk.today))
        if each.state != ENDED
        and own in each.persons
        and Terms(each.scope, each.partner, each.purpose) in terms
    )


def _remember_beside_customers(
    desk: Desk,
    book: ObjectionBook,
    names: Sequence[str],
    relative: pyarrow.Table | None,
    outsider: pyarrow.Table | None,
) -> None:
    """Remember somebody who is no customer by what is known of them: they are found, whoever else is not."""
    digest = desk.ledger.references.traits
    found = {(name, MATCHED, 1) for name in names}
    if relative is not None:
        book.remember(found, relative_mentions(names, relative, digest))
    if outsider is not None:
        marks = traits_of(outsider, digest).digests().tolist()
        found |= {(name, IDENTITY, mark) for name in names for mark in marks}
        book.remember(found, outsider_mentions(names, outsider, digest))


def relative_of(desk: Desk, number: str) -> pyarrow.Table | None:
    """Give the relative a number is of, if the records can be read and somebody has it."""
    try:
        return read_relative(desk.folder, desk.environment, number)
    except JointUseError:
        return None


def _refuse_nobodys(people: People, customer: str, *, is_in_records: bool) -> None:
    """Refuse a number nobody has, unless that was said; and a telephone, a plate or an address for one."""
    if is_in_records:
        raise ConfigurationError(
            "--customer: この番号の方は記録にいません。確かめてください。消去済みの方や登録前の方なら "
            "--not-in-records を付けてください。ご家族の申し出なら家族番号で、番号のない方なら --person で"
            "記録できます / "
            "--customer: nobody in the records has this number; check it, or say --not-in-records if "
            "the customer was erased or is not entered yet. A relative who refuses is named by their own "
            "number, somebody without any with --person"
        )
    if are_contacts(pyarrow.array([customer]), lambda: people.customers).any():
        raise ConfigurationError(
            "--customer: 電話番号や車のナンバー、メールアドレスのようです。お客様番号を調べて指定して"
            "ください。何も記録していません / "
            "--customer: this reads like a telephone number, a plate or a mail address; look up the "
            "customer's number and give that. Nothing was recorded"
        )


def erasures_recorded(desk: Desk, refusal: Refusal) -> tuple[str, ...]:
    """Name the counter's erasures of the same customer number, received that day, that hold for good."""
    own = desk.ledger.references.of(refusal.customer)
    with desk.ledger.reading() as connection:
        every = listed(ObjectionBook(connection, desk.ledger.references), AsOf(desk.today))
    return tuple(
        each.objection_id
        for each in every
        if own in each.persons
        and (each.scope, each.received_on) == (ERASURE, refusal.received_on)
        and (each.state, each.ends_on) == (IN_FORCE, None)
        and not is_of_records(each.objection_id)
    )


def lift(
    desk: Desk, choice: Choice, effective_on: date | None, received_on: date, channel: str | None
) -> Taken:
    """End objections from a day on: today, or the day each takes effect if that is later.

    Raises:
        ConfigurationError: nothing, or more than one, is meant; or the day is before an objection's.
    """
    people, there = _people(desk), _stated(desk)
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


def _learn(book: ObjectionBook, people: People, as_of: AsOf) -> Meaning:
    """Remember whom the objections mean, while it can be seen; give what they mean."""
    meaning = Meaning.of(book.register(), people.traits, as_of)
    learn(book, meaning, people.persons, people.chosen, people.digest)
    return meaning


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
            raise _no_such(objection)
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
        _learn(book, people, as_of)
    return Taken((objection,), are_records_read=True)


def _held_by(meaning: Meaning, people: People, objection: str) -> tuple[Held, list[int]]:
    """Give whom an objection holds back, and the rows it means for certain."""
    certain = meaning.certain(people.persons)
    rows = certain.rows[mask_of(pc.equal(certain.objections, objection))].tolist()
    perhaps = meaning.work(pyarrow.array([objection])).get(objection, 0)
    return Held(is_certain=bool(rows), perhaps=perhaps), rows


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


def _refuse_contradictions(desk: Desk, refusal: Refusal) -> None:
    notice = desk.folder.policy.notice
    for option, named, known in (
        ("--partner", refusal.partners, [partner.id for partner in notice.partners]),
        ("--purpose", refusal.purposes, [purpose.id for purpose in notice.purposes]),
    ):
        for each in named:
            if each not in known:
                raise ConfigurationError(
                    f"{option}: 「{each[:40]}」は公表事項（第7条）にありません。次から選んでください: "
                    f"{', '.join(known)} / "
                    f"{option}: '{each[:40]}' is not in the notice §7; choose from {', '.join(known)}"
                )
    if refusal.scope == PURPOSE and not refusal.purposes:
        raise ConfigurationError(
            "--scope purpose: --purpose でどの目的か書いてください（いくつでも） / "
            "--scope purpose: say which with --purpose (several are possible)"
        )
    if refusal.scope != PURPOSE and refusal.purposes:
        raise ConfigurationError(
            f"--purpose: {refusal.scope} はすべての目的についての申し出です。--purpose を外すか、--scope "
            "purpose にしてください / "
            f"--purpose: a refusal of {refusal.scope} is of all purposes; leave --purpose out, or use "
            "--scope purpose"
        )
    if refusal.scope == ERASURE and refusal.partners:
        raise ConfigurationError(
            "--partner: 消去はすべての納品先についてです。--partner を外してください / "
            "--partner: an erasure is for every partner; leave --partner out"
        )
    if refusal.effective_on > desk.today + FURTHEST:
        raise ConfigurationError(
            "--effective: 一年より先の日付です。それまで提供が続きます。日付を確かめてください / "
            "--effective: more than a year ahead, and records would be shared until then; check the day"
        )
    if refusal.received_on > desk.today:
        raise ConfigurationError("--received: 先の日付です / --received: the day is in the future")


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


def _chosen(choice: Choice, standing: list[Listed], theirs: _Theirs) -> list[Listed]:
    if choice.objection:
        standing = [each for each in standing if each.objection_id == choice.objection]
        if not standing:
            raise _no_such(choice.objection)
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


def _people(desk: Desk) -> People | None:
    """Look at the records; an objection is taken even if they cannot be read."""
    try:
        return desk.people
    except JointUseError:
        return None


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


def _no_such(objection: str) -> ConfigurationError:
    return ConfigurationError(
        f"「{objection[:40]}」という申し出はありません。一覧は `joint-use objections` に出ます / "
        f"'{objection[:40]}' is no objection that could be meant; `joint-use objections` lists them"
    )
