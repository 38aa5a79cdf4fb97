"""Going on after a restored backup or damage: a person answers for it, unknown drops are entered."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow
from sqlalchemy import Connection

from drops.adoption import Members, members_of
from drops.bag import TAG_MANIFEST, sha256_of
from drops.keys import PartnerKeys
from drops.sealing import parcels_beside
from drops.verify import verify_drop
from flows.counter.desk import Desk
from flows.counter.people import read_vehicle_numbers
from flows.running.opening import is_clock_behind
from flows.running.reconciling import doubts, examined, in_words, unknown_drops
from ledger.audit import head as newest_of
from ledger.audit import note
from ledger.carry_book import BegunHandover, CarryBook
from ledger.drop_book import DropBook
from ledger.drop_entries import Prepared, Tombstone
from ledger.holdings import PERSONS, RECORDS
from ledger.noted_head import note_head
from ledger.objection_book import ObjectionBook
from ledger.recall_book import Handover
from schemas.drop import Drop, DropKind
from schemas.errors import ConfigurationError, VerificationError
from transforms.key_forms import binary_keys

_MOST_NAMED = 20

_UNKNOWN = (
    "その間に渡し、もう手元にない納品は分かりません。共同利用者に確かめ、消すべき方は書面で伝えてください / "
    "drops handed over meanwhile that are not here any more stay unknown: ask the partners, and tell them "
    "by letter whom to delete"
)


def resume(
    desk: Desk, places: Iterable[Path] = (), *, is_nobody_forgotten: bool = False
) -> list[str]:
    """Answer for all that is in doubt; enter the drops the ledger does not know. Tells what it did.

    Of a drop that is entered so, its partner is taken to hold what its files hold; which values they
    are is not known, so `disclose` cannot compare them. Whether it was sent to its place is in doubt.

    Args:
        desk: the shop's.
        places: where drops are kept that partners have.
        is_nobody_forgotten: whether whom such a drop told to delete, and of whom no objection is recorded,
            is known not to have refused.

    Raises:
        ConfigurationError: a drop cannot be entered, or tells to delete somebody of whom nothing says why.
    """
    found = doubts(desk.ledger, examined(desk.ledger, [desk.folder.drops, *places]))
    unknown = unknown_drops(desk.ledger, desk.folder)
    strangers = sorted((drop for _, drop in unknown), key=_made_at)
    names = dict.fromkeys([*(f.name for f in found), *(drop.drop_id for drop in strangers)])
    if not names and not is_clock_behind(desk.ledger, desk.actor.at):
        _note_anew(desk)
        return []
    for path, drop in unknown:
        _refuse_unsound(desk, path, drop)
    _refuse_other_keys(desk, strangers)
    prepared = [_prepared(desk, drop) for drop in strangers]
    if not is_nobody_forgotten:
        _refuse_forgotten(desk, prepared)
    with desk.ledger.writing() as connection:
        head = note(
            connection, desk.actor, "resume", " ".join(names) or "clock", f"{len(found)} findings"
        )
        book = DropBook(connection)
        for each in prepared:
            sequence = book.prepare(each, head.sequence)
            book.publish(desk.actor, sequence, "adopted", _made_at(each.drop))
            _hold_what_was_to_go(book, sequence, each)
            _doubt_handing_over(desk, connection, each.drop)
    _note_anew(desk)
    answered = [in_words(each) for each in found]
    if found:
        answered.append(_UNKNOWN)
    return answered + [f"{drop.drop_id}: 台帳に入れました / entered" for drop in strangers]


def _refuse_forgotten(desk: Desk, adopted: Iterable[Prepared]) -> None:
    """Refuse while drops tell to delete customers whose refusal may be among what was lost."""
    stones: dict[str, set[str]] = {}
    for each in adopted:
        told_of = {stone.key for stone in each.tombstones if stone.record == "customers"}
        if told_of:
            stones.setdefault(each.drop.partner, set()).update(told_of)
    found: set[str] = set()
    for partner, wanted in stones.items():
        keys = zip(desk.people.numbers, _customer_keys(desk, partner), strict=True)
        found |= {number for number, key in keys if number and key in wanted}
    references = desk.ledger.references
    with desk.ledger.reading() as connection:
        terms = ObjectionBook(connection, references).register().terms
    known = set(terms["person"].to_pylist())
    told = [number for number in sorted(found) if references.of(number) not in known]
    if told:
        raise ConfigurationError(
            f"台帳にない納品が削除を求めた方のうち {len(told)} 人は、申し出の記録がありません（お客様番号 "
            f"{'、'.join(told[:_MOST_NAMED])}）。控えの後に申し出た方は `joint-use object` で記録してから、"
            "どなたも申し出ていなければ --nobody-refused を付けて、もう一度実行してください / "
            f"drops the ledger does not know told to delete {len(told)} customers of whom no objection is "
            f"recorded ({', '.join(told[:_MOST_NAMED])}). Record those who refused since the backup with "
            "`joint-use object`; if none did, run this again with --nobody-refused"
        )


def _hold_what_was_to_go(book: DropBook, sequence: int, adopted: Prepared) -> None:
    """Take a partner to hold what an adopted drop told it to delete: whether it did, nobody knows."""
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for stone in adopted.tombstones:
        by_kind.setdefault(stone.kind, []).append((stone.record, stone.key))
    for kind, keys in by_kind.items():
        book.holdings.hold_again(adopted.drop.partner, kind, sequence, keys)


def _doubt_handing_over(desk: Desk, connection: Connection, drop: Drop) -> None:
    """Take a drop that was sealed for a place to have been sent there, perhaps: its carrier looks first."""
    agreement = desk.folder.policy.agreements.get(drop.partner)
    parcels = [
        parcel
        for parcel in parcels_beside(desk.folder.drops / drop.drop_id)
        if all(path.is_file() for path in parcel.files)
    ]
    if agreement is None or agreement.place is None or not parcels:
        return
    CarryBook(connection).begin(
        BegunHandover(
            entered=DropBook(connection).named(drop.drop_id),
            at=_made_at(drop),
            place=agreement.place,
            file=parcels[0].tar.name,
            sha256=parcels[0].sha256,
            is_whole=True,
        )
    )


def _note_anew(desk: Desk) -> None:
    """Note the chain's head beside the ledger; a killed run may have left the note of another chain."""
    with desk.ledger.reading() as connection:
        note_head(desk.ledger.state, newest_of(connection), anew=True)


