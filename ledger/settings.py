"""Facts about the ledger itself: check values of keys, the policy loaded last, what is going on."""

from sqlalchemy import Connection, delete, insert, select

from ledger import tables


def setting(connection: Connection, name: str) -> str | None:
    """Read a fact."""
    wanted = select(tables.settings.c.value).where(tables.settings.c.name == name)
    return connection.execute(wanted).scalar()


def settings_beginning_with(connection: Connection, name: str) -> dict[str, str]:
    """Read the facts whose names begin so, by the rest of their names."""
    named = tables.settings.c.name
    wanted = select(tables.settings).where(named.startswith(name, autoescape=True))
    return {row.name.removeprefix(name): row.value for row in connection.execute(wanted)}


def remember_setting(connection: Connection, name: str, value: str) -> None:
    """Keep a fact."""
    forget_setting(connection, name)
    connection.execute(insert(tables.settings).values(name=name, value=value))


def forget_setting(connection: Connection, name: str) -> None:
    """Keep a fact no longer."""
    connection.execute(delete(tables.settings).where(tables.settings.c.name == name))
