"""Check and scope: rule on every row what does not depend on a partner."""

from flows.running.run import Run
from sources.snapshot import Snapshot
from transforms.ruling import rule_on
from transforms.spine import LINE_COLUMNS


def check(run: Run, snapshot: Snapshot) -> None:
    """Rule on every table, and keep the verdicts in the run's folder."""
    spine = snapshot.spine
    verdicts = rule_on(spine, snapshot.batches("repair_lines", LINE_COLUMNS), run.month)
    run.scratch.save_verdicts(verdicts)
