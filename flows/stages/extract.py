"""Extract: the shop's records, in one snapshot per source, into the run's own folder."""

from collections.abc import Callable, Collection
from functools import partial

from flows.running.run import Run
from flows.stages import everyone
from schemas.catalog import DELIVERABLE_TABLES
from schemas.errors import SourceUnreadableError
from sources.snapshot import Snapshot
from sources.staging import take_snapshot


def extract(run: Run) -> Snapshot:
    """Read all mapped tables; a source that cannot be read whole stops the run."""
    return snapshot_of(run, DELIVERABLE_TABLES, partial(everyone.begin, run))


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
