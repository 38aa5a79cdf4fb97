"""Drops at rest: the shop's own copy of a published drop, encrypted under a key of its own.

The copy cannot be read any more once that key is destroyed, whatever the disk still holds of it.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyrage

from drops.bag import is_bag
from drops.durable import path_to_disk, to_disk
from drops.packing import encrypt
from drops.sealing import Parcel, unpack
from schemas.errors import VerificationError
from schemas.state_folder import Part


@dataclass(frozen=True)
class Kept:
    """Where the encrypted copy of one drop and its key are."""

    state: Path
    drop_id: str

    @property
    def copy(self) -> Path:
        """The encrypted copy."""
        return self.state / Part.KEPT / f"{self.drop_id}.tar.age"

    @property
    def key(self) -> Path:
        """Its key: apart from the copy, so that losing one is not losing both."""
        return self.state / Part.KEYS / "kept" / f"{self.drop_id}.key"

    def lock_away(self, folder: Path, bag_sha256: str) -> None:
        """Encrypt a published folder under a new key, and remove it; done again after a break it goes on.

        Args:
            folder: of the drop.
            bag_sha256: what the ledger knows its bag by.

        Raises:
            VerificationError: the folder is not the sound drop it was; nothing is removed.
        """
        if not (self.copy.exists() and self.key.exists()):
            if not is_bag(folder, bag_sha256):
                raise VerificationError(
                    f"{self.drop_id} は納品した時と中身が違うので、そのまま残します / "
                    f"{self.drop_id} is not as it was published; it stays"
                )
            self._encrypt(folder)
        remove(folder)

    def _encrypt(self, folder: Path) -> None:
        identity = pyrage.x25519.Identity.generate()
        for path in (self.copy, self.key):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A copy under a key that is gone must not be taken for one under the new key.
        self.copy.unlink(missing_ok=True)
        path_to_disk(self.copy.parent)
        _write(self.key, str(identity).encode())
        path_to_disk(self.key.parent)
        hidden = self.copy.with_name(f".{self.copy.name}.part")
        with hidden.open("wb") as file:
            encrypt(folder, folder.name, identity.to_public(), file)
            to_disk(file)
        hidden.replace(self.copy)
        path_to_disk(self.copy.parent)

    def open_into(self, scratch: Path, bag_sha256: str) -> Path:
        """Open the copy into an empty private folder, and give the drop's folder in it.

        Args:
            scratch: the folder.
            bag_sha256: what the ledger knows its bag by.

        Raises:
            VerificationError: copy or key is gone or damaged.
        """
        if not (self.copy.is_file() and self.key.is_file()):
            raise VerificationError(
                f"{self.drop_id}: 控えはもうありません / "
                f"{self.drop_id}: nothing of it is kept any more"
            )
        # A key that was being overwritten is no text.
        secret = self.key.read_bytes().decode(errors="replace")
        folder = unpack(Parcel(self.copy), secret, scratch)
        if not is_bag(folder, bag_sha256):
            raise VerificationError(
                f"{self.drop_id}: 控えが壊れています / {self.drop_id}: the kept copy is damaged"
            )
        return folder

    def destroy(self) -> None:
        """Destroy the key first, then remove the copy; done twice it is as done once."""
        if self.key.exists():
            _write(self.key, secrets.token_bytes(self.key.stat().st_size))
            self.key.unlink()
        self.copy.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Take a published folder out of sight whole, then remove it."""
    hidden = folder.with_name(f".{folder.name}.disposed")
    folder.rename(hidden)
    shutil.rmtree(hidden)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        to_disk(file)
