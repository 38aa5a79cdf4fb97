"""A drop that was made before: opened as its run was, and whether it may still leave."""

from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow
from sqlalchemy import Connection

from drops.keys import PartnerKeys
from drops.objector_scan import Traces
from drops.plain_forms import plain_form
from drops.verify import verify_drop
from flows.counter.desk import Desk
from flows.making.objectors import Objectors
from flows.making.partner_view import finder_of
from flows.making.second_look import objector_scan
from flows.running.clock import Clock
from flows.running.overtaken import again
from flows.running.request import ExportRequest
from flows.running.run import Run, opened_run
from flows.stages.register import look_up, take_in
from ledger.objections_moved import have_moved_since
from schemas.catalog import CATALOG
from schemas.datapackage import Resource
from schemas.drop import Drop, DropKind
from schemas.errors import ObjectionsMovedError
from sources.staging import take_snapshot
from transforms.arrays import distinct, whole
from transforms.identity import IDENTITY_COLUMNS, own_contacts
from transforms.mentions import Mentions
from transforms.remembered import Refusers
from transforms.shaping import finders
from transforms.spine import SPINE_TABLES
from transforms.verdicts import Disposition, Verdicts


def opened_for(desk: Desk, clock: Clock, drop: Drop) -> AbstractContextManager[Run]:
    """Hold what belongs to a drop's partner and kind, as a run of it does."""
    kind = drop.kind
    request = ExportRequest(
        shop=str(desk.folder.home),
        month=drop.period if kind is DropKind.MONTHLY else "",
        partners=(drop.partner,),
        operator=desk.actor.person,
        reason=desk.actor.reason,
    )
    return opened_run(request, clock, desk.environment, kind=kind)


def objections_moved(run: Run, connection: Connection, drop: Drop) -> bool:
    """Tell whether an objection has arrived, taken effect or ended since a drop was made."""
    take_in(run, connection)
    return have_moved_since(connection, drop, run.as_of.date())


def refuse_holding_refusers(run: Run, drop: Drop, folder: Path) -> None:
    """Refuse a drop that holds anything a refuser has, as today's records tell.

    A merge, a link, a contact or another keeper entered since it was made may have shown that a row or a cell
    in it is of somebody who had objected: every file is searched, as when it was made, for all rows and own
    contacts of theirs, and for cells that name them. A notice holds nobody, and is only held against itself.

    Raises:
        ObjectionsMovedError: it does.
        VerificationError: it is not what was published.
    """
    if drop.kind is DropKind.NOTICES:
        verify_drop(folder)
        return
    snapshot = take_snapshot(run.folder, run.staged, run.environment, SPINE_TABLES)
    look_up(run, snapshot)
    verdicts = Verdicts.all_delivered({name: snapshot.tables[name].read for name in SPINE_TABLES})
    objectors = Objectors(run, snapshot, drop.partner)
    objectors.gate_out(verdicts)
    theirs = snapshot.chosen("customers", IDENTITY_COLUMNS, objectors.rows)
    more = Traces(contacts=set(plain_form(own_contacts(theirs)[0]).to_pylist()))
    keys = PartnerKeys(run.ledger.key(drop.partner))
    for table in SPINE_TABLES:
        column = CATALOG[table].key
        if column:
            rows = snapshot.chosen(table, [column], verdicts.are(table, Disposition.OBJECTED))
            more.keys.update(keys.of(table, whole(rows[column]).drop_null()).to_pylist())
    search = objector_scan(run, snapshot, drop.partner, folder, more)
    refusers = Refusers(objectors.rows, objectors.gone)
    named = _NamedIn(finder_of(snapshot, refusers, run.ledger.references.traits))

    def look(resource: Resource, rows: pyarrow.RecordBatch) -> None:
        search.look(resource, rows)
        named.look(resource, rows)

    verify_drop(folder, look)
    if search.has_found or named.has_found:
        japanese, english = again(drop)
        raise ObjectionsMovedError(
            f"{drop.drop_id}: 今の記録では、申し出のある方のものが入っています。渡しません。{japanese} / "
            f"{drop.drop_id}: as the records stand today it holds something of people who refuse; "
            f"it does not leave. {english}"
        )


class _NamedIn:
    """Looks for cells that the gate, today, would empty: those of others that name a refuser."""

    def __init__(self, mentions: Mentions) -> None:
        self._finders = finders(mentions)
        self.has_found = False

    def look(self, resource: Resource, rows: pyarrow.RecordBatch) -> None:
        """Search rows of a file."""
        known = CATALOG[resource.name].columns if resource.name in CATALOG else {}
        for each in resource.fields:
            column = known.get(each.column)
            find = self._finders.get(column.kind) if column else None
            if find is not None:
                self.has_found |= bool(find(distinct(rows.column(each.name))).any())
