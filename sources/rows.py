"""What every source gives: tables with headers, streamed in batches, each row with its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow
from pyarrow.fs import LocalFileSystem

from schemas.errors import SourceUnreadableError

BATCH_ROWS = 131_072
"""Rows worked on at a time: large enough that per-batch costs vanish, small enough for memory."""


@dataclass(frozen=True)
class RawBatch:
    """Source rows as they are, with the record number of each (a spreadsheet's row number)."""

    rows: pyarrow.RecordBatch
    records: np.ndarray


@dataclass(frozen=True)
class UnreadableRow:
    """A record that has no columns to speak of: kept as written, with the reason."""

    record: int
    reason: str
    written: str


@dataclass(frozen=True)
class Order:
    """Columns to order a database's rows by: `texts` by their bytes, then `numbers` by value."""

    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


class SourceTable(Protocol):
    """One file or database table."""

    part: str
    """Name to show: a file or table name."""

    headers: Sequence[str]

    unreadable: list[UnreadableRow]
    """Filled while the batches are read."""

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream only these columns: files in file order, databases in the order given."""
        ...


class OutOfOrderError(Exception):
    """Rows do not stand in the order they are asked for: have them sorted."""


@runtime_checkable
class StandingTable(Protocol):
    """A table of a database that can be read without having it sorted."""

    def standing(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream these columns as the rows stand, as long as that is the order.

        Raises:
            OutOfOrderError: it is not.
        """
        ...


class OpenSource(Protocol):
    """A source opened for one snapshot."""

    def table(self, name: str) -> SourceTable:
        """Open one table."""
        ...

    def names(self) -> list[str]:
        """Name everything in the source that could hold a table."""
        ...


@runtime_checkable
class Dated(Protocol):
    """A source that knows when each of its files was written."""

    def written_at(self, name: str) -> datetime | None:
        """Give the instant a file was last written; None if it is not there."""
        ...


@runtime_checkable
class ReadBeside(Protocol):
    """A source that can be read by two threads at a time."""

    def beside(self) -> OpenSource | None:
        """Give the same snapshot for another thread; None if it is not to be had this time."""
        ...


def file_in(folder: Path, name: str) -> Path:
    """Give the path of a file of records.

    Raises:
        SourceUnreadableError: the folder or the file is not there.
    """
    if not folder.is_dir():
        raise SourceUnreadableError(
            f"{folder.name}: フォルダがありません。shop.toml を直してください / "
            f"{folder.name}: no such folder; correct shop.toml"
        )
    if not (folder / name).is_file():
        raise SourceUnreadableError(
            f"{name}: ファイルがありません。お店のシステムから出力するか、shop.toml を直してください / "
            f"{name}: no such file in the source's folder; export it, or correct shop.toml"
        )
    return folder / name


def written_at(path: Path) -> datetime | None:
    """Give the instant a file here was last written, as a bucket gives it; None if it is not there."""
    file = LocalFileSystem().get_file_info(str(path))
    return file.mtime if file.is_file else None


def no_text(part: str, column: str) -> SourceUnreadableError:
    """Say that a mapped column holds what cannot be taken for text, figures or days."""
    return SourceUnreadableError(
        f"{part}: 列「{column}」は文字や数字でなく、一覧・入れ子・文字でないデータです。"
        "文字の列にして出力し直すか、shop.toml から外してください / "
        f"{part}: column '{column}' holds lists, records or bytes that are no UTF-8; write it as "
        "text, or take it out of shop.toml"
    )


@dataclass
class Regrouped:
    """Joins small batches until they are worth the cost of working on them; large ones stay as they are."""

    batches: Iterator[RawBatch]
    _held: list[RawBatch] = field(default_factory=list)

    def __iter__(self) -> Iterator[RawBatch]:
        """Stream the same rows in batches of at least half of `BATCH_ROWS`, but for the last."""
        for batch in self.batches:
            self._held.append(batch)
            if sum(held.rows.num_rows for held in self._held) >= BATCH_ROWS // 2:
                yield self._joined()
        if self._held:
            yield self._joined()

    def _joined(self) -> RawBatch:
        held, self._held = self._held, []
        if len(held) == 1:
            return held[0]
        table = pyarrow.Table.from_batches([batch.rows for batch in held]).combine_chunks()
        rows = table.to_batches()[0] if table.num_rows else held[0].rows
        return RawBatch(rows, np.concatenate([batch.records for batch in held]))
