"""CSV files as shop systems export them: CP932 or UTF-8, quoted line breaks, every cell text."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv as arrow_csv

from schemas.errors import SourceUnreadableError
from sources.encoding import encoding_of
from sources.rows import Order, RawBatch, UnreadableRow, file_in, written_at

_BLOCK_BYTES = 1 << 24
_CHUNK_BYTES = 1 << 20
_LONGEST_HEADER = 1 << 16

csv.field_size_limit(_BLOCK_BYTES)  # longer lines are refused before a cell of them is read
_FIRST_DATA_RECORD = 2
_FEWEST_COMMAS = 3
"""In a line of a remark there may be as many as a narrow table has."""
_END_OF_FILE_MARK = "\x1a"
"""What DOS programs put behind the last record."""


class CsvFolder:
    """A folder of CSV files, one table each."""

    def __init__(self, folder: Path) -> None:
        """Open the folder."""
        self._folder = folder

    def table(self, name: str) -> "CsvFile":
        """Open one file."""
        return CsvFile(file_in(self._folder, name))

    def written_at(self, name: str) -> datetime | None:
        """Give the instant a file was last written; None if it is not there."""
        return written_at(self._folder / name)

    def names(self) -> list[str]:
        """Name the folder's CSV files."""
        return sorted(path.name for path in self._folder.iterdir() if is_csv(path.name))


def is_csv(name: str) -> bool:
    """Tell whether a file is one of those of a folder of CSV files, by its name."""
    return name.lower().endswith(".csv")


class CsvFile:
    """One CSV file with a header record."""

    def __init__(self, path: Path) -> None:
        """Tell the encoding and read the header."""
        self._path = path
        self.part = path.name
        self.encoding = encoding_of(path)
        self.unreadable: list[UnreadableRow] = []
        header = self._header()
        if not header or not any(header):
            raise SourceUnreadableError(
                f"{self.part}: 見出しの行がありません。出力し直してください / "
                f"{self.part}: has no header record; export it again"
            )
        self.headers: Sequence[str] = header

    def _header(self) -> list[str] | None:
        """Read the header record; a file whose first lines never end is none of a shop's system."""
        with self._path.open(encoding=self.encoding, newline="") as file:
            beginning = file.read(_LONGEST_HEADER)
        if len(beginning) == _LONGEST_HEADER and "\n" not in beginning:
            return None
        return next(csv.reader(io.StringIO(beginning, newline="")), None)

    def batches(self, headers: Sequence[str], order: Order) -> Iterator[RawBatch]:
        """Stream the columns in file order; records of the wrong width go to `unreadable`."""
        del order
        for name in headers:
            if list(self.headers).count(name) > 1:
                raise SourceUnreadableError(
                    f"{self.part}: 「{name}」の列が二つあります。一つの名前を変えてください / "
                    f"{self.part}: has two columns '{name}'; rename one"
                )
        if self._holds_quotes():
            self._check_quotes()
        good_rows = 0
        for batch in self._reader(headers):
            yield RawBatch(batch, self._records(good_rows, batch.num_rows))
            good_rows += batch.num_rows

    def _reader(self, headers: Sequence[str]) -> Iterator[pyarrow.RecordBatch]:
        failure = None
        try:
            yield from self._open(headers)
        except (pyarrow.ArrowInvalid, UnicodeDecodeError) as error:
            # The parser's own message may quote a cell.
            failure = type(error).__name__
        if failure:
            raise SourceUnreadableError(
                f"{self.part}: CSV として読めません。出力し直してください / "
                f"{self.part}: is not well-formed CSV ({failure}); export it again"
            )

    def _open(self, headers: Sequence[str]) -> Iterator[pyarrow.RecordBatch]:
        if self._is_header_only():
            columns = [pyarrow.array([], pyarrow.string())] * len(headers)
            yield pyarrow.RecordBatch.from_arrays(columns, names=list(headers))
            return
        yield from arrow_csv.open_csv(
            self._path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # record numbers of faulty records need it
                encoding="utf-8" if self.encoding == "utf-8-sig" else self.encoding,
                block_size=_BLOCK_BYTES,
            ),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True,
                ignore_empty_lines=False,  # they count where records are numbered, and hold nothing
                invalid_row_handler=self._set_aside,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={header: pyarrow.string() for header in headers},
                include_columns=list(headers),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )

    def _is_header_only(self) -> bool:
        with self._path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file)
            next(reader, None)
            return next(reader, None) is None

    def _holds_quotes(self) -> bool:
        """Look through the file once: for quotes, and for a line so long that it would fill the memory."""
        has_quotes, behind_last_end = False, 0
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                has_quotes = has_quotes or b'"' in chunk
                first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
                if behind_last_end + (first if last >= 0 else len(chunk)) > _BLOCK_BYTES:
                    raise SourceUnreadableError(
                        f"{self.part}: 16 MiB を超える行があります。お店のシステムの出力ではありません。"
                        "出力し直してください / "
                        f"{self.part}: has a line of more than 16 MiB; this is no export of a shop's "
                        "system. Export it again"
                    )
                behind_last_end = (
                    len(chunk) - last - 1 if last >= 0 else behind_last_end + len(chunk)
                )
        return has_quotes

    def _check_quotes(self) -> None:
        """Refuse a file with a quote that is never closed, closed in the middle of a cell, or records later.

        Such a quote swallows whole records without an error in the fast parser, and what is
        swallowed could not be counted. Files without quotes need no look.
        """
        fault, before, width = None, 0, len(self.headers)
        with self._path.open(encoding=self.encoding, newline="") as text:
            reader = csv.reader(text, strict=True)
            try:
                for record in reader:
                    if reader.line_num > before + 1 and _has_swallowed(record, width):
                        fault = before + 1
                        break
                    before = reader.line_num
            except csv.Error:
                fault = reader.line_num
        if fault:
            raise SourceUnreadableError(
                f'{self.part}: {fault} 行目あたりの引用符（"）が閉じていないか、場所が違うか、'
                "次の行まで飲み込んでいます。"
                "その行を直すか、出力し直してください / "
                f"{self.part}: a quotation mark near line {fault} is not closed, not where a cell begins "
                "or ends, or swallows the lines behind it; mend that line, or export the file again"
            )

    def _set_aside(self, row: arrow_csv.InvalidRow) -> str:
        if (row.text or "").strip() == _END_OF_FILE_MARK:
            return "skip"
        self.unreadable.append(
            UnreadableRow(row.number, "row:wrong_number_of_cells", row.text or "")
        )
        return "skip"

    def _records(self, good_rows: int, count: int) -> np.ndarray:
        """Number records as a spreadsheet does, counting the ones set aside in between."""
        faulty = np.array([row.record for row in self.unreadable], np.int64)
        before = faulty - _FIRST_DATA_RECORD - np.arange(len(faulty))
        rows = np.arange(good_rows, good_rows + count)
        return rows + _FIRST_DATA_RECORD + np.searchsorted(before, rows, side="right")


def _has_swallowed(record: Sequence[str], width: int) -> bool:
    """Tell whether a cell of several lines holds one that looks like a record: a stray pair of quotes."""
    least = max(width - 1, _FEWEST_COMMAS)
    return any(
        line.count(",") >= least for cell in record for line in cell.splitlines()[1:] if line
    )
