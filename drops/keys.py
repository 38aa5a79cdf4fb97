"""Partner keys: HMAC-SHA-256 of our own numbers under a secret key of each partner.

Stable from month to month, useless to link what two partners hold, and not to be undone by trying
all numbers. Making them is the one place where values are worked on one by one: a keyed digest has
no columnar form. Each number is digested once per drop.
"""

import hmac
import os
import secrets
from pathlib import Path

import pyarrow

from schemas.errors import ConfigurationError

_SECRET_BYTES = 32
_KEY_BYTES = 16


class PartnerKeys:
    """Turns numbers of one kind of record into keys for one partner."""

    def __init__(self, secret: bytes) -> None:
        """Take the partner's secret."""
        self._secret = secret

    def of(self, kind: str, numbers: pyarrow.Array) -> pyarrow.Array:
        """Give the key of each number; null stays null. `kind` keeps tables apart."""
        prefix, secret = f"{kind}:", self._secret
        return pyarrow.array(
            [
                None
                if number is None
                else hmac.digest(secret, (prefix + number).encode(), "sha256")[:_KEY_BYTES].hex()
                for number in numbers.to_pylist()
            ],
            pyarrow.string(),
        )


def _make_secret(path: Path) -> None:
    """Write a new secret whole, then give it its name: a crash leaves a file or none."""
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    hidden.replace(path)


def partner_keys(folder: Path, partner: str, *, has_drops: bool) -> PartnerKeys:
    """Load a partner's secret, making it on first use (mode 0600).

    Raises:
        ConfigurationError: the secret is gone although the partner has drops made with it.
    """
    path = folder / f"{partner}.key"
    if not path.exists():
        if has_drops:
            raise ConfigurationError(
                f"the secret key of {partner} is missing from the state folder (keys/{partner}.key); "
                "restore it from the backup: with a new one the partner could not match its records"
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_secret(path)
    secret = path.read_text().strip()
    if len(secret) != 2 * _SECRET_BYTES:
        raise ConfigurationError(f"keys/{partner}.key is damaged; restore it from the backup")
    return PartnerKeys(bytes.fromhex(secret))
