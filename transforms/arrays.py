"""Arrow columns as one array."""

import numpy as np
import pyarrow
import pyarrow.compute as pc


def whole(column: pyarrow.ChunkedArray | pyarrow.Array) -> pyarrow.Array:
    """Give a column as one array, whatever chunks it came in."""
    if isinstance(column, pyarrow.Array):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return (
        pyarrow.concat_arrays(column.chunks)
        if column.num_chunks
        else pyarrow.array([], column.type)
    )


def is_among(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mask of the values that are among the wanted ones, by hashing (`numpy.isin` sorts both)."""
    value_set = pyarrow.array(wanted.astype(values.dtype, copy=False))
    return pc.is_in(pyarrow.array(values), value_set=value_set).to_numpy(zero_copy_only=False)
