"""Whether objections have moved since a drop was made: asked often, and light to load."""

from datetime import date

from sqlalchemy import Connection, and_, func, select

from ledger import tables
from ledger.chain import START
from schemas.drop import Drop


def head_of_objections(connection: Connection) -> str:
    """Give the digest of the audit entry that recorded the newest event."""
    newest = select(func.max(tables.objection_events.c.audit_sequence)).scalar_subquery()
    digest = select(tables.audit.c.digest).where(tables.audit.c.sequence == newest)
    return connection.execute(digest).scalar() or START


def have_moved_since(connection: Connection, drop: Drop, today: date) -> bool:
    """Tell whether an event has become known, or taken effect, since a drop was made."""
    if head_of_objections(connection) != drop.objections_head:
        return True
    day = tables.objection_events.c.effective_on
    between = select(func.count()).where(and_(day > drop.made_on, day <= today))
    return connection.execute(between).scalar_one() > 0
