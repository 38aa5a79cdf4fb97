"""Publish: if no objection has arrived since the gate, one rename makes the drop visible."""

from pathlib import Path

from drops.bag import check_bag
from drops.folders import discard, read_drop
from drops.folders import publish as publish_folder
from flows.report import Built, Outcome, Settled
from flows.run import Run, instant
from schemas.drop import Drop
from schemas.errors import JointUseError, ObjectionsMovedError
from sources.snapshot import objections_head


def publish(run: Run, settled: Settled, built: Built) -> Outcome:
    """Publish a verified drop, unless the partner already has exactly this.

    Raises:
        ObjectionsMovedError: the objections are no longer those the gate knew.
    """
    staging = Path(built.staging)
    drop = read_drop(staging)
    head = objections_head(run.folder.shop, run.folder.home, run.environment)
    has_day_turned = instant(run.clock).date() != run.as_of.date()
    if head != settled.objections_head or has_day_turned:
        raise ObjectionsMovedError(
            "an objection arrived, or a day began on which one takes effect, while the drop was "
            "being made; nothing further is published. Run again"
        )
    series = run.series(built.partner)
    latest = series.latest()
    if run.request.dry_run:
        discard(staging)
        return _outcome(built, drop, "dry_run", "")
    if latest is not None and _is_there(latest, drop):
        discard(staging)
        return _outcome(built, read_drop(latest), "unchanged", str(latest))
    target = series.path(drop.revision)
    publish_folder(staging, target)
    return _outcome(built, drop, "published", str(target))


def _is_there(latest: Path, drop: Drop) -> bool:
    """Tell whether the newest published revision is sound and says the same."""
    try:
        return not check_bag(latest) and _is_same(read_drop(latest), drop)
    except JointUseError:
        return False


def _is_same(old: Drop, new: Drop) -> bool:
    """Tell whether two drops say the same: the same files under the same notice and agreement."""
    return (old.tables, old.purposes, old.notice, old.agreement) == (
        new.tables,
        new.purposes,
        new.notice,
        new.agreement,
    )


def _outcome(built: Built, drop: Drop, status: str, path: str) -> Outcome:
    return Outcome.model_validate(
        {
            "partner": built.partner,
            "status": status,
            "drop_id": drop.drop_id,
            "path": path,
            "supersedes": drop.supersedes,
            "account": {name: account.model_dump() for name, account in built.account.items()},
            "reasons": built.reasons,
            "cells": built.cells,
        }
    )
