"""Reading dates and months, western and Japanese eras (forms of real ledgers and certificates)."""

import re
from datetime import date, datetime, time, timedelta, timezone

from transforms.period import SHOP_TIME
from transforms.reading.folding import nfkc
from transforms.reading.values import NOTHING, NULL_MARKS, UNREADABLE, Read

_ERAS = {
    "M": (1867, date(1868, 10, 23), date(1912, 7, 29)),
    "T": (1911, date(1912, 7, 30), date(1926, 12, 24)),
    "S": (1925, date(1926, 12, 25), date(1989, 1, 7)),
    "H": (1988, date(1989, 1, 8), date(2019, 4, 30)),
    "R": (2018, date(2019, 5, 1), date.max),
}
"""Letter → (year before the first, first day, last day)."""

_LETTERS = {
    "明治": "M",
    "大正": "T",
    "昭和": "S",
    "平成": "H",
    "令和": "R",
    "明": "M",
    "大": "T",
    "昭": "S",
    "平": "H",
    "令": "R",
}

_ERA = r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令MTSHR])\s*(?P<era_year>元|\d{1,2})"
_MINUTES_OF_AN_HOUR = 60
_FIRST_MONTH_YEAR, _LAST_MONTH_YEAR = 1926, 2099
_YEAR = r"(?P<year>\d{4})"
_DAY = r"(?P<day>0?[1-9]|[123]\d)"
_WEEKDAY = r"(?:\s*(?:\([月火水木金土日]\)|[月火水木金土日]曜日?))?"
_TIME = (
    r"(?:(?:[ T]|\s*午[前後])\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_DAY_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_YEAR}(?P<month>\d{{2}})(?P<day>(?!00)\d{{2}})",
        rf"(?:{_YEAR}|{_ERA})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*[-/.月]\s*{_DAY}\s*日?{_WEEKDAY}{_TIME}",
    )
)
"""A day that is 0 is one nobody knew."""

_MONTH_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_YEAR}(?P<month>\d{{2}})",
        rf"(?:{_YEAR}|{_ERA})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*月?",
        rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})",
        rf"(?:{_YEAR}|{_ERA})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*[-/.月]\s*(?P<day>\d{{1,2}})\s*日?{_TIME}",
    )
)
_EMPTY_DATE = re.compile(
    r"(0{4}[-/.年]?0{1,2}[-/.月]?0{1,2}日?|1900[-/.年]0?1[-/.月]0{1,2}日?)([ T]+0?0:00(:00(\.0+)?)?)?"
)
"""What databases write for no day, and what Excel shows of an empty cell: its day 0."""


FIRST_DEFAULTS = (
    *(date(1, 1, 1), date(1753, 1, 1)),
    *(date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1)),
)
LAST_DEFAULT = date(9999, 12, 31)
"""The first days .NET and SQL Server know, day 0 of Access and of Excel, what SQL Server makes of an empty
text, and the last day of all."""


def is_default(day: date | None) -> bool:
    """Tell whether a day is what programs write for none, or none is there."""
    return day is None or day in FIRST_DEFAULTS or day == LAST_DEFAULT


def read_day(text: str) -> Read[date]:
    """Read a date.

    A two-digit year without an era is not read; neither is a day before its era began. A day
    after its era ended (平成33年, on papers printed before 2019) is converted and flagged.
    """
    return _read(text, _DAY_FORMS)


def read_month(text: str) -> Read[str]:
    """Read a year and month as `YYYY-MM`, of 1926 (昭和元年) to 2099; a day that follows is left out."""
    read = _read(text, _MONTH_FORMS)
    if read.value and not _FIRST_MONTH_YEAR <= read.value.year <= _LAST_MONTH_YEAR:
        return UNREADABLE  # 230401, meant as 2023-04-01, reads as a month of the year 2304
    month = f"{read.value:%Y-%m}" if read.value else None
    return Read(month, read.fault, read.flag)


def _read(text: str, forms: tuple[re.Pattern[str], ...]) -> Read[date]:
    folded = nfkc(text).strip().upper()
    if folded in NULL_MARKS or _EMPTY_DATE.fullmatch(folded):
        return NOTHING
    matches = (form.fullmatch(folded) for form in forms)
    parts = next((match.groupdict() for match in matches if match), None)
    return _date_of(parts) if parts else UNREADABLE


def _date_of(parts: dict[str, str | None]) -> Read[date]:
    month, day = int(parts["month"] or 0), int(parts.get("day") or 0)
    if not parts.get("era"):
        read = _calendar_day(int(parts["year"] or 0), month, day or 1)
        return _in_japan(read, parts) if parts.get("zone") else read
    letter = _LETTERS.get(parts["era"] or "", parts["era"] or "")
    before, first, last = _ERAS[letter]
    year = 1 if parts["era_year"] == "元" else int(parts["era_year"] or 0)
    if year == 0:
        return UNREADABLE
    if parts.get("zone"):
        return UNREADABLE
    # A month without its day belongs to an era if any of its days does.
    read = _calendar_day(before + year, month, day or 1)
    if read.value is None or (read.value < first and (day or read.value < first.replace(day=1))):
        return UNREADABLE
    return Read(read.value, flag="after_its_era") if read.value > last else read


def _in_japan(read: Read[date], parts: dict[str, str | None]) -> Read[date]:
    """Give the day an instant falls on in Japan."""
    if read.value is None:
        return read
    zone = (parts["zone"] or "").replace("Z", "+00").replace(":", "")
    hours, minutes = int(zone[:3]), int(zone[3:] or 0)
    if minutes >= _MINUTES_OF_AN_HOUR:
        return UNREADABLE
    offset = timedelta(hours=hours, minutes=-minutes if zone[0] == "-" else minutes)
    hour, minute = int(parts["hour"] or 0), int(parts["minute"] or 0)
    try:
        start = datetime.combine(read.value, time(), timezone(offset))
        return Read((start + timedelta(hours=hour, minutes=minute)).astimezone(SHOP_TIME).date())
    except (ValueError, OverflowError):
        return UNREADABLE  # An offset of a day and more, or an instant beyond the calendar's ends.


def _calendar_day(year: int, month: int, day: int) -> Read[date]:
    try:
        return Read(date(year, month, day))
    except ValueError:
        return UNREADABLE
