"""Shape and write: one partner's drop, whole, in a hidden folder beside its place."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event

import numpy as np
import pyarrow
from pyarrow import ipc

from drops.bag import seal_bag, sha256_of
from drops.writers import open_writer, write_all
from flows.making.deletions import tombstones
from flows.making.handed_on import Built, Registered
from flows.making.members import persons_in
from flows.making.partner_view import PartnerView, view_of
from flows.making.restricting import restrict
from flows.making.set_aside import verdict_counts
from flows.making.shaped import Shaped, Shaper, SharedOut
from flows.running.run import Run
from flows.running.scratch import Targets
from ledger.answer_book import AnswerBook
from ledger.audit import note
from ledger.drop_book import DropBook
from ledger.drop_entries import Tombstone
from ledger.holdings import RECORDS
from schemas.agreement import fingerprint_of
from schemas.datapackage import describe, type_name
from schemas.drop import Account, AuditHead, Drop, DropColumn, DropKind, DropTable
from schemas.partner_tables import PHOTOGRAPHS, PartnerTable, deleted_table, targets_table
from schemas.screening import WAITS
from sources.snapshot import Snapshot
from transforms.account import account_of, reasons_of
from transforms.key_forms import hexadecimal_keys
from transforms.shaping import campaign_words

SOFTWARE = "joint-use-export"

_AT_ONCE = 2
"""Files written at once: one is encoded while rows of another are shaped."""


def write(run: Run, snapshot: Snapshot, registered: Registered, partner: str) -> Built:
    """Write what the gate lets through for the partner, and the documents around it.

    Raises:
        RecordsVanishedError: so much of what the partner holds is gone that the records are doubted.
    """
    view = view_of(
        run, snapshot, run.scratch.verdicts(partner), run.scratch.refusers(partner), partner
    )
    run.ahead.finders.pop(partner, None)  # the view has it, and nobody needs it after us
    to_delete = tombstones(run, view, partner)
    targets = run.scratch.targets(partner) if run.kind is DropKind.RECALL else None
    if targets is not None:
        restrict(view.verdicts, view.spine, targets.cars["vehicle"].unique())
    tables = () if run.kind is DropKind.NOTICES else view.tables
    view.give_keys(run.ahead.keys, tables)
    writer = _DropWriter(run, view, run.series(partner).staging(), partner)
    written = _written(writer, tables, snapshot)
    if targets is not None:
        written = (*written, writer.write_targets(targets))
    run.scratch.save_tombstones(to_delete, partner)
    deleted = writer.write_deleted(to_delete)
    writer.finish(written, deleted, registered)
    with run.scratch.writing(f"records-{partner}", RECORDS) as records:
        for table in tables:
            for piece in run.scratch.pieces(writer.shown(table)):
                records.write_batch(piece)
    run.scratch.save_table(
        f"persons-{partner}", persons_in(view, tables, writer.repairs_with_lines)
    )
    cells = _told(written)
    accounts = {table.file.name: table.account for table in written}
    reasons = {table.file.name: table.reasons for table in written}
    return Built(partner, str(writer.staging), accounts, reasons, cells, deleted.rows)


@dataclass(frozen=True)
class _Written:
    """One file as written: its entry in `drop.json`, its account, and what became of cells."""

    file: DropTable
    account: Account
    reasons: Mapping[str, int]
    cells: Counter[str]


def _written(
    writer: "_DropWriter", tables: tuple[PartnerTable, ...], snapshot: Snapshot
) -> tuple[_Written, ...]:
    """Write the files side by side, the longest first so that it is not the only one left at the end."""
    longest_first = sorted(tables, key=lambda table: -snapshot.tables[table.name].read)
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        files = {table.name: pool.submit(writer.write, table) for table in longest_first}
        for ended in wait(files.values(), return_when=FIRST_EXCEPTION).done:
            ended.result()  # what failed ends the others, also one that is asked for first
        return tuple(files[table.name].result() for table in tables)
    except BaseException:
        # A thread that went on would write into folders that are being cleared.
        writer.stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _told(tables: tuple[_Written, ...]) -> dict[str, int]:
    cells = sum((table.cells for table in tables), Counter[str]())
    return {reason: count for reason, count in sorted(cells.items()) if count}


def _told_to_partner(cells: Mapping[str, int]) -> dict[str, int]:
    """Tell a partner how many cells are empty on purpose, never why: the one of a category is somebody's."""
    told: Counter[str] = Counter()
    for reason, count in cells.items():
        told["withheld" if reason == WAITS or reason.startswith("withheld:") else reason] += count
    return dict(sorted(told.items()))


