"""A shop's records as the authors of other programs read them: Parquet files, or tables through ADBC."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import pyarrow
from adbc_driver_manager.dbapi import Connection
from pyarrow import parquet

from bench.shop import COLUMNS, IDS

BATCH_ROWS = 131_072
TABLES = (*COLUMNS, "objections")

_QUANTITY = pyarrow.decimal128(14, 3)


def parquet_file(shop: Path, table: str) -> Path | None:
    """Give the file of a table, if the shop's records are Parquet files."""
    file = shop / "records" / f"{table}.parquet"
    return file if file.exists() else None


def read(shop: Path, table: str, columns: Sequence[str] | None = None) -> pyarrow.RecordBatchReader:
    """Stream columns of a table, all the peers need if none are named; days and quantities in their own types."""
    batches = _batches(shop, table, columns or needed(table))
    first = next(batches)
    return pyarrow.RecordBatchReader.from_batches(first.schema, chain([first], batches))


def needed(table: str) -> list[str]:
    """Name the columns of a table that the peers need."""
    return [*IDS[table], *COLUMNS[table]] if table in COLUMNS else ["customer_id"]


@contextmanager
def connected(shop: Path) -> Iterator[Connection]:
    """Connect to the database of the shop's records."""
    source = tomllib.loads((shop / "shop.toml").read_text())["sources"]["records"]
    if source["kind"] == "sqlite":
        connection = adbc_driver_sqlite.dbapi.connect(str(shop / source["file"]))
    else:
        connection = adbc_driver_postgresql.dbapi.connect(source["url"])
    with connection:
        yield connection


def _batches(shop: Path, table: str, columns: Sequence[str]) -> Iterator[pyarrow.RecordBatch]:
    file = parquet_file(shop, table)
    if file is not None:
        yield from parquet.ParquetFile(file).iter_batches(BATCH_ROWS, columns=columns)
        return
    with connected(shop) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")
        for batch in cursor.fetch_record_batch():
            typed = map(_typed, columns, batch.columns)
            yield pyarrow.RecordBatch.from_arrays(list(typed), list(columns))


def _typed(name: str, column: pyarrow.Array) -> pyarrow.Array:
    kind = pyarrow.date32() if name.endswith("_on") else _QUANTITY if name == "quantity" else None
    if kind is None:
        return column
    # SQLite tells no type of a column that is empty.
    is_empty = column.null_count == len(column)
    return pyarrow.nulls(len(column), kind) if is_empty else column.cast(kind)
