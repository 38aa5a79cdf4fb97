"""Packing a drop: one reproducible tar, encrypted to its recipient as a stream.

As a process of its own, `python -m drops.packing FOLDER NAME RECIPIENT TARGET` packs beside other work and
prints the digest; it ends when its input does. In a thread it would wait for the interpreter at each of
its many small reads.
"""

import os
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyrage

from drops.bag import sha256_of
from drops.durable import to_disk


def pack(folder: Path, name: str, recipient: str, target: Path) -> str:
    """Pack a folder into a file that is on disk when this returns; give its SHA-256.

    Args:
        folder: to be packed.
        name: of the folder in the tar.
        recipient: an age X25519 public key; empty packs in the clear.
        target: the file.
    """
    with target.open("wb") as file:
        if recipient:
            encrypt(folder, name, pyrage.x25519.Recipient.from_str(recipient), file)
        else:
            write_tar(folder, name, file)
        to_disk(file)
    return sha256_of(target)


def encrypt(folder: Path, name: str, recipient: pyrage.x25519.Recipient, sealed: BinaryIO) -> None:
    """Encrypt a folder's tar to a recipient, as a stream."""
    with _tar_of(folder, name) as plain:
        pyrage.encrypt_io(plain, sealed, [recipient])


def write_tar(folder: Path, name: str, target: BinaryIO) -> None:
    """Write a folder, under a name, as a tar that depends on nothing but names and contents of its files."""
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = tarfile.TarInfo(f"{name}/{path.relative_to(folder).as_posix()}")
            entry.size, entry.mode, entry.mtime = path.stat().st_size, 0o600, 0
            with path.open("rb") as file:
                tar.addfile(entry, file)


@contextmanager
def _tar_of(folder: Path, name: str) -> Iterator[BinaryIO]:
    """Stream a folder's tar out of a thread; a failure there cuts it off, and is raised here."""
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def feed() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe:
                write_tar(folder, name, pipe)
        except BaseException as error:  # noqa: BLE001 (raised below, in the other thread)
            failures.append(error)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as stream:
            yield stream
    finally:
        thread.join()
    if failures:
        raise failures[0]


def _end_with_input() -> None:
    # Not by `sys.stdin`: whoever reads there holds a lock that the interpreter wants at its end.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    packed, called, sealed_to, written = sys.argv[1:]
    print(pack(Path(packed), called, sealed_to, Path(written)))  # noqa: T201 (whoever started us reads it)
