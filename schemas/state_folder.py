"""What stands where in a shop's state folder."""

from enum import StrEnum


class Part(StrEnum):
    """A folder within the state folder."""

    DISPOSALS = "disposals"
    """Certificates of what was removed."""
    FAILURES = "failures"
    """Details of what went wrong; they may quote anything."""
    KEPT = "kept"
    """Encrypted copies of published drops."""
    KEYS = "keys"
    LAWFUL_REQUESTS = "lawful_requests"
    LOCKS = "locks"
    PREFECT = "prefect"
    QUARANTINE = "quarantine"
    RECALL = "recall"
    """The shop's own call lists."""
    REVIEW = "review"
    """Texts somebody has to decide about."""
    RUNS = "runs"
    """What runs work in, gone with each."""
    WAITING = "waiting"
    """Drops the data manager has to decide about."""


WRITTEN_WHOLE = (
    *(Part.DISPOSALS, Part.FAILURES, Part.LAWFUL_REQUESTS),
    *(Part.QUARANTINE, Part.RECALL, Part.REVIEW),
)
"""Parts whose files a killed program may have left half-written beside their place."""

PRIVATE = (*WRITTEN_WHOLE, Part.KEPT, Part.KEYS, Part.RUNS, Part.WAITING)
"""Parts only their owner may enter (policy §8)."""
