"""Ledger and drops folder are brought to agree before anything else is done.

A drop whose folder became visible just before the program was killed is entered. Drops the ledger
knows nothing of, and drops that were made after a later entry than the chain has, mean that an older
backup of the ledger was restored: objections recorded since are lost, so nothing is published until a
person has answered for it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from drops.bag import TAG_MANIFEST, sha256_of
from drops.folders import published_folders, read_drop
from drops.keeping import remove
from drops.sealing import parcels_beside
from flows.running.waiting_room import waiting_place
from ledger.audit import Actor, entries, head, last_recorded
from ledger.bindings import unbound
from ledger.carry_book import CarryBook
from ledger.chain import Damage, Finding, Head, Witness, answered_for, compare, examine
from ledger.drop_book import DropBook
from ledger.noted_head import damaged_note, note_file, noted_head
from ledger.opening import Ledger
from schemas.drop import Drop
from schemas.errors import JointUseError, LedgerDoubtfulError
from sources.shop_folder import ShopFolder

_DAMAGE = {
    Damage.CHANGED: "内容が書き換えられています",
    Damage.REMOVED: "前の記録が抜けています",
    Damage.INSERTED: "記録が差し込まれたか、入れ替わっています",
    Damage.TORN: "書いている途中で切れています",
    Damage.TRUNCATED: "これより後の記録がなくなっています",
    Damage.FORKED: "二つの記録が同じ記録に続いています",
    Damage.RESTORED: "古い控えから戻されています",
    Damage.REWRITTEN: "過去の記録が書き換えられています",
}


def in_words(finding: Finding) -> str:
    """Say what is wrong with the chain, and at which entry."""
    return (
        f"{finding.sequence} 番目の記録: {_DAMAGE[finding.damage]} / "
        f"{finding.damage} at {finding.sequence}: {finding.told}"
    )


def complete_pending(ledger: Ledger, folder: ShopFolder, at: datetime) -> None:
    """Enter drops whose folder became visible just before the program was killed.

    Of a drop that waits for the data manager the decision was not entered either: the folder goes, what
    waits stays, and somebody decides again. Unless the ledger is older than what is noted beside it, or the
    drop was sealed: then it was released, and is a drop an older backup does not know.
    """
    with ledger.reading() as connection:
        if not DropBook(connection).pending():
            return
    with ledger.writing() as connection:
        noted = noted_head(ledger.state)
        is_behind = noted is not None and noted.head.sequence > head(connection).sequence
        book = DropBook(connection)
        left = book.pending()
        waits = CarryBook(connection).waiting() if left else ()
        waiting = {each.entered.sequence for each in waits}
        for pending in left:
            if pending.sequence in waiting:
                shown = folder.drops / pending.drop.drop_id
                is_aside = waiting_place(folder.state, pending.drop.drop_id).is_dir()
                was_released = is_behind or parcels_beside(shown)
                if is_aside and shown.is_dir() and not was_released:
                    remove(shown)
                continue
            drop, path = pending.drop, folder.drops / pending.drop.drop_id / TAG_MANIFEST
            if path.is_file() and sha256_of(path) == pending.bag_sha256:
                maker = Actor(drop.operator, drop.reason, at)
                # Its partner may have fetched, and answered, it since.
                made = datetime.fromisoformat(drop.as_of)
                book.publish(maker, pending.sequence, "entered after a break", made)


def refuse_doubt(ledger: Ledger, folder: ShopFolder) -> None:
    """Hold if the ledger is not what the drops say it was, and nobody has answered for it.

    Raises:
        LedgerDoubtfulError: saying what was found and what to do.
    """
    findings = doubts(ledger, examined(ledger, [folder.drops]))
    strangers = [drop.drop_id for _, drop in unknown_drops(ledger, folder)]
    if findings or strangers:
        raise LedgerDoubtfulError(_told(findings, strangers))


def is_answer_witnessed(ledger: Ledger, places: Iterable[Path]) -> bool:
    """Tell whether a drop made after the last `resume` entry vouches for it."""
    with ledger.reading() as connection:
        chain = entries(connection)
    last = max((e.sequence for e in chain if e.action == "resume"), default=0)
    digests = {entry.sequence: entry.digest for entry in chain}
    heads = (witness.head for place in places for witness in witnesses_in(place))
    return any(h.sequence >= last and digests.get(h.sequence) == h.digest for h in heads)


def doubts(ledger: Ledger, findings: list[Finding]) -> list[Finding]:
    """Give the findings nobody has answered for."""
    if not findings:
        return []
    with ledger.reading() as connection:
        answered = answered_for(entries(connection))
    return [finding for finding in findings if finding.name not in answered]


def examined(ledger: Ledger, places: Iterable[Path]) -> list[Finding]:
    """Examine the audit chain by itself, against what was entered with it, and against drops."""
    # Read before the chain: what is entered or published in between makes the chain newer, not the witnesses.
    noted = noted_head(ledger.state)
    witnesses = [witness for place in places for witness in witnesses_in(place)]
    if noted is not None:
        name = f"{note_file(ledger.state).name}@{noted.head.sequence}:{noted.head.digest[:12]}"
        witnesses.append(Witness(name, noted.at, noted.head))
    with ledger.reading() as connection:
        chain = entries(connection)
        findings = [*examine(chain), *unbound(connection, chain), *_of_the_note(ledger)]
        return findings + compare(chain, witnesses, last_recorded(connection))


def _of_the_note(ledger: Ledger) -> Iterator[Finding]:
    damage = damaged_note(ledger.state)
    if damage:
        name = note_file(ledger.state).name
        told = f"{name} cannot be read: nothing tells whether an older backup was restored"
        yield Finding(Damage.CHANGED, 0, told, f"{name}@{damage[:12]}")


def copies_by_hand(folder: ShopFolder) -> list[str]:
    """Name the folders that somebody copied or renamed: no disposal and no erasure finds a drop there."""
    there = (
        (path.relative_to(folder.drops).as_posix(), d) for path, d in _anywhere_in(folder.drops)
    )
    return [place for place, drop in there if place != drop.drop_id]


def unknown_drops(ledger: Ledger, folder: ShopFolder) -> list[tuple[Path, Drop]]:
    """List the drops in the shop's own folder that the ledger never published, and where each is."""
    there = list(drops_in(folder.drops))
    with ledger.reading() as connection:
        known = _published_ids(connection)
    if all(drop.drop_id in known for _, drop in there):
        return []
    # A folder shows a moment before its entry does; whoever may write has waited for the run that publishes.
    with ledger.writing() as connection:
        known = _published_ids(connection)
    return [(path, drop) for path, drop in there if drop.drop_id not in known]


