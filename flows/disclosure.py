"""The answer to a disclosure request (policy §6; 個人情報保護法33条): what was given to whom, and stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

import pyarrow
import pyarrow.compute as pc
from pydantic import BaseModel

from drops.keys import PartnerKeys
from flows.desk import Desk
from flows.held_today import Inquiry, ShownRecord, shown_today
from flows.reconciling import refuse_doubt
from ledger.audit import note
from ledger.drop_book import Answer, DropBook, EnteredDrop
from ledger.holdings import OWN_NAME
from ledger.holdings_book import HoldingsBook
from schemas.agreement import DropKind
from schemas.catalog import CATALOG
from schemas.drop import Drop
from schemas.errors import ConfigurationError, JointUseError, SourceUnreadableError
from schemas.notice import Notice
from transforms.key_forms import binary_keys, hexadecimal_keys


class Named(BaseModel):
    """An item or purpose of the notice, and the clause that announces it."""

    id: str
    text: str
    clause: str


class DisclosedTable(BaseModel):
    """One file in which something of the person stood."""

    name: str
    title: str
    items: tuple[Named, ...]


class DisclosedDrop(BaseModel):
    """One drop that held the person."""

    drop_id: str
    partner: str
    partner_name: str
    partner_clause: str
    period: str
    published_at: datetime
    notice: str
    agreement: str
    purposes: tuple[Named, ...]
    tables: tuple[DisclosedTable, ...]
    acknowledged_at: datetime | None
    stopped_at: datetime | None


class Deletion(BaseModel):
    """A drop that told a partner to delete the person's record."""

    drop_id: str
    partner_name: str
    told_at: datetime
    acknowledged_at: datetime | None


HeldState = Literal["same", "outdated", "to_be_deleted", "told_to_delete", "unknown"]
"""`told_to_delete` has no acknowledgement yet; `to_be_deleted` is told with the next drop; `unknown` where
the shop's records cannot be compared."""


class HeldRecord(BaseModel):
    """A record of the person a partner holds, as far as the shop knows."""

    partner: str
    partner_name: str
    record: str
    title: str
    since: datetime
    drop_id: str
    state: HeldState
    outdated: tuple[Named, ...]
    """Items of which the partner holds another value than the shop."""


class Disclosure(BaseModel):
    """All of it."""

    shop: str
    customer: str
    numbers: tuple[str, ...]
    """All numbers of the person: the one asked for, and those merged with it."""
    asked_at: datetime
    drops: tuple[DisclosedDrop, ...]
    deletions: tuple[Deletion, ...]
    held: tuple[HeldRecord, ...]


def disclose(desk: Desk, customer: str, others: Iterable[str] = ()) -> Disclosure:
    """Put together what partners were given of a person, and enter that it was asked for.

    Args:
        desk: who asks.
        customer: the customer number.
        others: further numbers the person had, as the customer or old papers tell.

    Raises:
        LedgerDoubtfulError: the ledger does not know all drops; the answer might be false.
        ConfigurationError: the number is nowhere, neither in the records nor in a drop.
    """
    refuse_doubt(desk.ledger, desk.folder)
    each_known = (number for name in (customer, *others) for number in _numbers(desk, name))
    numbers = tuple(dict.fromkeys(each_known))
    partners = [
        _Partner(desk, partner, numbers, published)
        for partner, published in _by_partner(desk).items()
    ]
    answer = Disclosure(
        shop=desk.folder.policy.notice.responsible.name,
        customer=customer,
        numbers=numbers,
        asked_at=desk.actor.at.replace(microsecond=0),
        drops=tuple(drop for partner in partners for drop in partner.drops()),
        deletions=tuple(told for partner in partners for told in partner.deletions()),
        held=tuple(record for partner in partners for record in partner.held()),
    )
    if not (answer.drops or answer.deletions or answer.held or _is_in_records(desk, numbers)):
        raise ConfigurationError(
            "--customer: この番号は、どの納品にも記録にもありません。確かめてください。番号が変わった方は、"
            "両方を --customer で指定してください / "
            "--customer: this number is in no drop and not in the records; check it. A customer who had "
            "another number: name both with --customer"
        )
    with desk.ledger.writing() as connection:
        subject = desk.ledger.references.of(customer)
        note(connection, desk.actor, "disclose", subject, f"{len(answer.drops)} drops")
    return answer


