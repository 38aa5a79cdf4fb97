"""Reading whole numbers, decimal quantities and yes-or-no marks."""

import re
from decimal import Decimal

from transforms.reading.folding import DASH_CLASS, nfkc
from transforms.reading.values import NOTHING, NULL_MARKS, UNREADABLE, Read

DECIMAL_PLACES = 3
_LARGEST_DIGITS = 11

_UNITS = "円|KM|キロ|KG|CM|L|リットル|KW|H|時間|人|名|個|本|枚|台|式|組|セット|点|件|回|箱|缶|袋|脚"
_WHOLE = r"(?P<whole>\d{1,3}(?:,\d{3})+|\d+)"
_NUMBER = re.compile(
    rf"(?P<sign>[-+△▲]?)\s*(?:(?P<yen>[¥\\])\s*(?P<inner>-?)\s*)?{_WHOLE}(?:\.(?P<part>\d+))?"
    rf"\s*(?P<unit>{_UNITS})?(?(yen)-?)"
)
"""A figure with its sign and unit; blanks stand around it only, for within they part two figures.

What is written behind yen closes the sum (¥12,345-)."""

_TWO_FIGURES = re.compile(
    r"(?P<first>[^(\[〔]+)[(\[〔][^()\[\]〔〕]*\d[^()\[\]〔〕]*[)\]〕](?P<unit>\D*)"
)

_LARGEST_TAIL = Decimal("1e-9")
"""What a binary fraction written out in full (0.30000000000000004) may be off."""

_THOUSANDS = 3
"""So many zeros behind a point, and at most so many figures before it: a comma mistyped, if nobody splits
the unit."""

_YES = frozenset(
    {"1", "TRUE", "T", "YES", "Y", "OK", "可", "はい", "有", "あり", "○", "◯", "〇", "済"}
)
_NO = frozenset(
    {"0", "FALSE", "F", "NO", "N", "NG", "不可", "否", "いいえ", "無", "なし", "×", "✕"}
)


def read_quantity(text: str) -> Read[Decimal]:
    """Read a decimal with at most three places; △ and ▲ are minus signs."""
    folded = re.sub(DASH_CLASS, "-", nfkc(text).strip().upper())
    if folded in NULL_MARKS:
        return NOTHING
    match = _NUMBER.fullmatch(folded)
    if not match or (match["sign"] and match["inner"]):
        return UNREADABLE
    whole, part = match["whole"].replace(",", ""), match["part"] or "0"
    if len(whole) > _LARGEST_DIGITS or _is_mistyped_comma(match):
        return UNREADABLE
    written = Decimal(f"{whole}.{part}")
    figure = round(written, DECIMAL_PLACES)
    if abs(written - figure) > _LARGEST_TAIL:
        return UNREADABLE
    return Read(-figure if match["sign"] in {"-", "△", "▲"} or match["inner"] else figure)


def _is_mistyped_comma(match: re.Match[str]) -> bool:
    """Tell whether ¥8.000 or 52.000km stands there: no coin and no odometer has three decimals."""
    is_exact = match["yen"] or match["unit"] in {"円", "KM", "キロ"}
    return bool(
        is_exact and match["part"] == "0" * _THOUSANDS and len(match["whole"]) <= _THOUSANDS
    )


def read_whole(text: str) -> Read[int]:
    """Read a whole number; a fraction other than zero is not rounded but refused."""
    read = read_quantity(text)
    if read.value is None:
        return Read(None, read.fault, read.flag)
    if read.value != int(read.value):
        return UNREADABLE
    return Read(int(read.value), flag=read.flag)


def read_measure(text: str) -> Read[int]:
    """Read a measure of a certificate: of two (`３５０［２００］`) the unconditional one."""
    match = _TWO_FIGURES.fullmatch(nfkc(text).strip())
    return read_whole(match["first"] + match["unit"] if match else text)


def read_flag(text: str) -> Read[bool]:
    """Read a yes-or-no mark; anything else is a fault."""
    folded = nfkc(text).strip().upper()
    if folded == "":
        return NOTHING
    if folded in _YES:
        return Read(value=True)
    return Read(value=False) if folded in _NO else UNREADABLE
