"""How a drop is carried to its partner: sealed to whose key, placed where (policy §8: 持ち運び)."""

import os
import posixpath
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.strict import Strict


def _as_it_was_made(recipient: str) -> str:
    """Refuse a key with a slip of the pen: its last six characters are a checksum (BIP 173)."""
    import pyrage  # noqa: PLC0415 (native code, for agreements that seal)

    try:
        pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        pass
    else:
        return recipient
    raise ValueError(
        "鍵の文字に誤りがあります。納品先からもう一度写してください / "
        "this key has a slip in it (its checksum fails); copy it from the partner once more"
    )


class AgeSeal(Strict):
    """Sealed with age to the partner's own X25519 key, which both sides compared by another way."""

    seal: Literal["age"]
    recipient: Annotated[
        str, Field(pattern=r"^age1[02-9ac-hj-np-z]{58}$"), AfterValidator(_as_it_was_made)
    ]
    expires_on: date
    """The last day on which drops are sealed to this key."""


class NoSeal(Strict):
    """Not sealed, for a written reason and for a time."""

    seal: Literal["none"]
    reason: Annotated[str, Field(min_length=4)]
    until: date
    """The last day on which drops may leave unsealed."""

    @property
    def recipient(self) -> None:
        """Nobody's key."""
        return


Sealing = Annotated[AgeSeal | NoSeal, Field(discriminator="seal")]


class Secret(Strict):
    """Where a credential is kept: a file in `keys/` of the state folder, or a Prefect Secret block."""

    file: Annotated[str | None, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")] = None
    block: str | None = None


class FolderPlace(Strict):
    """A folder: a mounted share, a stick."""

    kind: Literal["folder"]
    path: str

    @property
    def name(self) -> str:
        """The place in one line."""
        return self.path

    @property
    def resolved(self) -> str:
        """The place, the same for every spelling of it."""
        return os.path.normcase(os.path.normpath(self.path))


class SftpPlace(Strict):
    """An SFTP server with a pinned host key."""

    kind: Literal["sftp"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str
    path: str = "."
    host_key: Annotated[str, Field(pattern=r"^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+$")]
    """The server's public key as in known_hosts: `ssh-ed25519 AAAA…`."""
    secret: Secret

    @property
    def name(self) -> str:
        """The place in one line."""
        return f"sftp://{self.host}:{self.port}/{self.path}"

    @property
    def resolved(self) -> str:
        """The place, the same for every spelling of it."""
        return f"sftp://{self.host.lower()}:{self.port}/{self.user}:{posixpath.normpath(self.path)}"


class S3Place(Strict):
    """A bucket of S3 or of what speaks like it."""

    kind: Literal["s3"]
    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    secret: Secret

    @property
    def name(self) -> str:
        """The place in one line."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def resolved(self) -> str:
        """The place, the same for every spelling of it."""
        prefix = posixpath.normpath(f"/{self.prefix}").lstrip("/")
        return f"{self.endpoint_url or 's3:'}//{self.bucket}/{prefix}".lower()


Place = Annotated[FolderPlace | SftpPlace | S3Place, Field(discriminator="kind")]
