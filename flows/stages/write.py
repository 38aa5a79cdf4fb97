"""Gate, permit, shape and write: one partner's drop, whole, in a hidden folder."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as pc

from drops.bag import seal_bag, sha256_of
from drops.folders import partner_has_drops
from drops.keys import PartnerKeys, partner_keys
from drops.writers import open_writer, write_all
from flows.report import Built, Settled
from flows.run import Run
from flows.stages.check import check_share, codes_of, keep
from flows.stages.spines import load_spine, load_verdicts
from schemas.agreement import Delivery, DropKind
from schemas.catalog import CATALOG
from schemas.datapackage import describe, type_name
from schemas.drop import Account, Drop, DropColumn, DropTable, Version
from schemas.partner_tables import PartnerTable, partner_tables
from schemas.staging import FAULT, row_of
from sources.snapshot import Snapshot
from transforms.account import account_of, reasons_of
from transforms.gating import (
    FAMILY_COLUMNS,
    IDENTITY_COLUMNS,
    gate,
    meant_customers,
    objected_customers,
)
from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS, Identities, Mentions, identities
from transforms.objections import Recipient, in_force
from transforms.settling import LINE_COLUMNS, Spine, line_codes, spread_down, spread_quarantine
from transforms.shaping import (
    CustomerBlock,
    Shaping,
    shape,
    staged_columns,
    unmappable_rows,
    withheld_rows,
)
from transforms.verdicts import Disposition, Verdict, Verdicts

SOFTWARE = "joint-use-export"

_UNMAPPABLE = Verdict(Disposition.QUARANTINED, "unmappable_character")


def write(run: Run, snapshot: Snapshot, settled: Settled, partner: str) -> Built:
    """Build the partner's drop of the month beside its place in the drops folder."""
    spine, verdicts = load_spine(snapshot), load_verdicts(run.workspace)
    people = _gate(run, snapshot, spine, verdicts, partner)
    tables = partner_tables(run.share(partner))
    has_drops = partner_has_drops(run.folder.drops, partner)
    keys = partner_keys(run.folder.state / "keys", partner, has_drops=has_drops)
    shaping = _shaping(snapshot, spine, Mentions(people), keys, run.agreement(partner).delivery)
    _withhold(snapshot, spine, verdicts, tables, shaping)
    _set_aside_unmappable(snapshot, spine, verdicts, tables, shaping)
    _hold_if_too_many(run, snapshot, verdicts, tables, partner)
    _give_keys(shaping, spine, verdicts, keys, tables)
    staging = run.series(partner).staging()
    drop_writer = _DropWriter(run, snapshot, verdicts, shaping, staging)
    for table in tables:
        drop_writer.write(table)
    drop_writer.finish(settled, partner, tables)
    return drop_writer.built(partner)


def _gate(
    run: Run, snapshot: Snapshot, spine: Spine, verdicts: Verdicts, partner: str
) -> Identities:
    """Take out who objected; give what they could be recognised by in other people's texts."""
    objections = snapshot.table(
        "objections", [*CATALOG["objections"].columns, row_of("customer_id")]
    )
    recipient = Recipient(partner, run.share(partner).purposes)
    mask = in_force(objections, recipient, run.folder.policy.notice, run.as_of.date())
    refusing = objections.filter(mask)["customer_id"].combine_chunks()
    meant = meant_customers(pc.unique(refusing), spine.column("customers", "customer_id"))
    customers = snapshot.table("customers", IDENTITY_COLUMNS)
    objectors = objected_customers(meant, customers, spine)
    family = snapshot.table("family_members", FAMILY_COLUMNS)
    gate(verdicts, spine, objectors, family, customers)
    return _identities(snapshot, spine, objectors)


def _identities(snapshot: Snapshot, spine: Spine, objectors: np.ndarray) -> Identities:
    keepers = spine.rows("vehicles", "customer_id")
    is_theirs = np.zeros(len(keepers), bool)
    is_theirs[keepers >= 0] = objectors[keepers[keepers >= 0]]
    papers = spine.rows("certificates", "vehicle_id")
    paper_is_theirs = np.zeros(len(papers), bool)
    paper_is_theirs[papers >= 0] = is_theirs[papers[papers >= 0]]
    people = snapshot.table("customers", PERSON_COLUMNS).filter(pyarrow.array(objectors))
    cars = snapshot.table("vehicles", CAR_COLUMNS).filter(pyarrow.array(is_theirs))
    certificates = snapshot.table("certificates", CAR_COLUMNS).filter(
        pyarrow.array(paper_is_theirs)
    )
    return identities(people, cars, certificates)


