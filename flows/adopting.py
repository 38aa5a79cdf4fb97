"""Going on after a restored backup or damage: a person answers for it, unknown drops are entered."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow

from drops.adoption import members_of
from drops.bag import sha256_of
from flows.desk import Desk
from flows.reconciling import TAG_MANIFEST, doubts, examined, unknown_drops
from ledger.audit import note
from ledger.drop_book import DropBook, Prepared, Tombstone
from ledger.holdings import PERSONS, RECORDS, binary_keys
from schemas.agreement import DropKind
from schemas.drop import Drop


def resume(desk: Desk, places: Iterable[Path] = ()) -> list[str]:
    """Answer for all that is in doubt; enter the drops the ledger does not know. Tells what it did.

    Of a drop that is entered so, its partner is taken to hold what its files hold; which values they
    are is not known, so `disclose` cannot compare them.
    """
    found = doubts(desk.ledger, examined(desk.ledger, [desk.folder.drops, *places]))
    strangers = sorted(unknown_drops(desk.ledger, desk.folder), key=_made_at)
    names = dict.fromkeys([*(f.name for f in found), *(drop.drop_id for drop in strangers)])
    if not names:
        return []
    prepared = [_prepared(desk, drop) for drop in strangers]
    with desk.ledger.writing() as connection:
        head = note(connection, desk.actor, "resume", " ".join(names), f"{len(found)} findings")
        book = DropBook(connection)
        for each in prepared:
            sequence = book.prepare(each, head.sequence)
            book.publish(desk.actor, sequence, "adopted", _made_at(each.drop))
    answered = [f"{each.damage} at {each.sequence}: {each.told}" for each in found]
    return answered + [f"{drop.drop_id}: 台帳に入れました / entered" for drop in strangers]


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
    return Prepared(
        drop=drop,
        bag_sha256=sha256_of(folder / TAG_MANIFEST),
        persons=pyarrow.table(persons, schema=PERSONS),
        records=pyarrow.table(records, schema=RECORDS),
        tombstones=tuple(
            Tombstone(DropKind.MONTHLY.value, str(record), str(key))
            for record, key in zip(members.deleted["record"], members.deleted["key"], strict=True)
        ),
    )
