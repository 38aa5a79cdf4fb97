"""Rows of others that bear a person's name, contact or home; once their own row is gone, nothing tells so."""

from collections.abc import Collection

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG
from schemas.columns import TEXTS
from schemas.staging import PART, RECORD
from sources.snapshot import Snapshot
from transforms.mentions import Mentions
from transforms.shaping import finders

MENTIONING = ("customers", "family_members", "certificates")
"""Tables whose rows may name other people."""


def mentioned_elsewhere(
    snapshot: Snapshot, mentions: Mentions, numbers: Collection[str]
) -> tuple[str, ...]:
    """Name the rows of others that mention a person, by source and record number; no value of theirs.

    Args:
        snapshot: with the tables of `MENTIONING`.
        mentions: made of the person's records.
        numbers: the person's own customer numbers.
    """
    own = pyarrow.array(sorted(numbers), pyarrow.string())
    find = {**finders(mentions), **dict.fromkeys(TEXTS, mentions.in_free_text)}
    found: list[str] = []
    for table in MENTIONING:
        names = snapshot.tables[table].parts
        columns = {n: c for n, c in CATALOG[table].columns.items() if c.kind in find}
        for batch in snapshot.batches(table):
            mask = np.zeros(batch.num_rows, bool)
            for name, column in columns.items():
                mask |= find[column.kind](batch.column(name))
            if table == "customers":
                is_own = pc.is_in(batch.column("customer_id"), value_set=own)
                mask &= ~is_own.to_numpy(zero_copy_only=False)
            rows = batch.filter(pyarrow.array(mask))
            places = zip(
                rows.column(PART).to_pylist(), rows.column(RECORD).to_pylist(), strict=True
            )
            found += [f"{names[part]} {record}" for part, record in places]
    return tuple(found)
