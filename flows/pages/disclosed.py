"""What is answered to a disclosure request (policy §6; 個人情報保護法33条), as JSON and pages show it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from schemas.notice import Notice


class Named(BaseModel):
    """An item or purpose of the notice, and the clause that announces it."""

    id: str
    text: str
    clause: str


class DisclosedTable(BaseModel):
    """One file in which something of the person stood."""

    name: str
    title: str
    items: tuple[Named, ...]


class DisclosedDrop(BaseModel):
    """One drop that held the person."""

    drop_id: str
    partner: str
    partner_name: str
    partner_clause: str
    period: str
    published_at: datetime
    notice: str
    agreement: str
    purposes: tuple[Named, ...]
    tables: tuple[DisclosedTable, ...]
    acknowledged_at: datetime | None
    stopped_at: datetime | None
    has_arrived: bool
    """False where it is to be carried, and nobody has entered that it was, nor the partner answered."""


class Deletion(BaseModel):
    """A drop that told a partner to delete the person's record."""

    drop_id: str
    partner_name: str
    told_at: datetime
    acknowledged_at: datetime | None


HeldState = Literal["same", "outdated", "to_be_deleted", "told_to_delete", "unknown"]
"""`told_to_delete` has no acknowledgement yet; `to_be_deleted` is told with the next drop; `unknown` where
the shop's records cannot be compared."""


class HeldRecord(BaseModel):
    """A record of the person a partner holds, as far as the shop knows."""

    partner: str
    partner_name: str
    record: str
    title: str
    since: datetime
    drop_id: str
    state: HeldState
    outdated: tuple[Named, ...]
    """Items of which the partner holds another value than the shop."""


class Disclosure(BaseModel):
    """All of it."""

    shop: str
    customer: str
    numbers: tuple[str, ...]
    """All numbers of the person: the one asked for, and those merged with it."""
    asked_at: datetime
    drops: tuple[DisclosedDrop, ...]
    deletions: tuple[Deletion, ...]
    held: tuple[HeldRecord, ...]


def named_items(notice: Notice, items: Iterable[str]) -> tuple[Named, ...]:
    """Name items as a notice announces them."""
    texts = {item.id: item.text for item in notice.items}
    return tuple(
        Named(id=item, text=texts.get(item, item), clause=notice.clause_of(item) or "")
        for item in items
    )
