"""The book of holdings: whom each drop holds, and what each partner holds of us today."""

import pyarrow
from sqlalchemy import Connection, delete, insert, select, update

from ledger import tables
from ledger.holdings import (
    HOLDINGS,
    RECORDS,
    after_deletion,
    after_publishing,
    held_again,
    packed,
    unpacked,
)
from transforms.key_forms import hexadecimal_keys

Key = tuple[str, str]
"""A record and its key, in hex."""


class HoldingsBook:
    """What partners hold, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction; a writing one for everything but looking up."""
        self._connection = connection

    @staticmethod
    def written(persons: pyarrow.Table, records: pyarrow.Table) -> dict[str, bytes]:
        """Write whom (`PERSONS`) and what (`RECORDS`) a drop holds, for its row."""
        return {"persons": packed(persons), "records": packed(records)}

    def publish(self, sequence: int) -> None:
        """Enter that a drop's partner holds its records from now on."""
        row = self._connection.execute(
            select(tables.drops).where(tables.drops.c.sequence == sequence)
        ).one()
        held = after_publishing(self.held(row.partner, row.kind), unpacked(row.records), sequence)
        self._hold(row.partner, row.kind, held)
        self._connection.execute(
            update(tables.drops)
            .where(tables.drops.c.sequence == sequence)
            .values(records=packed(RECORDS.empty_table()))
        )

    def held(self, partner: str, kind: str) -> pyarrow.Table:
        """Give what a partner holds from drops of one kind, as far as it has not said it deleted it."""
        columns = tables.holdings.c
        wanted = select(columns.records).where(columns.partner == partner, columns.kind == kind)
        content = self._connection.execute(wanted).scalar()
        return HOLDINGS.empty_table() if content is None else unpacked(content)

    def persons(self, sequence: int) -> pyarrow.Table:
        """Give whom a drop holds, as `PERSONS`."""
        wanted = select(tables.drops.c.persons).where(tables.drops.c.sequence == sequence)
        return unpacked(self._connection.execute(wanted).scalar_one())

    def person_keys(self, sequence: int) -> set[str]:
        """Give the keys, in hex, of the customers a drop holds."""
        return set(hexadecimal_keys(self.persons(sequence)["key"]).to_pylist())

    def delete(
        self, partner: str, kind: str, sequence: int, done: list[Key], refused: list[Key]
    ) -> None:
        """Enter which of the keys that drop `sequence` told it to delete a partner deleted, and which not."""
        held = after_deletion(self.held(partner, kind), done, sequence)
        self._hold(partner, kind, held_again(held, refused, sequence))

    def hold_again(self, partner: str, kind: str, sequence: int, late: list[Key]) -> None:
        """Enter that a partner has these records after all, from drop `sequence`."""
        self._hold(partner, kind, held_again(self.held(partner, kind), late, sequence))

    def _hold(self, partner: str, kind: str, held: pyarrow.Table) -> None:
        columns = tables.holdings.c
        own = (columns.partner == partner, columns.kind == kind)
        self._connection.execute(delete(tables.holdings).where(*own))
        self._connection.execute(
            insert(tables.holdings).values(partner=partner, kind=kind, records=packed(held))
        )
