"""Opening the ledger: SQLite in the state folder, or PostgreSQL by URL; upgraded to this version."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from ledger import tables
from ledger.audit import Actor, digest_at, head, note
from ledger.carry_book import CarryBook
from ledger.databases import Database, at_url, in_file
from ledger.key_files import begin_key, check_value_of, load_key
from ledger.locks import held
from ledger.noted_head import note_head, noted_head
from ledger.private_files import private_folder, refuse_wider
from ledger.references import References
from ledger.settings import remember_setting, setting
from schemas.errors import LedgerDoubtfulError
from schemas.state_folder import PRIVATE

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
    database: Database
    references: References

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the one writing transaction; others wait for it. An error undoes all of it."""
        with self.database.transaction(is_writing=True) as connection:
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
        with self.database.transaction() as connection:
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
            stack.enter_context(self.database.held(names))
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
    database = at_url(url) if url else in_file(state / "ledger.db")
    # Whoever only looks waits for no writer.
    with database.transaction() as connection:
        is_ready = tables.form_of(connection) == tables.FORM
        known = setting(connection, f"{_KEY}{LEDGER_KEY}") if is_ready else None
    if known is not None:
        return Ledger(state, database, References(load_key(state, LEDGER_KEY, known)))
    with database.transaction(is_writing=True) as connection:
        form = tables.form_of(connection)
        if form is None and url and (state / "ledger.db").exists():
            raise _another_is_there()
        if form is None:
            tables.make(connection)
        elif form != tables.FORM:
            from ledger.migrating import upgrade  # noqa: PLC0415 (Alembic is slow to load)

            upgrade(connection, form)
        secret = _known_key(connection, state, LEDGER_KEY)
    return Ledger(state, database, References(secret))


def _another_is_there() -> LedgerDoubtfulError:
    return LedgerDoubtfulError(
        "shop.toml の [ledger] url では空の台帳が始まり、これまでの台帳 state/ledger.db の申し出は"
        "引き継がれません。url を外してください。移るなら、申し出（`joint-use objections`）を控え、"
        "state/ledger.db を別の場所に移してから、すべて記録し直してください / "
        "[ledger] url in shop.toml would begin an empty ledger, without the objections in "
        "state/ledger.db. Take url out again; or list them (`joint-use objections`), move "
        "state/ledger.db away, and record all of them anew"
    )


def _known_key(connection: Connection, state: Path, name: str) -> bytes:
    known = setting(connection, f"{_KEY}{name}")
    secret = load_key(state, name, known)
    if known is None:
        remember_setting(connection, f"{_KEY}{name}", check_value_of(secret))
    return secret
