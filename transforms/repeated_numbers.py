"""Whether a number stands twice under one parent row, for children that come in any order."""

import numpy as np

_NUMBER_BITS = 20
_WORD_BITS = 64
_MOST_WORDS = 16


class RepeatedNumbers:
    """Remembers one bit per parent row and number, 64 numbers to a word.

    Repairs number their lines from 1 or in tens, so a few words per repair do, however many lines there are.
    Of a shop that numbers them through the whole table, each line is remembered by itself.
    """

    def __init__(self, parents: int, most_words: int = _MOST_WORDS) -> None:
        """Remember nothing yet of so many parent rows; of each so many words at most."""
        self._parents, self._most_words = parents, most_words
        self._seen: dict[int, np.ndarray] = {}
        self._far = np.array([], np.int64)

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
        found = words[:1].tolist() if is_one_word else np.unique(words).tolist()
        new = [word for word in found if word not in self._seen]
        for word in new[: self._most_words - len(self._seen)]:
            self._seen[word] = np.zeros(self._parents, np.uint64)
        far = ~np.isin(words, list(self._seen)) if len(new) > 0 else None
        if far is not None and far.any():
            repeated[far] |= np.isin(codes[far], self._far)
            self._far = np.union1d(self._far, codes[far])
        for word in (word for word in found if word in self._seen):
            here: np.ndarray | slice = slice(None) if is_one_word else words == word
            seen = self._seen[word]
            bits = np.left_shift(np.uint64(1), (numbers[here] % _WORD_BITS).astype(np.uint64))
            repeated[here] |= (seen[rows[here]] & bits) != 0
            _remember(seen, rows[here], bits)
        return repeated


def _remember(seen: np.ndarray, rows: np.ndarray, bits: np.ndarray) -> None:
    """Set bits in the words of rows; of rows that stand together, all at once."""
    begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    np.bitwise_or.at(seen, rows[begins], np.bitwise_or.reduceat(bits, begins))
