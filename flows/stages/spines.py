"""The run's keys, links and verdicts: read from the staged tables, kept beside them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from sources.snapshot import Snapshot
from transforms.spine import SPINE_TABLES, Spine, spine_columns
from transforms.verdicts import Disposition, Verdict, Verdicts


def load_spine(snapshot: Snapshot) -> Spine:
    """Read keys, links and deciding columns of every table but the lines."""
    return Spine.of({t: snapshot.table(t, spine_columns(t)) for t in SPINE_TABLES})


def save_verdicts(verdicts: Verdicts, workspace: Path, partner: str = "all") -> None:
    """Keep the verdicts for the stages to come, for everyone or for one partner."""
    arrays: dict[str, Any] = {table: verdicts.codes(table) for table in verdicts.tables()}
    np.savez(workspace / f"verdicts-{partner}.npz", **arrays)
    book = [(verdict.disposition.value, verdict.reason) for verdict in verdicts.book]
    (workspace / f"verdicts-{partner}.json").write_text(json.dumps(book))


def load_verdicts(workspace: Path, partner: str = "all") -> Verdicts:
    """Read the verdicts, an independent copy each time."""
    book = json.loads((workspace / f"verdicts-{partner}.json").read_text())
    with np.load(workspace / f"verdicts-{partner}.npz") as arrays:
        codes = {table: arrays[table] for table in arrays.files}
    return Verdicts(codes, [Verdict(Disposition(number), reason) for number, reason in book])


def save_objectors(objectors: np.ndarray, workspace: Path, partner: str) -> None:
    """Keep the mask of the customer rows whose person objected to a partner."""
    np.save(workspace / f"objectors-{partner}.npy", objectors)


def load_objectors(workspace: Path, partner: str) -> np.ndarray:
    """Read the mask of the customer rows whose person objected to a partner."""
    return np.asarray(np.load(workspace / f"objectors-{partner}.npy"))
