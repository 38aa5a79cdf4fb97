"""Legal holds, which keep drops from disposal; and drops that go as soon as their partner answered."""

from sqlalchemy import Connection, insert, select

from ledger import tables
from ledger.audit import Actor, note


class HoldBook:
    """The legal holds of one ledger, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction."""
        self._connection = connection

    def enter(self, actor: Actor, drop_id: str, *, is_held: bool) -> None:
        """Put a drop under a hold, or take it out."""
        kind = "held" if is_held else "lifted"
        head = note(self._connection, actor, "hold", drop_id, kind)
        entry = {"subject": drop_id, "kind": kind, "audit_sequence": head.sequence}
        self._connection.execute(insert(tables.legal_holds).values(entry))

    def condemn(self, actor: Actor, drop_id: str, told: str) -> None:
        """Say that a drop holds somebody who asked for erasure, and goes before its time: when, in words."""
        head = note(self._connection, actor, "erase", drop_id, told)
        entry = {"subject": drop_id, "kind": "condemned", "audit_sequence": head.sequence}
        self._connection.execute(insert(tables.legal_holds).values(entry))

    def held(self) -> set[str]:
        """Give the drops that are under a hold."""
        last = {subject: kind for subject, kind in self._entries() if kind != "condemned"}
        return {subject for subject, kind in last.items() if kind == "held"}

    def condemned(self) -> set[str]:
        """Give the drops that hold somebody who asked for erasure."""
        return {subject for subject, kind in self._entries() if kind == "condemned"}

    def _entries(self) -> list[tuple[str, str]]:
        columns = tables.legal_holds.c
        query = select(columns.subject, columns.kind).order_by(columns.sequence)
        return [(row.subject, row.kind) for row in self._connection.execute(query)]
