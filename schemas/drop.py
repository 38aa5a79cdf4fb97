"""`drop.json`: what a drop is, under which notice and agreement it was made, and its account."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator

from schemas.strict import Strict

DISPOSITIONS = ("delivered", "quarantined", "out_of_scope", "objected", "withheld")


class DropKind(StrEnum):
    """What a drop is made for."""

    MONTHLY = "monthly"
    NOTICES = "notices"
    """Only keys to delete, between the monthly drops."""
    RECALL = "recall"
    """Cars a recall campaign may be about."""

    @property
    def is_additive(self) -> bool:
        """Whether a drop adds to the ones before it, and does not take their place."""
        return self is DropKind.RECALL


def _with_offset(written: str) -> str:
    if datetime.fromisoformat(written).tzinfo is None:
        raise ValueError("an instant without its offset from UTC")
    return written


Instant = Annotated[str, AfterValidator(_with_offset)]
"""An instant in ISO 8601, with its offset from UTC."""


class Version(Strict):
    """A policy file: its version and the SHA-256 of its bytes."""

    version: str
    sha256: str


class DropColumn(Strict):
    """One column of a file and the items of the notice it cites."""

    name: str
    title: str
    items: tuple[str, ...]
    type: str


class DropTable(Strict):
    """One file of the drop."""

    name: str
    file: str
    rows: int
    sha256: str
    columns: tuple[DropColumn, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """Items of the notice the file holds, each once, in the order of its columns."""
        return tuple(dict.fromkeys(item for column in self.columns for item in column.items))


class Account(Strict):
    """Where every row read of one table ended."""

    read: int
    delivered: int = 0
    quarantined: int = 0
    out_of_scope: int = 0
    objected: int = 0
    withheld: int = 0

    @property
    def is_balanced(self) -> bool:
        """Whether the parts add up to the rows read."""
        parts: list[int] = [getattr(self, name) for name in DISPOSITIONS]
        return self.read == sum(parts)


class AuditHead(Strict):
    """The newest entry of the shop's audit chain when the drop was made: whoever keeps this is a witness."""

    sequence: int
    at: Instant
    sha256: str


class Drop(Strict):
    """`drop.json`."""

    format: Literal["joint-use-drop/1"] = "joint-use-drop/1"
    drop_id: str
    partner: str
    kind: DropKind
    period: str
    revision: int
    supersedes: str | None
    purposes: tuple[str, ...]
    notice: Version
    agreement: Version
    narrowed_by: tuple[Version, ...] = ()
    """Later notices that took away from what the notice of the period allowed."""
    as_of: Instant
    objections_head: str
    audit_head: AuditHead | None = None
    sealed_to: str = ""
    """Fingerprint of the only key the drop may be sealed to; empty where it leaves unsealed."""
    tables: tuple[DropTable, ...]
    deleted: DropTable | None = None
    """Keys the partner must delete, with all that hangs on them."""
    discard: tuple[str, ...] = ()
    """Drops the shop has stopped: the partner must discard them."""
    account: Mapping[str, Account]
    cells: Mapping[str, int]
    """Cells withheld (or waiting for a decision), substituted or defused; why one is withheld is not told."""
    operator: str
    reason: str
    software: str

    @property
    def made_on(self) -> date:
        """The day in Japan it was made."""
        return date.fromisoformat(self.as_of[:10])

    @property
    def files(self) -> tuple[DropTable, ...]:
        """Every file of the payload."""
        return self.tables if self.deleted is None else (*self.tables, self.deleted)
