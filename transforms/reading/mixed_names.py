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
_READ_AS_TWO = "[郎朗彦介助輔造蔵三平吉司枝治一恵晴春夏秋冬光明正信広弘博文]$"
"""Kanji that a name's last two kana may be read from; of others, and some of these, it is the last."""

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
    is_read_as_two = pc.match_substring_regex(last, _READ_AS_TWO)
    is_of_several = pc.fill_null(pc.greater(pc.utf8_length(given), 1), fill_value=True)
    halves = [
        _put_together(_without_end(spoken, length), where(pc.and_(may_be, is_of_several), last))
        for length, may_be in ((1, last.is_valid()), (2, is_read_as_two))
    ]
    in_kana = (spoken, *halves)
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


def _without_end(texts: pyarrow.Array, length: int) -> pyarrow.Array:
    """Take so many characters off the end of texts; null where no more are there."""
    is_longer = pc.greater(pc.utf8_length(texts), length)
    return where(is_longer, pc.utf8_slice_codeunits(texts, 0, -length))


def _put_together(first: pyarrow.Array, last: pyarrow.Array) -> pyarrow.Array:
    return pc.binary_join_element_wise(first, last, "")
