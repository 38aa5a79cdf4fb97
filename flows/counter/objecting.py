"""Taking objections at the counter: recording what somebody said, and remembering whom it is about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow
import pyarrow.compute as pc

from flows.counter.desk import Desk
from flows.counter.objection_list import ENDED, IN_FORCE, listed
from flows.counter.people import People, read_relative
from flows.making.learning import learn
from ledger.bindings import OF_OUTSIDER
from ledger.objection_book import OF_COMMAND, Event, ObjectionBook, Raised, Terms
from ledger.statements import is_of_records
from schemas.errors import ConfigurationError, JointUseError
from schemas.objections import ERASURE, PURPOSE, RAISED
from transforms.arrays import mask_of
from transforms.identity import IDENTITY, MATCHED
from transforms.marks import relative_mentions
from transforms.meaning import Meaning
from transforms.objections import FURTHEST, AsOf
from transforms.outsiders import Said
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
    refuse_contradictions(desk, refusal)
    people = people_there(desk)
    whose = _whose(desk, refusal, outsider, people)
    terms = [
        Terms(refusal.scope, partner, purpose)
        for partner in refusal.partners or (None,)
        for purpose in refusal.purposes or (None,)
    ]
    with desk.ledger.writing() as connection:
        book = ObjectionBook(connection, desk.ledger.references)
        same = _same(book, whose.reference, terms, desk.today)
        names = _enter(desk, book, refusal, whose, terms)
        whose.remember(book, names)
        if people is None:
            return Taken(names, are_records_read=False, standing=same)
        meaning = learn_now(book, people, AsOf(desk.today))
    held, rows = _held_by(meaning, people, names[0])
    return Taken(
        names,
        are_records_read=True,
        standing=same,
        held=Held(is_certain=True, perhaps=0) if whose.mentions else held,
        recognised=tuple(people.numbers[row] or "" for row in rows) if outsider is not None else (),
    )


@dataclass(frozen=True)
class _Whose:
    """Whose objection it is: by what the ledger names them, and what is kept of who is no customer."""

    reference: str
    origin: str = OF_COMMAND
    mentions: Callable[[Sequence[str]], pyarrow.Table] | None = None
    """Gives what tells of them in others' rows, for objections of these ids."""
    identity: Sequence[int] = ()
    """Marks by which a customer's row is known to be theirs."""

    def remember(self, book: ObjectionBook, names: Sequence[str]) -> None:
        """Keep it under these objections: they are found, whoever else is not."""
        if self.mentions is not None:
            found = {(name, MATCHED, 1) for name in names}
            found |= {(name, IDENTITY, mark) for name in names for mark in self.identity}
            book.remember(found, self.mentions(names))


def _whose(
    desk: Desk, refusal: Refusal, outsider: pyarrow.Table | None, people: People | None
) -> _Whose:
    """Tell who objects; refuse a number that is nobody's."""
    digest = desk.ledger.references.traits
    if outsider is not None:
        said = Said.of(outsider, digest)
        return _Whose(said.reference, OF_OUTSIDER, said.mentions, said.identity)
    own = desk.ledger.references.of(refusal.customer)
    if people is None or refusal.customer in people.numbers:
        return _Whose(own)
    relative = relative_of(desk, refusal.customer)
    if relative is None:
        _refuse_nobodys(people, refusal.customer, is_in_records=refusal.is_in_records)
        return _Whose(own)
    return _Whose(own, mentions=partial(relative_mentions, relative=relative, digest=digest))


def _enter(
    desk: Desk, book: ObjectionBook, refusal: Refusal, whose: _Whose, terms: list[Terms]
) -> tuple[str, ...]:
    """Enter an objection for each of the terms; give their ids."""
    names = book.next_ids(len(terms))
    raised = [
        Raised(name, refusal.customer or None, each, whose.reference)
        for name, each in zip(names, terms, strict=True)
    ]
    events = [
        Event(
            name,
            RAISED,
            refusal.effective_on,
            whose.origin,
            received_on=refusal.received_on,
            channel=refusal.channel,
        )
        for name in names
    ]
    book.add(desk.actor, raised, events, "recorded")
    return tuple(names)


def _same(book: ObjectionBook, reference: str, terms: list[Terms], today: date) -> tuple[str, ...]:
    """Name the objections of whom a reference names that stand with one of these terms."""
    return tuple(
        each.objection_id
        for each in listed(book, AsOf(today))
        if each.state != ENDED
        and reference in each.persons
        and Terms(each.scope, each.partner, each.purpose) in terms
    )


def relative_of(desk: Desk, number: str) -> pyarrow.Table | None:
    """Give the relative a number is of, if the records can be read and somebody has it."""
    try:
        return read_relative(desk.folder, desk.environment, number)
    except JointUseError:
        return None


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


def _held_by(meaning: Meaning, people: People, objection: str) -> tuple[Held, list[int]]:
    """Give whom an objection holds back, and the rows it means for certain."""
    certain = meaning.certain(people.persons)
    rows = certain.rows[mask_of(pc.equal(certain.objections, objection))].tolist()
    perhaps = meaning.work(pyarrow.array([objection])).get(objection, 0)
    return Held(is_certain=bool(rows), perhaps=perhaps), rows


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


def refuse_contradictions(desk: Desk, refusal: Refusal) -> None:
    """Refuse what cannot have been said so.

    Raises:
        ConfigurationError: the notice names no such partner or purpose, or the words contradict each other.
    """
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


def people_there(desk: Desk) -> People | None:
    """Look at the records; an objection is taken even if they cannot be read."""
    try:
        return desk.people
    except JointUseError:
        return None


def learn_now(book: ObjectionBook, people: People, as_of: AsOf) -> Meaning:
    """Remember whom the objections mean, while it can be seen; give what they mean."""
    meaning = Meaning.of(book.register(), people.traits, as_of)
    learn(book, meaning, people.persons, people.chosen, people.digest)
    return meaning


def no_such(objection: str) -> ConfigurationError:
    """Give what is said to whoever names an objection that is none, or none any more."""
    return ConfigurationError(
        f"「{objection[:40]}」という申し出はありません。一覧は `joint-use objections` に出ます / "
        f"'{objection[:40]}' is no objection that could be meant; `joint-use objections` lists them"
    )
