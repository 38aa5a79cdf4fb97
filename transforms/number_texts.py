"""Customer numbers as texts to be digested: as they are, and by their digits if a spreadsheet spoilt them."""

from collections.abc import Callable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import where, without_empty

Digest = Callable[[pyarrow.Array], pyarrow.Array]
"""Keyed digests of texts: string → uint64, null stays null."""


def digested(texts: pyarrow.Array, digest: Digest) -> np.ndarray:
    """Give the digests of texts (uint64), 0 where there is none."""
    if texts.null_count == len(texts):
        return np.zeros(len(texts), np.uint64)
    return np.asarray(pc.fill_null(digest(texts), 0).to_numpy(zero_copy_only=False))


def joined(kind: str, *texts: pyarrow.Array) -> pyarrow.Array:
    """Join a kind and texts to what is digested; null where one is null."""
    return pc.binary_join_element_wise(kind, *texts, "|", null_handling="emit_null")


def number_texts(customer_ids: pyarrow.Array) -> pyarrow.Array:
    """Give the texts whose digests are the traits of customer numbers."""
    return joined("number", customer_ids)


def core_texts(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give the texts whose digests are the traits of the digits of numbers."""
    return joined("digits", core_digits(numbers))


def digits_texts(written: pyarrow.Array) -> tuple[pyarrow.Array, pyarrow.Array]:
    """Give the digits a written number may mean, and the position of the number each is of.

    A number may be spoilt by a spreadsheet (leading zeros lost, `.0` behind it) or be several in one
    cell: each part with digits is one, and so is the whole. A letter that looks like a figure may be one.
    """
    plain = _without_decimals(written)
    parts = pc.split_pattern_regex(plain, r"[^0-9A-Za-z]+")
    read = pc.replace_substring_regex(plain, r"[OoＯ]", "0")
    read = pc.replace_substring_regex(read, r"[IlＩ]", "1")
    is_alike = pc.match_substring_regex(read, r"^[0-9]+$")
    alike = where(pc.and_(is_alike, pc.not_equal(read, plain)), read)
    wholes = [core_digits(plain), core_digits(alike)]
    every = pyarrow.array(np.arange(len(plain)), pyarrow.int64())
    cores = pyarrow.concat_arrays([core_digits(pc.list_flatten(parts)), *wholes])
    places = pyarrow.concat_arrays([pc.list_parent_indices(parts), every, every])
    has_digits = pc.fill_null(pc.not_equal(cores, ""), fill_value=False)
    return joined("digits", cores).filter(has_digits), places.filter(has_digits)


def core_digits(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give the digits of numbers without leading zeros, letters, marks and `.0`; null where none are left."""
    plain = _without_decimals(numbers)
    return without_empty(pc.replace_substring_regex(plain, r"^[^0-9]*0*|[^0-9]", ""))


def _without_decimals(numbers: pyarrow.Array) -> pyarrow.Array:
    """Take off what a spreadsheet puts behind a number (`.0`)."""
    return pc.replace_substring_regex(numbers, r"\.0+$", "")
