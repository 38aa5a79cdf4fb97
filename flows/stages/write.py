"""Shape and write: one partner's drop, whole, in a hidden folder beside its place."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.compute as pc

from drops.bag import seal_bag, sha256_of
from drops.writers import open_writer, write_all
from flows.report import Built, Settled
from flows.run import Run
from flows.stages.partner_view import PartnerView, view_of
from flows.stages.spines import load_objectors, load_verdicts
from schemas.agreement import DropKind
from schemas.catalog import CATALOG
from schemas.datapackage import describe, type_name
from schemas.drop import Account, Drop, DropColumn, DropTable, Version
from schemas.partner_tables import PartnerTable
from sources.snapshot import Snapshot
from transforms.account import account_of, reasons_of
from transforms.settling import line_codes
from transforms.shaping import shape
from transforms.spine import LINE_COLUMNS
from transforms.verdicts import Verdict

SOFTWARE = "joint-use-export"


def write(run: Run, snapshot: Snapshot, settled: Settled, partner: str) -> Built:
    """Write what the gate lets through for the partner, and the documents around it."""
    verdicts = load_verdicts(run.workspace, partner)
    objectors = load_objectors(run.workspace, partner)
    view = view_of(run, snapshot, verdicts, objectors, partner)
    _give_keys(view)
    writer = _DropWriter(run, view, run.series(partner).staging())
    for table in view.tables:
        writer.write(table)
    writer.finish(settled, partner)
    return writer.built(partner)


def _give_keys(view: PartnerView) -> None:
    """Make the keys that several tables need, each number once."""
    for name in {table.name for table in view.tables} & {"customers", "vehicles", "repairs"}:
        leaves = pyarrow.array(view.verdicts.codes(name) == 0)
        numbers = view.spine.column(name, CATALOG[name].key or "")
        given = pc.if_else(leaves, numbers, pyarrow.scalar(None, pyarrow.string()))
        view.shaping.keys[name] = view.keys.of(name, given)


class _DropWriter:
    """Writes the files of one drop and keeps its account."""

    def __init__(self, run: Run, view: PartnerView, staging: Path) -> None:
        self._run, self._view, self._staging = run, view, staging
        self._account: dict[str, Account] = {}
        self._reasons: dict[str, dict[str, int]] = {}
        self._cells: Counter[str] = Counter()
        self._tables: list[DropTable] = []

    def write(self, table: PartnerTable) -> None:
        """Write one file and balance its account."""
        delivery = self._view.shaping.delivery
        path = self._staging / "data" / f"{table.name}{delivery.suffix}"
        written = write_all(open_writer(path, table, delivery), self._shaped(table))
        counts = self._verdict_counts(table.name)
        read = self._view.snapshot.tables[table.name].read
        self._account[table.name] = account_of(table.name, read, written, counts)
        self._reasons[table.name] = reasons_of(counts)
        columns = [
            DropColumn(name=c.name, title=c.title, items=c.items, type=type_name(c))
            for c in table.columns
        ]
        self._tables.append(
            DropTable(
                name=table.name,
                file=path.relative_to(self._staging).as_posix(),
                rows=written,
                sha256=sha256_of(path),
                columns=tuple(columns),
            )
        )

    def finish(self, settled: Settled, partner: str) -> None:
        """Write the documents of the drop around its files."""
        drop = self._drop(settled, partner)
        package_name = drop.drop_id.replace("/", "-")
        notice = self._run.folder.policy.notice
        package = describe(self._view.tables, self._view.shaping.delivery, notice, package_name)
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
        return Built(partner, str(self._staging), self._account, self._reasons, self._told())

    def _told(self) -> dict[str, int]:
        return {reason: count for reason, count in sorted(self._cells.items()) if count}

    def _shaped(self, table: PartnerTable) -> Iterator[pyarrow.RecordBatch]:
        for rows, places in self._view.leaving(table):
            shaped, told = shape(rows, places, table, self._view.shaping)
            self._cells += told
            yield shaped

    def _verdict_counts(self, table: str) -> Counter[Verdict]:
        verdicts = self._view.verdicts
        if table != "repair_lines":
            return verdicts.count(verdicts.codes(table))
        counts: Counter[Verdict] = Counter()
        for batch in self._view.snapshot.batches(table, LINE_COLUMNS):
            counts += verdicts.count(line_codes(verdicts, batch))
        return counts

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
            cells=self._told(),
            operator=run.operator,
            reason=run.request.reason,
            software=SOFTWARE,
        )


def _write_json(path: Path, content: object) -> None:
    path.write_bytes((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
