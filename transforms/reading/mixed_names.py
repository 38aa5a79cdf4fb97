"""Other ways to write one name: the given one in kana, or half of it, or first; a firm without its mark.

The records of a person who objected give name and reading; elsewhere the same person may stand as
高橋みちこ or 高橋みち子 for 高橋 美智子 (タカハシ ミチコ), or as 千代子 芦原.
"""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of, where, without_empty
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.passing_names import COMPANY

_TWO_WORDS = r"^\s*(?P<family>[^\s・]+)[\s・]+(?P<given>[^\s・]+?)(?:様|殿|さん|さま)?\s*$"
"""A name in two words, the family's first (RE2)."""

_FAMILY_NAMES = (1, 2, 3)
"""How many characters a family's name may have where nothing parts it from the given one."""

_LAST_KANJI = "[一-龥々]$"
_READ_AS = (1, 2)
"""How many kana the last character of a given name is read as (子, 郎)."""

_SHORTEST_READING = 2
"""Kana of a given name; with fewer it stands behind any name by chance."""


def mixed_names(
    written: pyarrow.Array, readings: pyarrow.Array
) -> tuple[pyarrow.Array, np.ndarray]:
    """Give further spellings of names, folded and squeezed, each with its row.

    Args:
        written: names, as they stand in the records.
        readings: the same in kana, as they stand there.
    """
    family, given = _parted(written)
    _, spoken = _parted(readings)
    spoken = where(pc.greater_equal(pc.utf8_length(spoken), _SHORTEST_READING), spoken)
    whole = squeezed(fold_names(written))
    is_one_word = pc.and_(family.is_null(), pc.greater(pc.utf8_length(whole), 1))
    alone = where(is_one_word, whole)
    beginnings = [
        where(pc.greater(pc.utf8_length(alone), length), pc.utf8_slice_codeunits(alone, 0, length))
        for length in _FAMILY_NAMES
    ]
    is_firm = pc.match_substring_regex(whole, COMPANY)
    last = where(pc.match_substring_regex(whole, _LAST_KANJI), pc.utf8_slice_codeunits(whole, -1))
    halves = (
        where(
            pc.greater(pc.utf8_length(spoken), length), pc.utf8_slice_codeunits(spoken, 0, -length)
        )
        for length in _READ_AS
    )
    in_kana = (spoken, *(_put_together(half, last) for half in halves))
    spelt = [
        _put_together(given, family),
        *(_put_together(begun, each) for begun in (family, *beginnings) for each in in_kana),
        where(is_firm, without_empty(pc.replace_substring_regex(whole, COMPANY, ""))),
    ]
    names, every = pyarrow.concat_arrays(spelt), np.arange(len(written))
    is_there = mask_of(names.is_valid())
    return names.filter(pyarrow.array(is_there)), np.tile(every, len(spelt))[is_there]


def _parted(names: pyarrow.Array) -> tuple[pyarrow.Array, pyarrow.Array]:
    """Give the two words of names, folded and squeezed; null where there are not two."""
    found = pc.extract_regex(pc.utf8_normalize(names, form="NFKC"), _TWO_WORDS)
    parts = (where(found.is_valid(), found.field(place)) for place in (0, 1))
    first, last = (squeezed(fold_names(part)) for part in parts)
    return first, last


def _put_together(first: pyarrow.Array, last: pyarrow.Array) -> pyarrow.Array:
    return pc.binary_join_element_wise(first, last, "")
