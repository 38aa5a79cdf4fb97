"""What becomes of each row: one disposition and one reason, the first that applies."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Disposition(IntEnum):
    """Where a row ends. Every row read has exactly one."""

    DELIVERED = 0
    QUARANTINED = 1
    OUT_OF_SCOPE = 2
    OBJECTED = 3
    WITHHELD = 4


class Verdict(NamedTuple):
    """A disposition and why."""

    disposition: Disposition
    reason: str


DELIVER = Verdict(Disposition.DELIVERED, "")


class Verdicts:
    """The verdict on every row of every table, kept as small codes in row order."""

    def __init__(
        self, codes: Mapping[str, np.ndarray], book: Sequence[Verdict] = (DELIVER,)
    ) -> None:
        """Take the codes of each table and what each code stands for."""
        self._book = list(book)
        self._codes = dict(codes)
        self.line_texts: dict[str, Verdict] = {}
        """What became of repair lines of a certain name; lines themselves have no codes here."""

    @classmethod
    def all_delivered(cls, row_counts: Mapping[str, int]) -> "Verdicts":
        """Start with every row delivered."""
        return cls({table: np.zeros(count, np.uint16) for table, count in row_counts.items()})

    def anew(self) -> "Verdicts":
        """Give the same tables with every row delivered."""
        return self.all_delivered({table: len(codes) for table, codes in self._codes.items()})

    def rule(self, table: str, mask: np.ndarray, disposition: Disposition, reason: str) -> None:
        """Give the rows of the mask this verdict, unless they have one already."""
        codes = self._codes[table]
        codes[mask & (codes == 0)] = self.code(Verdict(disposition, reason))

    def inherit(self, table: str, parents: str, rows: np.ndarray, disposition: Disposition) -> None:
        """Give rows whose parent ended in `disposition` the parent's verdict."""
        codes, parent_codes = self._codes[table], self.codes_at(parents, rows)
        mask = self.ended(parent_codes, disposition) & (codes == 0)
        codes[mask] = parent_codes[mask]

    def code(self, verdict: Verdict) -> int:
        """Give the number that stands for a verdict."""
        if verdict not in self._book:
            self._book.append(verdict)
        return self._book.index(verdict)

    def codes_at(self, table: str, rows: np.ndarray) -> np.ndarray:
        """Give the codes at these rows; 0 where there is no such row."""
        codes = self._codes[table]
        if not len(codes):
            return np.zeros(len(rows), np.uint16)
        found = codes.take(rows, mode="clip")
        found[rows < 0] = 0
        return found

    def codes(self, table: str) -> np.ndarray:
        """Give all codes of a table, in row order."""
        return self._codes[table]

    def are(self, table: str, disposition: Disposition) -> np.ndarray:
        """Mask of the rows that ended so."""
        return self.ended(self._codes[table], disposition)

    def are_for(self, table: str, reason: str) -> np.ndarray:
        """Mask of the rows that ended for this reason."""
        codes = [code for code, verdict in enumerate(self._book) if verdict.reason == reason]
        return np.isin(self._codes[table], codes)

    def tables(self) -> Iterator[str]:
        """Name the tables."""
        return iter(self._codes)

    def count(self, codes: np.ndarray) -> Counter[Verdict]:
        """Count codes by what they stand for."""
        counts = np.bincount(codes, minlength=len(self._book))
        return Counter({self._book[n]: int(c) for n, c in enumerate(counts) if c})

    @property
    def book(self) -> tuple[Verdict, ...]:
        """What each code stands for."""
        return tuple(self._book)

    def ended(self, codes: np.ndarray, disposition: Disposition) -> np.ndarray:
        """Mask of the codes that stand for a disposition."""
        ended = np.array([verdict.disposition is disposition for verdict in self._book])
        return ended.take(codes)
