"""The partner's keys of a table's rows, in a file: 16 bytes a row, read where rows are asked for."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow

from drops.keys import PartnerKeys
from transforms.key_forms import KEY, KEY_BYTES, bytes_of_keys, keys_of_bytes


class RowKeys:
    """The keys of the rows of one table that leave with a drop."""

    def __init__(self, path: Path, codes: np.ndarray) -> None:
        """Read nothing yet.

        Args:
            path: as `write_row_keys` wrote it.
            codes: of the table's rows in the drop's verdicts; a row leaves if its code is 0.
        """
        self._path, self._codes = path, codes

    def of(self, rows: np.ndarray) -> pyarrow.Array:
        """Give the keys of rows (16 bytes); null where none was made or the row does not leave."""
        leaves = rows >= 0
        leaves[leaves] = self._codes[rows[leaves]] == 0
        if not leaves.any():
            return pyarrow.nulls(len(rows), KEY)
        first, last = int(rows[leaves].min()), int(rows[leaves].max())
        shape = (last + 1 - first) * KEY_BYTES
        stretch = np.memmap(self._path, np.uint8, "r", first * KEY_BYTES, shape)
        found = keys_of_bytes(stretch).take(pyarrow.array(rows - first, mask=~leaves))
        has_key = leaves & ~_are_blank(found)
        if np.array_equal(has_key, leaves):
            return found
        return found.take(pyarrow.array(np.arange(len(found)), mask=~has_key))


def write_row_keys(
    path: Path, keys: PartnerKeys, kind: str, numbers: Iterable[pyarrow.Array]
) -> None:
    """Make the keys of a table's rows; the file is there once it is whole.

    Args:
        path: of the file.
        keys: the partner's.
        kind: of record.
        numbers: of all rows in their order, in as many pieces as they come; null where no key is needed.
    """
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        for piece in numbers:
            file.write(bytes_of_keys(keys.binary(kind, piece)))
    unfinished.replace(path)


def _are_blank(keys: pyarrow.Array) -> np.ndarray:
    """Mask of the keys that are sixteen zeros, which stand in the file where no key was made."""
    words = np.frombuffer(keys.buffers()[1], np.uint64, len(keys) * 2).reshape(-1, 2)
    return np.asarray((words[:, 0] | words[:, 1]) == 0)
