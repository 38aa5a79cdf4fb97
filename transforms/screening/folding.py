"""Folding texts for screening: spellings of one word become one, so that nobody writes around a list."""

import re
import unicodedata

_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_NO_LETTERS = re.compile(r"[\W_]+")
_LONG = str.maketrans("", "", "ー‐‑‒–—―−－ｰ-")


def plain(text: str) -> str:
    """Fold widths and case, keep everything else."""
    return unicodedata.normalize("NFKC", text).upper()


def fold_term(text: str) -> str:
    """Fold a word of the trade: width, case, spaces, long vowels and small kana."""
    return re.sub(r"\s+", "", plain(text)).translate(_LONG).translate(_SMALL)


def close_up(text: str) -> str:
    """Fold widths and case and take out spaces, but keep kana and marks as written."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).lower())


def fold_danger(text: str) -> str:
    """Fold a text to look for dangers in it: kana as hiragana, letters and digits only.

    Spaces and marks within a word hide nothing: `ト ウ・セキ` becomes `とうせき`.
    """
    letters = _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).lower())
    return letters.translate(_TO_HIRAGANA)
