"""Partner keys: HMAC-SHA-256 of our own numbers under a secret key of each partner.

Stable from month to month, useless to link what two partners hold, and not to be undone by trying
all numbers. Making them is the one place where values are worked on one by one: a keyed digest has
no columnar form. Each number is digested once per drop.
"""

import hashlib
import os
import re
import secrets
from pathlib import Path

import pyarrow

from schemas.errors import ConfigurationError

_SECRET_BYTES = 32
_KEY_DIGITS = 32
_INNER_PAD, _OUTER_PAD = 0x36, 0x5C


class PartnerKeys:
    """Turns numbers of one kind of record into keys for one partner.

    HMAC (RFC 2104) with its two padded blocks digested once: half the time of digesting them anew
    for each number.
    """

    def __init__(self, secret: bytes) -> None:
        """Take the partner's secret, of at most one block (64 bytes)."""
        block = secret.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ _INNER_PAD for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ _OUTER_PAD for byte in block))

    def of(self, kind: str, numbers: pyarrow.Array) -> pyarrow.Array:
        """Give the key of each number; null stays null. `kind` keeps tables apart."""
        inner = self._inner.copy()
        inner.update(f"{kind}:".encode())
        begin, finish = inner.copy, self._outer.copy

        def key_of(number: str) -> str:
            first, second = begin(), finish()
            first.update(number.encode())
            second.update(first.digest())
            return second.hexdigest()[:_KEY_DIGITS]

        keys = [None if number is None else key_of(number) for number in numbers.to_pylist()]
        return pyarrow.array(keys, pyarrow.string())


def _make_secret(path: Path) -> None:
    """Write a new secret whole, then give it its name: a crash leaves a file or none."""
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    hidden.replace(path)
    path.with_suffix(".made").touch(mode=0o600)


def partner_keys(folder: Path, partner: str, *, has_drops: bool) -> PartnerKeys:
    """Load a partner's secret, making it on first use (mode 0600).

    Raises:
        ConfigurationError: the secret is gone although the partner has drops made with it.
    """
    path = folder / f"{partner}.key"
    if not path.exists():
        if has_drops or path.with_suffix(".made").exists():
            raise ConfigurationError(
                f"the secret key of {partner} is missing from the state folder (keys/{partner}.key); "
                "restore it from the backup: with a new one the partner could not match its records"
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_secret(path)
    secret = path.read_bytes().strip()
    if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * _SECRET_BYTES), secret):
        raise ConfigurationError(f"keys/{partner}.key is damaged; restore it from the backup")
    return PartnerKeys(bytes.fromhex(secret.decode()))
