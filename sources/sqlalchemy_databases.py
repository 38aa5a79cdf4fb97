"""Any other database, through SQLAlchemy: streamed, in one snapshot where the database has one."""

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from schemas.errors import SourceUnavailableError, SourceUnreadableError
from sources.rows import Order, RawBatch, UnreadableRow, no_text

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


_LONGEST_KEY = 255
"""Characters of a key that rows are ordered by: no database orders texts without a limit."""

_BITS: dict[object, object] = {b"\0": False, b"\1": True}
"""How MySQL gives BIT(1), which it has for yes and no."""


class _NoTextError(Exception):
    """A value is a list, a record, or bytes."""


@contextmanager
def open_sqlalchemy(url: str, tables: Collection[str] = ()) -> Iterator["SqlAlchemyDatabase"]:
    """Open a database read-only in one transaction.

    Args:
        url: as SQLAlchemy takes it.
        tables: that will be read; PostgreSQL keeps others from emptying them meanwhile.
    """
    failure = None
    try:
        engine = sa.create_engine(url)
        _refuse_missing_file(engine.url)
        level = _SNAPSHOT.get(engine.dialect.name, "SERIALIZABLE")
        connection = engine.connect().execution_options(isolation_level=level)
    except (SQLAlchemyError, ImportError, ValueError, TypeError) as error:
        failure = type(error).__name__
    if failure:
        raise SourceUnavailableError(
            f"データベースにつながりません（{failure}）。ドライバーと shop.toml を確かめてください / "
            f"the database cannot be reached ({failure}); check its driver, and that shop.toml names it"
        )
    try:
        if engine.dialect.name == "sqlite":
            # Its driver opens a transaction only before a write; a snapshot needs one before the first read.
            connection.exec_driver_sql("BEGIN")
        if engine.dialect.name == "postgresql":
            _lock(connection, tables)
        yield SqlAlchemyDatabase(connection)
    finally:
        # A connection that was lost cannot be ended, and would say so in place of what lost it.
        for end in (connection.rollback, connection.close, engine.dispose):
            with suppress(SQLAlchemyError):
                end()


def _refuse_missing_file(url: sa.URL) -> None:
    """Refuse a SQLite file that is not there: its driver would make an empty one."""
    name = url.database or ""
    if (
        url.get_backend_name() == "sqlite"
        and not name.startswith("file:")
        and not Path(name).is_file()
    ):
        raise SourceUnreadableError(
            f"{Path(name).name}: データベースのファイルがありません。shop.toml を直してください / "
            f"{Path(name).name}: no such database file; correct shop.toml"
        )


def _lock(connection: sa.Connection, tables: Collection[str]) -> None:
    """Keep others from emptying tables; of one that cannot be read its reading will tell."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table in tables:
        name = ".".join(quote(part) for part in table.split("."))
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
        except SQLAlchemyError:
            pass


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
        self._figures = {
            c["name"] for c in found if isinstance(c["type"], sa.types.Numeric | sa.Integer)
        }
        self._table = sa.table(
            table, *(sa.column(h) for h in self.headers), schema=schema[0] if schema else None
        )

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream the columns as text, in key order; records are positions in that order.

        Raises:
            SourceUnreadableError: a column holds lists, records, or bytes.
        """
        failure = None
        try:
            yield from self._rows(headers, order)
        except (SQLAlchemyError, UnicodeDecodeError, TypeError) as error:
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
        texts = [sa.cast(columns[h], sa.Unicode(_LONGEST_KEY)) for h in order.texts]
        keys: list[sa.ColumnElement[Any]] = [
            sa.collate(text, collation) if collation else text for text in texts
        ]
        for header in order.numbers:
            # Texts of figures are in order by their lengths first.
            if header in self._figures:
                keys.append(columns[header])
            else:
                as_text = sa.cast(columns[header], sa.Unicode(_LONGEST_KEY))
                keys += [sa.func.char_length(as_text), as_text]
        query = sa.select(*(columns[h] for h in headers)).order_by(*keys)
        read = 0
        asked = self._connection.execute(query, execution_options={"yield_per": _FETCH_ROWS})
        with closing(asked) as result:
            for rows in result.partitions():
                cells = zip(headers, zip(*rows, strict=True), strict=True)
                arrays = [self._texts(name, values) for name, values in cells]
                batch = pyarrow.RecordBatch.from_arrays(arrays, names=list(headers))
                yield RawBatch(batch, np.arange(read + 1, read + 1 + batch.num_rows))
                read += batch.num_rows

    def _texts(self, name: str, values: Sequence[object]) -> pyarrow.Array:
        """Give a driver's values as text, like every database's (`_text_of`).

        Raises:
            SourceUnreadableError: they are lists, records, or bytes.
        """
        texts = None
        with suppress(_NoTextError):
            texts = [_text_of(value) for value in values]
        if texts is None:
            raise no_text(self.part, name)
        return pyarrow.array(texts, pyarrow.string())


def _text_of(value: object) -> str | None:
    """Write a value as a file would have it: asked for text, a database rounds and uses its own language."""
    if value is None or isinstance(value, str):
        return value
    value = _BITS.get(value, value) if isinstance(value, bytes) else value
    if isinstance(value, bytes | bytearray | memoryview | list | tuple | dict):
        raise _NoTextError
    if isinstance(value, float):
        return None if math.isnan(value) else format(Decimal(repr(value)), "f")
    if isinstance(value, Decimal):
        return None if value.is_nan() else format(value, "f")
    return str(value)
