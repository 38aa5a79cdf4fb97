"""Real servers to hand drops over at: asyncssh's SFTP on a pinned host key, moto's S3; both on loopback."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import fsspec
import pytest

USER = "shop"


@dataclass(frozen=True)
class SftpServer:
    """A running server: its port, its host key as in known_hosts, the folder it shows."""

    port: int
    host_key: str
    folder: Path
    private_key: str
    mend: Callable[[], None]
    """Takes everything again from now on."""

    def place(self, **changes: object) -> dict[str, object]:
        """The section `[place]` that names it."""
        return {
            "kind": "sftp",
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "path": ".",
            "host_key": self.host_key,
            "secret": {"file": "lotas-sftp"},
            **changes,
        }


class _Cutting(asyncssh.SFTPServer):
    """Takes `bytes_left` bytes of files in the making, then breaks the connection."""

    bytes_left = 1 << 62

    def write(self, file_obj, offset, data):
        type(self).bytes_left -= len(data)
        if type(self).bytes_left < 0:
            raise asyncssh.SFTPConnectionLost("cut")
        return super().write(file_obj, offset, data)


def _server_of(client: asyncssh.SSHKey, connections: list) -> type[asyncssh.SSHServer]:
    """A server that lets one key and one password in, and remembers its connections."""
    known = asyncssh.import_authorized_keys(client.export_public_key().decode())

    class Server(asyncssh.SSHServer):
        def connection_made(self, conn):
            connections.append(conn)

        def begin_auth(self, username):
            return True

        def public_key_auth_supported(self):
            return True

        def validate_public_key(self, username, key):
            return username == USER and known.validate(key, "", "") is not None

        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            return (username, password) == (USER, "open sesame")

    return Server


@contextmanager
def sftp_server(folder: Path, cut_after: int | None = None) -> Iterator[SftpServer]:
    """Run an SFTP server that shows a folder; it breaks off after so many bytes, if told so."""
    host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    serving = type("_Own", (_Cutting,), {"bytes_left": 1 << 62 if cut_after is None else cut_after})
    loop = asyncio.new_event_loop()

    connections: list[asyncssh.SSHServerConnection] = []
    served = _server_of(client, connections)

    async def start():
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=served,
            server_host_keys=[host],
            sftp_factory=lambda channel: serving(channel, chroot=str(folder).encode()),
        )

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def stop():
        server.close()
        for connection in connections:
            connection.abort()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    try:
        yield SftpServer(
            server.get_port(),
            " ".join(host.export_public_key().decode().split()[:2]),
            folder,
            client.export_private_key().decode(),
            lambda: setattr(serving, "bytes_left", 1 << 62),
        )
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server; gives its address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        # What is in its buckets outlives a server of this process.
        urllib.request.urlopen(f"{address}/moto-api/reset", data=b"").close()
        yield address
    finally:
        server.stop()


def s3_files(address: str) -> Any:
    """The files of an S3 server, as they are at each moment."""
    options = {"key": "shop", "secret": "open sesame", "endpoint_url": address}
    return fsspec.filesystem("s3", **options, skip_instance_cache=True, use_listings_cache=False)


def s3_place(address: str, prefix: str) -> dict[str, object]:
    """The section `[place]` that names a prefix of the bucket `partner`."""
    return {
        "kind": "s3",
        "bucket": "partner",
        "prefix": prefix,
        "endpoint_url": address,
        "secret": {"file": "lotas-sftp"},
    }


@contextmanager
def s3_records(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any, str]]:
    """Run an S3 server that commands may read records from.

    Gives its address, its files with a bucket `shops`, and what a source's folder ends with.
    """
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "shop")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "open sesame")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with s3_server() as address:
        files = s3_files(address)
        files.mkdir("shops")
        host = address.removeprefix("http://")
        yield address, files, f"?endpoint_override={host}&scheme=http&region=us-east-1"


S3_CREDENTIAL = json.dumps({"access_key_id": "shop", "secret_access_key": "open sesame"})
