"""What one line of a repair cannot show alone: a number used twice, a minus outside a reversal."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.spine import at

_NUMBER_BITS = 20
_WORD_BITS = 64


class LineChecks:
    """Watches the lines of all repairs go by, in any order.

    It remembers one bit per repair and line number, 64 numbers to a word; repairs number their
    lines from 1 or in tens, so a few words per repair do, however many lines there are.
    """

    def __init__(self, is_reversal: np.ndarray) -> None:
        """Take, per repair row, whether it is a reversal (赤伝)."""
        self._is_reversal = is_reversal
        self._seen: dict[int, np.ndarray] = {}

    def faults(self, lines: pyarrow.RecordBatch, repair_rows: np.ndarray) -> pyarrow.Array:
        """Give a reason code per line, null where it is fine."""
        minus = pc.fill_null(pc.less(lines["quantity"], 0), fill_value=False)
        is_minus = minus.to_numpy(zero_copy_only=False)
        has_repair = repair_rows >= 0
        allowed = at(self._is_reversal, repair_rows)
        numbers = pc.fill_null(lines["line_number"], 0).to_numpy(zero_copy_only=False)
        is_wrong_minus = is_minus & ~allowed
        is_repeated = self._repeated(repair_rows, numbers, has_repair)
        if not (is_wrong_minus.any() or is_repeated.any()):
            return pyarrow.nulls(len(repair_rows), pyarrow.string())
        reasons = np.full(len(repair_rows), None, dtype=object)
        reasons[is_wrong_minus] = "quantity:negative_outside_reversal"
        reasons[is_repeated] = "line_number:duplicate"
        return pyarrow.array(reasons, pyarrow.string(), from_pandas=True)

    def _repeated(
        self, rows: np.ndarray, numbers: np.ndarray, has_repair: np.ndarray
    ) -> np.ndarray:
        if has_repair.all():
            return self._repeated_of(rows, numbers)
        repeated = np.zeros(len(rows), bool)
        repeated[has_repair] = self._repeated_of(rows[has_repair], numbers[has_repair])
        return repeated

    def _repeated_of(self, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Mask of the lines, all of a repair that is there, whose number another one has."""
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
            seen = self._seen.setdefault(word, np.zeros(len(self._is_reversal), np.uint64))
            bits = np.left_shift(np.uint64(1), (numbers[here] % _WORD_BITS).astype(np.uint64))
            repeated[here] |= (seen[rows[here]] & bits) != 0
            _remember(seen, rows[here], bits)
        return repeated


def _remember(seen: np.ndarray, rows: np.ndarray, bits: np.ndarray) -> None:
    """Set bits in the words of rows; of rows that stand together, all at once."""
    begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    np.bitwise_or.at(seen, rows[begins], np.bitwise_or.reduceat(bits, begins))
