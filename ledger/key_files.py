"""Secret keys of a shop: files of mode 0600 in the state folder, known to the ledger by a check value.

A key that is missing or exchanged is refused: with another one partners could not match their records,
and nobody who objected would be recognised.
"""

import hmac
import secrets
from pathlib import Path

from ledger.private_files import refuse_wider, write_private
from schemas.errors import ConfigurationError
from schemas.state_folder import Part

_SECRET_BYTES = 32
_OWNER_ONLY = 0o600


def begin_key(state: Path, name: str) -> str:
    """Make a key that takes the place of `<name>.key` once the ledger knows its check value, given here."""
    secret = secrets.token_hex(_SECRET_BYTES).encode()
    write_private(_next(_path(state, name)), secret)
    return check_value_of(bytes.fromhex(secret.decode()))


def load_key(state: Path, name: str, check_value: str | None) -> bytes:
    """Load `<state>/keys/<name>.key`, making it if the ledger knows of none yet.

    Raises:
        ConfigurationError: the key is missing, damaged, or not the one the ledger knows.
    """
    path = _path(state, name)
    _take_the_place(path, check_value)
    if not path.exists():
        if check_value is not None:
            raise ConfigurationError(
                f"keys/{name}.key が state フォルダにありません。控えから戻してください。新しい鍵では、"
                "これまでのものと何も合いません / "
                f"keys/{name}.key is missing from the state folder; restore it from the backup: a new "
                "one would match nothing that was made with it"
            )
        write_private(path, secrets.token_hex(_SECRET_BYTES).encode())
    secret = _read(path)
    if check_value not in {None, check_value_of(secret)}:
        raise ConfigurationError(
            f"keys/{name}.key がこの台帳のものではありません。控えから戻してください / "
            f"keys/{name}.key is not the one this ledger was made with; restore it from the backup"
        )
    return secret


def _path(state: Path, name: str) -> Path:
    return state / Part.KEYS / f"{name}.key"


def _next(path: Path) -> Path:
    return path.with_suffix(".next")


def _take_the_place(path: Path, check_value: str | None) -> None:
    """Put a begun key in place if the ledger knows it; until then the one there is counts."""
    begun = _next(path)
    if begun.exists() and check_value_of(_read(begun)) == check_value:
        begun.replace(path)


def check_value_of(secret: bytes) -> str:
    """Give what tells a key from another without giving it away."""
    return hmac.new(secret, b"check value", "sha256").hexdigest()


def _read(path: Path) -> bytes:
    refuse_wider(path, _OWNER_ONLY)
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise ConfigurationError(
            f"keys/{path.name} が壊れています。控えから戻してください / "
            f"keys/{path.name} is damaged; restore it from the backup"
        )
    return secret