def _refuse_unsound(desk: Desk, folder: Path, drop: Drop) -> None:
    """Refuse to enter a drop that is not whole, or not in its place: its files tell who is in it."""
    is_in_place = folder == desk.folder.drops / drop.drop_id
    if not is_in_place or drop.partner not in {
        each.id for each in desk.folder.policy.notice.partners
    }:
        raise ConfigurationError(
            f"drops/{folder.parent.name}/{folder.name} は納品された場所にないか、納品先が公表事項に"
            "ありません。元の場所に戻すか、drops フォルダの外へ移してから、もう一度実行してください / "
            f"drops/{folder.parent.name}/{folder.name} is not where it was published, or its partner is not "
            "in the notice; put it back, or move it out of the drops folder, and run this again"
        )
    try:
        verify_drop(folder)
    except VerificationError as error:
        raise VerificationError(
            f"{error}\n控えか納品先の写しから {drop.drop_id} を戻してから、もう一度実行してください / "
            f"restore {drop.drop_id} from a backup, or from what the partner has, and run this again"
        ) from None


def _refuse_other_keys(desk: Desk, drops: Iterable[Drop]) -> None:
    """Refuse to enter drops that were made under another key: nobody in them would be found again.

    They may hold nobody but customers who are gone: then drops the ledger knows hold all of them, too.
    """
    by_partner: dict[str, list[Drop]] = {}
    for drop in drops:
        by_partner.setdefault(drop.partner, []).append(drop)
    for partner, own in by_partner.items():
        held = {
            key
            for each in own
            for key in members_of(desk.folder.drops / each.drop_id).persons.index
        }
        known: set[str] = set()
        with desk.ledger.reading() as connection:
            book = DropBook(connection)
            for entered in book.published(partner):
                known |= book.holdings.person_keys(entered.sequence)
        own_keys = _customer_keys(desk, partner)
        if not held <= known and not held & set(own_keys):
            raise ConfigurationError(
                f"記録のどなたも {own[0].drop_id} などの鍵と合いません。keys/{partner}.key "
                "が納品した時のものではありません。先に state フォルダの控えから keys/ を戻してください / "
                f"nobody in the records has a key that is in {own[0].drop_id} or another drop: "
                f"keys/{partner}.key is not the one they were made with. Restore keys/ from the backup of "
                "the state folder first"
            )


def _customer_keys(desk: Desk, partner: str) -> list[str | None]:
    """Give a partner's keys (hex) of all customers in the records, in their order."""
    numbers = pyarrow.array(desk.people.numbers, pyarrow.string())
    keys = PartnerKeys(desk.ledger.key(partner)).of("customers", numbers)
    return list(keys.to_pylist())


def _made_at(drop: Drop) -> datetime:
    return datetime.fromisoformat(drop.as_of)


def _prepared(desk: Desk, drop: Drop) -> Prepared:
    folder = desk.folder.drops / drop.drop_id
    members = members_of(folder)
    keys = binary_keys(pyarrow.array(members.persons.index, pyarrow.string()))
    persons = [keys, pyarrow.array(members.persons.to_numpy(), pyarrow.uint16())]
    records = [
        pyarrow.array(members.records["record"], pyarrow.string()),
        binary_keys(pyarrow.array(members.records["key"], pyarrow.string())),
        pyarrow.array([[]] * len(members.records), RECORDS.field("digests").type),
    ]
    # A monthly drop may tell to delete what recall drops brought; entered so, that is told once more.
    kind = DropKind.RECALL if drop.kind == DropKind.RECALL else DropKind.MONTHLY
    return Prepared(
        drop=drop,
        bag_sha256=sha256_of(folder / TAG_MANIFEST),
        persons=pyarrow.table(persons, schema=PERSONS),
        records=pyarrow.table(records, schema=RECORDS).to_batches(),
        tombstones=tuple(
            Tombstone(kind.value, str(record), str(key))
            for record, key in zip(members.deleted["record"], members.deleted["key"], strict=True)
        ),
        handovers=_handovers(desk, drop, members),
    )


def _handovers(desk: Desk, drop: Drop, members: Members) -> tuple[Handover, ...]:
    """Give the cars a recall drop tells of, as far as they are in the records."""
    told = members.targets
    if told.empty:
        return ()
    numbers = read_vehicle_numbers(desk.folder, desk.environment)
    keys = PartnerKeys(desk.ledger.key(drop.partner)).of(
        "vehicles", pyarrow.array(numbers, pyarrow.string())
    )
    number_of = dict(zip(keys.to_pylist(), numbers, strict=True))
    rows = zip(told["campaign"], told["vehicle_key"], told["match_class"], strict=True)
    return tuple(
        Handover(
            campaign, desk.ledger.references.of_car(number_of[key]), match_class, vehicle_key=key
        )
        for campaign, key, match_class in rows
        if key in number_of
    )
