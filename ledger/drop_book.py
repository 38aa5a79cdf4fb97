"""The book of drops: what was made ready, published and stopped.

A drop is entered complete before its folder becomes visible, and counts once it is published. If the
program is killed between the rename and the entry of the publication, whoever opens the ledger next
finds the folder and completes the entry (`pending`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.drop_entries import EnteredDrop, Prepared, Tombstone, entered_of
from ledger.recall_book import Handover, RecallBook
from ledger.stopped import told_for_good
from schemas.catalog import PAPERS
from schemas.drop import Drop, DropKind
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from ledger.holdings_book import HoldingsBook


class DropBook:
    """The drops of one ledger, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction."""
        self._connection = connection

    @property
    def holdings(self) -> "HoldingsBook":
        """Whom the drops hold, and what partners hold of us."""
        from ledger.holdings_book import HoldingsBook  # noqa: PLC0415 (slow to load, seldom needed)

        return HoldingsBook(self._connection)

    def drops(self, *that: ColumnElement[bool]) -> list[EnteredDrop]:
        """List all drops, published or not, in the order they were made; or those of which that is true."""
        columns = tables.drops.c
        query = (
            select(
                *(columns.sequence, columns.contents, columns.bag_sha256),
                tables.publications.c.published_at,
                tables.stops.c.stopped_at,
            )
            .outerjoin_from(tables.drops, tables.publications)
            .outerjoin(tables.stops, tables.stops.c.drop_sequence == columns.sequence)
            .where(*that)
            .order_by(columns.sequence)
        )
        return [entered_of(row) for row in self._connection.execute(query)]

    def published(
        self, partner: str | None = None, *that: ColumnElement[bool]
    ) -> list[EnteredDrop]:
        """List the published drops, of one partner or of all, in the order they were made."""
        is_own = () if partner is None else (tables.drops.c.partner == partner,)
        return self.drops(tables.publications.c.published_at.is_not(None), *is_own, *that)

    def holders(self) -> set[str]:
        """Name the partners that hold any record of a published drop."""
        query = (
            select(tables.drops.c.partner)
            .join_from(tables.held_records, tables.drops)
            .join(
                tables.publications, tables.publications.c.drop_sequence == tables.drops.c.sequence
            )
            .distinct()
        )
        return set(self._connection.execute(query).scalars())

    def order(self) -> dict[int, int]:
        """Give, for each published drop, the number of the audit entry that published it."""
        columns = tables.publications.c
        rows = self._connection.execute(select(columns.drop_sequence, columns.audit_sequence))
        return dict(rows.tuples().all())

    def named(self, drop_id: str) -> EnteredDrop:
        """Give one published drop.

        Raises:
            ConfigurationError: the ledger knows no such drop.
        """
        for entered in self.published(None, tables.drops.c.drop_id == drop_id):
            return entered
        raise ConfigurationError(
            f"「{drop_id[:80]}」という納品はありません。一覧は `joint-use status` に出ます / "
            f"'{drop_id[:80]}' is no published drop; `joint-use status` lists them"
        )

    def latest(self, partner: str, kind: str, period: str) -> EnteredDrop | None:
        """Give the newest published revision of a series."""
        columns = tables.drops.c
        own = self.published(partner, columns.kind == kind, columns.period == period)
        return max(own, key=lambda entered: entered.drop.revision, default=None)

    def next_revision(self, partner: str, kind: DropKind, period: str) -> int:
        """Give the next revision of a series; where drops add up, one that waits keeps its own."""
        latest = self.latest(partner, kind, period)
        taken = [latest.drop.revision] if latest else []
        if kind.is_additive:
            columns = tables.drops.c
            query = select(columns.revision).where(
                self._is_unpublished(partner, kind, period), columns.sequence.in_(UNDECIDED)
            )
            taken += self._connection.execute(query).scalars()
        return max(taken, default=0) + 1

    def pending(self) -> list[EnteredDrop]:
        """List the drops that were made ready and not published, as far as the ledger knows."""
        return self.drops(tables.publications.c.published_at.is_(None))

    def prepare(self, prepared: Prepared, audit_sequence: int) -> int:
        """Enter a finished drop, made with this audit entry; give its number."""
        from ledger.holdings import packed  # noqa: PLC0415 (slow to load, seldom needed)

        drop = prepared.drop
        self._forget_unpublished(drop, set(prepared.handovers))
        values = {
            "drop_id": drop.drop_id,
            "partner": drop.partner,
            "kind": drop.kind,
            "period": drop.period,
            "revision": drop.revision,
            "contents": drop.model_dump_json(),
            "bag_sha256": prepared.bag_sha256,
            "audit_sequence": audit_sequence,
            "persons": packed(prepared.persons),
        }
        entered = self._connection.execute(insert(tables.drops).values(values))
        sequence = int((entered.inserted_primary_key or [0])[0])
        rows = [
            {"drop_sequence": sequence, "place": place, **vars(tombstone)}
            for place, tombstone in enumerate(prepared.tombstones)
        ]
        if rows:
            self._connection.execute(insert(tables.tombstones), rows)
        self.holdings.enter(sequence, drop.kind, prepared.records)
        RecallBook(self._connection).prepare(sequence, prepared.handovers)
        return sequence

    def publish(
        self, actor: Actor, sequence: int, told: str, published_at: datetime | None = None
    ) -> None:
        """Enter that a drop can be seen (since when, if not now), and what its partner holds by it."""
        row = self._connection.execute(
            select(tables.drops).where(tables.drops.c.sequence == sequence)
        ).one()
        detail = f"{told}; bag sha256:{row.bag_sha256}"
        head = note(self._connection, actor, "publish", row.drop_id, detail)
        self._connection.execute(
            insert(tables.publications).values(
                drop_sequence=sequence,
                published_at=published_at.isoformat() if published_at else actor.stamp,
                audit_sequence=head.sequence,
            )
        )
        self.holdings.publish(sequence)

    def tombstones(self, sequence: int) -> list[Tombstone]:
        """List the keys a drop told its partner to delete, in the order of the file."""
        columns = tables.tombstones.c
        query = select(columns.kind, columns.record, columns.key).where(
            columns.drop_sequence == sequence
        )
        return [Tombstone(*row) for row in self._connection.execute(query.order_by(columns.place))]

    def given_again(self, entered: EnteredDrop) -> set[Tombstone]:
        """Give what a drop told to delete that a drop published later gave its partner again."""
        stones, order = self.tombstones(entered.sequence), self.order()
        until_then = [drop for drop, place in order.items() if place <= order[entered.sequence]]
        found: set[Tombstone] = set()
        for kind in {stone.kind for stone in stones}:
            names = {(stone.record, stone.key) for stone in stones if stone.kind == kind}
            held = self.holdings.of_other_drops(entered.drop.partner, kind, names, until_then)
            found |= {Tombstone(kind, *name) for name in held}
        return found

    def deletions_told(self, partner: str) -> dict[str, int]:
        """Give, by key, the number of the audit entry that published the last instruction to delete it.

        Stopped drops told nothing, unless their partner answered. A certificate goes without its car.
        """
        stones, drops, published = tables.tombstones, tables.drops, tables.publications
        query = (
            select(stones.c.key, func.max(published.c.audit_sequence))
            .join_from(stones, drops, drops.c.sequence == stones.c.drop_sequence)
            .join(published, published.c.drop_sequence == drops.c.sequence)
            .where(
                drops.c.partner == partner,
                stones.c.record != PAPERS,
                told_for_good(drops.c.sequence),
            )
            .group_by(stones.c.key)
        )
        return dict(self._connection.execute(query).tuples().all())

    def stop(self, actor: Actor, drop_id: str) -> str:
        """Enter that the partner must discard a drop; give its full id."""
        entered = self.named(drop_id)
        if entered.stopped_at:
            raise ConfigurationError(
                f"{entered.drop.drop_id} はすでに停止されています。`joint-use status` をご覧ください / "
                f"{entered.drop.drop_id} is stopped already; see `joint-use status`"
            )
        told = f"must be discarded; bag sha256:{entered.bag_sha256}"
        head = note(self._connection, actor, "stop", entered.drop.drop_id, told)
        self._connection.execute(
            insert(tables.stops).values(
                drop_sequence=entered.sequence, stopped_at=actor.stamp, audit_sequence=head.sequence
            )
        )
        return entered.drop.drop_id

    def _forget_unpublished(self, drop: Drop, handovers: Collection[Handover]) -> None:
        """Forget drops of this series that were never published, and whose place the drop takes.

        They are of killed runs, or wait for the data manager. Where drops add up, one that waits stays
        unless it is this one, or all cars it tells of are among the handovers of this one.
        """
        columns = tables.drops.c
        stale = select(columns.sequence).where(
            self._is_unpublished(drop.partner, drop.kind, drop.period)
        )
        numbers = list(self._connection.execute(stale).scalars())
        if drop.kind.is_additive:
            waiting = set(self._connection.execute(UNDECIDED).scalars())
            recalls = RecallBook(self._connection)
            own = select(columns.sequence).where(columns.drop_id == drop.drop_id)
            namesakes = set(self._connection.execute(own).scalars())
            numbers = [
                number
                for number in numbers
                if number not in waiting
                or number in namesakes
                or recalls.prepared(number) <= set(handovers)
            ]
        of_drops = (t for t in reversed(tables.metadata.sorted_tables) if "drop_sequence" in t.c)
        for table in of_drops:
            self._connection.execute(delete(table).where(table.c.drop_sequence.in_(numbers)))
        self._connection.execute(delete(tables.drops).where(columns.sequence.in_(numbers)))

    @staticmethod
    def _is_unpublished(partner: str, kind: str, period: str) -> ColumnElement[bool]:
        columns = tables.drops.c
        published = select(tables.publications.c.drop_sequence)
        return and_(
            columns.partner == partner,
            columns.kind == kind,
            columns.period == period,
            columns.sequence.not_in(published),
        )


UNDECIDED = select(tables.waits.c.drop_sequence).where(
    tables.waits.c.drop_sequence.not_in(select(tables.releases.c.drop_sequence))
)
"""Drops the data manager has not decided about."""
