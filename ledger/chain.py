"""The audit chain: every action one entry, each with the digest of the one before it.

The digest of an entry is the SHA-256 of its fields and of the previous digest as canonical JSON. Every
published drop carries the sequence and digest of the newest entry at that time, so that whoever keeps
drops is a witness: a chain that was rewritten, cut or replaced does not agree with them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

START = "0" * 64
"""What the first entry gives as the digest before it."""


@dataclass(frozen=True)
class Head:
    """The newest entry of a chain at some moment."""

    sequence: int
    digest: str


@dataclass(frozen=True)
class Entry:
    """One action: who did what to which subject, when and why. Customers only as keyed references."""

    sequence: int
    at: str
    person: str
    reason: str
    action: str
    subject: str
    detail: str
    previous: str
    digest: str

    @property
    def is_whole(self) -> bool:
        """Whether the digest is that of the entry's own fields."""
        return self.digest == digest_of(self)


@dataclass(frozen=True)
class Witness:
    """What a drop says the newest entry was when it was made, and of which instant."""

    drop_id: str
    at: str
    head: Head


class Damage(StrEnum):
    """What can be wrong with a chain."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    TORN = "torn"
    TRUNCATED = "truncated"
    FORKED = "forked"
    RESTORED = "restored"
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Finding:
    """One kind of damage, and the entry it was found at."""

    damage: Damage
    sequence: int
    told: str
    witness: str = ""
    """Id of the drop that shows it."""

    @property
    def name(self) -> str:
        """Name it as an answer does: by the drop that shows it, or by place."""
        return self.witness or f"{self.damage}@{self.sequence}"


def digest_of(entry: Entry) -> str:
    """Give the digest an entry must have."""
    fields = [
        entry.sequence,
        *(entry.at, entry.person, entry.reason, entry.action),
        *(entry.subject, entry.detail, entry.previous),
    ]
    return sha256_of_text(json.dumps(fields, ensure_ascii=False))


def sha256_of_text(text: str) -> str:
    """Give the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def examine(entries: Sequence[Entry]) -> list[Finding]:
    """Look for damage a chain shows by itself: in an entry, or between an entry and the next.

    Args:
        entries: in the order of their sequence numbers.
    """
    found = []
    for place, entry in enumerate(entries):
        is_last = place == len(entries) - 1
        if not entry.is_whole:
            found.append(_of_broken_entry(entry, is_last=is_last))
        previous = entries[place - 1] if place else None
        found += _between(previous, entry)
    return found


def _of_broken_entry(entry: Entry, *, is_last: bool) -> Finding:
    if is_last and len(entry.digest) != len(START):
        return Finding(Damage.TORN, entry.sequence, "the last entry was only written in part")
    return Finding(Damage.CHANGED, entry.sequence, "its content is not what its digest says")


def _between(previous: Entry | None, entry: Entry) -> Iterator[Finding]:
    number, digest = (previous.sequence, previous.digest) if previous else (0, START)
    if entry.sequence == number + 1 and entry.previous == digest:
        return
    if previous and entry.previous == previous.previous:
        told = (
            "it follows the same entry as the one before it: two writers did not know of each other"
        )
        yield Finding(Damage.FORKED, entry.sequence, told)
    elif entry.sequence > number + 1:
        told = f"entries {number + 1} to {entry.sequence - 1} are gone"
        yield Finding(Damage.REMOVED, entry.sequence, told)
    elif previous is None or previous.is_whole:
        told = "it does not follow from the entry before it: one was put in or exchanged here"
        yield Finding(Damage.INSERTED, entry.sequence, told)


def compare(
    entries: Sequence[Entry], witnesses: Iterable[Witness], last_recorded: int
) -> list[Finding]:
    """Look for damage that only drops can show: a cut tail, an older backup, a rewritten history.

    Args:
        entries: the chain.
        witnesses: what drops say.
        last_recorded: the highest entry number the ledger's other tables refer to.
    """
    by_number = {entry.sequence: entry for entry in entries}
    end = entries[-1].sequence if entries else 0
    found = []
    if last_recorded > end:
        told = (
            f"the ledger's own tables speak of entries up to {last_recorded}; the tail was cut off"
        )
        found.append(Finding(Damage.TRUNCATED, end, told))
    for witness in witnesses:
        entry = by_number.get(witness.head.sequence)
        if entry is None and witness.head.sequence > end and last_recorded <= end:
            told = (
                f"{witness.drop_id} was made after entry {witness.head.sequence}, and the whole ledger "
                f"ends at {end}: an older backup was restored"
            )
            found.append(Finding(Damage.RESTORED, end, told, witness.drop_id))
        elif entry is None and witness.head.sequence > end:
            told = f"{witness.drop_id} was made after entry {witness.head.sequence}, which is gone"
            found.append(Finding(Damage.TRUNCATED, end, told, witness.drop_id))
        elif entry is not None and entry.digest != witness.head.digest:
            found.append(_of_other_history(witness, entry))
    return found


def _of_other_history(witness: Witness, entry: Entry) -> Finding:
    if datetime.fromisoformat(entry.at) > datetime.fromisoformat(witness.at):
        told = (
            f"it is younger than {witness.drop_id}, which was made after an entry of this number: an "
            "older backup was restored and written on"
        )
        return Finding(Damage.RESTORED, entry.sequence, told, witness.drop_id)
    told = f"it is not the entry {witness.drop_id} was made after: history was rewritten"
    return Finding(Damage.REWRITTEN, entry.sequence, told, witness.drop_id)


def answered_for(entries: Iterable[Entry]) -> set[str]:
    """Give what a named person took note of when resuming: names of findings, and ids of drops."""
    return {name for e in entries if e.action == "resume" for name in e.subject.split()}
