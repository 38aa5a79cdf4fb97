"""Columns of texts in visible ASCII, changed byte by byte: numbers and mail addresses mostly are such."""

import string

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import content_of, lengths_of

_AS_THEY_ARE = bytes(range(256))
_CAPITALS = bytes.maketrans(string.ascii_lowercase.encode(), string.ascii_uppercase.encode())


def without(texts: pyarrow.Array, characters: str, *, in_capitals: bool = False) -> pyarrow.Array:
    """Take ASCII characters out of a column of ASCII texts; null stays null."""
    content, dropped = content_of(texts), characters.encode()
    stays = np.ones(256, bool)
    stays[list(dropped)] = False
    before = np.concatenate([np.zeros(1, np.int32), np.cumsum(stays[content], dtype=np.int32)])
    edges = np.concatenate([np.zeros(1, np.int32), np.cumsum(lengths_of(texts), dtype=np.int32)])
    kept = content.tobytes().translate(_CAPITALS if in_capitals else _AS_THEY_ARE, dropped)
    buffers = [None, pyarrow.py_buffer(before[edges]), pyarrow.py_buffer(kept)]
    column = pyarrow.Array.from_buffers(pyarrow.string(), len(texts), buffers)
    if not texts.null_count:
        return column
    return pc.if_else(texts.is_valid(), column, pyarrow.scalar(None, pyarrow.string()))
