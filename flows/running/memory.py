"""Keeping the memory of a run flat."""

import ctypes
from contextlib import suppress

import pyarrow

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Numbers of the options in glibc's <malloc.h>."""

_LARGE_BYTES = 1 << 22
_DECAY_MS = 1000


def prefer_flat_memory() -> None:
    """Have memory given back soon, by Arrow's allocator (`flows/__init__.py`) and by that of the C library.

    glibc keeps an arena for each thread, and what one gave back no other uses; and once a large array
    was freed, it takes the next ones from the heap, where they leave holes. The end of the heap it gives
    back at each chance and has to ask for again: it may keep a little. Elsewhere (Windows, macOS) none of
    it is to be had.
    """
    with suppress(NotImplementedError):
        pyarrow.jemalloc_set_decay_ms(_DECAY_MS)
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES)