def _published_ids(connection: Connection) -> set[str]:
    return {entered.drop.drop_id for entered in DropBook(connection).published()}


def drops_in(folder: Path) -> Iterator[tuple[Path, Drop]]:
    """Read what every drop under a folder says it is; what is no drop is passed over."""
    return _readable(published_folders(folder))


def witnesses_in(folder: Path) -> Iterator[Witness]:
    """Give what the drops anywhere under a folder say about the audit chain."""
    for _, drop in _anywhere_in(folder):
        if drop.audit_head is not None:
            head = Head(drop.audit_head.sequence, drop.audit_head.sha256)
            yield Witness(drop.drop_id, drop.audit_head.at, head)


def _anywhere_in(folder: Path) -> Iterator[tuple[Path, Drop]]:
    """Read every drop anywhere under a folder; hidden ones are unfinished."""
    return _readable(
        path.parent
        for path in sorted(folder.rglob("drop.json"))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _readable(folders: Iterable[Path]) -> Iterator[tuple[Path, Drop]]:
    for path in folders:
        try:
            drop = read_drop(path)
        except JointUseError:
            continue
        yield path, drop


def _told(findings: list[Finding], strangers: list[str]) -> str:
    told = [f"entry {each.sequence}: {each.damage}: {each.told}" for each in findings[:1]]
    told += [f"{name} is not in the ledger" for name in strangers[:1]]
    return (
        "台帳と納品が合いません。state フォルダを古い控えから戻したときは、一番新しい控えを戻してください。"
        "なければ、その後の申し出・停止・受領の返事・手渡し・文の判断・保全・リコールの印をもう一度記録してから"
        " `joint-use audit resume` を実行してください。"
        "ほかの店と同じ納品フォルダを使っているときは、shop.toml の [places] drops で分けてください。"
        "詳しくは `joint-use audit verify` に出ます / "
        f"the ledger and the drops do not agree ({'; '.join(told)}). If an older backup of the state "
        "folder was restored, restore the newest one instead; if there is none, record again what was "
        "recorded since (objections, stops, answers, drops carried by hand, decisions about texts, holds, "
        "marks of recalls), then `joint-use audit resume`. If another shop uses the same drops folder, give "
        "each its own ([places] drops). `joint-use audit verify` tells all"
    )
