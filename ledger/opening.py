"""Opening the ledger: SQLite in the state folder, or PostgreSQL by URL; upgraded to this version.

Whoever writes holds the only writing transaction: SQLite's by BEGIN IMMEDIATE, PostgreSQL's by an
advisory lock. So what is read within a writing transaction stays true until it ends.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock
from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from ledger import tables
from ledger.audit import Actor, digest_at, head, note
from ledger.carry_book import CarryBook
from ledger.key_files import begin_key, check_value_of, load_key
from ledger.locks import held
from ledger.noted_head import note_head, noted_head
from ledger.private_files import private_folder, refuse_wider
from ledger.references import References
from ledger.settings import remember_setting, setting
from schemas.errors import (
    BusyError,
    ConfigurationError,
    LedgerDoubtfulError,
    LedgerUnavailableError,
)
from schemas.state_folder import PRIVATE

_PATIENCE_SECONDS = 120
_WRITES = "joint_use_writes"
_WRITING_LOCK = "writing"
_BUSY_MS = 2_000
_ENGINES_KEPT = 16
"""They hold no connection, but remember how statements are written."""

_LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL says when `lock_timeout` is over."""

LEDGER_KEY = "ledger"
"""The key of references and traits."""

_SIGNING_KEY = "_signing"
"""No partner's id can be this."""

_KEY = "key:"
"""Begins the name of the setting that keeps a key's check value."""


@dataclass(frozen=True)
class KeyProofs:
    """Where a shop's keys are, and what tells that they are the right ones."""

    state: Path
    checks: Mapping[str, str]

    def key(self, name: str) -> bytes:
        """Load a key.

        Raises:
            ConfigurationError: it is missing, damaged or another one.
        """
        return load_key(self.state, name, self.checks[name])


