"""What the book of drops holds: drops, made ready or published, and what they tell to delete."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from ledger.recall_book import Handover
from schemas.drop import Drop

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class Tombstone:
    """A key the partner must delete, from drops of one kind."""

    kind: str
    record: str
    key: str


@dataclass(frozen=True)
class Prepared:
    """A finished drop that nobody can see yet.

    Args:
        drop: its `drop.json`.
        bag_sha256: SHA-256 of its tag manifest, which vouches for every byte.
        persons: `PERSONS`.
        records: `RECORDS`, piece by piece.
        tombstones: the keys in its `deleted` table, in their order.
        handovers: the cars of recall campaigns it tells of.
    """

    drop: Drop
    bag_sha256: str
    persons: "pyarrow.Table"
    records: Iterable["pyarrow.RecordBatch"]
    tombstones: tuple[Tombstone, ...]
    handovers: tuple[Handover, ...] = ()


@dataclass(frozen=True)
class EnteredDrop:
    """A drop the ledger knows: published, unless `published_at` is None."""

    sequence: int
    drop: Drop
    bag_sha256: str
    published_at: datetime | None
    stopped_at: datetime | None


def entered_of(row: Row[Any]) -> EnteredDrop:
    """Read a drop from its row, with `published_at` and `stopped_at`."""
    return EnteredDrop(
        sequence=row.sequence,
        drop=_drop_of(row.contents),
        bag_sha256=row.bag_sha256,
        published_at=_instant(row.published_at),
        stopped_at=_instant(row.stopped_at),
    )


@lru_cache(maxsize=256)
def _drop_of(contents: str) -> Drop:
    """Read a `drop.json`; a run asks for the same drops a dozen times, and none ever changes."""
    return Drop.model_validate_json(contents)


def _instant(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
