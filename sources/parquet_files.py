"""Parquet files, typed or text."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet

from schemas.errors import SourceUnreadableError
from sources.rows import BATCH_ROWS, Order, RawBatch, UnreadableRow, file_in, no_text, written_at
from transforms.arrays import texts_that_repeat

_LARGEST_GROUP_BYTES = 1 << 30
"""A file of a few kilobytes can unpack to any size; this is what a run may hold of it at once."""


class ParquetFolder:
    """A folder of Parquet files, one table each."""

    def __init__(self, folder: Path) -> None:
        """Open the folder."""
        self._folder = folder

    def table(self, name: str) -> "ParquetTable":
        """Open one file."""
        return ParquetTable(file_in(self._folder, name))

    def written_at(self, name: str) -> datetime | None:
        """Give the instant a file was last written; None if it is not there."""
        return written_at(self._folder / name)

    def names(self) -> list[str]:
        """Name the folder's Parquet files."""
        return sorted(path.name for path in self._folder.glob("*.parquet"))


class ParquetTable:
    """One Parquet file."""

    def __init__(self, path: Path) -> None:
        """Read the file's schema."""
        self._path = path
        try:
            self._file = parquet.ParquetFile(path, pre_buffer=False)
        except (OSError, UnicodeDecodeError, pyarrow.ArrowInvalid):  # of a damaged footer
            self._file = None
        if self._file is None:
            raise SourceUnreadableError(
                f"{path.name}: Parquet のファイルではありません。出力し直してください / "
                f"{path.name}: is not a Parquet file; export it again"
            )
        groups = self._file.metadata.num_row_groups
        sizes = (self._file.metadata.row_group(n).total_byte_size for n in range(groups))
        if max(sizes, default=0) > _LARGEST_GROUP_BYTES:
            raise SourceUnreadableError(
                f"{path.name}: 行グループが 1 GiB を超えます。小さく分けて出力してください / "
                f"{path.name}: a row group unpacks to more than 1 GiB; write it with smaller row groups"
            )
        self.part = path.name
        self.headers: Sequence[str] = self._file.schema_arrow.names
        self.unreadable: list[UnreadableRow] = []

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream the columns in file order, texts that repeat as dictionaries; records count from 1.

        Raises:
            SourceUnreadableError: a column holds lists, records, bytes that are no text, or instants of
                which nobody can tell by which clock.
        """
        del order
        kinds = {name: self._file.schema_arrow.field(name).type for name in headers}
        for name, kind in kinds.items():
            if pyarrow.types.is_nested(kind) or isinstance(kind, pyarrow.BaseExtensionType):
                raise no_text(self.part, name)
        self._refuse_bare_instants(headers)
        read = 0
        for batch in self._batches(headers):
            yield RawBatch(self._with_texts(batch), np.arange(read + 1, read + 1 + batch.num_rows))
            read += batch.num_rows

    def _batches(self, headers: Sequence[str]) -> Iterator[pyarrow.RecordBatch]:
        try:
            # A first look: of an encrypted column Arrow would end the process when asked how it is stored.
            next(self._file.iter_batches(batch_size=1, columns=list(headers)), None)
            metadata = self._file.metadata
            repeat = texts_that_repeat(metadata, headers)
            file = parquet.ParquetFile(
                self._path, metadata=metadata, read_dictionary=repeat, pre_buffer=False
            )
            yield from file.iter_batches(_rows_at_once(metadata), columns=list(headers))
        except (OSError, UnicodeDecodeError, pyarrow.ArrowInvalid):
            pass
        else:
            return
        raise SourceUnreadableError(
            f"{self.part}: 途中で壊れています。出力し直してください / "
            f"{self.part}: is damaged somewhere within; export it again"
        )

    def _refuse_bare_instants(self, headers: Sequence[str]) -> None:
        """Refuse INT96: whether it was written by the clock of the shop or of Greenwich is nowhere told."""
        stored = self._file.schema
        kinds = {stored.column(n).path: stored.column(n).physical_type for n in range(len(stored))}
        for name in headers:
            if kinds.get(name) == "INT96":
                raise SourceUnreadableError(
                    f"{self.part}: 列「{name}」は古い形式の日時（INT96）です。日付が一日ずれるおそれが"
                    "あります。日付か TIMESTAMP の列にして出力し直してください / "
                    f"{self.part}: column '{name}' holds instants of an old form (INT96), which may be "
                    "off by a day; write it as days or TIMESTAMP"
                )

    def _with_texts(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Read bytes as the UTF-8 some programs write without saying so; others say so, and it is not."""
        for place, field in enumerate(batch.schema):
            if _holds_bytes_or_texts(field.type):
                texts = _decoded(batch.column(place))
                if texts is None:
                    raise no_text(self.part, field.name)
                batch = batch.set_column(place, field.name, texts)
        return batch


def _rows_at_once(metadata: parquet.FileMetaData) -> int:
    """Give as many rows as a row group has, if that is about a batch: one across two is put together anew."""
    first = metadata.row_group(0).num_rows if metadata.num_row_groups else 0
    return first if BATCH_ROWS // 2 <= first <= BATCH_ROWS else BATCH_ROWS


def _holds_bytes_or_texts(kind: pyarrow.DataType) -> bool:
    cells = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
    kinds = pyarrow.types
    return any(
        is_kind(cells)
        for is_kind in (
            *(kinds.is_string, kinds.is_large_string, kinds.is_string_view),
            *(kinds.is_binary, kinds.is_large_binary, kinds.is_binary_view),
            kinds.is_fixed_size_binary,
        )
    )


def _decoded(cells: pyarrow.Array) -> pyarrow.Array | None:
    if isinstance(cells, pyarrow.DictionaryArray):
        entries = _decoded(cells.dictionary)
        return None if entries is None else cells.from_arrays(cells.indices, entries)
    try:
        return cells.cast(pyarrow.binary()).cast(pyarrow.string())
    except pyarrow.ArrowInvalid:
        return None
