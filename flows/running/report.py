"""What a run did: counts, rule names and row keys; never a person's data."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, Field

from schemas.drop import Account
from schemas.errors import HeldError, RefusedError

Status = Literal[
    "published",
    "unchanged",
    "dry_run",
    "stopped",
    "same",
    "different",
    "unconfirmed",
    "nothing",
    "waiting",
]


class TableDifference(BaseModel):
    """How the rows of one file differ from those of another drop: counts, and the first keys of each."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    added_keys: tuple[str, ...] = ()
    removed_keys: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()


class Outcome(BaseModel):
    """What became of one partner's drop."""

    partner: str
    status: Status
    drop_id: str
    path: str
    supersedes: str | None
    account: Mapping[str, Account]
    reasons: Mapping[str, Mapping[str, int]]
    cells: Mapping[str, int]
    deleted: int = 0
    compared_with: str | None = None
    difference: Mapping[str, TableDifference] = Field(default_factory=dict)
    handed_over: str = ""
    """What became of handing the drop over, in a line; empty where nothing was to be done."""
    handover_code: int = 0
    """Exit code of a drop that should have been handed over and was not."""


class ExportReport(BaseModel):
    """What one export did."""

    shop: str
    month: str
    as_of: str
    objections: int
    unsettled_objections: int
    quarantined: Mapping[str, Mapping[str, int]]
    texts_waiting: int
    """Distinct texts nobody has decided about (`joint-use review`)."""
    flags: Mapping[str, Mapping[str, int]]
    outcomes: tuple[Outcome, ...]
    attention: tuple[str, ...] = ()
    """Months never delivered, drops not acknowledged in time, and the like: a line each."""
    new_columns: Mapping[str, int] = Field(default_factory=dict)
    """By file or table, how many columns nothing asks for were not there the last time."""


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Give the exit code a run ends with: of what waits or was not confirmed, or was not handed over."""
    outcomes = tuple(outcomes)
    statuses = {outcome.status for outcome in outcomes}
    if "waiting" in statuses:
        return HeldError.exit_code
    if "unconfirmed" in statuses:
        return RefusedError.exit_code
    return max((outcome.handover_code for outcome in outcomes), default=0)
