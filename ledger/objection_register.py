"""Who objected at earlier runs: a register from which people vanish is not trusted.

Only keyed digests of customer numbers are kept, so the file tells nobody who objected.
"""

import hmac
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from ledger.private_files import write_private
from schemas.errors import ObjectionsUnreliableError


class ObjectionRegister:
    """`<state>/objection_register.json`."""

    def __init__(self, state: Path) -> None:
        """Name the file."""
        self._path = state / "objection_register.json"

    def check(self, people: Iterable[str], *, allowed_share: float) -> None:
        """Hold the run if more of the people remembered have vanished than the shop allows.

        Raises:
            ObjectionsUnreliableError: saying how many, and what to do.
        """
        secret, known = self._load()
        gone = known - self._digests(people, secret)
        if len(gone) > len(known) * allowed_share:
            raise ObjectionsUnreliableError(
                f"of {len(known)} people who had objected, {len(gone)} are no longer in the records; "
                "objections do not lapse, and one that ends gets a day of lifting. Restore them; if "
                "each was rightly removed, delete objection_register.json from the state folder"
            )

    def remember(self, people: Iterable[str]) -> None:
        """Add people to those remembered; nobody is ever taken off."""
        secret, known = self._load()
        digests = sorted(known | self._digests(people, secret))
        write_private(self._path, json.dumps({"secret": secret, "people": digests}).encode())

    def _load(self) -> tuple[str, set[str]]:
        if not self._path.exists():
            return secrets.token_hex(32), set()
        try:
            content = json.loads(self._path.read_text())
            secret = str(content["secret"])
            bytes.fromhex(secret)
            return secret, set(content["people"])
        except (ValueError, KeyError, TypeError):
            pass
        raise ObjectionsUnreliableError(
            f"{self._path.name} in the state folder is damaged; restore it from the backup"
        )

    @staticmethod
    def _digests(people: Iterable[str], secret: str) -> set[str]:
        key = bytes.fromhex(secret)
        return {hmac.new(key, person.encode(), "sha256").hexdigest() for person in people}
