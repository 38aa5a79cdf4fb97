"""A drop that was made before: opened as its run was, and whether it may still leave."""

from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from drops.keys import PartnerKeys
from drops.objector_scan import Traces
from drops.plain_forms import plain_form
from drops.verify import verify_drop
from flows.counter.desk import Desk
from flows.running.clock import Clock
from flows.running.request import ExportRequest
from flows.running.run import Run, opened_run
from flows.stages.objectors import Objectors
from flows.stages.register import look_up, take_in
from flows.stages.second_look import objector_scan
from ledger.objection_book import ObjectionBook
from schemas.agreement import DropKind
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.drop import Drop
from schemas.errors import ObjectionsMovedError
from sources.staging import take_snapshot
from transforms.arrays import whole
from transforms.identity import IDENTITY_COLUMNS, own_contacts
from transforms.objections import AsOf, in_force
from transforms.verdicts import Disposition, Verdicts


def opened_for(
    desk: Desk, clock: Clock, drop: Drop, *, publishes: bool = True
) -> AbstractContextManager[Run]:
    """Hold what belongs to a drop's partner and kind, as a run of it does."""
    kind = DropKind(drop.kind)
    request = ExportRequest(
        shop=str(desk.folder.home),
        month=drop.period if kind is DropKind.MONTHLY else "",
        partners=(drop.partner,),
        operator=desk.actor.person,
        reason=desk.actor.reason,
        dry_run=not publishes,
    )
    return opened_run(request, clock, desk.environment, kind=kind)


def objections_moved(run: Run, connection: Connection, drop: Drop) -> bool:
    """Tell whether an objection has arrived, taken effect or ended since a drop was made."""
    take_in(run, connection, run.actor)
    book = ObjectionBook(connection, run.ledger.references)
    if book.head() != drop.objections_head:
        return True
    events = book.register().events
    made_on = date.fromisoformat(drop.as_of[:10])
    then, now = (
        set(in_force(events, AsOf(day)).to_pylist()) for day in (made_on, run.as_of.date())
    )
    return then != now


def refuse_holding_refusers(run: Run, drop: Drop, folder: Path) -> None:
    """Refuse a drop that holds anything a refuser has, as today's records tell.

    A merge, a link, a contact or another keeper entered since it was made may have shown that a row or a cell
    in it is of somebody who had objected: every file is searched, as when it was made, for all rows and own
    contacts of theirs. A notice holds nobody, and is not held up.

    Raises:
        ObjectionsMovedError: it does.
    """
    if DropKind(drop.kind) is DropKind.NOTICES:
        return
    names = [name for name in DELIVERABLE_TABLES if name != "repair_lines"]
    snapshot = take_snapshot(run.folder, run.staged, run.environment, names)
    look_up(run, snapshot)
    verdicts = Verdicts.all_delivered({name: snapshot.tables[name].read for name in names})
    objectors = Objectors(run, snapshot, drop.partner)
    objectors.gate_out(verdicts)
    theirs = snapshot.chosen("customers", IDENTITY_COLUMNS, objectors.rows)
    more = Traces(contacts=set(plain_form(own_contacts(theirs)[0]).to_pylist()))
    keys = PartnerKeys(run.ledger.key(drop.partner))
    for table in names:
        column = CATALOG[table].key
        if column:
            rows = snapshot.chosen(table, [column], verdicts.are(table, Disposition.OBJECTED))
            more.keys.update(keys.of(table, whole(rows[column]).drop_null()).to_pylist())
    search = objector_scan(run, snapshot, drop.partner, folder, more)
    verify_drop(folder, search.look)
    if search.has_found:
        raise ObjectionsMovedError(
            f"{drop.drop_id}: 今の記録では、申し出のある方のものが入っています。渡しません。"
            "もう一度 export してください / "
            f"{drop.drop_id}: as the records stand today it holds something of people who refuse; "
            "it does not leave. Run the export again"
        )


def overtaken_by_objections(drop: Drop) -> ObjectionsMovedError:
    """Say that a drop does not leave because objections have changed since it was made."""
    return ObjectionsMovedError(
        f"{drop.drop_id}: 作った後に申し出が届いたか、効力が生じたか、終わりました。渡しません。もう一度 "
        "export してください / "
        f"{drop.drop_id}: an objection arrived, took effect or ended since it was made; it does not leave. "
        "Run the export again"
    )
