"""Keys of 128 bits in their two forms: 16 bytes to keep and look up, 32 hex digits where people read them."""

from binascii import hexlify, unhexlify
from contextlib import suppress

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.partner_tables import KEY_PATTERN
from transforms.arrays import content_of, lengths_of, whole

KEY_BYTES = 16
DIGITS = 2 * KEY_BYTES

KEY = pyarrow.binary(KEY_BYTES)

_SMALL = 0x20
"""The bit of ASCII that digits and small letters have, and capitals have not."""


def keys_of_bytes(content: bytes | bytearray | np.ndarray) -> pyarrow.Array:
    """Give keys that stand one behind the other as a column."""
    buffers = [None, pyarrow.py_buffer(content)]
    return pyarrow.Array.from_buffers(KEY, len(content) // KEY_BYTES, buffers)


def bytes_of_keys(keys: pyarrow.Array) -> memoryview:
    """Give the keys of a column one behind the other; zeros where there is none."""
    if keys.null_count:
        keys = pc.fill_null(keys, pyarrow.scalar(bytes(KEY_BYTES), KEY))
    return _bytes(keys)


def binary_keys(hexadecimal: pyarrow.Array) -> pyarrow.Array:
    """Turn keys from 32 hex digits into 16 bytes; there are no nulls."""
    if not len(hexadecimal):
        return pyarrow.array([], KEY)
    _, offsets, content = hexadecimal.buffers()
    edges = np.frombuffer(offsets, np.int32)[
        [hexadecimal.offset, hexadecimal.offset + len(hexadecimal)]
    ]
    return keys_of_bytes(unhexlify(memoryview(content)[edges[0] : edges[1]]))


def keys_of_texts(texts: pyarrow.Array) -> pyarrow.Array:
    """Turn texts into 16 bytes each; null where a text is no key: 32 hex digits, none of them a capital."""
    if _may_be_keys(texts):
        with suppress(ValueError):
            return binary_keys(texts)
    is_key = pc.fill_null(pc.match_substring_regex(texts, KEY_PATTERN), fill_value=False)
    mask = is_key.to_numpy(zero_copy_only=False)
    return binary_keys(texts.filter(is_key)).take(pyarrow.array(np.cumsum(mask) - 1, mask=~mask))


def _may_be_keys(texts: pyarrow.Array) -> bool:
    """Tell whether all texts are as long as a key and without capitals."""
    if texts.null_count or np.any(lengths_of(texts) != DIGITS):
        return False
    return bool(np.bitwise_and.reduce(content_of(texts), initial=_SMALL) & _SMALL)


def hexadecimal_keys(keys: pyarrow.Array | pyarrow.ChunkedArray) -> pyarrow.Array:
    """Turn keys from 16 bytes into 32 hex digits; null stays null."""
    column = whole(keys)
    if not len(column):
        return pyarrow.array([], pyarrow.string())
    digits = hexlify(_bytes(column))
    offsets = np.arange(len(column) + 1, dtype=np.int32) * DIGITS
    buffers = [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(digits)]
    texts = pyarrow.Array.from_buffers(pyarrow.string(), len(column), buffers)
    if not column.null_count:
        return texts
    return pc.if_else(column.is_valid(), texts, pyarrow.scalar(None, pyarrow.string()))


def _bytes(keys: pyarrow.Array) -> memoryview:
    if not len(keys):
        return memoryview(b"")
    start, stop = keys.offset * KEY_BYTES, (keys.offset + len(keys)) * KEY_BYTES
    return memoryview(keys.buffers()[1])[start:stop]
