"""What a ledger is kept in: a file of SQLite's, or a database of PostgreSQL's by its URL.

Whoever writes holds the only writing transaction: SQLite's by BEGIN IMMEDIATE, PostgreSQL's by an
advisory lock. So what is read within a writing transaction stays true until it ends.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from filelock import FileLock
from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    NullPool,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from schemas.errors import BusyError, ConfigurationError, LedgerUnavailableError

_PATIENCE_SECONDS = 120
_WRITES = "joint_use_writes"
_WRITING_LOCK = "writing"
_BUSY_MS = 2_000
_ENGINES_KEPT = 16
"""They hold no connection, but remember how statements are written."""

_LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL says when `lock_timeout` is over."""

_NAME: ContextVar[str] = ContextVar("the file, or a server's database, that is being connected to")


@dataclass(frozen=True)
class Database:
    """A ledger's database, and how transactions in it begin.

    Args:
        engine: of all files, or of a server: a process that sees to many shops writes each statement once.
        name: of the file, or of the server's database.
    """

    engine: Engine
    name: str

    @contextmanager
    def transaction(self, *, is_writing: bool = False) -> Iterator[Connection]:
        """Open a transaction that sees one state; the writing one waits for others that write.

        Raises:
            LedgerUnavailableError: the database failed; nothing of the transaction is kept.
        """
        with _translated(), self._connected() as plain:
            connection = plain.execution_options(**{_WRITES: True}) if is_writing else plain
            with connection.begin():
                yield connection

    @contextmanager
    def held(self, names: list[str]) -> Iterator[None]:
        """Hold named locks against other machines; a file of SQLite's is on one only.

        Raises:
            BusyError: somebody else holds one of them.
        """
        if self.engine.dialect.name == "sqlite":
            yield
            return
        with _translated(), self._connected() as plain, _advisory_locks(plain, names):
            yield

    def _connected(self) -> Connection:
        before = _NAME.set(self.name)
        try:
            return self.engine.connect()
        finally:
            _NAME.reset(before)


def in_file(path: Path) -> Database:
    """Give the database in a file, which is made if it is not there."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    return Database(_sqlite(), str(path.absolute()))


def at_url(url: str) -> Database:
    """Give the database at a URL.

    Raises:
        ConfigurationError: it is none of PostgreSQL's.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql":
        raise ConfigurationError(
            "ledger.url: PostgreSQL の URL（postgresql://…）を書くか、行を消してください / "
            "ledger.url: give a PostgreSQL URL (postgresql://…), or leave it out"
        )
    server = parsed.set(drivername="postgresql+psycopg", database="")
    return Database(_postgresql(server), parsed.database or "")


@cache
def _sqlite() -> Engine:
    engine = create_engine("sqlite://", creator=_opened, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _opened() -> sqlite3.Connection:
    path = Path(_NAME.get())
    raw = sqlite3.connect(path, _PATIENCE_SECONDS, check_same_thread=False)
    try:
        raw.isolation_level = None  # this module begins transactions itself
        if raw.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            # SQLite has no patience with two who turn a new file to WAL at the same moment.
            with FileLock(path.with_name("ledger.lock"), mode=0o600):
                raw.execute("PRAGMA journal_mode=WAL")
        for pragma in ("foreign_keys=ON", "synchronous=FULL"):
            raw.execute(f"PRAGMA {pragma}")
    except BaseException:
        raw.close()
        raise
    return raw


@lru_cache(_ENGINES_KEPT)
def _postgresql(server: URL) -> Engine:
    engine = create_engine(server, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "do_connect")
    def choose(
        _dialect: Dialect, _record: object, _arguments: list[str], options: dict[str, str]
    ) -> None:
        if _NAME.get():
            options["dbname"] = _NAME.get()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:number)"), {"number": _number(_WRITING_LOCK)}
            )
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


@contextmanager
def _advisory_locks(plain: Connection, names: list[str]) -> Iterator[None]:
    """Hold session locks of PostgreSQL; it frees them when the connection of a killed run ends."""
    session = plain.execution_options(isolation_level="AUTOCOMMIT")
    try:
        session.execute(text(f"SET lock_timeout = {_BUSY_MS}"))
        for name in names:
            _take(session, name)
        yield
    finally:
        # The server frees them some time after the connection is closed: too late for who asks next.
        # If the session is lost, so are its locks; what the run did counts all the same.
        with suppress(DBAPIError):
            session.execute(text("SELECT pg_advisory_unlock_all()"))


def _take(session: Connection, name: str) -> None:
    """Take a lock; that of a run just killed is waited for until the server has noticed."""
    try:
        session.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _number(name)})
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
    else:
        return
    raise BusyError(
        f"別の端末が {name} を処理しています。終わるまでお待ちください / "
        f"another desk is working on {name}; wait until it has ended"
    )


def _number(name: str) -> int:
    """Number a lock: 63 bits of a digest."""
    return int.from_bytes(hashlib.sha256(f"joint-use {name}".encode()).digest()[:8]) >> 1


@contextmanager
def _translated() -> Iterator[None]:
    """Turn a database's errors into one line that quotes nothing."""
    try:
        yield
    except DBAPIError as error:
        kind = type(error.orig).__name__
    else:
        return
    raise LedgerUnavailableError(
        f"台帳のデータベースが使えません（{kind}）。動いているか、ディスクがいっぱいでないか確かめて、"
        "もう一度実行してください。何も記録していません / "
        f"the ledger's database failed ({kind}); is it running, is the disk full, is ledger.db a backup's "
        "damaged copy? Nothing was "
        "recorded; run again"
    )
