"""When a drop went astray: the facts for the report (policy §8; 個人情報保護法26条, 施行規則7条・8条)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel

from drops.bag import TAG_MANIFEST, sha256_of
from drops.keeping import Kept
from drops.verify import verify_drop
from flows.counter.desk import Desk
from flows.making.sensitive import sensitive_in
from flows.pages import incident_text
from flows.running.workspace import workspace
from ledger.answer_book import AnswerBook
from ledger.audit import note
from ledger.carry_book import BY_HAND, CarryBook, Delivery
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from schemas.errors import JointUseError, VerificationError

REPORTABLE_PERSONS = 1000
"""More than these must be reported whatever was lost (施行規則7条4号)."""

_FIRST_REPORT_DAYS = (3, 5)
"""「速やかに」: 概ね3〜5日以内 (ガイドライン通則編3-5-3-3)."""

_FINAL_REPORT_DAYS = 30
"""The day the shop learned of it counts as the first; a last day off moves it on, which is left out here."""

_FINAL_REPORT_DAYS_IF_WRONGFUL = 60


class IncidentItem(BaseModel):
    """One item of the notice that was in the drop, and in how many rows."""

    item: str
    text: str
    rows: int


class Incident(BaseModel):
    """The facts about one drop."""

    drop_id: str
    partner: str
    made_by: str
    published_on: str
    handed_over_on: str
    acknowledged_on: str
    """When its partner said that it had it."""
    place: str
    customers: int
    relatives: int
    items: tuple[IncidentItem, ...]
    sensitive: str
    """`none`, the categories that were found, or `unknown` where no copy is left to look at."""
    is_sealed: bool
    is_over_1000: bool
    must_be_reported: tuple[str, ...]
    known_on: str
    first_report_by: str
    final_report_by: str
    facts: str
    """The report's facts in Japanese."""

    @property
    def persons(self) -> int:
        """Everybody the drop holds anything of."""
        return self.customers + self.relatives


@dataclass(frozen=True)
class _Contents:
    items: tuple[IncidentItem, ...]
    sensitive: tuple[str, ...] | None


def incident(desk: Desk, drop_id: str, known_on: date, *, is_wrongful: bool) -> Incident:
    """Gather the facts about a drop that may have come into wrong hands, and enter that somebody asked.

    Args:
        desk: of the person who asks.
        drop_id: of the drop.
        known_on: the day the shop learned of it.
        is_wrongful: whether somebody may have taken it on purpose (施行規則7条3号).

    Raises:
        ConfigurationError: the ledger knows no such drop.
    """
    with desk.ledger.reading() as connection:
        book = DropBook(connection)
        entered = book.named(drop_id)
        persons = len(book.holdings.persons(entered.sequence))
        delivered = _delivery(CarryBook(connection), entered.sequence)
        answer = AnswerBook(connection).answers().get(entered.sequence)
    drop = entered.drop
    contents = _contents(desk, entered)
    relatives = sum(table.rows for table in drop.tables if table.name == "family_members")
    is_sealed = bool(drop.sealed_to)
    duties = _duties(contents.sensitive, persons + relatives, is_wrongful=is_wrongful)
    named = {each.id: each.name for each in desk.folder.policy.notice.partners}
    final = _FINAL_REPORT_DAYS_IF_WRONGFUL if is_wrongful else _FINAL_REPORT_DAYS
    first, last = (known_on + timedelta(days=days) for days in _FIRST_REPORT_DAYS)
    found = Incident(
        drop_id=drop.drop_id,
        partner=named.get(drop.partner, drop.partner),
        made_by=drop.operator,
        published_on=f"{entered.published_at:%Y-%m-%d %H:%M}" if entered.published_at else "",
        handed_over_on=f"{delivered.at:%Y-%m-%d %H:%M}" if delivered else "",
        acknowledged_on=f"{answer.received_at:%Y-%m-%d %H:%M}" if answer else "",
        place=_place(delivered),
        customers=persons,
        relatives=relatives,
        items=contents.items,
        sensitive="unknown"
        if contents.sensitive is None
        else ", ".join(contents.sensitive) or "none",
        is_sealed=is_sealed,
        is_over_1000=persons + relatives > REPORTABLE_PERSONS,
        must_be_reported=() if is_sealed and not is_wrongful else duties,
        known_on=known_on.isoformat(),
        first_report_by=f"{first} – {last}",
        final_report_by=(known_on + timedelta(days=final - 1)).isoformat(),
        facts="",
    )
    with desk.ledger.writing() as connection:
        told = f"{persons} customers, {relatives} relatives, sealed {is_sealed}"
        note(connection, desk.actor, "incident", drop.drop_id, told)
    notice = desk.folder.policy.notice
    return found.model_copy(update={"facts": incident_text(found, notice.responsible, duties)})


def _delivery(book: CarryBook, sequence: int) -> Delivery | None:
    """Say when and where a drop was handed over, or may have been when a program was cut off."""
    begun = book.doubtful().get(sequence)
    if begun is None:
        return book.delivered().get(sequence)
    doubt = "渡し終えたか未確認 / not known whether it was taken"
    return Delivery(begun.at, f"{begun.place.name}（{doubt}）")


def _place(delivered: Delivery | None) -> str:
    """Say where a drop was handed over; whether it was carried beside the program nobody here can tell."""
    if delivered is None:
        return ""
    return "手渡し" if delivered.place == BY_HAND else delivered.place


def _duties(
    sensitive: tuple[str, ...] | None, persons: int, *, is_wrongful: bool
) -> tuple[str, ...]:
    """Name the grounds on which a leak must be reported (施行規則7条)."""
    grounds = {
        "1号 要配慮個人情報": sensitive is None or bool(sensitive),
        "3号 不正の目的によるおそれ": is_wrongful,
        "4号 1,000人を超える": persons > REPORTABLE_PERSONS,
    }
    return tuple(ground for ground, holds in grounds.items() if holds)


def _contents(desk: Desk, entered: EnteredDrop) -> _Contents:
    """Look into the drop: its items, and whether anything sensitive is in it after all."""
    notice = {each.id: each.text for each in desk.folder.policy.notice.items}
    rows: dict[str, int] = {}
    for table in entered.drop.tables:
        for item in table.items:
            rows[item] = max(rows.get(item, 0), table.rows)
    items = tuple(IncidentItem(item=i, text=notice.get(i, i), rows=n) for i, n in rows.items())
    try:
        with _opened(desk, entered) as folder:
            return _Contents(items, sensitive_in(folder))
    except (JointUseError, OSError):
        return _Contents(items, None)


@contextmanager
def _opened(desk: Desk, entered: EnteredDrop) -> Iterator[Path]:
    folder = desk.folder.drops / entered.drop.drop_id
    if folder.is_dir():
        verify_drop(folder)
        if sha256_of(folder / TAG_MANIFEST) != entered.bag_sha256:
            raise VerificationError(
                f"{folder.name} は納品した時と中身が違います / {folder.name} is not as it was published"
            )
        yield folder
        return
    with workspace(desk.folder.state) as own:
        scratch = own / "opened"
        scratch.mkdir(mode=0o700)
        yield Kept(desk.folder.state, entered.drop.drop_id).open_into(scratch, entered.bag_sha256)
