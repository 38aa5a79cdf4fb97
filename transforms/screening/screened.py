"""The texts of one snapshot that do not leave, by column; applied to cells and rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.screening import CODED, FREE_TEXT, WAITS, Action

COLUMNS: Mapping[str, tuple[str, ...]] = {
    table: tuple(
        name.partition(".")[2] for name in (*FREE_TEXT, *CODED) if name.partition(".")[0] == table
    )
    for table in dict.fromkeys(name.partition(".")[0] for name in (*FREE_TEXT, *CODED))
}
"""The screened columns of each table."""

ROWS_THAT_CAN_STAY = ("repair_lines", "vehicle_costs")
"""Tables nothing hangs on: a rule may withhold their rows. Elsewhere it empties the cell."""

SCREENED = pyarrow.schema(
    [
        ("column", pyarrow.string()),
        ("text", pyarrow.string()),
        ("reason", pyarrow.string()),
        ("action", pyarrow.string()),
        ("count", pyarrow.int64()),
        ("unknown", pyarrow.list_(pyarrow.string())),
    ]
)
"""One row per column and distinct text that does not leave; `action` is null where it waits."""


@dataclass(frozen=True)
class Blocked:
    """The texts of one column that do not leave."""

    texts: pyarrow.Array
    reasons: tuple[str, ...]
    is_row: np.ndarray
    is_fault: np.ndarray

    def places(self, cells: pyarrow.Array) -> np.ndarray:
        """Give per cell the place of its text among these, -1 where it is none of them."""
        if not len(self.texts) or cells.null_count == len(cells):
            return np.full(len(cells), -1, np.int32)
        found = pc.fill_null(pc.index_in(cells, value_set=self.texts), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Screened:
    """All texts that do not leave, as `SCREENED`."""

    rows: pyarrow.Table

    @classmethod
    def nothing(cls) -> "Screened":
        """Give what screening leaves where nothing is screened."""
        return cls(SCREENED.empty_table())

    @property
    def waiting_count(self) -> int:
        """How many distinct texts wait for a person."""
        return int(pc.sum(pc.equal(self.rows["reason"], WAITS)).as_py() or 0)

    @cached_property
    def _columns(self) -> dict[str, Blocked]:
        frame = self.rows.to_pandas()
        return {
            str(column): Blocked(
                pyarrow.array(own["text"], pyarrow.string()),
                tuple(own["reason"]),
                (own["action"] == Action.WITHHOLD_ROW).to_numpy(bool),
                (own["action"] == Action.QUARANTINE).to_numpy(bool),
            )
            for column, own in frame.groupby("column", sort=False)
        }

    def of(self, table: str, names: Iterable[str]) -> dict[str, Blocked]:
        """Give the blocked texts of those of the named columns that have any."""
        found = {name: self._columns.get(f"{table}.{name}") for name in names}
        return {name: blocked for name, blocked in found.items() if blocked is not None}