def _shaping(
    snapshot: Snapshot, spine: Spine, mentions: Mentions, keys: PartnerKeys, delivery: Delivery
) -> Shaping:
    customers = snapshot.table("customers", ["name", "address"]).combine_chunks()

    def rows_of(link: str, rows: pyarrow.RecordBatch) -> np.ndarray:
        found = rows.column(row_of(link)).to_numpy()
        return spine.merges.survivors[found] if link == "customer_id" else found

    return Shaping(
        delivery=delivery,
        keys={},
        mentions=mentions,
        customers=CustomerBlock(
            names=customers["name"].chunk(0),
            addresses=customers["address"].chunk(0),
            keeper_of_vehicle=spine.rows("vehicles", "customer_id"),
        ),
        key_of=keys.of,
        rows_of=rows_of,
    )


def _withhold(
    snapshot: Snapshot,
    spine: Spine,
    verdicts: Verdicts,
    tables: tuple[PartnerTable, ...],
    shaping: Shaping,
) -> None:
    """Withhold rows that cannot leave without naming an objector, with what hangs on them."""
    for table in tables:
        if table.name == "repair_lines":
            continue
        mask = np.zeros(len(verdicts.codes(table.name)), bool)
        for rows, places in leaving(snapshot, verdicts, table):
            mask[places[withheld_rows(rows, table, shaping)]] = True
        verdicts.rule(table.name, mask, Disposition.WITHHELD, "names_objector")
    spread_down(verdicts, spine, Disposition.WITHHELD)


def _set_aside_unmappable(
    snapshot: Snapshot,
    spine: Spine,
    verdicts: Verdicts,
    tables: tuple[PartnerTable, ...],
    shaping: Shaping,
) -> None:
    """Set aside rows the partner's encoding cannot carry, with what hangs on them."""
    if shaping.delivery.format != "csv" or shaping.delivery.encoding != "cp932":
        return
    for table in tables:
        parents = "repairs" if table.name == "repair_lines" else table.name
        lost = np.zeros(len(verdicts.codes(parents)), bool)
        for rows, places in leaving(snapshot, verdicts, table):
            mask = unmappable_rows(rows, table, shaping)
            link = rows.column(row_of("repair_id")).to_numpy() if parents != table.name else places
            lost[link[mask]] = True
        verdicts.rule(parents, lost, *_UNMAPPABLE)
    spread_quarantine(verdicts, spine)


def _hold_if_too_many(
    run: Run,
    snapshot: Snapshot,
    verdicts: Verdicts,
    tables: tuple[PartnerTable, ...],
    partner: str,
) -> None:
    """Keep what was set aside for this partner alone, and hold the run if it is too much."""
    lost = {t.name: _verdict_counts(snapshot, verdicts, t.name)[_UNMAPPABLE] for t in tables}
    if not any(lost.values()):
        return
    keep(run, snapshot, verdicts, partner)
    for name, count in lost.items():
        check_share(run, f"{partner}: {name}", count, snapshot.tables[name].read)


def _give_keys(
    shaping: Shaping,
    spine: Spine,
    verdicts: Verdicts,
    keys: PartnerKeys,
    tables: tuple[PartnerTable, ...],
) -> None:
    """Make the keys that several tables need, each number once."""
    names = {table.name for table in tables} & {"customers", "vehicles", "repairs"}
    for name in names:
        leaves = pyarrow.array(verdicts.codes(name) == 0)
        numbers = spine.column(name, CATALOG[name].key or "")
        given = pc.if_else(leaves, numbers, pyarrow.scalar(None, pyarrow.string()))
        shaping.keys[name] = keys.of(name, given)


def leaving(
    snapshot: Snapshot, verdicts: Verdicts, table: PartnerTable
) -> Iterator[tuple[pyarrow.RecordBatch, np.ndarray]]:
    """Stream the rows of a table that leave, with their places in it."""
    columns = staged_columns(table)
    if table.name == "repair_lines":
        columns = list(dict.fromkeys([*columns, FAULT]))
    start = 0
    for batch in snapshot.batches(table.name, columns):
        codes = codes_of(verdicts, table.name, batch, start)
        leaves = codes == 0
        if leaves.any():
            rows = batch if leaves.all() else batch.filter(pyarrow.array(leaves))
            yield rows, start + np.flatnonzero(leaves)
        start += batch.num_rows


