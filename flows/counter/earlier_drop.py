"""A drop that was made before: opened as its run was, and whether it may still leave."""

from contextlib import AbstractContextManager
from datetime import date

from sqlalchemy import Connection

from drops.keys import PartnerKeys
from flows.counter.desk import Desk
from flows.running.clock import Clock
from flows.running.request import ExportRequest
from flows.running.run import Run, opened_run
from flows.stages.objectors import Objectors
from flows.stages.register import look_up, take_in
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from ledger.objection_book import ObjectionBook
from schemas.agreement import DropKind
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.drop import Drop
from schemas.errors import ObjectionsMovedError
from schemas.partner_tables import STANDING
from sources.staging import take_snapshot
from transforms.arrays import whole
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


def refuse_holding_refusers(run: Run, entered: EnteredDrop) -> None:
    """Refuse a drop that holds what a refuser has, as today's records tell.

    A merge, a link or another keeper entered since it was made may have shown that a person, a relative or
    a car in it is of somebody who had objected. A notice holds nobody, and is not held up.

    Raises:
        ObjectionsMovedError: it does.
    """
    drop = entered.drop
    with run.ledger.reading() as connection:
        held = DropBook(connection).holdings.own_keys(entered.sequence)
    if not held:
        return
    names = [name for name in DELIVERABLE_TABLES if name != "repair_lines"]
    snapshot = take_snapshot(run.folder, run.staged, run.environment, names)
    look_up(run, snapshot)
    verdicts = Verdicts.all_delivered({name: snapshot.tables[name].read for name in names})
    Objectors(run, snapshot, drop.partner).gate_out(verdicts)
    keys = PartnerKeys(run.ledger.key(drop.partner))
    refused: set[tuple[str, str]] = set()
    for table in STANDING:
        column = CATALOG[table].key or ""
        rows = snapshot.chosen(table, [column], verdicts.are(table, Disposition.OBJECTED))
        numbers = keys.of(table, whole(rows[column]).drop_null()).to_pylist()
        refused.update((table, key) for key in numbers)
    count = len(held & refused)
    if count:
        raise ObjectionsMovedError(
            f"{drop.drop_id}: 今の記録では、申し出のある方のものが {count} 件入っています。渡しません。"
            "もう一度 export してください / "
            f"{drop.drop_id}: as the records stand today it holds {count} records of people who refuse; "
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