class _DropWriter:
    """Writes the files of one drop, and the documents around them."""

    def __init__(self, run: Run, view: PartnerView, staging: Path, partner: str) -> None:
        self._run, self._view, self.staging, self._partner = run, view, staging, partner
        here = Shaper(view, run.ledger.references, run.scratch, staging)
        self._shaper = SharedOut(run, run.engine, here, partner) if run.engine else here
        self.repairs_with_lines = np.zeros(view.spine.count("repairs"), bool)
        self.stopped = Event()
        """Files that are begun are of no use any more."""

    def write(self, table: PartnerTable) -> _Written:
        """Write one file and balance its account."""
        cells: Counter[str] = Counter()
        with self._run.scratch.writing(self.shown(table), RECORDS) as records:
            file = self._file(table, self._noted(self._shaper.shaped(table), cells, records))
        counts = verdict_counts(self._view.snapshot, self._view.verdicts, table.name)
        account = account_of(
            table.name, self._view.snapshot.tables[table.name].read, file.rows, counts
        )
        return _Written(file, account, reasons_of(counts), cells)

    def shown(self, table: PartnerTable) -> str:
        """Name what is kept of the records a file shows (`RECORDS`)."""
        return f"shown-{self._partner}-{table.name}"

    def write_targets(self, targets: Targets) -> _Written:
        """Write which car which campaign may be about."""
        table = targets_table()
        vehicles = targets.cars["vehicle"].to_numpy(np.int64)
        words = dict(table.columns[-1].labels)
        cells = [
            hexadecimal_keys(self._view.shaping.keys["vehicles"].of(vehicles)).to_pylist(),
            *(
                targets.cars[name].tolist()
                for name in ("campaign", "notified_on", "category", "device")
            ),
            [words[name] for name in targets.cars["match_class"]],
        ]
        arrays = [
            campaign_words(pyarrow.array(column, field.type), self._view.shaping.delivery)
            for column, field in zip(cells, table.schema, strict=True)
        ]
        file = self._file(table, [pyarrow.RecordBatch.from_arrays(arrays, schema=table.schema)])
        account = Account(read=targets.affected, delivered=file.rows, **targets.kept)
        return _Written(file, account, {}, Counter())

    def write_deleted(self, keys: list[Tombstone]) -> DropTable:
        """Write the keys the partner must delete."""
        columns = [[each.record for each in keys], [each.key for each in keys]]
        arrays = [pyarrow.array(column, pyarrow.string()) for column in columns]
        table = deleted_table()
        return self._file(table, [pyarrow.RecordBatch.from_arrays(arrays, schema=table.schema)])

    def finish(
        self, tables: tuple[_Written, ...], deleted: DropTable, registered: Registered
    ) -> None:
        """Write the documents of the drop around its files; its making is entered in the audit chain."""
        payload = {file.file: file.sha256 for file in (*(t.file for t in tables), deleted)}
        pictures = sorted((self.staging / PHOTOGRAPHS).glob("*.jpg"))
        payload |= {f"{PHOTOGRAPHS}/{path.name}": sha256_of(path) for path in pictures}
        drop = self._drop(tables, deleted, registered)
        drop = drop.model_copy(update={"audit_head": self._entered(drop, payload)})
        known = (*self._view.tables, targets_table())
        described = [*(t for t in known if t.name in drop.account), deleted_table()]
        package = describe(
            tuple(described),
            self._view.shaping.delivery,
            self._run.notice,
            drop.drop_id.replace("/", "-"),
        )
        _write_json(self.staging / "drop.json", drop.model_dump(mode="json"))
        (self.staging / "datapackage.json").write_bytes(package.written().encode())
        seal_bag(
            self.staging,
            identifier=drop.drop_id,
            shop=self._run.notice.responsible.name,
            bagged_on=self._run.as_of.date(),
            payload=payload,
        )

    def _entered(self, drop: Drop, payload: Mapping[str, str]) -> AuditHead:
        """Enter that the drop was made; what it says of the chain covers this entry."""
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        actor = self._run.actor
        with self._run.ledger.writing() as connection:
            head = note(connection, actor, "export", drop.drop_id, f"made; payload sha256:{digest}")
        return AuditHead(sequence=head.sequence, at=actor.stamp, sha256=head.digest)

    def _file(self, table: PartnerTable, batches: Iterable[pyarrow.RecordBatch]) -> DropTable:
        delivery = self._view.shaping.delivery
        path = self.staging / "data" / f"{table.name}{delivery.suffix}"
        rows = write_all(open_writer(path, table, delivery), batches)
        columns = [
            DropColumn(name=c.name, title=c.title, items=c.items, type=type_name(c))
            for c in table.columns
        ]
        return DropTable(
            name=table.name,
            file=path.relative_to(self.staging).as_posix(),
            rows=rows,
            sha256=sha256_of(path),
            columns=tuple(columns),
        )

    def _noted(
        self, pieces: Iterable[Shaped], cells: Counter[str], records: ipc.RecordBatchFileWriter
    ) -> Iterator[pyarrow.RecordBatch]:
        for piece in pieces:
            if self.stopped.is_set():
                raise CancelledError
            cells.update(piece.told)
            if piece.shown is not None:
                records.write_table(piece.shown)
            self.repairs_with_lines[piece.repairs] = True
            yield piece.rows

    def _drop(
        self, tables: tuple[_Written, ...], deleted: DropTable, registered: Registered
    ) -> Drop:
        run, partner = self._run, self._partner
        series = run.series(partner)
        with run.ledger.reading() as connection:
            book = DropBook(connection)
            discard = AnswerBook(connection).to_discard(partner)
            latest = book.latest(partner, run.kind, run.period)
            revision = series.free_revision(book.next_revision(partner, run.kind, run.period))
        in_force, *since = (dated.fingerprint for dated in run.notices)
        return Drop(
            drop_id=f"{partner}/{series.path(revision).name}",
            partner=partner,
            kind=run.kind.value,
            period=run.period,
            revision=revision,
            supersedes=latest.drop.drop_id if latest and not run.kind.is_additive else None,
            purposes=run.share(partner).purposes if tables else (),
            notice=in_force,
            agreement=run.folder.policy.fingerprints[partner],
            narrowed_by=tuple(since),
            as_of=run.as_of.isoformat(),
            objections_head=registered.head,
            sealed_to=fingerprint_of(run.agreement(partner)),
            tables=tuple(table.file for table in tables),
            deleted=deleted,
            discard=discard,
            account={table.file.name: table.account for table in tables},
            cells=_told_to_partner(_told(tables)),
            operator=run.operator,
            reason=run.request.reason,
            software=_software(),
        )


def _software() -> str:
    """Name what makes a drop, for whoever asks later why it is as it is."""
    try:
        return f"{SOFTWARE} {version(SOFTWARE)}"
    except PackageNotFoundError:  # a copy of the sources that was not installed
        return SOFTWARE


def _write_json(path: Path, content: object) -> None:
    path.write_bytes((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