def partners_holding(desk: Desk, customer: str) -> list[str]:
    """List the partners that hold a customer's record, as far as the shop knows."""
    numbers = _numbers(desk, customer)
    return [
        partner
        for partner, published in _by_partner(desk).items()
        if _Partner(desk, partner, numbers, published).is_held()
    ]


def _numbers(desk: Desk, customer: str) -> tuple[str, ...]:
    try:
        return tuple(desk.people.numbers_of_person(customer))
    except SourceUnreadableError:
        return (customer,)


def _is_in_records(desk: Desk, numbers: tuple[str, ...]) -> bool:
    try:
        return bool(set(numbers) & set(desk.people.numbers))
    except SourceUnreadableError:
        return True


def _by_partner(desk: Desk) -> dict[str, list[EnteredDrop]]:
    with desk.ledger.reading() as connection:
        published = DropBook(connection).published()
    partners = dict.fromkeys(each.drop.partner for each in published)
    return {
        partner: [each for each in published if each.drop.partner == partner]
        for partner in partners
    }


@dataclass(frozen=True)
class _Partner:
    """What one partner was given of the person."""

    desk: Desk
    partner: str
    numbers: tuple[str, ...]
    published: list[EnteredDrop]

    @cached_property
    def _keys(self) -> pyarrow.Array:
        """Keys of the person's customer numbers."""
        keys = PartnerKeys(self.desk.ledger.key(self.partner))
        return keys.of("customers", pyarrow.array(self.numbers, pyarrow.string()))

    def drops(self) -> Iterator[DisclosedDrop]:
        """Give each drop that held the person."""
        wanted, answers = binary_keys(self._keys), self._answers()
        for each in self.published:
            with self.desk.ledger.reading() as connection:
                persons = HoldingsBook(connection).persons(each.sequence)
            own = persons.filter(pc.is_in(persons["key"], value_set=wanted))["tables"].to_pylist()
            bits = 0
            for mask in own:
                bits |= mask
            if bits:
                yield self._drop(each, bits, answers)

    def deletions(self) -> Iterator[Deletion]:
        """Give each drop that told to delete the person's own record."""
        wanted, answers = set(self._keys.to_pylist()), self._answers()
        for each in self.published:
            with self.desk.ledger.reading() as connection:
                told = DropBook(connection).tombstones(each.sequence)
            if any(stone.record == "customers" and stone.key in wanted for stone in told):
                yield Deletion(
                    drop_id=each.drop.drop_id,
                    partner_name=self._partner_names(self._notice(each.drop))[0],
                    told_at=each.published_at or self.desk.actor.at,
                    acknowledged_at=_received(answers, each),
                )

    def is_held(self) -> bool:
        """Tell whether the partner holds the person's own record."""
        for kind in (DropKind.MONTHLY, DropKind.RECALL):
            held = self._holdings(kind, self._keys)
            if pc.any(pc.equal(held["record"], "customers")).as_py():
                return True
        return False

    def held(self) -> Iterator[HeldRecord]:
        """Compare what the partner holds of the person with what the records say today."""
        today = self._today()
        for kind in (DropKind.MONTHLY, DropKind.RECALL):
            yield from self._held_of(kind, today)

    def _held_of(self, kind: DropKind, today: list[ShownRecord] | None) -> Iterator[HeldRecord]:
        names = set(self._keys.to_pylist()) | {record.key for record in today or ()}
        own = self._holdings(kind, pyarrow.array(sorted(names), pyarrow.string()))
        told = self._told_to_delete()
        by_sequence = {each.sequence: each for each in self.published}
        by_name = {(record.table, record.key): record for record in today or ()}
        for key, row in zip(hexadecimal_keys(own["key"]).to_pylist(), own.to_pylist(), strict=True):
            source, table = by_sequence[row["drop"]], row["record"]
            current = by_name.get((table, key))
            outdated = _outdated(source.drop, table, row["digests"], current)
            state: HeldState = "outdated" if outdated else "same"
            if told.get((OWN_NAME.get(table, table), key), 0) > source.sequence:
                state = "told_to_delete"
            elif today is None or kind is DropKind.RECALL:
                state, outdated = "unknown", []
            elif current is None or current.is_refused:
                state = "to_be_deleted"
            notice = self._notice(source.drop)
            yield HeldRecord(
                partner=self.partner,
                partner_name=self._partner_names(notice)[0],
                record=table,
                title=CATALOG[table].title,
                since=source.published_at or self.desk.actor.at,
                drop_id=source.drop.drop_id,
                state=state,
                outdated=_items(notice, outdated if state == "outdated" else ()),
            )

    def _told_to_delete(self) -> dict[tuple[str, str], int]:
        """Give the number of the last drop that told to delete each record."""
        with self.desk.ledger.reading() as connection:
            book = DropBook(connection)
            return {
                (stone.record, stone.key): each.sequence
                for each in self.published
                for stone in book.tombstones(each.sequence)
            }

    def _today(self) -> list[ShownRecord] | None:
        """Give what the partner would be shown today; None if that cannot be told."""
        desk = self.desk
        inquiry = Inquiry(
            desk.folder.home, desk.actor.person, desk.actor.reason, frozenset(self.numbers)
        )
        try:
            return shown_today(inquiry, self.partner, lambda: desk.actor.at, desk.environment)
        except JointUseError:
            return None

    def _holdings(self, kind: DropKind, keys: pyarrow.Array) -> pyarrow.Table:
        """Give what the partner holds under these keys (hex)."""
        with self.desk.ledger.reading() as connection:
            return HoldingsBook(connection).held_of(self.partner, kind.value, binary_keys(keys))

    def _answers(self) -> Mapping[int, Answer]:
        with self.desk.ledger.reading() as connection:
            return DropBook(connection).answers()

    def _drop(self, each: EnteredDrop, bits: int, answers: Mapping[int, Answer]) -> DisclosedDrop:
        drop, notice = each.drop, self._notice(each.drop)
        name, clause = self._partner_names(notice)
        purposes = [p for p in notice.purposes if p.id in drop.purposes]
        tables = [
            DisclosedTable(
                name=table.name,
                title=CATALOG[table.name].title,
                items=_items(notice, table.items),
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
        )

    def _notice(self, drop: Drop) -> Notice:
        """Give the notice a drop was made under, or today's if its file is not kept any more."""
        policy = self.desk.folder.policy
        kept = {dated.fingerprint.sha256: dated.notice for dated in policy.earlier}
        return kept.get(drop.notice.sha256, policy.notice)

    def _partner_names(self, notice: Notice) -> tuple[str, str]:
        named = {partner.id: (partner.name, partner.clause) for partner in notice.partners}
        return named.get(self.partner, (self.partner, ""))


def _outdated(drop: Drop, table: str, digests: list[int], current: ShownRecord | None) -> list[str]:
    """Give the items a drop showed with another value than the records have today."""
    shown = next((each.items for each in drop.tables if each.name == table), ())
    if current is None or len(digests) != len(shown):
        return []
    before = zip(shown, digests, strict=True)
    return [item for item, digest in before if current.items.get(item, digest) != digest]


def _items(notice: Notice, items: Iterable[str]) -> tuple[Named, ...]:
    texts = {item.id: item.text for item in notice.items}
    return tuple(
        Named(id=item, text=texts.get(item, item), clause=notice.clause_of(item) or "")
        for item in items
    )


def _received(answers: Mapping[int, Answer], each: EnteredDrop) -> datetime | None:
    answer = answers.get(each.sequence)
    return answer.acknowledgement.received_at if answer else None
