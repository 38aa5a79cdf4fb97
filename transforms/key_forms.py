"""Keys of 128 bits in their two forms: 16 bytes to keep and look up, 32 hex digits where people read them."""

from binascii import hexlify, unhexlify

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import whole

KEY_BYTES = 16
DIGITS = 2 * KEY_BYTES

KEY = pyarrow.binary(KEY_BYTES)


def keys_of_bytes(content: bytes) -> pyarrow.Array:
    """Give keys that stand one behind the other as a column."""
    buffers = [None, pyarrow.py_buffer(content)]
    return pyarrow.Array.from_buffers(KEY, len(content) // KEY_BYTES, buffers)


def binary_keys(hexadecimal: pyarrow.Array) -> pyarrow.Array:
    """Turn keys from 32 hex digits into 16 bytes; there are no nulls."""
    if not len(hexadecimal):
        return pyarrow.array([], KEY)
    _, offsets, content = hexadecimal.buffers()
    edges = np.frombuffer(offsets, np.int32)[
        [hexadecimal.offset, hexadecimal.offset + len(hexadecimal)]
    ]
    return keys_of_bytes(unhexlify(memoryview(content)[edges[0] : edges[1]]))


def hexadecimal_keys(keys: pyarrow.Array | pyarrow.ChunkedArray) -> pyarrow.Array:
    """Turn keys from 16 bytes into 32 hex digits; null stays null."""
    column = whole(keys)
    if not len(column):
        return pyarrow.array([], pyarrow.string())
    start, stop = column.offset * KEY_BYTES, (column.offset + len(column)) * KEY_BYTES
    digits = hexlify(memoryview(column.buffers()[1])[start:stop])
    offsets = np.arange(len(column) + 1, dtype=np.int32) * DIGITS
    buffers = [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(digits)]
    texts = pyarrow.Array.from_buffers(pyarrow.string(), len(column), buffers)
    if not column.null_count:
        return texts
    return pc.if_else(column.is_valid(), texts, pyarrow.scalar(None, pyarrow.string()))
