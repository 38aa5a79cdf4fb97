"""What may be given names in a cell: of a relative, of a couple (妻花子, 一郎・花子, 花子と一郎)."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.patterns import split_by

WHOLE_NAME = 4
"""Characters from which on a name is more than a given one, and tells twins apart."""

_KIN = (
    "夫|妻|父|母|嫁|婿|兄|弟|姉|妹|孫|祖父|祖母|義父|義母|義兄|義弟|義姉|義妹|息子|娘|長男|次男|二男|三男|長女|次女|二女|三女|御?主人|旦那"
    "|家内|奥様|奥さん|奥|配偶者|内縁|ママ|パパ|本人|世帯主|子|孫|家族|同居人?"
)
_KIN_ALONE = f"^(?:{_KIN})$"
_BETWEEN = r"[^\p{L}\p{M}\s]+|[A-Za-z0-9]+|\n"
_BEFORE = rf"^(?:故|亡|旧|前|元|現)?(?:{_KIN})?の?\s*"
_BEHIND = (
    r"(?:夫人|未亡人|お?(?:ばあ|じい|ばー|じー|かあ|とう|ねえ|にい)?(?:さん|さま|ちゃん)|様|殿|氏|君|くん|ママ|パパ"
    r"|他|ほか|外|\s)+$"
)
_SPELT_OUT = ("^([ァ-ヺー]+)子$", r"\1コ")
"""A given name half in kana (ハナ子), as its reading is written."""

_Found = tuple[pyarrow.Array, np.ndarray]
"""Texts, folded and squeezed, each with the place of its cell."""


def given_names(cells: pyarrow.Array) -> tuple[_Found, _Found]:
    """Give what may be given names: parts between marks, and words of two, which may be a whole name.

    山田 一 is a name, and 一郎 花子 two: only the person who has the cell can tell.
    """
    normal = pc.utf8_normalize(cells, form="NFKC")
    parts, places = split_by(normal, _BETWEEN)
    of_several, of_parts = split_by(parts, r"\s*と\s*")
    parts, places = _with(parts, places, of_several, places[of_parts])
    for pattern in (_BEFORE, _BEHIND):
        parts, places = _with(parts, places, pc.replace_substring_regex(parts, pattern, ""), places)
    trimmed = pc.utf8_trim_whitespace(parts)
    is_one_word = mask_of(pc.invert(pc.match_substring_regex(trimmed, r"\s")))
    words, of_words = split_by(trimmed.filter(pyarrow.array(~is_one_word)), r"\s+")
    of_kin = pc.match_substring_regex(words, _KIN_ALONE)
    words, of_words = words.filter(pc.invert(of_kin)), of_words[~mask_of(of_kin)]
    single = _folded(trimmed.filter(pyarrow.array(is_one_word)), places[is_one_word])
    return single, _folded(words, places[~is_one_word][of_words])


def by_cell(found: _Found, count: int) -> list[list[str]]:
    """Give the texts of each of so many cells."""
    told: list[list[str]] = [[] for _ in range(count)]
    for text, place in zip(found[0].to_pylist(), found[1].tolist(), strict=True):
        told[place].append(text)
    return told


def _folded(texts: pyarrow.Array, places: np.ndarray) -> _Found:
    folded = squeezed(fold_names(texts))
    folded, whose = _with(folded, places, pc.replace_substring_regex(folded, *_SPELT_OUT), places)
    is_there = mask_of(pc.not_equal(folded, ""))
    return folded.filter(pyarrow.array(is_there)), whose[is_there]


def _with(
    texts: pyarrow.Array, places: np.ndarray, more: pyarrow.Array, of_more: np.ndarray
) -> _Found:
    """Put texts together, each of a cell once."""
    both = pyarrow.table(
        {"place": np.concatenate([places, of_more]), "text": pyarrow.concat_arrays([texts, more])}
    )
    told = both.group_by(["place", "text"], use_threads=False).aggregate([])
    return told["text"].combine_chunks(), told["place"].to_numpy()
