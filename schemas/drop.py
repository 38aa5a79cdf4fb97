"""`drop.json`: what a drop is, under which notice and agreement it was made, and its account."""

from collections.abc import Mapping
from typing import Literal

from schemas.configuration import Configuration

DISPOSITIONS = ("delivered", "quarantined", "out_of_scope", "objected", "withheld")


class Version(Configuration):
    """A policy file: its version and the SHA-256 of its bytes."""

    version: str
    sha256: str


class DropColumn(Configuration):
    """One column of a file and the items of the notice it cites."""

    name: str
    title: str
    items: tuple[str, ...]
    type: str


class DropTable(Configuration):
    """One file of the drop."""

    name: str
    file: str
    rows: int
    sha256: str
    columns: tuple[DropColumn, ...]


class Account(Configuration):
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


class Drop(Configuration):
    """`drop.json`."""

    format: Literal["joint-use-drop/1"] = "joint-use-drop/1"
    drop_id: str
    partner: str
    kind: str
    period: str
    revision: int
    supersedes: str | None
    purposes: tuple[str, ...]
    notice: Version
    agreement: Version
    as_of: str
    objections_head: str
    tables: tuple[DropTable, ...]
    account: Mapping[str, Account]
    cells: Mapping[str, int]
    """Cells emptied, substituted or defused, by reason."""
    operator: str
    reason: str
    software: str
