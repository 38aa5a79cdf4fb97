"""Columns of texts in visible ASCII, changed byte by byte: numbers and mail addresses mostly are such."""

import string

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import are_ascii_words, content_of, lengths_of

_AS_THEY_ARE = bytes(range(256))
_TELLING = (b"+", b"~", b".")
"""Without these no ASCII word is a power of ten, a range or a whole number written as a fraction."""

_CAPITALS = bytes.maketrans(string.ascii_lowercase.encode(), string.ascii_uppercase.encode())


def are_plain_identifiers(texts: pyarrow.Array) -> bool:
    """Tell whether `car_codes.read_identifier` would take all texts as they are; false in doubt."""
    if not are_ascii_words(texts):
        return False
    content = content_of(texts).tobytes()
    return not any(telling in content for telling in _TELLING)


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
