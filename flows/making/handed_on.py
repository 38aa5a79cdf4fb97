"""What one stage hands on to the next, and to what tells of the run."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.drop import Account


@dataclass(frozen=True)
class Registered:
    """What is known of objections: how many hold today, up to which event, and what is left to settle."""

    objections: int
    head: str
    unsettled: int


@dataclass(frozen=True)
class Built:
    """A finished drop that is not published yet."""

    partner: str
    staging: str
    account: Mapping[str, Account]
    reasons: Mapping[str, Mapping[str, int]]
    cells: Mapping[str, int]
    deleted: int
