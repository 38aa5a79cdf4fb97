"""Reading whole numbers, decimal quantities and yes-or-no marks."""

import re
from decimal import Decimal

from transforms.reading.folding import DASH_CLASS, nfkc
from transforms.reading.values import NOTHING, NULL_MARKS, UNREADABLE, Read

DECIMAL_PLACES = 3
_LARGEST_DIGITS = 11

_UNITS = r"(?:円|KM|キロ|KG|CM|L|KW|人|名|個|本)?"
_NUMBER = re.compile(
    rf"(?P<sign>[-+△▲]?)[¥\\]?(?P<whole>\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.(?P<part>\d+))?{_UNITS}"
)

_YES = frozenset({"1", "TRUE", "T", "YES", "Y", "可", "はい", "有", "あり", "○", "◯", "済"})
_NO = frozenset({"0", "FALSE", "F", "NO", "N", "不可", "いいえ", "無", "なし", "×", "✕"})


def read_quantity(text: str) -> Read[Decimal]:
    """Read a decimal with at most three places; △ and ▲ are minus signs."""
    folded = re.sub(DASH_CLASS, "-", re.sub(r"\s", "", nfkc(text)).upper())
    if folded in NULL_MARKS:
        return NOTHING
    match = _NUMBER.fullmatch(folded)
    if not match or len((match["part"] or "").rstrip("0")) > DECIMAL_PLACES:
        return UNREADABLE
    whole = match["whole"].replace(",", "")
    if len(whole) > _LARGEST_DIGITS:
        return UNREADABLE
    figure = Decimal(f"{whole}.{(match['part'] or '0')[:DECIMAL_PLACES]}")
    return Read(-figure if match["sign"] in {"-", "△", "▲"} else figure)


def read_whole(text: str) -> Read[int]:
    """Read a whole number; a fraction other than zero is not rounded but refused."""
    read = read_quantity(text)
    if read.value is None:
        return Read(None, read.fault, read.flag)
    if read.value != int(read.value):
        return UNREADABLE
    return Read(int(read.value), flag=read.flag)


def read_flag(text: str) -> Read[bool]:
    """Read a yes-or-no mark; anything else is a fault."""
    folded = nfkc(text).strip().upper()
    if folded == "":
        return NOTHING
    if folded in _YES:
        return Read(value=True)
    return Read(value=False) if folded in _NO else UNREADABLE
