"""Parquet files of any program: bytes that are text are read, what is none is told by its column."""

import pyarrow
import pytest
from pyarrow import parquet

from schemas.errors import SourceUnreadableError
from sources.parquet_files import ParquetFolder
from sources.rows import Order


def read(folder, cells):
    table = pyarrow.table({"番号": ["1"] * len(cells), "欄": cells})
    parquet.write_table(table, folder / "t.parquet")
    found = ParquetFolder(folder).table("t.parquet")
    batches = list(found.batches(["番号", "欄"], Order(("番号",))))
    return [cell for batch in batches for cell in batch.rows.column(1).to_pylist()]


def called_text(cells):
    written = pyarrow.array(cells, pyarrow.binary())
    return pyarrow.Array.from_buffers(pyarrow.string(), len(cells), written.buffers())


@pytest.mark.parametrize("kind", [pyarrow.binary(), pyarrow.large_binary()])
def test_bytes_that_are_utf_8_are_text(tmp_path, kind):
    words = ["山形", None, "山形", ""] * 100
    cells = pyarrow.array([word and word.encode() for word in words], kind)
    assert [cell or None for cell in read(tmp_path, cells)] == [word or None for word in words]


@pytest.mark.parametrize(
    "cells",
    [
        pyarrow.array([{"a": "秘密"}]),
        pyarrow.array([["秘密"]]),
        pyarrow.array([[("秘密", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        pyarrow.array(["秘密".encode("cp932")], pyarrow.binary()),
        pyarrow.array(["秘密".encode("cp932")] * 100, pyarrow.binary()),
        pyarrow.array([b"\xff" * 16], pyarrow.binary(16)),
        pyarrow.array([b"\xff"], pyarrow.binary_view()),
        pyarrow.array([b"\xff" * 16], pyarrow.uuid()),
        called_text(["秘密".encode("cp932")]),
        called_text(["秘密".encode("cp932")] * 100),
    ],
)
def test_a_column_of_anything_else_is_told_by_name_and_never_quoted(tmp_path, cells):
    with pytest.raises(SourceUnreadableError, match=r"t\.parquet: column '欄' holds") as caught:
        read(tmp_path, cells)
    assert "秘密" not in str(caught.value)
    assert caught.value.__context__ is None


def test_such_a_column_that_is_not_mapped_does_not_matter(tmp_path):
    table = pyarrow.table({"番号": ["1"], "欄": [{"番号": "x"}]})
    parquet.write_table(table, tmp_path / "t.parquet")
    (batch,) = ParquetFolder(tmp_path).table("t.parquet").batches(["番号"], Order(("番号",)))
    assert batch.rows.to_pylist() == [{"番号": "1"}]


def test_a_file_with_a_damaged_end_is_told(tmp_path):
    read(tmp_path, pyarrow.array(["1"]))
    content = (tmp_path / "t.parquet").read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    damaged = content[: -8 - length] + bytes(length) + content[-8:]
    (tmp_path / "t.parquet").write_bytes(damaged)
    with pytest.raises(SourceUnreadableError, match="is not a Parquet file"):
        ParquetFolder(tmp_path).table("t.parquet")


def test_a_file_that_is_damaged_within_is_told(tmp_path):
    cells = pyarrow.array([f"{n:08}" for n in range(10_000)])
    assert len(read(tmp_path, cells)) == 10_000
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    middle = len(content) // 2
    content[middle - 500 : middle + 500] = bytes(1000)
    (tmp_path / "t.parquet").write_bytes(content)
    found = ParquetFolder(tmp_path).table("t.parquet")
    with pytest.raises(SourceUnreadableError, match="is damaged somewhere within"):
        list(found.batches(["番号", "欄"], Order(("番号",))))
