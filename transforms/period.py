"""The month a drop is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.errors import ConfigurationError

SHOP_TIME = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True)
class Month:
    """One calendar month."""

    first: date

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `YYYY-MM`."""
        if not re.fullmatch(r"(19|20)\d{2}-(0[1-9]|1[0-2])", text):
            raise ConfigurationError(
                f"「{text[:20]}」: 月は 2026-10 のように書いてください / "
                f"month '{text[:20]}': write it as YYYY-MM, e.g. 2026-10"
            )
        return cls(date(int(text[:4]), int(text[5:]), 1))

    @classmethod
    def before(cls, instant: datetime) -> "Month":
        """Give the last full month at an instant, as the shop's clock shows it."""
        first = instant.astimezone(SHOP_TIME).date().replace(day=1)
        return cls((first - timedelta(days=1)).replace(day=1))

    @property
    def last(self) -> date:
        """The month's last day."""
        next_month = (self.first + timedelta(days=31)).replace(day=1)
        return next_month - timedelta(days=1)

    @property
    def following(self) -> "Month":
        """The month after."""
        return Month(self.last + timedelta(days=1))

    def until(self, last: "Month") -> Iterator["Month"]:
        """Give the months from this one to `last`."""
        month = self
        while month.first <= last.first:
            yield month
            month = month.following

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"
