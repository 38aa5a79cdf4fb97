"""How the rows of two drops differ, file by file: what was added, removed and changed, by key."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from drops.folders import read_drop
from drops.reading import read_table, resources_of
from schemas.datapackage import Resource

_MOST_KEYS = 20


@dataclass(frozen=True)
class Difference:
    """Keys of one file's rows that only the new drop has, only the old one, or both differently.

    Of a file without a primary key they are null: what its rows say is nothing to tell.
    """

    added: pyarrow.Array
    removed: pyarrow.Array
    changed: pyarrow.Array

    @property
    def is_empty(self) -> bool:
        """Whether the rows are the same."""
        return not (len(self.added) or len(self.removed) or len(self.changed))

    def told(self) -> dict[str, object]:
        """Give counts, and the first keys of each kind."""
        kinds = {"added": self.added, "removed": self.removed, "changed": self.changed}
        counts = {name: len(keys) for name, keys in kinds.items()}
        first = {
            f"{name}_keys": tuple(keys[:_MOST_KEYS].drop_null().to_pylist())
            for name, keys in kinds.items()
        }
        return {**counts, **first}


def differences(old: Path, new: Path) -> dict[str, Difference]:
    """Compare two drops; only files that differ are listed. Order of rows does not count."""
    resources = resources_of(old), resources_of(new)
    digests = [
        {file.name: file.sha256 for file in read_drop(folder).files} for folder in (old, new)
    ]
    found = {}
    for name in dict.fromkeys([*resources[0], *resources[1]]):
        if digests[0].get(name) != digests[1].get(name):
            before, after = (
                _rows(folder, own.get(name))
                for folder, own in zip((old, new), resources, strict=True)
            )
            difference = _compare(before, after)
            if not difference.is_empty:
                found[name] = difference
    return found


def _compare(before: pd.Series, after: pd.Series) -> Difference:
    removed = before.index.difference(after.index)
    added = after.index.difference(before.index)
    kept = after.index.intersection(before.index)
    is_changed = before.loc[kept].to_numpy() != after.loc[kept].to_numpy()
    return Difference(*map(_keys, (added, removed, kept[is_changed])))


def _keys(names: pd.Index) -> pyarrow.Array:
    if pd.api.types.infer_dtype(names) not in {"string", "empty"}:
        return pyarrow.nulls(len(names), pyarrow.string())
    return pyarrow.array(names.to_numpy(), pyarrow.string())


def _rows(folder: Path, resource: Resource | None) -> pd.Series:
    """Give a 64-bit digest of each row of a file, by its key.

    Rows without a key go by a digest of what they say and how many said the same before.
    """
    if resource is None:
        return pd.Series(np.array([], np.uint64), index=pd.Index([], dtype=object))
    keys, digests = [np.array([], object)], [np.array([], np.uint64)]
    primary = resource.table.primary_key
    for batch in read_table(folder, resource):
        columns = {column: batch.column(header) for column, header in resource.headers.items()}
        cells = [pc.binary_join_element_wise(n, _text(c), "=") for n, c in sorted(columns.items())]
        texts = _as_objects(pc.binary_join_element_wise(*cells, "\x1f"))
        digests.append(pd.util.hash_array(texts, categorize=False))
        named = [_text(batch.column(name)) for name in primary]
        if named:
            keys.append(_as_objects(pc.binary_join_element_wise(*named, "/")))
    rows = pd.Series(np.concatenate(digests))
    if primary:
        return rows.set_axis(pd.Index(np.concatenate(keys), dtype=object))
    said = pd.DataFrame({"row": rows, "before": rows.groupby(rows).cumcount()})
    return rows.set_axis(pd.util.hash_pandas_object(said, index=False))


def _text(cells: pyarrow.Array) -> pyarrow.Array:
    return pc.fill_null(cells.cast(pyarrow.string()), "")


def _as_objects(texts: pyarrow.Array) -> np.ndarray:
    return np.asarray(texts.to_numpy(zero_copy_only=False), object)