@dataclass(frozen=True)
class Ledger:
    """A shop's open ledger."""

    state: Path
    engine: Engine
    references: References

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the one writing transaction; others wait for it. An error undoes all of it."""
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection
                newest, follows = head(connection), self._follows_the_note(connection)
        if follows:
            note_head(self.state, newest)

    def _follows_the_note(self, connection: Connection) -> bool:
        """Tell whether the chain has the entry noted last; one that has not is of an older backup."""
        noted = noted_head(self.state)
        return noted is None or digest_at(connection, noted.head.sequence) == noted.head.digest

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state and changes nothing."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    def key(self, name: str) -> bytes:
        """Give a secret key of the shop, such as a partner's, made on first use.

        Raises:
            ConfigurationError: it is missing, damaged or another one than before.
        """
        with self.reading() as connection:
            known = setting(connection, f"{_KEY}{name}")
        if known is not None:
            return load_key(self.state, name, known)
        with self.writing() as connection:
            return _known_key(connection, self.state, name)

    def proofs(self, *names: str) -> "KeyProofs":
        """Give what another process needs to load keys by itself; no key is in it.

        Raises:
            ConfigurationError: one is missing, damaged or another one than before.
        """
        checks = {name: check_value_of(self.key(name)) for name in names}
        return KeyProofs(self.state.resolve(), checks)

    def signing_key(self) -> bytes:
        """Give the secret the shop signs with, made on first use.

        Raises:
            ConfigurationError: it is missing, damaged or another one than before.
        """
        return self.key(_SIGNING_KEY)

    def replace_signing_key(self, actor: Actor) -> bytes:
        """Make another key to sign with, and give it: the one there was may be in others' hands.

        Parcels that are not with their partners are made and signed anew; what was handed over is checked
        with the former public key. Killed at any step, the shop has one key, the former or the new one.

        Raises:
            ConfigurationError: the key there is damaged or another one than before.
        """
        former = check_value_of(self.signing_key())
        with self.writing() as connection:
            check_value = begin_key(self.state, _SIGNING_KEY)
            remember_setting(connection, f"{_KEY}{_SIGNING_KEY}", check_value)
            CarryBook(connection).forget_parcels()
            note(connection, actor, "rekey", "signing", f"{former[:16]} -> {check_value[:16]}")
        return self.signing_key()

    @contextmanager
    def held(self, names: Iterable[str]) -> Iterator[None]:
        """Hold the named locks against every other desk, or say within seconds that another has one.

        Raises:
            BusyError: somebody else holds one of them.
        """
        names = sorted(names)
        with ExitStack() as stack:
            stack.enter_context(held(self.state, names))
            if self.engine.dialect.name == "postgresql":
                stack.enter_context(_held_by_advisory_locks(self.engine, names))
            yield


def open_ledger(state: Path, url: str | None) -> Ledger:
    """Open a shop's ledger, making or upgrading it in place.

    Args:
        state: the shop's state folder.
        url: of a PostgreSQL database; None for `<state>/ledger.db`.

    Raises:
        ConfigurationError: the ledger was made by a newer version, or its secret is not there.
        LedgerUnavailableError: the database cannot be reached or read.
    """
    private_folder(state)
    for part in PRIVATE:
        if (state / part).exists():
            refuse_wider(state / part, 0o700)
    engine = _postgresql(url) if url else _sqlite(_private_file(state / "ledger.db"))
    # Whoever only looks waits for no writer.
    with _translated(), engine.connect() as connection, connection.begin():
        is_ready = tables.form_of(connection) == tables.FORM
        known = setting(connection, f"{_KEY}{LEDGER_KEY}") if is_ready else None
    if known is not None:
        return Ledger(state, engine, References(load_key(state, LEDGER_KEY, known)))
    with _translated(), engine.connect() as plain:
        connection = plain.execution_options(**{_WRITES: True})
        with connection.begin():
            form = tables.form_of(connection)
            if form is None and url and (state / "ledger.db").exists():
                raise _another_is_there()
            if form is None:
                tables.make(connection)
            elif form != tables.FORM:
                from ledger.migrating import upgrade  # noqa: PLC0415 (Alembic is slow to load)

                upgrade(connection, form)
            secret = _known_key(connection, state, LEDGER_KEY)
    return Ledger(state, engine, References(secret))


def _another_is_there() -> LedgerDoubtfulError:
    return LedgerDoubtfulError(
        "shop.toml の [ledger] url では空の台帳が始まり、これまでの台帳 state/ledger.db の申し出は"
        "引き継がれません。url を外してください。移るなら、申し出（`joint-use objections`）を控え、"
        "state/ledger.db を別の場所に移してから、すべて記録し直してください / "
        "[ledger] url in shop.toml would begin an empty ledger, without the objections in "
        "state/ledger.db. Take url out again; or list them (`joint-use objections`), move "
        "state/ledger.db away, and record all of them anew"
    )


def _private_file(path: Path) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path.absolute()


def _known_key(connection: Connection, state: Path, name: str) -> bytes:
    known = setting(connection, f"{_KEY}{name}")
    secret = load_key(state, name, known)
    if known is None:
        remember_setting(connection, f"{_KEY}{name}", check_value_of(secret))
    return secret


@lru_cache(_ENGINES_KEPT)
def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": _PATIENCE_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def set_up(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # this module begins transactions itself
        if raw.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            # SQLite has no patience with two who turn a new file to WAL at the same moment.
            with FileLock(path.with_name("ledger.lock"), mode=0o600):
                raw.execute("PRAGMA journal_mode=WAL")
        for pragma in ("foreign_keys=ON", "synchronous=FULL"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@lru_cache(_ENGINES_KEPT)
def _postgresql(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql":
        raise ConfigurationError(
            "ledger.url: PostgreSQL の URL（postgresql://…）を書くか、行を消してください / "
            "ledger.url: give a PostgreSQL URL (postgresql://…), or leave it out"
        )
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
    )

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
def _held_by_advisory_locks(engine: Engine, names: list[str]) -> Iterator[None]:
    """Hold session locks of PostgreSQL; it frees them when the connection of a killed run ends."""
    with _translated(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
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
