"""Writing a table's file: Parquet, or CSV in the partner's dialect, the same bytes for the same rows."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pyarrow
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from schemas.agreement import Delivery
from schemas.partner_tables import PartnerTable
from transforms.prefetching import prefetched

_ROW_GROUP_ROWS = 131_072


class TableWriter(Protocol):
    """Takes shaped batches, one file."""

    def write(self, rows: pyarrow.RecordBatch) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def open_writer(path: Path, table: PartnerTable, delivery: Delivery) -> TableWriter:
    """Start a table's file in the agreement's format."""
    if delivery.format == "parquet":
        return _ParquetWriter(path, table)
    return _CsvWriter(path, table, delivery)


class _ParquetWriter:
    """Row groups of a fixed size, so that the bytes do not depend on how rows arrive."""

    def __init__(self, path: Path, table: PartnerTable) -> None:
        self._schema = table.schema
        self._held: list[pyarrow.RecordBatch] = []
        self._held_rows = 0
        self._file = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: pyarrow.RecordBatch) -> None:
        self._held.append(rows)
        self._held_rows += rows.num_rows
        if self._held_rows >= _ROW_GROUP_ROWS:
            self._flush(self._held_rows - self._held_rows % _ROW_GROUP_ROWS)

    def close(self) -> None:
        if self._held_rows:
            self._flush(self._held_rows)
        self._file.close()

    def _flush(self, count: int) -> None:
        """Write the first rows of those held; where a column is cut into pieces would show in the bytes."""
        held = pyarrow.Table.from_batches(self._held, self._schema)
        whole = held.slice(0, count).combine_chunks()
        self._file.write_table(whole, row_group_size=_ROW_GROUP_ROWS)
        rest = held.slice(count)
        self._held = rest.to_batches()
        self._held_rows = rest.num_rows


class _CsvWriter:
    """Text quoted, numbers and dates not; nulls are empty and unquoted."""

    def __init__(self, path: Path, table: PartnerTable, delivery: Delivery) -> None:
        self._encoding = delivery.encoding
        self._eol = "\r\n" if delivery.line_end == "crlf" else "\n"
        self._file = path.open("wb")
        titles = pyarrow.RecordBatch.from_arrays(
            [pyarrow.array([column.title]) for column in table.columns],
            names=[column.name for column in table.columns],
        )
        self.write(titles)

    def write(self, rows: pyarrow.RecordBatch) -> None:
        text = io.BytesIO()
        options = arrow_csv.WriteOptions(include_header=False, eol=self._eol)
        arrow_csv.write_csv(pyarrow.Table.from_batches([rows]), text, options)
        content = text.getvalue()
        if self._encoding == "cp932":
            content = content.decode().encode("cp932")
        elif self._file.tell() == 0:
            content = b"\xef\xbb\xbf" + content
        self._file.write(content)

    def close(self) -> None:
        self._file.close()


def write_all(writer: TableWriter, batches: Iterable[pyarrow.RecordBatch]) -> int:
    """Write batches to the end and close the file; give the number of rows."""
    count = 0
    try:
        for batch in prefetched(batches, len):
            writer.write(batch)
            count += batch.num_rows
    finally:
        writer.close()
    return count
