"""SQLite and PostgreSQL through ADBC: one read-only snapshot, every column as text, key order."""

import re
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import numpy as np
import pyarrow
from adbc_driver_manager.dbapi import Connection, Cursor

from schemas.errors import SourceUnavailableError, SourceUnreadableError
from sources.rows import BATCH_ROWS, Order, OutOfOrderError, RawBatch, UnreadableRow, no_text
from sources.standing_order import in_order

_COLLATION = MappingProxyType({"sqlite": "BINARY", "postgresql": '"C"'})
_TABLE_NAMES = MappingProxyType(
    {
        "sqlite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name",
        "postgresql": (
            "SELECT table_name::text FROM information_schema.tables "
            "WHERE table_schema = current_schema() ORDER BY table_name"
        ),
    }
)


_NO_TABLE = frozenset({"42P01", "42501", "3F000", "0A000"})
"""No such table, no right to read it, no such schema, another database.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_UNNAMED = re.compile(r"unnamed<oid:(?P<oid>\d+)>")
"""How the driver calls types that somebody made: of words (enum), or of records."""

_Answer = TypeVar("_Answer")

_MOST_TRIES = 5
"""How often two connections to a SQLite file are begun until nobody writes in between."""


@contextmanager
def open_sqlite(file: Path) -> Iterator["AdbcDatabase"]:
    """Open a SQLite file read-only, in the state it is in now."""
    if not file.is_file():
        raise SourceUnreadableError(
            f"{file.name}: データベースのファイルがありません。shop.toml を直してください / "
            f"{file.name}: no such database file; correct shop.toml"
        )
    path = file.as_posix()
    # Behind two slashes SQLite expects a machine's name; a Windows share begins with them.
    uri = f"file:{'//' if path.startswith('//') else ''}{quote(path)}?mode=ro"
    with ExitStack() as stack:
        # All through one copy of SQLite: a second one in this process would undo the locks of the first.
        first, beside, watch = (
            stack.enter_context(_connected(lambda: adbc_driver_sqlite.dbapi.connect(uri)))
            for _ in range(3)
        )

        def begin() -> bool:
            is_same = _begin_in_one_state(first, beside, watch)
            for unused in (watch,) if is_same else (watch, beside):
                unused.rollback()
            return is_same

        is_same = _asked(
            begin,
            f"{file.name}: 今は読めません。SQLite のファイルか、ほかのプログラムが書き込み中でないか"
            f"確かめて、もう一度実行してください / {file.name}: cannot be read now",
            "is it a SQLite file, and is another program just writing to it? Run again",
        )
        yield AdbcDatabase(first, "sqlite", lambda: beside if is_same else None)


def _begin_in_one_state(first: Connection, beside: Connection, watch: Connection) -> bool:
    """Begin two transactions; tell whether nothing was written between their beginnings.

    SQLite tells a third connection whether others have written since it looked before.
    https://www.sqlite.org/pragma.html#pragma_data_version
    """
    for _ in range(_MOST_TRIES):
        try:
            versions = [_begun(connection) for connection in (watch, first, beside, watch)]
        except adbc_driver_manager.Error:
            # Somebody waits to write; or nothing can be read, which the first connection will tell.
            break
        if versions[0] == versions[-1]:
            return True
    _begun(first)
    return False


def _begun(connection: Connection) -> int:
    """Begin a transaction anew with a first read."""
    connection.rollback()
    return int(_value(connection, "PRAGMA data_version"))


@contextmanager
def open_postgresql(url: str, tables: Collection[str] = ()) -> Iterator["AdbcDatabase"]:
    """Open a PostgreSQL database in one REPEATABLE READ, READ ONLY snapshot.

    Args:
        url: of the database.
        tables: that will be read; nobody empties them meanwhile. A snapshot alone does not keep what
            TRUNCATE takes away. https://www.postgresql.org/docs/current/mvcc-caveats.html
    """
    with ExitStack() as stack:
        first = stack.enter_context(_in_snapshot(url, tables=tables))
        # https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
        snapshot = _value(first, "SELECT pg_export_snapshot()")

        def beside() -> Connection | None:
            try:
                return stack.enter_context(_in_snapshot(url, snapshot))
            except (SourceUnavailableError, adbc_driver_manager.Error):
                return None  # A server may allow us one connection only.

        yield AdbcDatabase(first, "postgresql", beside)


@contextmanager
def _in_snapshot(
    url: str, snapshot: str | None = None, tables: Collection[str] = ()
) -> Iterator[Connection]:
    """Begin a transaction that shows one state: that of now, or one another transaction shows."""
    with _connected(lambda: adbc_driver_postgresql.dbapi.connect(url)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            if snapshot is not None:
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            cursor.execute("SET LOCAL client_encoding = 'UTF8'")
            cursor.execute("SET LOCAL datestyle = 'ISO, YMD'")
            cursor.execute("SET LOCAL timezone = 'Asia/Tokyo'")
            # Before the first query: the state that is shown begins with that.
            for table in tables:
                _lock(cursor, table)
        yield connection


def _lock(cursor: Cursor, table: str) -> None:
    """Keep others from emptying a table; of one that cannot be read its reading will tell."""
    cursor.execute("SAVEPOINT unlocked")
    try:
        cursor.execute(f"LOCK TABLE {_quoted_name(table)} IN ACCESS SHARE MODE")
    except adbc_driver_manager.Error:
        cursor.execute("ROLLBACK TO SAVEPOINT unlocked")
    # No state can be exported from within a part of a transaction.
    cursor.execute("RELEASE SAVEPOINT unlocked")


@contextmanager
def _connected(connect: Callable[[], Connection]) -> Iterator[Connection]:
    connection = _asked(
        connect,
        "データベースにつながりません。動いているか、shop.toml の場所が正しいか確かめてください / "
        "the database cannot be reached",
        "check that it runs and that shop.toml names it",
    )
    try:
        yield connection
    finally:
        # Of a connection that was lost both fail, and would hide that it was.
        for end in (connection.rollback, connection.close):
            with suppress(adbc_driver_manager.Error):
                end()


def _asked(ask: Callable[[], _Answer], told: str, advice: str) -> _Answer:
    """Ask a driver; tell its failure in our words, for its own may quote a value."""
    try:
        return ask()
    except (adbc_driver_manager.Error, pyarrow.ArrowInvalid, OSError) as error:
        kind = type(error).__name__
    # Raised here, the error does not carry the driver's own along as its context.
    raise SourceUnavailableError(f"{told} ({kind}); {advice}")


def _value(connection: Connection, query: str) -> Any:  # noqa: ANN401 (of the query's type)
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        return row[0] if row else None


class AdbcDatabase:
    """A database within one snapshot."""

    def __init__(
        self,
        connection: Connection,
        dialect: str,
        beside: Callable[[], Connection | None] = lambda: None,
    ) -> None:
        """Take a connection whose transaction is the snapshot, and what gives another that shows the same."""
        self._connection = connection
        self._dialect = dialect
        self._beside = beside

    def beside(self) -> "AdbcDatabase | None":
        """Give the same snapshot for another thread, if there is a connection for it."""
        connection = self._beside()
        return None if connection is None else AdbcDatabase(connection, self._dialect)

    def table(self, name: str) -> "AdbcTable":
        """Open one table or view."""
        return AdbcTable(self._connection, self._dialect, name)

    def names(self) -> list[str]:
        """Name the tables and views."""
        with self._connection.cursor() as cursor:
            cursor.execute(_TABLE_NAMES[self._dialect])
            return [row[0] for row in cursor.fetchall()]


class AdbcTable:
    """One table or view; asks only for the columns it is told."""

    def __init__(self, connection: Connection, dialect: str, name: str) -> None:
        """Read the column names."""
        self._connection = connection
        self._dialect = dialect
        self.part = name
        self._name = _quoted_name(name) if dialect == "postgresql" else _quoted(name)
        self.unreadable: list[UnreadableRow] = []
        missing = _asked(
            self._described,
            f"{name}: データベースのこの表を今は読めません。もう一度実行してください / "
            f"{name}: this table of the database cannot be read now",
            "run again",
        )
        if missing:
            raise SourceUnreadableError(
                f"{name}: データベースにこの表がないか、読む権限がありません。shop.toml を直してください / "
                f"{name}: no such table in the database, or it may not be read; correct shop.toml"
            )

    def _described(self) -> bool:
        """Read which columns there are, of what types; tell whether there is no such table to be read."""
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(f"SELECT * FROM {self._name} WHERE 1 = 0")  # noqa: S608 (quoted)
                self._kinds = {column[0]: column[1] for column in cursor.description or ()}
            except adbc_driver_manager.Error as error:
                # SQLite's driver calls every fault of a statement an operational one, and gives no state.
                if error.sqlstate in _NO_TABLE or "no such table" in str(error):
                    return True
                raise
        self.headers: Sequence[str] = list(self._kinds)
        return False

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream the columns as text, in key order; records are positions in that order."""
        yield from self._translated(self._rows(headers, order))

    def standing(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream the same, without having the rows sorted if they stand in key order.

        Raises:
            OutOfOrderError: rows that come later do not, or two have the same key.
        """
        standing = in_order(self._translated(self._rows(headers, Order())), order)
        try:
            first = next(standing, None)
        except OutOfOrderError:
            # Seen before any row was given: there is nothing to take back.
            first, standing = None, self.batches(headers, order)
        if first is not None:
            yield first
        yield from standing

    def _translated(self, batches: Generator[RawBatch]) -> Iterator[RawBatch]:
        def following() -> RawBatch | None:
            return _asked(
                lambda: next(batches, None),
                f"{self.part}: データベースの応答が途絶えたか、UTF-8 でない文字があります。もう一度実行し、"
                "直らなければ表を直してもらってください / "
                f"{self.part}: the database stopped answering, or holds text that is not UTF-8",
                "run again, and if it stays, have the table mended",
            )

        with closing(batches):
            yield from iter(following, None)

    def _rows(self, headers: Sequence[str], order: Order) -> Generator[RawBatch]:
        for header in headers:
            if self._dialect == "postgresql" and self._is_no_text(self._kinds[header]):
                raise no_text(self.part, header)
        read = 0
        with self._connection.cursor(adbc_stmt_kwargs=self._statement_options()) as cursor:
            cursor.execute(self._query(headers, order))
            for batch in cursor.fetch_record_batch():
                batch.validate(full=True)
                yield RawBatch(batch, np.arange(read + 1, read + 1 + batch.num_rows))
                read += batch.num_rows

    def _is_no_text(self, kind: pyarrow.DataType) -> bool:
        """Tell whether PostgreSQL's text of a type is none: bytes, lists, records, JSON."""
        if isinstance(kind, pyarrow.OpaqueType) and (own := _UNNAMED.match(kind.type_name)):
            query = f"SELECT typtype::text FROM pg_type WHERE oid = {own['oid']}"  # noqa: S608 (a number)
            return bool(_value(self._connection, query) == "c")
        is_bytes = pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)
        return is_bytes or pyarrow.types.is_nested(kind) or isinstance(kind, pyarrow.JsonType)

    def _statement_options(self) -> dict[str, str]:
        if self._dialect == "sqlite":
            return {"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)}
        return {}

    def _query(self, headers: Sequence[str], order: Order) -> str:
        columns = ", ".join(f"{self._text(h)} AS {_quoted(h)}" for h in headers)
        collation = _COLLATION[self._dialect]
        keys = [f"CAST({_quoted(h)} AS TEXT) COLLATE {collation}" for h in order.texts]
        # A bare name would mean the column of the result, which is text.
        keys += [self._number(f"source.{_quoted(h)}") for h in order.numbers]
        ordering = f" ORDER BY {', '.join(keys)}" if keys else ""
        return f"SELECT {columns} FROM {self._name} AS source{ordering}"  # noqa: S608 (names are quoted)

    def _text(self, header: str) -> str:
        """Give a column as text; SQLite's driver takes one that starts with nulls for numbers."""
        text = f"CAST({_quoted(header)} AS TEXT)"
        return f"COALESCE({text}, '')" if self._dialect == "sqlite" else text

    def _number(self, column: str) -> str:
        """Give a column as a number to order by, whatever type it has."""
        if self._dialect == "sqlite":
            return f"CAST({column} AS INTEGER)"
        return f"CAST(NULLIF(regexp_replace({column}::text, '[^0-9]', '', 'g'), '') AS numeric)"


def _quoted_name(table: str) -> str:
    """Quote the name of a table, with its schema if it has one."""
    return ".".join(_quoted(part) for part in table.split("."))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
