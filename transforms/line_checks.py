"""What one line of a repair cannot show alone: a number used twice, a minus outside a reversal."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of
from transforms.repeated_numbers import RepeatedNumbers
from transforms.spine import at


class LineChecks:
    """Watches the lines of all repairs go by, in any order."""

    def __init__(self, is_reversal: np.ndarray) -> None:
        """Take, per repair row, whether it is a reversal (赤伝)."""
        self._is_reversal = is_reversal
        self._numbers = RepeatedNumbers(len(is_reversal))

    def faults(self, lines: pyarrow.RecordBatch, repair_rows: np.ndarray) -> pyarrow.Array:
        """Give a reason code per line, null where it is fine."""
        is_minus = mask_of(pc.less(lines["quantity"], 0))
        allowed = at(self._is_reversal, repair_rows)
        numbers = pc.fill_null(lines["line_number"], 0).to_numpy(zero_copy_only=False)
        is_wrong_minus = is_minus & ~allowed
        is_repeated = self._numbers.repeated(repair_rows, numbers)
        if not (is_wrong_minus.any() or is_repeated.any()):
            return pyarrow.nulls(len(repair_rows), pyarrow.string())
        reasons = np.full(len(repair_rows), None, dtype=object)
        reasons[is_wrong_minus] = "quantity:negative_outside_reversal"
        reasons[is_repeated] = "line_number:duplicate"
        return pyarrow.array(reasons, pyarrow.string(), from_pandas=True)
