"""Photographs: made anew without what cameras write into them, or set aside (policy §10)."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow

from flows.running.run import Run
from sources.photographs import filed_as, read_photograph
from sources.snapshot import Snapshot
from transforms.verdicts import Disposition, Verdicts


def make_photographs(run: Run, snapshot: Snapshot, verdicts: Verdicts) -> None:
    """Make the photographs of rows that are still in anew; set aside rows without a good one."""
    agreed = {
        c for a in run.folder.policy.agreements.values() for c in a.columns_of("vehicle_images")
    }
    if "file" not in agreed:
        return
    images = snapshot.table("vehicle_images", ["file", "vehicle_id", "is_cleared_for_sharing"])
    names = images["file"].to_pylist()
    faults: dict[str, list[int]] = {}
    rows_in = np.flatnonzero(verdicts.codes("vehicle_images") == 0)
    filed = partial(filed_as, run.folder.home, run.folder.shop.images)
    contested = _contested(images, filed)
    faults["of_several_rows"] = rows_in[contested[rows_in]].tolist()
    for row in rows_in[~contested[rows_in]].tolist():
        photograph = read_photograph(run.folder.home, run.folder.shop.images, str(names[row]))
        if photograph.fault:
            faults.setdefault(photograph.fault, []).append(row)
        else:
            run.scratch.photograph(row).write_bytes(photograph.content)
    for fault, rows in faults.items():
        mask = np.zeros(len(names), bool)
        mask[rows] = True
        verdicts.rule("vehicle_images", mask, Disposition.QUARANTINED, f"file:{fault}")


def _contested(images: pyarrow.Table, filed: Callable[[str], str]) -> np.ndarray:
    """Mask of the photographs that rows name for different cars, or that one of them does not clear.

    Nothing tells which row is right, and the other car may be an objector's.
    """
    told = images.to_pandas()
    files = told["file"].map(filed, na_action="ignore")
    said = told.groupby(files)[["vehicle_id", "is_cleared_for_sharing"]].nunique(dropna=False)
    contested = files.map(said.gt(1).any(axis=1)).eq(True)  # noqa: FBT003 (a cell)
    return contested.to_numpy(bool)
