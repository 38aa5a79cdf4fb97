"""Sealing a drop: one reproducible tar, encrypted to the partner's pinned key, its digest signed by the shop.

    <drop>.tar.age              the drop folder as a tar (POSIX pax), in age v1 to one X25519 recipient
    <drop>.tar.age.sha256       its SHA-256, in the form `sha256sum -c` reads
    <drop>.tar.age.sha256.sig   Ed25519 signature (RFC 8032) over the file before it, 64 bytes

The digest is signed and not the file itself, because Ed25519 needs the whole message in memory.
"""

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from drops.bag import sha256_of
from drops.durable import to_disk
from drops.folders import read_drop
from drops.packing import pack
from schemas.agreement import Agreement, fingerprint_of
from schemas.errors import RefusedError, VerificationError

DIGEST, SIGNATURE = ".sha256", ".sha256.sig"
SIGNATURE_BYTES = 64
"""Length of an Ed25519 signature (RFC 8032)."""

_SEALED, _UNSEALED = ".tar.age", ".tar"
_MOST_MEMBERS = 100_000


@dataclass(frozen=True)
class Parcel:
    """What is handed over of one drop: the tar, sealed or not, with its digest and signature."""

    tar: Path

    @property
    def digest(self) -> Path:
        """The file with its SHA-256."""
        return self.tar.with_name(self.tar.name + DIGEST)

    @property
    def hidden(self) -> Path:
        """The tar while it is made."""
        return self.tar.with_name(f".{self.tar.name}.part")

    @property
    def sha256(self) -> str:
        """The digest of the tar as it was written down and signed, hexadecimal."""
        return self.digest.read_text().partition(" ")[0]

    @property
    def signature(self) -> Path:
        """The signature of that file."""
        return self.tar.with_name(self.tar.name + SIGNATURE)

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, in the order they are handed over."""
        return self.tar, self.digest, self.signature


def seal(
    folder: Path, agreement: Agreement, signing_key: bytes, packed: str | None = None
) -> Parcel:
    """Pack a published drop for the partner of an agreement, beside its folder.

    Args:
        folder: of the drop.
        agreement: of its partner.
        signing_key: the shop's Ed25519 secret, 32 bytes.
        packed: SHA-256 of the parcel's `hidden` file, if that was packed already.

    Raises:
        RefusedError: the drop is another partner's, or was made for another key.
    """
    parcel = parcel_of(folder, agreement)
    sha256 = packed or pack(folder, folder.name, recipient_of(agreement), parcel.hidden)
    digest = digest_line(sha256, parcel.tar.name)
    parcel.hidden.replace(parcel.tar)
    _write(parcel.digest, digest)
    _write(parcel.signature, Ed25519PrivateKey.from_private_bytes(signing_key).sign(digest))
    return parcel


def parcel_of(folder: Path, agreement: Agreement, published: Path | None = None) -> Parcel:
    """Name the parcel of a drop, beside its folder.

    Args:
        folder: of the drop.
        agreement: of its partner.
        published: where its folder is going to be, unless it is there.

    Raises:
        RefusedError: the drop is another partner's, or was made for another key.
    """
    drop = read_drop(folder)
    if drop.partner != agreement.partner or drop.sealed_to != fingerprint_of(agreement):
        raise RefusedError(
            f"{drop.drop_id} は partners/{agreement.partner}.toml とは別の納品先か鍵のために作られたので、"
            "封緘しません。もう一度 `joint-use export` してください / "
            f"{drop.drop_id} was made for another partner or key than partners/{agreement.partner}.toml "
            "names; it is sealed to nobody. Make the month again with `joint-use export`"
        )
    target = published or folder
    return _beside(target, _SEALED if drop.sealed_to else _UNSEALED)


def parcels_beside(folder: Path) -> list[Parcel]:
    """Give the parcels of a drop that are there, whatever key they were sealed to."""
    parcels = (_beside(folder, suffix) for suffix in (_SEALED, _UNSEALED))
    return [parcel for parcel in parcels if parcel.tar.exists()]


def _beside(folder: Path, suffix: str) -> Parcel:
    return Parcel(folder.with_name(f"{folder.name}{suffix}"))


def recipient_of(agreement: Agreement) -> str:
    """Give the age public key an agreement seals to; empty for none."""
    return agreement.sealing.recipient or "" if agreement.sealing else ""


def public_key_pem(signing_key: bytes) -> bytes:
    """Give the key partners check signatures with, as PEM (RFC 8410)."""
    public = Ed25519PrivateKey.from_private_bytes(signing_key).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def check_parcel(parcel: Parcel, public_key: bytes) -> None:
    """Check digest and signature of a parcel as received.

    Args:
        parcel: its files.
        public_key: the shop's, as PEM.

    Raises:
        VerificationError: a file is missing, was changed, or is not signed by the shop.
    """
    missing = [path.name for path in parcel.files if not path.is_file()]
    if missing:
        raise VerificationError(
            f"{', '.join(missing)} がありません。店に頼んでください / "
            f"{', '.join(missing)} is missing; ask the shop for it"
        )
    try:
        key = load_pem_public_key(public_key)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise VerificationError(
            "--key: PEM 形式の Ed25519 公開鍵ではありません。店の公開鍵をもらってください / "
            "--key: this is no Ed25519 public key in PEM; ask the shop for its"
        )
    digest, is_signed = parcel.digest.read_bytes(), True
    try:
        key.verify(parcel.signature.read_bytes(), digest)
    except InvalidSignature:
        is_signed = False
    if not is_signed:
        raise VerificationError(
            f"{parcel.signature.name} はこの店の署名ではありません。何も使わず、店に電話してください / "
            f"{parcel.signature.name} is not this shop's signature; use nothing of it, telephone the shop"
        )
    if digest != digest_line(sha256_of(parcel.tar), parcel.tar.name):
        raise VerificationError(
            f"{parcel.tar.name} は途中で変わったか、切れています。もう一度もらってください / "
            f"{parcel.tar.name} was changed or cut off on its way; ask for it again"
        )


def digest_line(sha256: str, name: str) -> bytes:
    """Give what stands in the digest file of a tar, as `sha256sum -c` reads it."""
    return f"{sha256}  {name}\n".encode()


def unpack(parcel: Parcel, identity: str | None, target: Path) -> Path:
    """Open a parcel into a folder and give the drop's folder in it.

    Args:
        parcel: its files.
        identity: the partner's age secret key; None where the parcel is not sealed.
        target: an empty folder.

    Raises:
        VerificationError: the key does not fit, or the tar is not one of a drop.
    """
    plain = target / "drop.tar"
    with parcel.tar.open("rb") as sealed, plain.open("wb") as file:
        if identity is None:
            for chunk in iter(lambda: sealed.read(1 << 20), b""):
                file.write(chunk)
        else:
            decrypt(sealed, file, identity)
    try:
        name = _extract(plain, target)
    except (tarfile.TarError, OSError):
        name = ""
    if not name:
        raise VerificationError(
            f"{parcel.tar.name} に納品が入っていません。もう一度もらってください / "
            f"{parcel.tar.name} holds no drop; ask for it again"
        )
    plain.unlink()
    return target / name


def decrypt(sealed: BinaryIO, plain: BinaryIO, identity: str) -> None:
    """Decrypt a sealed stream.

    Raises:
        VerificationError: the key is none, or does not fit.
    """
    try:
        pyrage.decrypt_io(sealed, plain, [pyrage.x25519.Identity.from_str(identity)])
    except (pyrage.DecryptError, pyrage.IdentityError, ValueError):
        pass
    except OSError as error:
        if error.errno is not None:
            raise
        raise VerificationError(
            "途中で変わったか、切れています。もう一度もらってください / "
            "it was changed or cut off; ask for it again"
        ) from None
    else:
        return
    raise VerificationError(
        "この鍵では開けません。別の鍵に封緘されています / "
        "the key does not open this; it was sealed to another one"
    )


def _extract(plain: Path, target: Path) -> str:
    """Write a tar's files below a folder; "" if they are not the files of one drop."""
    with tarfile.open(plain) as tar:
        members = tar.getmembers()
        tops = {member.name.partition("/")[0] for member in members}
        is_plain = all(member.isfile() and _stays_below(member.name) for member in members)
        if len(tops) != 1 or not is_plain or len(members) > _MOST_MEMBERS:
            return ""
        for member in members:
            path = target / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = tar.extractfile(member)
            if content is None:
                return ""
            with content, path.open("xb") as file:
                shutil.copyfileobj(content, file)
        return tops.pop()


def _stays_below(name: str) -> bool:
    """Tell whether a name leads downwards only, on every system: no root, no drive, no `..`."""
    parts = name.split("/")
    return len(parts) > 1 and not any(
        part in ("", ".", "..") or "\\" in part or ":" in part for part in parts
    )


def _write(path: Path, content: bytes) -> None:
    hidden = path.with_name(f".{path.name}.part")
    with hidden.open("wb") as file:
        file.write(content)
        to_disk(file)
    hidden.replace(path)
