"""What was decided about texts since a moment; loads no text library."""

from sqlalchemy import Connection, select

from ledger import tables
from schemas.screening import Decision


def withheld_since(connection: Connection, audit_sequence: int) -> bool:
    """Tell whether somebody withheld a text after an entry of the audit chain."""
    columns = tables.text_decisions.c
    later = select(columns.sequence).where(
        columns.audit_sequence > audit_sequence, columns.decision == Decision.WITHHELD.value
    )
    return connection.execute(later.limit(1)).first() is not None
