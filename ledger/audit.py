"""Writing the audit chain, in the transaction of the deed itself."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from ledger import tables
from ledger.actions import Action
from ledger.chain import START, Entry, Head, digest_of


@dataclass(frozen=True)
class Actor:
    """Who acts, when and why (policy §8: every action is somebody's)."""

    person: str
    reason: str
    at: datetime

    @property
    def stamp(self) -> str:
        """Give the instant as the ledger writes it: ISO 8601 with offset, to the microsecond."""
        return self.at.isoformat(timespec="microseconds")


def note(
    connection: Connection, actor: Actor, action: Action, subject: str = "", detail: str = ""
) -> Head:
    """Add one entry and give it as the new head.

    Args:
        connection: of a writing transaction, which keeps other writers out.
        actor: who acts.
        action: what was done.
        subject: a drop, a refusal, or a person as keyed reference; never a person's data.
        detail: counts and digests.
    """
    last = head(connection)
    entry = Entry(
        sequence=last.sequence + 1,
        at=actor.stamp,
        person=actor.person,
        reason=actor.reason,
        action=action,
        subject=subject,
        detail=detail,
        previous=last.digest,
        digest="",
    )
    entry = replace(entry, digest=digest_of(entry))
    connection.execute(insert(tables.audit).values(**vars(entry)))
    return Head(entry.sequence, entry.digest)


def head(connection: Connection) -> Head:
    """Give the newest entry."""
    newest = (
        select(tables.audit.c.sequence, tables.audit.c.digest)
        .order_by(tables.audit.c.sequence.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    return Head(row.sequence, row.digest) if row else Head(0, START)


def newest_instant(connection: Connection) -> datetime | None:
    """Give the latest instant an entry bears, of those since somebody last answered for the chain."""
    columns = tables.audit.c
    answered = select(func.max(columns.sequence)).where(columns.action == "resume")
    since = connection.execute(answered).scalar() or 0
    latest = select(func.max(columns.at)).where(columns.sequence >= since)
    found = connection.execute(latest).scalar()
    return datetime.fromisoformat(found) if found else None


def digest_at(connection: Connection, sequence: int) -> str:
    """Give the digest of an entry; that of the beginning before the first, empty where there is none."""
    if not sequence:
        return START
    own = select(tables.audit.c.digest).where(tables.audit.c.sequence == sequence)
    return connection.execute(own).scalar() or ""


def entries(connection: Connection) -> list[Entry]:
    """Read the whole chain."""
    rows = connection.execute(select(tables.audit).order_by(tables.audit.c.sequence))
    return [Entry(**row._mapping) for row in rows]  # noqa: SLF001 (SQLAlchemy's public name for it)


def last_recorded(connection: Connection) -> int:
    """Give the highest entry number other tables refer to."""
    columns = [
        table.c.audit_sequence
        for table in tables.metadata.sorted_tables
        if "audit_sequence" in table.c
    ]
    found = (connection.execute(select(func.max(column))).scalar() for column in columns)
    return max((number for number in found if number is not None), default=0)
