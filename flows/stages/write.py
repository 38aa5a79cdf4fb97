"""Shape and write: one partner's drop, whole, in a hidden folder beside its place."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow
import pyarrow.compute as pc

from drops.bag import seal_bag, sha256_of
from drops.writers import open_writer, write_all
from flows.report import Built, Settled
from flows.run import Run
from flows.stages.check import verdict_counts
from flows.stages.partner_view import PartnerView, view_of
from flows.stages.spines import load_objectors, load_verdicts
from schemas.agreement import DropKind
from schemas.catalog import CATALOG
from schemas.datapackage import describe, type_name
from schemas.drop import Account, Drop, DropColumn, DropTable, Version
from schemas.partner_tables import PartnerTable
from sources.snapshot import Snapshot
from transforms.account import account_of, reasons_of
from transforms.shaping import shape

SOFTWARE = "joint-use-export"

_TABLES_AT_ONCE = 2
"""More would hold more batches in memory for little: one table has most of the rows."""


def write(run: Run, snapshot: Snapshot, settled: Settled, partner: str) -> Built:
    """Write what the gate lets through for the partner, and the documents around it."""
    verdicts = load_verdicts(run.workspace, partner)
    objectors = load_objectors(run.workspace, partner)
    view = view_of(run, snapshot, verdicts, objectors, partner)
    _give_keys(view)
    writer = _DropWriter(run, view, run.series(partner).staging())
    # Tables do not depend on each other any more, and Arrow leaves the interpreter free.
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        written = tuple(pool.map(writer.write, view.tables))
    writer.finish(written, settled, partner)
    cells = _told(written)
    accounts = {table.file.name: table.account for table in written}
    reasons = {table.file.name: table.reasons for table in written}
    return Built(partner, str(writer.staging), accounts, reasons, cells)


@dataclass(frozen=True)
class _Written:
    """One file as written: its entry in `drop.json`, its account, and what became of cells."""

    file: DropTable
    account: Account
    reasons: Mapping[str, int]
    cells: Counter[str]


def _told(tables: tuple[_Written, ...]) -> dict[str, int]:
    cells = sum((table.cells for table in tables), Counter[str]())
    return {reason: count for reason, count in sorted(cells.items()) if count}


def _give_keys(view: PartnerView) -> None:
    """Make the keys that several tables need, each number once."""
    for name in {table.name for table in view.tables} & {"customers", "vehicles", "repairs"}:
        leaves = pyarrow.array(view.verdicts.codes(name) == 0)
        numbers = view.spine.column(name, CATALOG[name].key or "")
        given = pc.if_else(leaves, numbers, pyarrow.scalar(None, pyarrow.string()))
        view.shaping.keys[name] = view.keys.of(name, given)


class _DropWriter:
    """Writes the files of one drop, and the documents around them."""

    def __init__(self, run: Run, view: PartnerView, staging: Path) -> None:
        self._run, self._view, self.staging = run, view, staging

    def write(self, table: PartnerTable) -> _Written:
        """Write one file and balance its account."""
        delivery = self._view.shaping.delivery
        path = self.staging / "data" / f"{table.name}{delivery.suffix}"
        cells: Counter[str] = Counter()
        rows = write_all(open_writer(path, table, delivery), self._shaped(table, cells))
        counts = verdict_counts(self._view.snapshot, self._view.verdicts, table.name)
        read = self._view.snapshot.tables[table.name].read
        columns = [
            DropColumn(name=c.name, title=c.title, items=c.items, type=type_name(c))
            for c in table.columns
        ]
        file = DropTable(
            name=table.name,
            file=path.relative_to(self.staging).as_posix(),
            rows=rows,
            sha256=sha256_of(path),
            columns=tuple(columns),
        )
        account = account_of(table.name, read, rows, counts)
        return _Written(file, account, reasons_of(counts), cells)

    def finish(self, tables: tuple[_Written, ...], settled: Settled, partner: str) -> None:
        """Write the documents of the drop around its files."""
        drop = self._drop(tables, settled, partner)
        package_name = drop.drop_id.replace("/", "-")
        notice = self._run.folder.policy.notice
        package = describe(self._view.tables, self._view.shaping.delivery, notice, package_name)
        _write_json(self.staging / "drop.json", drop.model_dump(mode="json"))
        _write_json(self.staging / "datapackage.json", package)
        seal_bag(
            self.staging,
            identifier=drop.drop_id,
            shop=notice.responsible.name,
            bagged_on=self._run.as_of.date(),
            payload={table.file.file: table.file.sha256 for table in tables},
        )

    def _shaped(self, table: PartnerTable, cells: Counter[str]) -> Iterator[pyarrow.RecordBatch]:
        for rows, places in self._view.leaving(table):
            shaped, told = shape(rows, places, table, self._view.shaping)
            cells.update(told)
            yield shaped

    def _drop(self, tables: tuple[_Written, ...], settled: Settled, partner: str) -> Drop:
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
            tables=tuple(table.file for table in tables),
            account={table.file.name: table.account for table in tables},
            cells=_told(tables),
            operator=run.operator,
            reason=run.request.reason,
            software=SOFTWARE,
        )


def _write_json(path: Path, content: object) -> None:
    path.write_bytes((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
