"""What reading one value gives, and the marks by which people say "nothing here"."""

from typing import Generic, NamedTuple, Never, TypeVar

Value_co = TypeVar("Value_co", covariant=True)


class Read(NamedTuple, Generic[Value_co]):
    """A value as read.

    `fault` is a reason code that sets the row aside; `flag` one that only is counted and told.
    """

    value: Value_co | None
    fault: str | None = None
    flag: str | None = None


NOTHING: "Read[Never]" = Read(None)
UNREADABLE: "Read[Never]" = Read(None, fault="unreadable")

NULL_MARKS = frozenset(
    {
        "",
        "-",
        "ー",
        "―",
        "—",
        "−",
        "--",
        "---",
        "×",
        "なし",
        "ナシ",
        "無し",
        "無",
        "不明",
        "未登録",
        "未記入",
    }
)
"""Marks for "nothing" in coded, numbered and dated cells (after NFKC and trimming)."""
