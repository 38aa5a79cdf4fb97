"""A whole column as one running text, so that one pass of a string function folds all its cells.

Columns have far fewer different characters than cells: what concerns none of them is not looked for.
"""

import re
import unicodedata
from collections.abc import Mapping

import numpy as np
import pyarrow
import pyarrow.compute as pc

_BOUNDARIES = tuple(chr(code) for code in range(0xFDD0, 0xFDF0))
"""Noncharacters of Unicode (never assigned, no part of any text): one stands between the cells."""


_LONG = 10_000


class JoinedText:
    """The cells of a column, changed together; none of the changes reaches across cells."""

    def __init__(self, cells: pyarrow.Array) -> None:
        """Join the cells; a null is an empty cell until `cells` gives it back."""
        self._is_null = cells.is_null() if cells.null_count else None
        filled = pc.fill_null(cells, "") if cells.null_count else cells
        self.count = len(cells)
        self.boundary = _boundary_for(filled)
        offsets = pyarrow.array([0, self.count], pyarrow.int32())
        one = pyarrow.ListArray.from_arrays(offsets, filled)
        edge = self.boundary
        self.text = f"{edge}{pc.binary_join(one, edge)[0].as_py()}{edge}" if self.count else edge
        self._characters = _characters_of(self.text)
        """Those of the text, and perhaps more that it had."""

    def cells(self) -> pyarrow.Array:
        """Take the text apart again."""
        texts = self.text[1:-1].split(self.boundary) if self.count else []
        column = pyarrow.array(texts, pyarrow.string())
        if self._is_null is None:
            return column
        return pc.if_else(self._is_null, pyarrow.scalar(None, pyarrow.string()), column)

    def places(self, positions: np.ndarray) -> np.ndarray:
        """Give the cells that stand at positions of the text."""
        points = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        return np.searchsorted(np.flatnonzero(points == ord(self.boundary)), positions) - 1

    def compatible(self) -> None:
        """Fold widths (NFKC)."""
        if not unicodedata.is_normalized("NFKC", self.text):
            self.text = unicodedata.normalize("NFKC", self.text)
            self._characters = _characters_of(self.text)

    def upper(self) -> None:
        """Turn letters into capitals, but for those that would become two."""
        capitals = {c: c.upper() for c in self._characters if c.upper() != c}
        if all(len(capital) == 1 for capital in capitals.values()):
            self.text = self.text.upper() if capitals else self.text
            self._characters = {capitals.get(c, c) for c in self._characters}
        else:
            self.exchange({c: capital for c, capital in capitals.items() if len(capital) == 1})

    def exchange(self, pairs: Mapping[str, str]) -> None:
        """Put one text for each of these characters."""
        for character in sorted(self._characters & pairs.keys()):
            self.replace(character, pairs[character])
            self._characters.discard(character)

    def replace(self, old: str, new: str) -> None:
        """Put one text for another."""
        if self._characters.issuperset(old):
            self.text = self.text.replace(old, new)
            self._characters |= set(new)

    def substitute(self, pattern: str, new: str, *, only_with: str) -> None:
        """Replace what a regular expression finds, if the text has one of the characters `only_with`.

        It cannot speak of the ends of cells but by the `boundary`, and adds no other characters.
        """
        if not self._characters.isdisjoint(only_with):
            self.text = re.sub(pattern, new, self.text)


def _characters_of(text: str) -> set[str]:
    """Give the different characters of a text; of a long one, counted as 16-bit units."""
    if len(text) < _LONG:
        return set(text)
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    if len(units) > len(text):
        return set(text)
    return set(map(chr, np.flatnonzero(np.bincount(units)).tolist()))


def _boundary_for(cells: pyarrow.Array) -> str:
    for boundary in _BOUNDARIES:
        if not pc.any(pc.match_substring(cells, boundary)).as_py():
            return boundary
    raise ValueError("a column uses every noncharacter of Unicode; this is no text")
