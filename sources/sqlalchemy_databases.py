"""Any other database, through SQLAlchemy: streamed, in one snapshot where the database has one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import numpy as np
import pyarrow
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from schemas.errors import SourceUnavailableError, SourceUnreadableError
from sources.rows import Order, RawBatch, UnreadableRow

_FETCH_ROWS = 20_000

_SNAPSHOT = MappingProxyType(
    {
        "postgresql": "REPEATABLE READ",
        "mysql": "REPEATABLE READ",
        "mariadb": "REPEATABLE READ",
        "mssql": "SNAPSHOT",
    }
)
"""Isolation level that shows one state throughout; SERIALIZABLE does elsewhere."""

_BINARY_COLLATION = MappingProxyType(
    {
        "postgresql": "C",
        "sqlite": "BINARY",
        "mysql": "utf8mb4_bin",
        "mariadb": "utf8mb4_bin",
        "mssql": "Latin1_General_BIN2",
        "oracle": "BINARY",
    }
)


@contextmanager
def open_sqlalchemy(url: str) -> Iterator["SqlAlchemyDatabase"]:
    """Open a database read-only in one transaction."""
    failure = None
    try:
        engine = sa.create_engine(url)
        level = _SNAPSHOT.get(engine.dialect.name, "SERIALIZABLE")
        connection = engine.connect().execution_options(isolation_level=level, stream_results=True)
    except (SQLAlchemyError, ImportError) as error:
        failure = type(error).__name__
    if failure:
        raise SourceUnavailableError(
            f"データベースにつながりません（{failure}）。ドライバーと shop.toml を確かめてください / "
            f"the database cannot be reached ({failure}); check its driver, and that shop.toml names it"
        )
    if engine.dialect.name == "sqlite":
        # Its driver opens a transaction only before a write; a snapshot needs one before the first read.
        connection.exec_driver_sql("BEGIN")
    try:
        yield SqlAlchemyDatabase(connection)
    finally:
        connection.rollback()
        connection.close()
        engine.dispose()


class SqlAlchemyDatabase:
    """A database within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        """Take a connection whose transaction is the snapshot."""
        self._connection = connection

    def table(self, name: str) -> "SqlAlchemyTable":
        """Open one table or view."""
        return SqlAlchemyTable(self._connection, name)

    def names(self) -> list[str]:
        """Name the tables and views."""
        inspector = sa.inspect(self._connection)
        return sorted([*inspector.get_table_names(), *inspector.get_view_names()])


class SqlAlchemyTable:
    """One table or view; asks only for the columns it is told."""

    def __init__(self, connection: sa.Connection, name: str) -> None:
        """Read the column names."""
        self._connection = connection
        self.part = name
        self.unreadable: list[UnreadableRow] = []
        *schema, table = name.split(".")
        try:
            found = sa.inspect(connection).get_columns(table, schema=schema[0] if schema else None)
        except SQLAlchemyError:
            found = []
        if not found:
            raise SourceUnreadableError(
                f"{name}: データベースにこの表がありません。shop.toml を直してください / "
                f"{name}: no such table in the database; correct shop.toml"
            )
        self.headers: Sequence[str] = [column["name"] for column in found]
        self._table = sa.table(
            table, *(sa.column(h) for h in self.headers), schema=schema[0] if schema else None
        )

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream the columns as text, in key order; records are positions in that order."""
        failure = None
        try:
            yield from self._rows(headers, order)
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            # The driver's own message may quote a value.
            failure = type(error).__name__
        if failure:
            raise SourceUnavailableError(
                f"{self.part}: データベースの応答が途絶えたか、読めない文字があります（{failure}）。"
                "もう一度実行し、直らなければ表を直してもらってください / "
                f"{self.part}: the database stopped answering, or holds text that cannot be decoded "
                f"({failure}); run again, and if it stays, have the table mended"
            )

    def _rows(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        collation = _BINARY_COLLATION.get(self._connection.dialect.name)
        columns = self._table.c
        texts = [sa.cast(columns[h], sa.UnicodeText()) for h in order.texts]
        keys = [sa.collate(text, collation) if collation else text for text in texts]
        query = sa.select(
            *(sa.cast(columns[h], sa.UnicodeText()).label(h) for h in headers)
        ).order_by(*keys, *(columns[h] for h in order.numbers))
        read = 0
        result = self._connection.execute(query, execution_options={"yield_per": _FETCH_ROWS})
        for rows in result.partitions():
            cells = zip(*rows, strict=True)
            arrays = [pyarrow.array(column, pyarrow.string()) for column in cells]
            batch = pyarrow.RecordBatch.from_arrays(arrays, names=list(headers))
            yield RawBatch(batch, np.arange(read + 1, read + 1 + batch.num_rows))
            read += batch.num_rows
