"""What may be given names in a cell: of a relative, of a couple (妻花子, 一郎・花子, 花子と一郎)."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.reading.folded_columns import fold_names, squeezed

WHOLE_NAME = 4
"""Characters from which on a name is more than a given one, and tells twins apart."""

_KIN = (
    "夫|妻|父|母|嫁|婿|兄|弟|姉|妹|孫|祖父|祖母|義父|義母|義兄|義弟|義姉|義妹|息子|娘|長男|次男|二男|三男|長女|次女|二女|三女|御?主人|旦那"
    "|家内|奥様|奥さん|奥|配偶者|内縁|ママ|パパ|本人|世帯主|子|孫|家族|同居人?"
)
_BETWEEN = r"[^\p{L}\p{M}]+|[A-Za-zＡ-Ｚ]+"
_BEFORE = f"^(?:故|亡|旧|前|元|現)?(?:{_KIN})?の?"
_BEHIND = (
    "(?:夫人|未亡人|お?(?:ばあ|じい|ばー|じー|かあ|とう|ねえ|にい)?(?:さん|さま|ちゃん)|様|殿|氏|君|くん|ママ|パパ"
    "|他|ほか|外)+$"
)
_SPELT_OUT = ("^([ァ-ヺー]+)子$", r"\1コ")
"""A given name half in kana (ハナ子), as its reading is written."""


def given_names(cells: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what may be a given name in cells, folded and squeezed, each with the place of its cell."""
    parts, places = _split(pc.utf8_normalize(cells, form="NFKC"), _BETWEEN)
    of_several, of_parts = _split(parts, "と")
    texts, whose = _with(parts, places, of_several, places[of_parts])
    for pattern in (_BEFORE, _BEHIND):
        texts, whose = _with(texts, whose, pc.replace_substring_regex(texts, pattern, ""), whose)
    folded = squeezed(fold_names(texts))
    folded, whose = _with(folded, whose, pc.replace_substring_regex(folded, *_SPELT_OUT), whose)
    is_there = pc.fill_null(pc.not_equal(folded, ""), fill_value=False)
    return folded.filter(is_there), whose[is_there.to_numpy(zero_copy_only=False)]


def _split(texts: pyarrow.Array, pattern: str) -> tuple[pyarrow.Array, np.ndarray]:
    lists = pc.split_pattern_regex(texts, pattern)
    return pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()


def _with(
    texts: pyarrow.Array, places: np.ndarray, more: pyarrow.Array, of_more: np.ndarray
) -> tuple[pyarrow.Array, np.ndarray]:
    """Put texts together, each of a cell once."""
    both = pyarrow.table(
        {"place": np.concatenate([places, of_more]), "text": pyarrow.concat_arrays([texts, more])}
    )
    told = both.group_by(["place", "text"], use_threads=False).aggregate([])
    return told["text"].combine_chunks(), told["place"].to_numpy()
