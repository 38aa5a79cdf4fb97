"""The book of holdings: whom each drop holds, and what each partner holds of us today.

A partner holds the records of every published drop that are still in the pieces kept with it: those
that no later drop showed again, and that it has not said it deleted.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import pyarrow
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from ledger import tables
from ledger.holdings import HOLDINGS, OWN_NAME, Names, packed, rows_of, unpacked
from transforms.key_forms import KEY, binary_keys, hexadecimal_keys

Key = tuple[str, str]
"""A record and its key, in hex."""

_PIECES = tables.held_records.c


class HoldingsBook:
    """What partners hold, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction; a writing one for everything but looking up."""
        self._connection = connection

    def enter(self, sequence: int, kind: str, records: Iterable[pyarrow.RecordBatch]) -> None:
        """Keep what a drop holds (`RECORDS`), piece by piece; its partner holds it once it is published."""
        taken = select(func.coalesce(func.max(_PIECES.place) + 1, 0)).where(
            _PIECES.drop_sequence == sequence, _PIECES.kind == kind
        )
        first = self._connection.execute(taken).scalar_one()
        for place, piece in enumerate(records, start=first):
            own = {"drop_sequence": sequence, "kind": kind, "place": place}
            values = {**own, "records": packed(piece)}
            self._connection.execute(insert(tables.held_records).values(values))

    def publish(self, sequence: int) -> None:
        """Let go, in earlier drops, of what a drop that is published now shows again."""
        drops = tables.drops.c
        row = self._connection.execute(
            select(drops.partner, drops.kind).where(drops.sequence == sequence)
        ).one()
        places = self._places(row.partner, row.kind)
        before = [place for place in places if place.drop_sequence != sequence]
        if before:
            own = (place for place in places if place.drop_sequence == sequence)
            self._let_go(before, Names(self._piece(place) for place in own))

    def held_keys(
        self, partner: str, kind: str, records: Collection[str]
    ) -> dict[str, pyarrow.Array]:
        """Give, by kind of record, the keys (16 bytes) of those records that a partner holds."""
        found = {record: [pyarrow.array([], KEY)] for record in records}
        for place in self._places(partner, kind):
            piece = self._piece(place)
            for record, keys in found.items():
                keys.extend(piece.filter(pc.equal(piece["record"], record))["key"].chunks)
        return {record: pyarrow.concat_arrays(keys) for record, keys in found.items()}

    def held_of(self, partner: str, kind: str, keys: pyarrow.Array) -> pyarrow.Table:
        """Give what a partner holds under these keys (16 bytes), as `HOLDINGS`."""
        found = [HOLDINGS.empty_table()]
        for place in self._places(partner, kind):
            piece = self._piece(place)
            own = piece.filter(pc.is_in(piece["key"], value_set=keys))
            drop = pyarrow.repeat(pyarrow.scalar(place.drop_sequence, pyarrow.int64()), len(own))
            found.append(own.append_column("drop", drop).cast(HOLDINGS))
        return pyarrow.concat_tables(found)

    def count_untold(
        self,
        partner: str,
        kind: str,
        keys: Collection[str],
        told: Mapping[str, int],
        order: Mapping[int, int],
    ) -> int:
        """Count those of the keys (hex) under which a partner holds something nobody told it to delete.

        Args:
            partner: the partner's id.
            kind: of the drops that brought it.
            keys: to look at.
            told: by key, when it was told last.
            order: by drop, when it was published, by the same count.
        """
        wanted = binary_keys(pyarrow.array(sorted(keys), pyarrow.string()))
        held = self.held_of(partner, kind, wanted)
        rows = zip(hexadecimal_keys(held["key"]).to_pylist(), held["drop"].to_pylist(), strict=True)
        return len({key for key, drop in rows if told.get(key, -1) <= order[drop]})

    def of_other_drops(
        self, partner: str, kind: str, names: Collection[Key], drops: Collection[int]
    ) -> set[Key]:
        """Give those of the records that a drop other than these brought to the partner."""
        held = self.held_of(partner, kind, rows_of(names)["key"].combine_chunks())
        others = held.filter(
            pc.invert(pc.is_in(held["drop"], value_set=pyarrow.array(drops, pyarrow.int64())))
        )
        found = (others["record"].to_pylist(), hexadecimal_keys(others["key"]).to_pylist())
        return set(names) & set(zip(*found, strict=True))

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
        """Enter which of the keys that drop `sequence` told it to delete a partner deleted, and which not.

        What a drop brought that was published later stays, though it may have been made earlier. What an
        answer before this one refused is held by the drop that told it, unless another held it already.
        """
        told = select(tables.publications.c.audit_sequence).where(
            tables.publications.c.drop_sequence == sequence
        )
        told_at = self._connection.execute(told).scalar_one()
        places = self._places(partner, kind)
        before = [place for place in places if place.published <= told_at]
        self._let_go(before, Names.of(done), OWN_NAME)
        self.hold_again(partner, kind, sequence, refused)

    def hold_again(self, partner: str, kind: str, sequence: int, late: list[Key]) -> None:
        """Enter that a partner has these records after all, from drop `sequence`."""
        if not late:
            return
        rows = rows_of(late)
        new = Names([self.held_of(partner, kind, rows["key"].combine_chunks())]).without(rows)
        if len(new):
            self.enter(sequence, kind, new.combine_chunks().to_batches())

    def _let_go(
        self, places: Iterable["_Place"], names: Names, called: dict[str, str] | None = None
    ) -> None:
        """Take records out of pieces."""
        for place in places:
            piece = self._piece(place)
            rest = names.without(piece, called)
            if len(rest) == len(piece):
                continue
            changed = update(tables.held_records).values(records=packed(rest))
            gone = delete(tables.held_records)
            self._connection.execute((changed if len(rest) else gone).where(*place.is_it))

    def _places(self, partner: str, kind: str) -> list["_Place"]:
        """List the pieces of what a partner holds, the drop published last first."""
        drops = tables.drops.c
        query = (
            select(
                *(_PIECES.drop_sequence, _PIECES.kind, _PIECES.place),
                tables.publications.c.audit_sequence,
            )
            .join_from(tables.held_records, tables.drops)
            .join(tables.publications, tables.publications.c.drop_sequence == drops.sequence)
            .where(drops.partner == partner, _PIECES.kind == kind)
            .order_by(tables.publications.c.audit_sequence.desc(), _PIECES.place)
        )
        return [_Place(*row) for row in self._connection.execute(query)]

    def _piece(self, place: "_Place") -> pyarrow.Table:
        wanted = select(_PIECES.records).where(*place.is_it)
        return unpacked(self._connection.execute(wanted).scalar_one())


class _Place(NamedTuple):
    """Where a piece stands."""

    drop_sequence: int
    kind: str
    place: int
    published: int
    """The audit entry that published its drop: they follow each other as the publications did."""

    @property
    def is_it(self) -> tuple[ColumnElement[bool], ...]:
        """What is true of its row alone."""
        return (
            _PIECES.drop_sequence == self.drop_sequence,
            _PIECES.kind == self.kind,
            _PIECES.place == self.place,
        )