class _DropWriter:
    """Writes the files of one drop and keeps its account."""

    def __init__(
        self, run: Run, snapshot: Snapshot, verdicts: Verdicts, shaping: Shaping, staging: Path
    ) -> None:
        self._run, self._snapshot, self._verdicts = run, snapshot, verdicts
        self._shaping, self._staging = shaping, staging
        self._account: dict[str, Account] = {}
        self._reasons: dict[str, dict[str, int]] = {}
        self._cells: Counter[str] = Counter()
        self._tables: list[DropTable] = []

    def write(self, table: PartnerTable) -> None:
        """Write one file and balance its account."""
        delivery = self._shaping.delivery
        path = self._staging / "data" / f"{table.name}{delivery.suffix}"
        written = write_all(open_writer(path, table, delivery), self._shaped(table))
        counts = _verdict_counts(self._snapshot, self._verdicts, table.name)
        read = self._snapshot.tables[table.name].read
        self._account[table.name] = account_of(table.name, read, written, counts)
        self._reasons[table.name] = reasons_of(counts)
        columns = [
            DropColumn(name=c.name, title=c.title, items=c.items, type=type_name(c))
            for c in table.columns
        ]
        file = path.relative_to(self._staging).as_posix()
        self._tables.append(
            DropTable(
                name=table.name,
                file=file,
                rows=written,
                sha256=sha256_of(path),
                columns=tuple(columns),
            )
        )

    def finish(self, settled: Settled, partner: str, tables: tuple[PartnerTable, ...]) -> None:
        """Write the documents of the drop around its files."""
        drop = self._drop(settled, partner)
        package_name = drop.drop_id.replace("/", "-")
        notice = self._run.folder.policy.notice
        package = describe(tables, self._shaping.delivery, notice, package_name)
        _write_json(self._staging / "drop.json", drop.model_dump(mode="json"))
        _write_json(self._staging / "datapackage.json", package)
        seal_bag(
            self._staging,
            identifier=drop.drop_id,
            shop=notice.responsible.name,
            bagged_on=self._run.as_of.date(),
            payload={table.file: table.sha256 for table in self._tables},
        )

    def built(self, partner: str) -> Built:
        """Tell what was written."""
        cells = {reason: count for reason, count in sorted(self._cells.items()) if count}
        return Built(partner, str(self._staging), self._account, self._reasons, cells)

    def _shaped(self, table: PartnerTable) -> Iterator[pyarrow.RecordBatch]:
        for rows, places in leaving(self._snapshot, self._verdicts, table):
            shaped, told = shape(rows, places, table, self._shaping)
            self._cells += told
            yield shaped

    def _drop(self, settled: Settled, partner: str) -> Drop:
        run, series = self._run, self._run.series(partner)
        revision, latest = series.next_revision(), series.latest()
        prints = run.folder.policy.fingerprints
        notice, agreement = (
            Version(version=prints[name].version, sha256=prints[name].sha256)
            for name in ("notice", partner)
        )
        return Drop(
            drop_id=f"{partner}/{series.path(revision).name}",
            partner=partner,
            kind=DropKind.MONTHLY.value,
            period=str(run.month),
            revision=revision,
            supersedes=f"{partner}/{latest.name}" if latest else None,
            purposes=run.share(partner).purposes,
            notice=notice,
            agreement=agreement,
            as_of=run.as_of.isoformat(),
            objections_head=settled.objections_head,
            tables=tuple(self._tables),
            account=self._account,
            cells={reason: count for reason, count in sorted(self._cells.items()) if count},
            operator=run.operator,
            reason=run.request.reason,
            software=SOFTWARE,
        )


def _write_json(path: Path, content: object) -> None:
    path.write_bytes((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())


def _verdict_counts(snapshot: Snapshot, verdicts: Verdicts, table: str) -> Counter[Verdict]:
    if table != "repair_lines":
        return verdicts.count(verdicts.codes(table))
    counts: Counter[Verdict] = Counter()
    for batch in snapshot.batches(table, LINE_COLUMNS):
        counts += verdicts.count(line_codes(verdicts, batch))
    return counts
