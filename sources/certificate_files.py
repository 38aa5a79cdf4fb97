"""Folders of 電子車検証 files: JSON and CSV of the ministry's viewer app."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow

from schemas.errors import SourceUnreadableError
from sources.encoding import encoding_of
from sources.rows import Order, RawBatch, UnreadableRow
from transforms.certificates import CERTIFICATE_CELLS, UnknownCertificateError, certificate_cells

_NOT_WELL_FORMED = (ValueError, KeyError, TypeError, RecursionError, csv.Error)
_LARGEST_FILE_BYTES = 1 << 20
_FILES_AT_A_TIME = 1_000

_CERTIFICATE_SUFFIXES = (".json", ".csv")
"""Of the files the viewer app exports."""

_BESIDE_RECORDS = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".txt", ".md"})


class CertificateFolder:
    """A folder that is one table: a row per certificate, in the order of the file names."""

    def __init__(self, folder: Path) -> None:
        """List the files."""
        if not folder.is_dir():
            raise SourceUnreadableError(
                f"{folder.name}: 車検証のフォルダがありません / "
                f"{folder.name}: no such folder of certificates"
            )
        there = sorted(
            (p for p in folder.iterdir() if may_be_record(p.name)), key=lambda p: p.name.encode()
        )
        self._paths = [path for path in there if path.is_file()]
        self.part = folder.name
        self.headers: Sequence[str] = list(CERTIFICATE_CELLS)
        self.unreadable = [
            UnreadableRow(0, "certificate:folder_not_read", path.name)
            for path in there
            if path.is_dir()
        ]
        """A folder within is not read, and told: what is in it would be missed by a recall."""

    def table(self, name: str) -> "CertificateFolder":
        """Give the folder itself: it is the table."""
        del name
        return self

    def names(self) -> list[str]:
        """Name the one table."""
        return [self.part]

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream canonical cells as text; a record's number is its file's place in the folder."""
        del order
        for start in range(0, len(self._paths), _FILES_AT_A_TIME):
            paths = self._paths[start : start + _FILES_AT_A_TIME]
            found = [
                entry
                for n, path in enumerate(paths, start + 1)
                for entry in self._cells_in(path, n)
            ]
            columns = [[cells[h] or None for _, cells in found] for h in headers]
            rows = pyarrow.RecordBatch.from_arrays(
                [pyarrow.array(column, pyarrow.string()) for column in columns], names=list(headers)
            )
            yield RawBatch(rows, np.array([number for number, _ in found], np.int64))

    def _cells_in(self, path: Path, number: int) -> Iterator[tuple[int, dict[str, str]]]:
        if path.suffix.lower() not in _CERTIFICATE_SUFFIXES:
            self._set_aside(path, number, "not_a_certificate")
            return
        try:
            records = list(_records_in(path))
        except (*_NOT_WELL_FORMED, SourceUnreadableError):
            self._set_aside(path, number, "unreadable")
            return
        if not records:
            self._set_aside(path, number, "empty")
        for record in records:
            try:
                yield number, certificate_cells(record)
            except UnknownCertificateError:
                self._set_aside(path, number, "unknown_class")

    def _set_aside(self, path: Path, number: int, reason: str) -> None:
        self.unreadable.append(UnreadableRow(number, f"certificate:{reason}", path.name))


def may_be_record(name: str) -> bool:
    """Tell whether a file is none that systems leave in folders, and no scan or note beside the records."""
    is_of_the_system = name.startswith(".") or name.lower() in {"thumbs.db", "desktop.ini"}
    return not is_of_the_system and Path(name).suffix.lower() not in _BESIDE_RECORDS


def _records_in(path: Path) -> Iterator[Mapping[str, object]]:
    if path.stat().st_size > _LARGEST_FILE_BYTES:
        raise ValueError(path.suffix)
    text = path.read_text(encoding=encoding_of(path))
    if path.suffix.lower() == ".json":
        record = json.loads(text.removeprefix("\ufeff"))["CertInfo"]
        if not isinstance(record, dict):
            raise TypeError(path.suffix)
        yield record
    else:
        for cells in csv.DictReader(text.splitlines(keepends=True), strict=True):
            if None in cells or None in cells.values():
                raise ValueError(
                    path.suffix
                )  # fewer or more cells than headers: cut off, or shifted
            yield cells
