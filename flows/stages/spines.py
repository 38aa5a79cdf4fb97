"""The run's keys, links and verdicts: read from the staged tables, kept beside them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from sources.snapshot import Snapshot
from transforms.settling import SPINE_TABLES, Spine, spine_columns
from transforms.verdicts import Disposition, Verdict, Verdicts


def load_spine(snapshot: Snapshot) -> Spine:
    """Read keys, links and deciding columns of every table but the lines."""
    return Spine.of({t: snapshot.table(t, spine_columns(t)) for t in SPINE_TABLES})


def save_verdicts(verdicts: Verdicts, workspace: Path) -> None:
    """Keep the verdicts for the stages to come."""
    arrays: dict[str, Any] = {table: verdicts.codes(table) for table in verdicts.tables()}
    np.savez(workspace / "verdicts.npz", **arrays)
    book = [(verdict.disposition.value, verdict.reason) for verdict in verdicts.book]
    (workspace / "verdicts.json").write_text(json.dumps(book))


def load_verdicts(workspace: Path) -> Verdicts:
    """Read the verdicts, an independent copy each time."""
    book = json.loads((workspace / "verdicts.json").read_text())
    with np.load(workspace / "verdicts.npz") as arrays:
        codes = {table: arrays[table] for table in arrays.files}
    return Verdicts(codes, [Verdict(Disposition(number), reason) for number, reason in book])
