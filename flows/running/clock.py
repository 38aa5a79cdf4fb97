"""The clock of a run: another can be given, so that what depends on the day can be shown on any day."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give this instant."""
    return datetime.now(UTC)
