"""Whether a number stands twice under one parent row, for children that come in any order."""

import numpy as np

_NUMBER_BITS = 20
_WORD_BITS = 64


class RepeatedNumbers:
    """Remembers one bit per parent row and number, 64 numbers to a word.

    Repairs number their lines from 1 or in tens, so a few words per repair do, however many lines there are.
    """

    def __init__(self, parents: int) -> None:
        """Remember nothing yet of so many parent rows."""
        self._parents = parents
        self._seen: dict[int, np.ndarray] = {}

    def repeated(self, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Mask of the children whose number another one of their parent has, here or before.

        Args:
            rows: of their parents; below 0 there is none, and nothing to repeat.
            numbers: of the children.
        """
        has_parent = rows >= 0
        if has_parent.all():
            return self._repeated(rows, numbers)
        repeated = np.zeros(len(rows), bool)
        repeated[has_parent] = self._repeated(rows[has_parent], numbers[has_parent])
        return repeated

    def _repeated(self, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        repeated = np.zeros(len(rows), bool)
        codes = (rows.astype(np.int64) << _NUMBER_BITS) | np.clip(
            numbers, 0, (1 << _NUMBER_BITS) - 1
        )
        if not np.all(codes[1:] > codes[:-1]):
            _, first, counts = np.unique(codes, return_index=True, return_counts=True)
            repeated[:] = True
            repeated[first[counts == 1]] = False
        words = np.clip(numbers, 0, None) // _WORD_BITS
        is_one_word = len(words) > 0 and words.min() == words.max()
        for word in words[:1].tolist() if is_one_word else np.unique(words).tolist():
            here: np.ndarray | slice = slice(None) if is_one_word else words == word
            if word not in self._seen:
                self._seen[word] = np.zeros(self._parents, np.uint64)
            seen = self._seen[word]
            bits = np.left_shift(np.uint64(1), (numbers[here] % _WORD_BITS).astype(np.uint64))
            repeated[here] |= (seen[rows[here]] & bits) != 0
            _remember(seen, rows[here], bits)
        return repeated


def _remember(seen: np.ndarray, rows: np.ndarray, bits: np.ndarray) -> None:
    """Set bits in the words of rows; of rows that stand together, all at once."""
    begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    np.bitwise_or.at(seen, rows[begins], np.bitwise_or.reduceat(bits, begins))
