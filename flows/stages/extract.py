"""Extract: the shop's records, in one snapshot per source, into the run's own folder."""

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial

from flows.making import begun_early
from flows.running.run import Run
from schemas.catalog import DELIVERABLE_TABLES
from schemas.drop import DropKind
from schemas.errors import ObjectionsUnreliableError, SourceUnreadableError
from sources.snapshot import Snapshot
from sources.staging import take_snapshot
from transforms.spine import day_number

_WORK_DAYS = (
    *(("visits", "checked_in_on"), ("repairs", "done_on")),
    *(("invoices", "booked_on"), ("invoices", "estimated_on")),
)
"""What a shop that is open writes nearly every day."""


def extract(run: Run) -> Snapshot:
    """Read all mapped tables; a source that cannot be read whole stops the run, and so do old records."""
    snapshot = snapshot_of(run, DELIVERABLE_TABLES, partial(begun_early.begin, run))
    if run.kind is not DropKind.NOTICES:
        _refuse_outdated(run, snapshot)
    return snapshot


def snapshot_of(
    run: Run, tables: Collection[str], when_staged: Callable[[Snapshot, str], None] | None = None
) -> Snapshot:
    """Read tables of the shop; customers without any row look like a lost export.

    Raises:
        SourceUnreadableError: a source cannot be read whole, or there is no customer.
    """
    snapshot = take_snapshot(
        run.folder, run.staged, run.environment, tables, when_staged=when_staged
    )
    if snapshot.tables["customers"].read == 0:
        raise SourceUnreadableError(
            "お客様の記録が空です。お店のシステムからの出力と shop.toml を確かめてください / "
            "the customer records are empty; check the export of the shop's system and shop.toml"
        )
    return snapshot


def _refuse_outdated(run: Run, snapshot: Snapshot) -> None:
    """Refuse records that end long ago: who objected since is not in them (invariant 7).

    Raises:
        ObjectionsUnreliableError: with the day of the newest work in them.
    """
    today = run.as_of.date()
    newest = -1
    for table, column in _WORK_DAYS:
        days = snapshot.spine.days(table, column)
        newest = max(newest, int(days[days <= day_number(today)].max(initial=-1)))
    age, most = day_number(today) - newest, run.folder.shop.limits.max_records_age_days
    if newest >= 0 and age > most:
        last = today - timedelta(days=age)
        raise ObjectionsUnreliableError(
            f"記録にある最後の入庫・整備・売上は {last} で、{age} 日前です（上限 {most} 日）。"
            "古い出力なら、その後の申し出が入っていません。お店のシステムから出力し直してください。"
            "休業などで正しければ、shop.toml の limits.max_records_age_days を上げてください / "
            f"the newest work in the records is of {last}, {age} days ago (at most {most}): in an old export "
            "nobody has objected since. Export the records again; if the shop was closed, raise "
            "limits.max_records_age_days in shop.toml"
        )
