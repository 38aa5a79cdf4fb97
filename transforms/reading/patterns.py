r"""Regular expressions (RE2) over columns of few texts, for which compiling takes longer than looking.

Arrow compiles a pattern at each call, and a class of Unicode such as `\p{L}` is hundreds of ranges: 2 to
20 ms. Within the blocks that records are written in a class is a few ranges.
"""

import re

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import content_of

_FEW_BYTES = 1 << 15
"""With more, reading the texts through takes as long as compiling."""

_BLOCKS = (
    "\0-\x7f§¨°±´¶×÷\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2460-\u24ff\u2500-\u26ff\u3000-\u30ff\u3200-\u33ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\uff01-\uff9f\uffe0-\uffe6"
)
_RANGES = {
    r"\p{L}": (
        "A-Za-z々〆\u3031-\u3035〻〼ぁ-\u3096\u309d-\u309fァ-\u30faー-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d"
        "Ａ-Ｚａ-ｚｦ-\uff9f"
    ),
    r"\p{M}": "\u302a-\u302f\u3099\u309a",
    r"\p{N}": (
        "0-9\u2460-\u249b\u24ea-\u24ff〇\u3021-\u3029\u3038-\u303a\u3220-\u3229\u3248-\u324f\u3251-\u325f"
        "\u3280-\u3289\u32b1-\u32bf０-９"
    ),
    r"\p{Han}": "々〇\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d",
    r"\p{Hiragana}": "ぁ-\u3096\u309d-\u309f",
    r"\p{P}\p{S}": (
        r"!-/:-@\[-`{-~§¨°±´¶×÷\x{2010}-\x{2027}\x{2030}-\x{205e}\x{2190}-\x{22ff}\x{249c}-\x{24e9}\x{2500}-\x{26ff}"
        "\u3001-\u3004\u3008-\u3020\u3030\u3036\u3037\u303d-\u303f\u309b\u309c\u30a0・\u3200-\u321e\u322a-\u3247\u3250"
        "\u3260-\u327f\u328a-\u32b0\u32c0-\u33ff！-／：-＠［-｀｛-･\uffe0-\uffe6"
    ),
}
"""What each class holds of those blocks, to stand within brackets."""

_ELSEWHERE = re.compile(f"[^{_BLOCKS}]")


def compact(pattern: str, texts: pyarrow.Array) -> str:
    r"""Give a pattern that finds the same in these texts and takes less to compile.

    Args:
        pattern: with Unicode's classes within brackets, as `[\p{L}]`.
        texts: what is looked at (`string`).
    """
    if "\\p" not in pattern or texts.type != pyarrow.string():
        return pattern
    content = content_of(texts)
    if content.nbytes > _FEW_BYTES or _ELSEWHERE.search(content.tobytes().decode()):
        return pattern
    for each, ranges in _RANGES.items():
        pattern = pattern.replace(each, ranges)
    return pattern


def split_by(texts: pyarrow.Array, pattern: str) -> tuple[pyarrow.Array, np.ndarray]:
    """Split texts where a pattern stands; give the parts, and the place of each's text."""
    lists = pc.split_pattern_regex(texts, compact(pattern, texts))
    return pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
