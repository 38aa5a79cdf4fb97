"""Whom a drop holds, read off its own files: for a drop the ledger knows nothing of any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow

from drops.folders import read_drop
from drops.reading import read_table, resources_of
from schemas.catalog import CATALOG
from schemas.datapackage import Resource
from schemas.partner_tables import DELETED, HELD, TARGETS, key_name, targets_table

_CUSTOMER, _VEHICLE, _REPAIR = (
    key_name(f"{name}_id") for name in ("customer", "vehicle", "repair")
)
_READ_OF = {DELETED: ("record", "key"), TARGETS: (_VEHICLE, "campaign", "match_class")}
"""Columns read of files that are no records of the shop; of all others, the keys."""


@dataclass(frozen=True)
class Members:
    """Whom and what a drop holds.

    Args:
        persons: per customer key (hex) the tables with anything of theirs, a bit each.
        records: `record` and `key` (hex) of every customer, relative, car and certificate.
        deleted: `record` and `key` (hex) of every row of the `deleted` table.
        targets: `vehicle_key` (hex), `campaign` and `match_class` (`in_range`, `possible`) of every car a
            recall drop tells of.
    """

    persons: pd.Series
    records: pd.DataFrame
    deleted: pd.DataFrame
    targets: pd.DataFrame


def members_of(folder: Path) -> Members:
    """Read whom a drop holds."""
    resources = resources_of(folder)
    frames = {name: _keys(folder, resource) for name, resource in resources.items()}
    persons: dict[str, int] = {}
    records = []
    for place, table in enumerate(read_drop(folder).tables):
        if table.name not in CATALOG:
            continue
        frame = frames[table.name]
        for key in _owners(table.name, frame, frames).unique():
            persons[key] = persons.get(key, 0) | 1 << place
        column = key_name(HELD[table.name]) if table.name in HELD else None
        if column in frame:
            records.append(pd.DataFrame({"record": table.name, "key": frame[column].dropna()}))
    none = pd.DataFrame({"record": [], "key": []}, dtype=object)
    return Members(
        pd.Series(persons, pd.Index(list(persons), dtype=object), np.uint16),
        pd.concat([none, *records], ignore_index=True),
        frames.get(DELETED, none),
        _targets(frames.get(TARGETS)),
    )


def _targets(frame: pd.DataFrame | None) -> pd.DataFrame:
    """Give the cars a recall drop tells of, classes by their names instead of their titles."""
    if frame is None:
        return pd.DataFrame(columns=list(_READ_OF[TARGETS]), dtype=object)
    titles = targets_table().columns[-1].labels
    names = {title: name for name, title in titles}
    return frame.assign(match_class=frame["match_class"].map(names))


def _owners(name: str, frame: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Give the customer key of each row that has one."""
    if _CUSTOMER in frame:
        return frame[_CUSTOMER].dropna()
    for column, parents in ((_VEHICLE, "vehicles"), (_REPAIR, "repairs")):
        parent = frames.get(parents)
        if name != parents and column in frame and parent is not None and _CUSTOMER in parent:
            known = parent.drop_duplicates(column).set_index(column)[_CUSTOMER]
            return frame[column].map(known).dropna()
    return pd.Series([], dtype=object)


def _keys(folder: Path, resource: Resource) -> pd.DataFrame:
    """Read the columns of a file that are needed, under their canonical names."""
    named = resource.headers
    read = _READ_OF.get(resource.name, [column for column in named if column.endswith("_key")])
    headers = {header: column for column, header in named.items() if column in read}
    if not headers:
        return pd.DataFrame()
    batches = list(read_table(folder, resource, list(headers)))
    schema = pyarrow.schema([(header, pyarrow.string()) for header in headers])
    table = pyarrow.Table.from_batches(batches) if batches else schema.empty_table()
    return table.to_pandas().rename(columns=headers)
