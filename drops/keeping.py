"""Drops at rest: the shop's own copy of a published drop, encrypted under a key of its own.

The copy cannot be read any more once that key is destroyed, whatever the disk still holds of it.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyrage

from drops.bag import check_bag
from drops.durable import to_disk
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

    def lock_away(self, folder: Path) -> None:
        """Encrypt a published folder under a new key, and remove it; done again after a break it goes on.

        Raises:
            VerificationError: the folder is not the sound drop it was; nothing is removed.
        """
        if not (self.copy.exists() and self.key.exists()):
            faults = check_bag(folder)
            if faults:
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
        _write(self.key, str(identity).encode())
        hidden = self.copy.with_name(f".{self.copy.name}.part")
        with hidden.open("wb") as file:
            encrypt(folder, folder.name, identity.to_public(), file)
            to_disk(file)
        hidden.replace(self.copy)

    def open_into(self, scratch: Path) -> Path:
        """Open the copy into an empty private folder, and give the drop's folder in it.

        Raises:
            VerificationError: copy or key is gone or damaged.
        """
        if not (self.copy.is_file() and self.key.is_file()):
            raise VerificationError(
                f"{self.drop_id}: 控えはもうありません / "
                f"{self.drop_id}: nothing of it is kept any more"
            )
        folder = unpack(Parcel(self.copy), self.key.read_text(), scratch)
        if check_bag(folder):
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
