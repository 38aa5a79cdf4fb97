"""What CP932 cannot carry: found character by character, replaced only from a table, or refused.

A character is safe if it encodes and decodes to itself. `〜`, `−` and a few more encode without
an error and come back as another character; they are not safe either.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pyarrow
import pyarrow.compute as pc

SUBSTITUTES: Mapping[str, str] = MappingProxyType(
    {
        **dict(zip("〜−‖¢£¬¥—–‑•", "～－∥￠￡￢￥――-・", strict=True)),
        **dict(
            zip(
                "𠮷㐂栁噓俱吞塡剝頰瘦簞繫蔣醬蠟摑鷗瀆驒顚屛幷嚙囊",
                "吉喜柳嘘倶呑填剥頬痩箪繋蒋醤蝋掴鴎涜騨顛屏并噛嚢",
                strict=True,
            )
        ),
        "㍿": "株式会社",
        "ゔ": "ヴ",
        "\u00a0": " ",
        "\u2009": " ",
        "\u200b": "",
        "\ufeff": "",
    }
)
"""Unsafe character → what stands in for it: its twin in CP932, or the plain form of the same kanji."""


@lru_cache(maxsize=65_536)
def is_safe(character: str) -> bool:
    """Tell whether CP932 carries a character unchanged."""
    try:
        return character.encode("cp932").decode("cp932") == character
    except UnicodeError:
        return False


def unsafe_characters(cells: pyarrow.Array) -> frozenset[str]:
    """List the characters of a column that CP932 would lose or change."""
    text = "".join(pc.unique(cells).drop_null().to_pylist())
    return frozenset() if text.isascii() else frozenset(c for c in set(text) if not is_safe(c))


def unmappable(cells: pyarrow.Array, *, substitute: bool) -> np.ndarray:
    """Mask of the cells that cannot be written, with or without the table of substitutes."""
    lost = unsafe_characters(cells) - (SUBSTITUTES.keys() if substitute else frozenset())
    mask = np.zeros(len(cells), bool)
    for character in lost:
        found = pc.fill_null(pc.match_substring(cells, character), fill_value=False)
        mask |= found.to_numpy(zero_copy_only=False)
    return mask


def substituted(cells: pyarrow.Array) -> tuple[pyarrow.Array, int]:
    """Replace unsafe characters from the table; also count the cells that changed."""
    unsafe = unsafe_characters(cells) & SUBSTITUTES.keys()
    if not unsafe:
        return cells, 0
    changed = cells
    for character in sorted(unsafe):
        changed = pc.replace_substring(changed, character, SUBSTITUTES[character])
    count = pc.sum(pc.not_equal(cells, changed)).as_py() or 0
    return changed, int(count)


def carried(cells: pyarrow.Array) -> pyarrow.Array:
    """Replace unsafe characters, from the table or by a question mark: for texts that are nobody's data."""
    texts = substituted(cells)[0]
    for character in sorted(unsafe_characters(texts)):
        texts = pc.replace_substring(texts, character, "?")
    return texts
