"""Reading the mark by which a system keeps a row and calls it deleted: a flag, a word or a day."""

from collections.abc import Mapping
from decimal import Decimal

from transforms.reading.days import is_default, read_day
from transforms.reading.figures import read_quantity
from transforms.reading.folding import nfkc
from transforms.reading.values import NULL_MARKS, UNREADABLE, Read

_DELETED = frozenset(
    {
        *("TRUE", "T", "YES", "Y", "DELETED", "DELETE", "DEL", "D"),
        *("*", "○", "◯", "〇", "●", "レ", "✓", "有", "あり", "はい"),
        *("削除", "削除済", "削除済み", "済", "抹消"),
    }
)
_STANDING = frozenset({"FALSE", "F", "NO", "N", "未", "未削除", "有効", "通常", "いいえ"})

_EITHER = frozenset({"×", "✕"})

_FIGURES: Mapping[Decimal | None, bool] = {
    Decimal(0): False,
    Decimal(1): True,
    Decimal(-1): True,
    Decimal(9): True,
}
"""1 of most systems, -1 of Access, 9 of office computers (オフコン)."""


def read_deletion(text: str) -> Read[bool]:
    """Read whether a row is marked deleted; a day (`deleted_at`) marks it, whichever it is.

    × may say either, and a word or figure nobody knows is a fault: the row stays in the shop. The
    shop's own words are given by `values`.
    """
    folded = nfkc(text).strip().upper()
    if folded in _EITHER:
        return UNREADABLE
    if folded in NULL_MARKS or folded in _STANDING:
        return Read(value=False)
    if folded in _DELETED:
        return Read(value=True)
    figure = read_quantity(text).value
    if figure in _FIGURES:
        return Read(_FIGURES[figure])
    day = read_day(text)
    return UNREADABLE if day.fault else Read(not is_default(day.value))
