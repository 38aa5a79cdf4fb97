"""Folders of an S3 bucket: each file is copied into the run's own folder when it is opened, and read there.

So a file is read as one version of itself, and what reads folders need not know of buckets. Who may
read is AWS's own business: environment variables, profile, or the role of the machine.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pyarrow import ArrowInvalid
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType, LocalFileSystem, copy_files

from schemas.errors import SourceUnavailableError, SourceUnreadableError
from sources.rows import OpenSource, SourceTable


@dataclass(frozen=True)
class Reader:
    """Reads folders of this machine."""

    open: Callable[[Path], OpenSource]
    reads: Callable[[str], bool]
    """Tells by its name whether it reads a file."""
    is_one_table: bool = False
    """Whether all the files of a folder are one table."""


def is_in_bucket(folder: str) -> bool:
    """Tell whether a configured folder is one of a bucket."""
    return folder.startswith("s3://")


class BucketFolder:
    """A folder of a bucket."""

    def __init__(self, url: str, private: Path, reader: Reader) -> None:
        """List the folder; a folder that is one table is copied at once.

        Args:
            url: `s3://bucket/prefix`, with `?region=` and `endpoint_override=` where needed.
            private: a folder that goes with the run.
            reader: of the copies.

        Raises:
            SourceUnreadableError: there is no such folder.
            SourceUnavailableError: the bucket cannot be reached.
        """
        self._bucket, self._reader = urlsplit(url).netloc, reader
        with self._translated():
            self._files, root = FileSystem.from_uri(_encoded(url))
            found = self._files.get_file_info(FileSelector(root, allow_not_found=True))
        self._found = {info.base_name: info for info in found if _is_read(info, reader)}
        if not found:
            raise SourceUnreadableError(
                f"{root.partition('/')[2]}: バケット「{self._bucket}」にこのフォルダがありません。shop.toml "
                "を直してください / "
                f"{root.partition('/')[2]}: no such folder in bucket '{self._bucket}'; correct shop.toml"
            )
        self._copies = private / uuid.uuid4().hex / root.rpartition("/")[2]
        self._copies.mkdir(parents=True, mode=0o700)
        for name in self._found if reader.is_one_table else ():
            self._copy(name)

    def table(self, name: str) -> SourceTable:
        """Copy a file here and open it."""
        if not self._reader.is_one_table:
            self._copy(name)
        return self._reader.open(self._copies).table(name)

    def written_at(self, name: str) -> datetime | None:
        """Give the instant a file was last written; None if it is not there."""
        return self._found[name].mtime if name in self._found else None

    def names(self) -> list[str]:
        """Name the files the reader can read; of a folder that is one table, the table."""
        if self._reader.is_one_table:
            return self._reader.open(self._copies).names()
        return sorted(self._found)

    def _copy(self, name: str) -> None:
        if name in self._found:
            with self._translated():
                copy_files(
                    self._found[name].path,
                    os.fspath(self._copies / name),
                    source_filesystem=self._files,
                    destination_filesystem=LocalFileSystem(),
                )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ArrowInvalid) as error:
            told = type(error).__name__
        else:
            return
        raise SourceUnavailableError(
            f"バケット「{self._bucket}」を読めません（{told}）。shop.toml の場所、ネットワーク、このPCの "
            "AWS の権限を確かめてください / "
            f"bucket '{self._bucket}' cannot be read ({told}); look at its address in shop.toml, the "
            "network, and whether this machine's AWS credentials may read it"
        )


def _encoded(url: str) -> str:
    """Encode a folder's name as people write it, as addresses are encoded."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=quote(unquote(parts.path))))


def _is_read(info: FileInfo, reader: Reader) -> bool:
    return info.type is FileType.File and reader.reads(info.base_name)
