"""One partner's view of a snapshot: its tables, the verdicts on every row, and how rows are shaped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from drops.row_keys import RowKeys
from flows.running.keys_ahead import KeysAhead
from flows.running.run import Run
from schemas.agreement import Delivery
from schemas.catalog import CATALOG
from schemas.drop import DropKind
from schemas.partner_tables import PartnerTable, partner_tables, recall_tables
from schemas.staging import row_of
from sources.snapshot import Snapshot, Stretch
from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS, Identities, Mentions, identities
from transforms.number_texts import Digest
from transforms.remembered import Gone, Refusers
from transforms.ruling import codes_of, line_columns
from transforms.screening.screened import Screened
from transforms.shaping import CustomerBlock, Shaping, staged_columns
from transforms.spine import SPINE_TABLES, Spine, at
from transforms.verdicts import Verdicts


@dataclass(frozen=True)
class Brief:
    """What is agreed about one drop; with it another process can shape its rows."""

    partner: str
    delivery: Delivery
    tables: tuple[PartnerTable, ...]


def brief_of(run: Run, partner: str) -> Brief:
    """Put down what a run's drop for a partner looks like."""
    derive = recall_tables if run.kind is DropKind.RECALL else partner_tables
    return Brief(partner, run.agreement(partner).delivery, derive(run.share(partner)))


@dataclass(frozen=True)
class PartnerView:
    """What the gate and the writing of one drop work on."""

    partner: str
    snapshot: Snapshot
    spine: Spine
    verdicts: Verdicts
    tables: tuple[PartnerTable, ...]
    shaping: Shaping
    keys: PartnerKeys

    def give_keys(self, ahead: KeysAhead, tables: Iterable[PartnerTable]) -> None:
        """Give the keys that rows of these tables need: those made ahead, or made now."""
        needed = {each for t in tables for each in (t.name, *(to for _, to in t.parents))}
        for name in _keyed(table for table in self.tables if table.name in needed):
            codes = self.verdicts.codes(name)
            numbers = _numbers_in(self.snapshot, codes, name)
            path = ahead.of(self.partner, self.keys, name, numbers)
            self.shaping.keys[name] = RowKeys(path, codes)

    def leaving(
        self, table: PartnerTable, stretch: Stretch | None = None
    ) -> Iterator[tuple[pyarrow.RecordBatch, np.ndarray]]:
        """Stream the rows of a table, or of a stretch of it, that leave, with their places in it."""
        columns = staged_columns(table)
        if table.name == "repair_lines":
            columns = list(dict.fromkeys([*columns, *line_columns(self.verdicts)]))
        start = stretch.start if stretch else 0
        for batch in self.snapshot.batches(table.name, columns, stretch):
            leaves = codes_of(self.verdicts, table.name, batch, start) == 0
            if leaves.any():
                rows = batch if leaves.all() else batch.filter(pyarrow.array(leaves))
                yield rows, start + np.flatnonzero(leaves)
            start += batch.num_rows


def _keyed(tables: Iterable[PartnerTable]) -> list[str]:
    """Name the tables whose rows have keys of their own."""
    return [t.name for t in tables if CATALOG[t.name].key and t.name in SPINE_TABLES]


def _numbers_in(snapshot: Snapshot, codes: np.ndarray, table: str) -> Iterator[pyarrow.Array]:
    """Stream the number of each row of a table that is not ruled out now; null for the others."""
    is_in = pyarrow.array(codes == 0)
    column = CATALOG[table].key or ""

    def pieces() -> Iterator[pyarrow.Array]:
        start = 0
        for batch in snapshot.batches(table, [column]):
            wanted = is_in.slice(start, batch.num_rows)
            start += batch.num_rows
            yield pc.if_else(wanted, batch.column(column), pyarrow.scalar(None, pyarrow.string()))

    return pieces()


def begin_keys(run: Run, snapshot: Snapshot, verdicts: Verdicts) -> None:
    """Begin to make the partners' keys of all rows that may still leave with a monthly drop."""
    if run.kind is not DropKind.MONTHLY:
        return
    for partner in run.partners:
        keys = PartnerKeys(run.ledger.key(partner))
        for table in _keyed(brief_of(run, partner).tables):
            numbers = _numbers_in(snapshot, verdicts.codes(table), table)
            run.ahead.keys.begin(partner, keys, table, numbers)


def view_of(
    run: Run, snapshot: Snapshot, verdicts: Verdicts, refusers: Refusers, partner: str
) -> PartnerView:
    """Put a partner's view together.

    Args:
        run: the run.
        snapshot: its snapshot.
        verdicts: the partner's own.
        refusers: whose person objected.
        partner: the partner's id.
    """
    return view_by(
        *(brief_of(run, partner), snapshot, verdicts),
        mentions=_finder_in(run, snapshot, refusers, partner),
        keys=PartnerKeys(run.ledger.key(partner)),
        screened=run.scratch.screened(),
    )


def _finder_in(run: Run, snapshot: Snapshot, refusers: Refusers, partner: str) -> Mentions:
    """Give what finds these refusers: what an earlier stage of the run put together, or one made now."""
    known = run.ahead.finders.pop(partner, None)
    if known is None or not known[0].are(refusers):
        known = refusers, finder_of(snapshot, refusers, run.ledger.references.traits)
    run.ahead.finders[partner] = known
    return known[1]


def view_by(  # noqa: PLR0913 (what shaping a drop depends on)
    brief: Brief,
    snapshot: Snapshot,
    verdicts: Verdicts,
    *,
    mentions: Mentions,
    keys: PartnerKeys,
    screened: Screened,
) -> PartnerView:
    """Put a partner's view together without a run: the texts of `screened` do not leave."""
    spine = snapshot.spine

    def rows_of(link: str, rows: pyarrow.RecordBatch) -> np.ndarray:
        found = rows.column(row_of(link)).to_numpy()
        return spine.merges.followed(found) if link == "customer_id" else found

    shaping = Shaping(
        delivery=brief.delivery,
        keys={},
        mentions=mentions,
        customers=CustomerBlock(
            read=partial(spine.column, "customers"),
            keeper_of_vehicle=spine.rows("vehicles", "customer_id"),
        ),
        key_of=keys.of,
        rows_of=rows_of,
        screened=screened,
    )
    return PartnerView(brief.partner, snapshot, spine, verdicts, brief.tables, shaping, keys)


def finder_of(snapshot: Snapshot, refusers: Refusers, digest: Digest) -> Mentions:
    """Give what finds refusers, in the records or not any more, in other people's cells."""
    return Mentions(_identities(snapshot, refusers.rows), Gone(refusers.gone, digest))


def _identities(snapshot: Snapshot, objectors: np.ndarray) -> Identities:
    """Give what objectors can be recognised by in other people's texts."""
    spine = snapshot.spine
    car_is_theirs = at(objectors, spine.rows("vehicles", "customer_id"))
    paper_is_theirs = at(car_is_theirs, spine.rows("certificates", "vehicle_id"))
    people = snapshot.chosen("customers", PERSON_COLUMNS, objectors)
    cars = snapshot.chosen("vehicles", CAR_COLUMNS, car_is_theirs)
    papers = snapshot.chosen("certificates", CAR_COLUMNS, paper_is_theirs)
    return identities(people, cars, papers, is_local=True)
