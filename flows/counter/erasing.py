"""Erasing a person from what the pipeline holds; the keyed refusal stays, and partners are told to delete."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from flows.counter.desk import Desk
from flows.counter.disposing import (
    ERASURE,
    Disposal,
    carry_out,
    closed_drops,
    copies,
    every_series,
    sweep_leftovers,
    unlinker,
)
from flows.counter.mentioned import mentioned_elsewhere
from flows.counter.objecting import Held, Refusal, erasures_recorded, record
from flows.counter.people import read_records
from flows.recall.words import CUSTOMER_NUMBER, VEHICLE_NUMBER
from flows.running.waiting_room import discard_waiting
from ledger.carry_book import REFUSED, CarryBook, WaitingDrop
from ledger.drop_book import DropBook
from ledger.hold_book import HoldBook
from ledger.private_files import write_spreadsheet
from ledger.recall_book import RecallBook
from schemas.catalog import CATALOG
from schemas.errors import JointUseError, file_of, no_access
from schemas.state_folder import Part
from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS, Mentions, identities

_OWN = ("customer_id", "merged_into_customer_id", "linked_customer_id")


@dataclass(frozen=True)
class Erased:
    """What erasing did: ids of the refusals, and the certificate of what was removed."""

    objection_ids: tuple[str, ...]
    certificate: Path
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    """Drops that hold the person and stay until their partner answered."""
    mentions: tuple[str, ...]
    """Rows of others that name the person: source and record number."""
    recalls: tuple[str, ...]
    """Campaign and vehicle number of cars of theirs a recall may be about, of which nobody told them yet."""
    held: Held | None
    """Whom the refusal holds back, if it was recorded now."""
    is_review_list_gone: bool
    """Whether texts to review are listed anew by the next run."""


def erase(desk: Desk, refusal: Refusal) -> Erased:
    """Record the request, and remove the person from quarantine, lists, waiting drops and kept drops.

    A request that was recorded before, as when an erasure could not be completed, is not recorded again.

    Raises:
        BusyError: a run is at work; nothing was recorded or removed.
        ConfigurationError: nobody in the records has the number.
    """
    with desk.ledger.held(every_series(desk)):
        return _erase(desk, refusal)


def _erase(desk: Desk, refusal: Refusal) -> Erased:
    numbers = desk.people.numbers_of_person(refusal.customer)
    names, known, mentions = _theirs(desk, set(numbers))
    recalls = _recalls(desk, names["vehicle_id"])
    known_before = erasures_recorded(desk, refusal)
    taken = None if known_before else record(desk, refusal)
    refused = taken.objection_ids if taken else known_before
    in_use = ""
    try:
        gone, kept, closed = _drops(desk, numbers)
        with desk.ledger.writing() as connection:
            book = HoldBook(connection)
            condemned = book.condemned()
            # Also those that go now: they may come back with a restored copy of the folder.
            for held, told in ((kept, "goes once its partner answered"), (closed, "goes")):
                for drop_id in held:
                    if drop_id not in condemned:
                        book.condemn(desk.actor, drop_id, told)
        removed = [*_from_files(desk, names, known), *_lists(desk, names), *gone]
        sweep_leftovers(desk)
        certificate = carry_out(desk, removed)
    except PermissionError as error:
        in_use = file_of(error)
    if in_use:
        raise JointUseError(
            f"拒否（{'、'.join(refused)}）は記録しました。消去はまだ終わっていません。"
            f"{no_access(in_use)}; the refusal is recorded, the erasure is not complete"
        )
    return Erased(
        refused,
        certificate,
        tuple(f"{e.kind} {e.name}" for e in removed),
        tuple(kept),
        mentions,
        recalls,
        taken.held if taken else None,
        is_review_list_gone=any(each.kind == "review" for each in removed),
    )


def _theirs(desk: Desk, numbers: set[str]) -> tuple[dict[str, set[str]], Mentions, tuple[str, ...]]:
    """Give by what rows are known to be theirs.

    That is, per column of a record, the numbers of customer, cars and slips; and name, contact, home and
    cars, for broken rows often bear no number; and the rows of others that mention them.
    """
    wanted = pyarrow.array(sorted(numbers), pyarrow.string())
    tables = ("customers", "vehicles", "repairs", "family_members", "certificates")
    with read_records(desk.folder, desk.environment, *tables) as snapshot:
        people, cars, repairs = (
            rows.filter(pc.is_in(rows["customer_id"], value_set=wanted))
            for rows in (
                snapshot.table("customers", ["customer_id", *PERSON_COLUMNS]),
                snapshot.table("vehicles", ["vehicle_id", "customer_id", *CAR_COLUMNS]),
                snapshot.table("repairs", ["repair_id", "customer_id"]),
            )
        )
        known = Mentions(identities(people, cars))
        mentions = mentioned_elsewhere(snapshot, known, numbers)
    names = dict.fromkeys(_OWN, numbers)
    for rows, key in ((cars, "vehicle_id"), (repairs, "repair_id")):
        names[key] = set(rows[key].drop_null().to_pylist())
    return names, known, mentions


def _recalls(desk: Desk, vehicles: set[str]) -> tuple[str, ...]:
    """Name what the person has to be told of before nobody knows any more how to reach them."""
    numbers = {desk.ledger.references.of_car(number): number for number in sorted(vehicles)}
    with desk.ledger.reading() as connection:
        found = RecallBook(connection).still_open(numbers.keys())
    return tuple(f"{campaign} {numbers[car]}" for campaign, car in sorted(found))


def _from_files(desk: Desk, names: dict[str, set[str]], known: Mentions) -> Iterator[Disposal]:
    """Take their rows out of the quarantine, and rows that tell of them."""
    for path in sorted((desk.folder.state / Part.QUARANTINE).rglob("*.csv")):
        header, rows = _read(path)
        columns = CATALOG[path.stem].columns if path.stem in CATALOG else {}
        titles = {columns[name].title: own for name, own in names.items() if name in columns}
        if not (titles and titles.keys() <= set(header)):
            # Of another version's form, or not as we wrote it: the next run writes it anew.
            name = f"{path.parent.name}/{path.name}"
            yield Disposal("quarantine", name, ERASURE, None, unlinker(path))
            continue
        places = [(header.index(title), own) for title, own in titles.items()]
        joined = pyarrow.array([" \n ".join(row) for row in rows], pyarrow.string())
        left = [
            row
            for row, is_told in zip(rows, known.in_free_text(joined), strict=True)
            if not (is_told or any(row[place] in own for place, own in places))
        ]
        if len(left) < len(rows):
            name = f"{path.parent.name}/{path.name}: {len(rows) - len(left)} rows"
            yield Disposal(
                "quarantine", name, ERASURE, 1, partial(write_spreadsheet, path, [header, *left])
            )


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read header and rows of a CSV file of ours; nothing of one that somebody saved in another form."""
    try:
        header, *rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (ValueError, csv.Error):
        return [], []
    is_whole = all(len(row) == len(header) for row in rows)
    return (header, rows) if is_whole else ([], [])


