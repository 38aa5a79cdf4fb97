"""A whole column as one running text."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.reading.running_text import RunningText

_LONG = 10_000
_PIECE = 1 << 18
"""Counting takes eight bytes a unit; so many stay in the processor's cache."""


class JoinedText(RunningText):
    """The cells of a column, changed together; none of the changes reaches across cells."""

    def __init__(self, cells: pyarrow.Array) -> None:
        """Join the cells; a null is an empty cell until `cells` gives it back."""
        self._is_null = cells.is_null() if cells.null_count else None
        filled = pc.fill_null(cells, "") if cells.null_count else cells
        offsets = pyarrow.array([0, len(cells)], pyarrow.int32())
        one = pyarrow.ListArray.from_arrays(offsets, filled)
        self._join(lambda boundary: pc.binary_join(one, boundary)[0].as_py(), len(cells))

    def cells(self) -> pyarrow.Array:
        """Take the text apart again."""
        whole = pyarrow.array([self.text[1:-1]] if self.count else [], pyarrow.string())
        column = pc.split_pattern(whole, self.boundary).flatten()
        if self._is_null is None:
            return column
        return pc.if_else(self._is_null, pyarrow.scalar(None, pyarrow.string()), column)

    def places(self, positions: np.ndarray) -> np.ndarray:
        """Give the cells that stand at positions of the text."""
        points = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        return np.searchsorted(np.flatnonzero(points == ord(self.boundary)), positions) - 1

    def _characters_now(self) -> frozenset[str]:
        """Give the different characters; of a long text, counted as 16-bit units."""
        if len(self.text) < _LONG:
            return super()._characters_now()
        units = np.frombuffer(self.text.encode("utf-16-le", "surrogatepass"), np.uint16)
        if len(units) > len(self.text):
            return super()._characters_now()
        is_there = np.zeros(1 << 16, bool)
        for start in range(0, len(units), _PIECE):
            is_there |= np.bincount(units[start : start + _PIECE], minlength=1 << 16) > 0
        return frozenset(map(chr, np.flatnonzero(is_there).tolist()))
