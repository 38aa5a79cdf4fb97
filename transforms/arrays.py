"""Arrow columns as one array."""

import pyarrow


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
