"""Places drops are handed over at: a folder, an SFTP server with a pinned host key, an S3 bucket."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from drops.durable import path_to_disk
from schemas.carrying import FolderPlace, Place, S3Place, SftpPlace
from schemas.errors import ConfigurationError, DeliveryError

_PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class OpenPlace:
    """A reachable place."""

    files: AbstractFileSystem
    folder: str
    can_append: bool
    close: Callable[[], object] = lambda: None
    keep: Callable[[str], object] = lambda _: None
    """Has what was written to a file there outlast a power cut, where that is ours to do."""

    def path(self, name: str) -> str:
        """Give the path of a file there."""
        return f"{self.folder}/{name}" if self.folder else name


@contextmanager
def open_place(place: Place, home: Path, credential: str) -> Iterator[OpenPlace]:
    """Connect with a partner's place, for as long as it is needed.

    Args:
        place: of the agreement.
        home: the shop's folder, which a relative folder is relative to.
        credential: of SFTP a private key (OpenSSH) or a password; of S3 JSON with `access_key_id` and
            `secret_access_key`; of a folder nothing.

    Raises:
        ConfigurationError: the credential is not of that form.
        DeliveryError: the folder is not there.
    """
    opened = _opened(place, home, credential)
    try:
        yield opened
    finally:
        opened.close()


def _opened(place: Place, home: Path, credential: str) -> OpenPlace:
    if isinstance(place, FolderPlace):
        return _folder(place, home)
    return _sftp(place, credential) if isinstance(place, SftpPlace) else _s3(place, credential)


def _folder(place: FolderPlace, home: Path) -> OpenPlace:
    folder = home / place.path
    if not folder.is_dir():
        raise DeliveryError(
            f"フォルダ {folder.name}（place.path）がありません。共有フォルダや USB をつないで "
            "`joint-use deliver` を実行してください / "
            f"the folder {folder.name} is not there (place.path); connect the share or the stick, then "
            "`joint-use deliver`"
        )
    return OpenPlace(
        LocalFileSystem(auto_mkdir=False),
        str(folder),
        can_append=True,
        keep=lambda path: path_to_disk(Path(path)),
    )


def _sftp(place: SftpPlace, credential: str) -> OpenPlace:
    import asyncssh  # noqa: PLC0415 (slow to load, and only some partners need it)
    from sshfs import SSHFileSystem  # noqa: PLC0415

    is_key = credential.lstrip().startswith("-----BEGIN")
    try:
        proof = (
            {"client_keys": [asyncssh.import_private_key(credential)], "password": None}
            if is_key
            else {"client_keys": None, "password": credential.strip()}
        )
    except asyncssh.KeyImportError:
        proof = None
    if proof is None:
        raise ConfigurationError(
            "place.secret: パスフレーズのない OpenSSH の秘密鍵ではありません / "
            "place.secret: this is no OpenSSH private key without passphrase"
        )
    host = place.host if place.port == 22 else f"[{place.host}]:{place.port}"  # noqa: PLR2004 (known_hosts form)
    files = SSHFileSystem(
        place.host,
        port=place.port,
        username=place.user,
        known_hosts=asyncssh.import_known_hosts(f"{host} {place.host_key}\n"),
        agent_path=None,
        config=None,
        timeout=_PATIENCE_SECONDS,
        skip_instance_cache=True,
        **proof,
    )
    return OpenPlace(
        files,
        place.path.rstrip("/"),
        can_append=True,
        close=lambda: files.loop.call_soon_threadsafe(files.client.close),
    )


def _s3(place: S3Place, credential: str) -> OpenPlace:
    from s3fs import S3FileSystem  # noqa: PLC0415 (likewise)

    try:
        said = json.loads(credential)
        key, secret = str(said["access_key_id"]), str(said["secret_access_key"])
    except (ValueError, KeyError, TypeError):
        key = secret = ""
    if not secret:
        raise ConfigurationError(
            "place.secret: access_key_id と secret_access_key のある JSON にしてください / "
            "place.secret: give JSON with access_key_id and secret_access_key"
        )
    files = S3FileSystem(
        key=key,
        secret=secret,
        endpoint_url=place.endpoint_url,
        client_kwargs={"region_name": place.region} if place.region else {},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    folder = f"{place.bucket}/{place.prefix}".strip("/")
    return OpenPlace(
        files,
        folder,
        can_append=False,
        close=lambda: files.close_session(files.loop, files.s3),
    )