def _lists(desk: Desk, names: dict[str, set[str]]) -> Iterator[Disposal]:
    """Take their rows out of call lists; pages and texts to review are made anew by the next run.

    Details of failures may quote anything, and go as a whole.
    """
    state = desk.folder.state
    for path in sorted(state.glob(f"{Part.RECALL}/*/*.csv")):
        header, rows = _read(path)
        if not {CUSTOMER_NUMBER, VEHICLE_NUMBER} <= set(header):
            # Of another version's form, or not as we wrote it.
            yield Disposal("call_list", path.parent.name, ERASURE, None, unlinker(path))
            continue
        left = [
            row
            for row in rows
            if row[header.index(CUSTOMER_NUMBER)] not in names["customer_id"]
            and row[header.index(VEHICLE_NUMBER)] not in names["vehicle_id"]
        ]
        if len(left) < len(rows):
            yield Disposal(
                "call_list",
                path.parent.name,
                ERASURE,
                1,
                partial(write_spreadsheet, path, [header, *left]),
            )
            for page in path.parent.glob("*.html"):
                yield Disposal("call_list", page.name, ERASURE, None, unlinker(page))
    for part, pattern in ((Part.REVIEW, "*.json"), (Part.FAILURES, "*.txt")):
        for path in sorted((state / part).glob(pattern)):
            yield Disposal(part.value, path.name, ERASURE, None, unlinker(path))


def _drops(desk: Desk, numbers: list[str]) -> tuple[list[Disposal], list[str], list[str]]:
    """Give what of the drops with the person can go, and the names of those somebody needs, and nobody."""
    own = pyarrow.array(numbers, pyarrow.string())
    with desk.ledger.reading() as connection:
        book = DropBook(connection)
        everything = book.drops()
        waiting = {each.entered.sequence: each for each in CarryBook(connection).waiting()}
        members = {each.sequence: book.holdings.person_keys(each.sequence) for each in everything}
    closed = closed_drops(desk)
    go: list[Disposal] = []
    stay: list[str] = []
    needed_by_nobody: list[str] = []
    for each in everything:
        drop_id, partner = each.drop.drop_id, each.drop.partner
        keys = PartnerKeys(desk.ledger.key(partner)).of("customers", own).to_pylist()
        count = len(members[each.sequence])
        if not members[each.sequence] & set(keys):
            continue
        if each.sequence in waiting:
            act = _refuser(desk, waiting[each.sequence])
            go.append(Disposal("waiting", drop_id, ERASURE, count, act))
        elif drop_id in closed:
            needed_by_nobody.append(drop_id)
            go += copies(desk, drop_id, count)
        elif each.published_at:
            stay.append(drop_id)
    return go, stay, needed_by_nobody


def _refuser(desk: Desk, waiting: WaitingDrop) -> Callable[[], None]:
    """Give what ends the waiting of a drop, as if the data manager had refused it."""

    def act() -> None:
        with desk.ledger.writing() as connection:
            CarryBook(connection).decide(desk.actor, waiting, REFUSED)
        discard_waiting(desk.folder.state, waiting.entered.drop.drop_id)

    return act
