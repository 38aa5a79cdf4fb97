"""What was decided about texts since a moment; loads no text library."""

from sqlalchemy import Connection, select

from ledger import tables
from schemas.screening import Decision, WordDecision


def withheld_since(connection: Connection, audit_sequence: int) -> bool:
    """Tell whether somebody withheld a text, or took a word back, after an entry of the audit chain."""
    narrowing = (
        (tables.text_decisions.c, Decision.WITHHELD),
        (tables.word_decisions.c, WordDecision.TAKEN_BACK),
    )
    return any(
        connection.execute(
            select(columns.sequence)
            .where(columns.audit_sequence > audit_sequence, columns.decision == decision.value)
            .limit(1)
        ).first()
        for columns, decision in narrowing
    )
