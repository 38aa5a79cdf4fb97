"""What a run did: counts, rule names and row keys; never a person's data."""

from collections.abc import Mapping
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


class Served(BaseModel):
    """What became of every partner of a run."""

    outcomes: tuple[Outcome, ...]
    left_out: Mapping[str, str] = Field(default_factory=dict)
    """Partners nothing was made for, and what their agreement lacks."""

    @property
    def exit_code(self) -> int:
        """The code a run ends with: of what waits or was not confirmed, was left out, or not handed over."""
        statuses = {outcome.status for outcome in self.outcomes}
        if "waiting" in statuses:
            return HeldError.exit_code
        if self.left_out or "unconfirmed" in statuses:
            return RefusedError.exit_code
        return max((outcome.handover_code for outcome in self.outcomes), default=0)


class ExportReport(Served):
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
    attention: tuple[str, ...] = ()
    """Months never delivered, drops not acknowledged in time, and the like: a line each."""
    new_columns: Mapping[str, int] = Field(default_factory=dict)
    """By file or table, how many columns nothing asks for were not there the last time."""
