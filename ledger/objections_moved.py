"""Whether objections have moved since a drop was made: asked often, and light to load."""

from datetime import date

from sqlalchemy import Connection, and_, func, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.chain import START
from ledger.settings import remember_setting, setting
from schemas.drop import Drop

_CONFIRMED = "confirmed:"


def head_of_objections(connection: Connection) -> str:
    """Give the digest of the audit entry that recorded the newest event."""
    newest = select(func.max(tables.objection_events.c.audit_sequence)).scalar_subquery()
    digest = select(tables.audit.c.digest).where(tables.audit.c.sequence == newest)
    return connection.execute(digest).scalar() or START


def confirm(connection: Connection, actor: Actor, drop: Drop, head: str) -> None:
    """Enter that a run found a drop to be what it would make, by the objections up to `head`."""
    note(connection, actor, "confirm", drop.drop_id, "the same rows by today's objections")
    remember_setting(connection, f"{_CONFIRMED}{drop.drop_id}", f"{head} {actor.at.date()}")


def have_moved_since(connection: Connection, drop: Drop, today: date) -> bool:
    """Tell whether an event has become known, or taken effect, since a drop was made or confirmed."""
    confirmed = setting(connection, f"{_CONFIRMED}{drop.drop_id}")
    head, day = confirmed.split() if confirmed else (drop.objections_head, drop.made_on.isoformat())
    if head_of_objections(connection) != head:
        return True
    begins = tables.objection_events.c.effective_on
    between = select(func.count()).where(and_(begins > date.fromisoformat(day), begins <= today))
    return connection.execute(between).scalar_one() > 0
