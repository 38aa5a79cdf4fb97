"""Reading plates, chassis numbers, 型式 and certificate codes."""

import re

from transforms.reading.folding import fold_code, nfkc
from transforms.reading.values import NOTHING, NULL_MARKS, UNREADABLE, Read

_MASKED = re.compile(r"[*＊]+")

_PLATE = re.compile(
    r"(?P<region>[^\W\d_a-zA-Z]{1,4}?)(?P<class>\d[0-9ACFHKLMPXY]{0,2})"
    r"(?P<kana>[ぁ-んァ-ンA-Z])(?P<number>[・.]*\d{1,4}|\d{1,2}-\d{2})"
)
_DOMESTIC = re.compile(r"[A-Z0-9]{2,10}-\d{3,8}")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_STAMPED_BY_OFFICE = re.compile(r"[一-龥]?[\[(]\d{2}[\])]\d{4,8}[一-龥]?")
_DIGITS = re.compile(r"\*?\d{1,9}")
"""型式指定番号 and 類別区分番号 have nine digits together; a longer number is somebody's."""

_LINE_END = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")
_NOT_BETWEEN_FIGURES = re.compile(r"(?<!\d) | (?!\d)")
_POWER_OF_TEN = re.compile(r"\d(?:\.\d+)?E\+\d", re.IGNORECASE)
_WHOLE_FRACTION = re.compile(r"(?P<whole>\d+)\.0+")
_RANGE = re.compile(r"\d\s*(?:[~\u301c]|から)")


def read_plate(text: str) -> Read[str]:
    """Read a plate and write it as `山形 500 あ 1234` (region, class, kana, number without dots).

    Regions and kana are not checked against a list: old plates and the ministry's own samples
    carry ones that no list has.
    """
    folded = fold_code(text)
    if folded in NULL_MARKS or _MASKED.fullmatch(folded):
        return NOTHING
    match = _PLATE.fullmatch(folded)
    if not match:
        return UNREADABLE
    number = match["number"].strip("・.").replace("-", "")
    return Read(f"{match['region']} {match['class']} {match['kana']} {number.lstrip('0') or '0'}")


def read_chassis_number(text: str) -> Read[str]:
    """Read a chassis number: `PREFIX-SERIAL`, a VIN, or one stamped by the office (職権打刻).

    What fits none of the three is kept and flagged; the number is never rebuilt.
    """
    folded = fold_code(text)
    if folded in NULL_MARKS or _MASKED.fullmatch(folded):
        return NOTHING
    known = any(form.fullmatch(folded) for form in (_DOMESTIC, _VIN, _STAMPED_BY_OFFICE))
    return Read(folded, flag=None if known else "unusual")


def read_model_code(text: str) -> Read[str]:
    """Read a 型式, e.g. `DAA-ZVW50`; the mark 改 stays."""
    folded = fold_code(text)
    return NOTHING if folded.strip("*") in NULL_MARKS else Read(folded)


def read_digits(text: str) -> Read[str]:
    """Read a code of digits; leading zeros and a leading `*` stay."""
    folded = fold_code(text)
    if folded in NULL_MARKS or _MASKED.fullmatch(folded):
        return NOTHING
    return Read(folded) if _DIGITS.fullmatch(folded) else UNREADABLE


def read_identifier(text: str) -> Read[str]:
    """Read a row's own number: width folded, spaces out, leading zeros and case kept.

    Between two figures one space stays: they may be two numbers, which together would be a third one's.
    What a spreadsheet has rounded to a power of ten (2.01511E+11) is nobody's number any more, and a range
    (12〜34) tells of numbers that do not stand there. A whole number kept as a fraction (12.00) is that
    number.
    """
    folded = nfkc(text).strip()
    if any(form.search(folded) for form in (_LINE_END, _POWER_OF_TEN, _RANGE)):
        return UNREADABLE
    written = _NOT_BETWEEN_FIGURES.sub("", " ".join(folded.split()))
    fraction = _WHOLE_FRACTION.fullmatch(written)
    return Read(fraction["whole"] if fraction else written or None)
