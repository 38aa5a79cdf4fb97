"""Bringing a ledger's tables to the form of this version, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from schemas.errors import ConfigurationError

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, form: str) -> None:
    """Upgrade in the caller's transaction, from an older form.

    Raises:
        ConfigurationError: the form is not known to this version.
    """
    config = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if form not in known:
        raise ConfigurationError(
            "この台帳は新しい版のプログラムのものです。その版を入れてください。何も変えていません / "
            f"the ledger was made by a newer version of this program (its form is {form[:40]}); "
            "install that version, nothing was changed"
        )
    command.upgrade(config, "head")


def configuration(connection: Connection) -> Config:
    """Configure Alembic to work on a connection."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
