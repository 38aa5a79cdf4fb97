"""What one partner was given of a person, by the ledger alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from flows.counter.desk import Desk
from flows.counter.objecting import Refusal
from flows.pages.disclosed import Deletion, DisclosedDrop, DisclosedTable, Named, named_items
from ledger.answer_book import AnswerBook
from ledger.carry_book import CarryBook
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from ledger.holdings_book import HoldingsBook
from schemas.acknowledgement import Acknowledgement
from schemas.agreement import RECALL_PURPOSE
from schemas.catalog import CATALOG
from schemas.drop import Drop, DropKind
from schemas.errors import SourceUnreadableError
from schemas.notice import Notice
from transforms.key_forms import binary_keys


@dataclass(frozen=True)
class Given:
    """What one partner was given of the person with these customer numbers."""

    desk: Desk
    partner: str
    numbers: tuple[str, ...]
    published: list[EnteredDrop]
    """The partner's drops, oldest first."""

    @cached_property
    def keys(self) -> pyarrow.Array:
        """Keys of the person's customer numbers (hex)."""
        keys = PartnerKeys(self.desk.ledger.key(self.partner))
        return keys.of("customers", pyarrow.array(self.numbers, pyarrow.string()))

    def drops(self) -> Iterator[DisclosedDrop]:
        """Give each drop that held the person."""
        wanted, answers = binary_keys(self.keys), self._answers()
        there = {each.sequence for each in self._arrived(with_doubtful=True)}
        for each in self.published:
            with self.desk.ledger.reading() as connection:
                persons = DropBook(connection).holdings.persons(each.sequence)
            own = persons.filter(pc.is_in(persons["key"], value_set=wanted))["tables"].to_pylist()
            bits = 0
            for mask in own:
                bits |= mask
            if bits:
                yield self._drop(each, bits, answers, has_arrived=each.sequence in there)

    def deletions(self) -> Iterator[Deletion]:
        """Give each drop that told to delete the person's own record, and came to the partner."""
        wanted, answers = set(self.keys.to_pylist()), self._answers()
        for each in self._arrived():
            with self.desk.ledger.reading() as connection:
                told = DropBook(connection).tombstones(each.sequence)
            if any(stone.record == "customers" and stone.key in wanted for stone in told):
                yield Deletion(
                    drop_id=each.drop.drop_id,
                    partner_name=self.named_by(self.notice_of(each.drop))[0],
                    told_at=each.published_at or self.desk.actor.at,
                    acknowledged_at=_received(answers, each),
                )

    def kinds_held(self) -> list[DropKind]:
        """List the kinds of drops by which the partner holds the person's own record."""
        held = {k: self.holdings(k, self.keys) for k in (DropKind.MONTHLY, DropKind.RECALL)}
        return [k for k, rows in held.items() if "customers" in rows["record"].to_pylist()]

    def holdings(self, kind: DropKind, keys: pyarrow.Array) -> pyarrow.Table:
        """Give what the partner holds under these keys (hex)."""
        with self.desk.ledger.reading() as connection:
            return HoldingsBook(connection).held_of(self.partner, kind.value, binary_keys(keys))

    @cached_property
    def order(self) -> dict[int, int]:
        """In which order drops were published, by their number."""
        with self.desk.ledger.reading() as connection:
            return DropBook(connection).order()

    def told_to_delete(self) -> dict[tuple[str, str, str], int]:
        """Give the place (`order`) of the last drop without an answer that told to delete each record.

        After an answer to it, what the partner still holds must be told again. Records are named by the kind
        of the drops that brought them, their table and key.
        """
        with self.desk.ledger.reading() as connection:
            book = DropBook(connection)
            told: dict[tuple[str, str, str], int] = {}
            answers = AnswerBook(connection).answers()
            for each in self._arrived():
                stones = book.tombstones(each.sequence) if each.sequence not in answers else ()
                for stone in stones:
                    name = (stone.kind, stone.record, stone.key)
                    told[name] = max(told.get(name, 0), self.order[each.sequence])
        return told

    def _arrived(self, *, with_doubtful: bool = False) -> list[EnteredDrop]:
        """Give the drops the partner has read: what is carried counts once it was, or was answered.

        Args:
            with_doubtful: also those that it can have read before they were stopped, or before a break.
        """
        has_place = self.desk.folder.policy.has_place(self.partner)
        with self.desk.ledger.reading() as connection:
            book = CarryBook(connection)
            there = set(book.delivered())
            if with_doubtful:
                there |= book.doubtful().keys()
        answers = self._answers()
        return [
            each
            for each in self.published
            if each.sequence in answers
            or (
                (with_doubtful or not each.stopped_at)
                and (each.sequence in there or not (has_place or each.drop.sealed_to))
            )
        ]

    def notice_of(self, drop: Drop) -> Notice:
        """Give the notice a drop was made under, or today's if its file is not kept any more."""
        policy = self.desk.folder.policy
        kept = {dated.fingerprint.sha256: dated.notice for dated in policy.earlier}
        return kept.get(drop.notice.sha256, policy.notice)

    def named_by(self, notice: Notice) -> tuple[str, str]:
        """Give the partner's name and clause as a notice announces them."""
        named = {partner.id: (partner.name, partner.clause) for partner in notice.partners}
        return named.get(self.partner, (self.partner, ""))

    def _answers(self) -> Mapping[int, Acknowledgement]:
        with self.desk.ledger.reading() as connection:
            return AnswerBook(connection).answers()

    def _drop(
        self,
        each: EnteredDrop,
        bits: int,
        answers: Mapping[int, Acknowledgement],
        *,
        has_arrived: bool,
    ) -> DisclosedDrop:
        drop, notice = each.drop, self.notice_of(each.drop)
        name, clause = self.named_by(notice)
        purposes = [p for p in notice.purposes if p.id in drop.purposes]
        tables = [
            DisclosedTable(
                name=table.name,
                title=CATALOG[table.name].title,
                items=named_items(notice, table.items),
            )
            for place, table in enumerate(drop.tables)
            if bits >> place & 1
        ]
        return DisclosedDrop(
            drop_id=drop.drop_id,
            partner=drop.partner,
            partner_name=name,
            partner_clause=clause,
            period=drop.period,
            published_at=each.published_at or self.desk.actor.at,
            notice=drop.notice.version,
            agreement=drop.agreement.version,
            purposes=tuple(Named(id=p.id, text=p.text, clause=p.clause) for p in purposes),
            tables=tuple(tables),
            acknowledged_at=_received(answers, each),
            stopped_at=each.stopped_at,
            has_arrived=has_arrived,
        )


