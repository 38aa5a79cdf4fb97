"""Extract: the shop's records, in one snapshot per source, into the run's own folder."""

from functools import partial

from flows.run import Run
from flows.stages import everyone
from schemas.errors import SourceUnreadableError
from sources.snapshot import Snapshot
from sources.staging import take_snapshot


def extract(run: Run) -> Snapshot:
    """Read all mapped tables; a source that cannot be read whole stops the run."""
    snapshot = take_snapshot(
        run.folder,
        run.staged,
        run.environment,
        when_staged=partial(everyone.begin, run),
    )
    if snapshot.tables["customers"].read == 0:
        raise SourceUnreadableError(
            "お客様の記録が空です。お店のシステムからの出力と shop.toml を確かめてください / "
            "the customer records are empty; check the export of the shop's system and shop.toml"
        )
    return snapshot