def given_to_each(desk: Desk, numbers: tuple[str, ...]) -> list[Given]:
    """Give, per partner that was ever given a drop, what it was given of a person."""
    with desk.ledger.reading() as connection:
        published = DropBook(connection).published()
    return [
        Given(desk, partner, numbers, [each for each in published if each.drop.partner == partner])
        for partner in dict.fromkeys(each.drop.partner for each in published)
    ]


def partners_to_tell(desk: Desk, refusal: Refusal, recognised: Sequence[str] = ()) -> list[str]:
    """List the partners that hold a customer and must be told to delete by an objection, as of today.

    Those without an agreement are among them: no drop reaches them any more, but a letter does.

    Args:
        desk: the counter's.
        refusal: what was said.
        recognised: customer numbers of whoever gave none.
    """
    numbers = numbers_of_person(desk, refusal.customer) if refusal.customer else tuple(recognised)
    if not numbers or refusal.effective_on > desk.today:
        return []

    def must_delete(given: Given) -> bool:
        agreement = desk.folder.policy.agreements.get(given.partner)
        if given.partner not in (refusal.partners or [given.partner]):
            return False
        kinds = given.kinds_held()
        if agreement is None or not refusal.purposes:
            return bool(kinds)
        shares = [agreement.share_of(kind) for kind in kinds]
        # What it has by recalls, though it gets none any more, it uses for recalls.
        used = {p for share in shares for p in (share.purposes if share else (RECALL_PURPOSE,))}
        return not used.isdisjoint(refusal.purposes)

    return [given.partner for given in given_to_each(desk, numbers) if must_delete(given)]


def numbers_of_person(desk: Desk, customer: str) -> tuple[str, ...]:
    """Give all numbers of a person; only the asked one where nothing can be read."""
    try:
        return tuple(desk.people.numbers_of_person(customer))
    except SourceUnreadableError:
        return (customer,)


def _received(answers: Mapping[int, Acknowledgement], each: EnteredDrop) -> datetime | None:
    answer = answers.get(each.sequence)
    return answer.received_at if answer else None
