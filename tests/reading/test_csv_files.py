"""CSV is read strictly: the encoding is told, not guessed, and no record is lost."""

import tempfile
from pathlib import Path

import pyarrow
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyarrow import parquet

from schemas.errors import SourceUnreadableError
from sources.csv_files import CsvFile
from sources.encoding import encoding_of
from sources.parquet_files import ParquetFolder
from sources.rows import Order


def read(path, *headers):
    file = CsvFile(path)
    batches = list(file.batches(list(headers), Order()))
    cells = [row for batch in batches for row in batch.rows.to_pylist()]
    records = [record for batch in batches for record in batch.records.tolist()]
    return cells, records, file.unreadable


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("氏名\r\n髙橋①\r\n".encode("cp932"), "cp932"),
        ("氏名\r\n𠮷田\r\n".encode(), "utf-8"),
        ("氏名\r\n𠮷田\r\n".encode("utf-8-sig"), "utf-8-sig"),
        (b"id\r\n1\r\n", "utf-8"),
    ],
)
def test_the_encoding_is_told_strictly(tmp_path, content, encoding):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert encoding_of(path) == encoding


@pytest.mark.parametrize("content", [b"a\r\n\x81\r\n\xff", "氏名\n".encode("utf-16")])
def test_what_is_in_no_known_encoding_is_refused(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(SourceUnreadableError, match=r"x\.csv"):
        encoding_of(path)


_CP932_TEXTS = (
    "氏名,住所",
    "佐藤 一郎",
    "ﾀﾅｶ ﾊﾅｺ",
    "山形市長谷堂４１９７",
    "オイル交換",
    "ﾄｱ調整",
    "ﾁｰｽﾞﾀｳﾝ",
    "髙橋①",
)


@given(
    st.lists(st.sampled_from(_CP932_TEXTS), min_size=1, max_size=20).map("\r\n".join),
    st.data(),
)
def test_utf8_that_lost_a_byte_is_not_taken_for_cp932(text, data):
    sound = text.encode()
    lost = data.draw(st.integers(0, len(sound) - 1))
    damaged = "氏名,山田太郎\r\n".encode() + sound[:lost] + sound[lost + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(text.encode("cp932"))
        assert encoding_of(path) == "cp932"
        path.write_bytes(damaged)
        if "\ufffd" not in damaged.decode(errors="replace"):
            assert encoding_of(path) == "utf-8"
        else:
            with pytest.raises(SourceUnreadableError, match=r"x\.csv: is UTF-8, but damaged"):
                encoding_of(path)


@pytest.mark.parametrize("lost", range(16, 22))
def test_utf8_with_a_single_name_that_lost_a_byte_is_refused(tmp_path, lost):
    content = "id,name,mail\r\n1,佐藤,a@b.jp\r\n".encode()
    (tmp_path / "x.csv").write_bytes(content[:lost] + content[lost + 1 :])
    with pytest.raises(SourceUnreadableError):
        encoding_of(tmp_path / "x.csv")


@pytest.mark.parametrize("lines", [1, 60_000])
def test_cp932_with_a_line_of_utf8_is_refused_and_the_line_named(tmp_path, lines):
    sound = "1,佐藤 健,山形市緑町2-3-4\r\n".encode("cp932")
    appended = "2,佐藤 健,山形市緑町2-3-4\r\n".encode()
    file = tmp_path / "顧客.csv"
    file.write_bytes(b"\r\n" + sound * lines + appended + sound)
    with pytest.raises(SourceUnreadableError, match=f"、{lines + 2} 行目は UTF-8"):
        encoding_of(file)
    file.write_bytes(sound * lines)
    assert encoding_of(file) == "cp932"


def test_leading_zeros_line_breaks_and_na_survive(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes('番号,名\r\n0007,"一行\n二行, ""三"""\r\n0010,NA\r\n'.encode("cp932"))
    cells, records, _ = read(path, "番号", "名")
    assert cells == [{"番号": "0007", "名": '一行\n二行, "三"'}, {"番号": "0010", "名": "NA"}]
    assert records == [2, 3]


def test_records_of_the_wrong_width_are_kept_with_their_number(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3\n4,5\n6,7,8\n9,10\n")
    cells, records, unreadable = read(path, "a")
    assert [row["a"] for row in cells] == ["1", "4", "9"]
    assert records == [2, 4, 6]
    assert [(row.record, row.written) for row in unreadable] == [(3, "3"), (5, "6,7,8")]


def test_empty_lines_count_where_records_are_numbered(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b\n\n1,2\n\n3\n\n4,"5\n\n6"\n7,8\n')
    cells, records, unreadable = read(path, "a")
    numbers = {row["a"]: record for row, record in zip(cells, records, strict=True) if row["a"]}
    assert numbers == {"1": 3, "4": 7, "7": 8}
    assert [row.record for row in unreadable] == [5]


SWALLOWED = 'a,b,c,d,e\n1,2,3,4,5\n1,2,3,4,"聴取\n6,7,8,9,\n6,7,8,9,本人"\n1,2,3,4,5\n'


@pytest.mark.parametrize(
    "content", ['a,b\n1,2\n3,"4\n5,6\n7,8\n', 'a,b\n3,"4\n5,6\n7,"8\n9,10\n', SWALLOWED]
)
def test_a_quote_that_swallows_records_stops_the_reading(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.raises(SourceUnreadableError, match="quotation mark"):
        read(path, "a")


def test_a_remark_of_several_lines_with_commas_is_one_cell(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b,c,d,e\n1,2,3,4,"一行目、\n二,三,四\n終"\n')
    assert read(path, "e")[0] == [{"e": "一行目、\n二,三,四\n終"}]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_usable_headers_is_refused(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.raises(SourceUnreadableError):
        CsvFile(path)


def test_a_column_named_twice_is_refused_only_where_it_is_asked_for(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,a,b,,\n1,2,3,4,5\n")
    assert read(path, "b")[0] == [{"b": "3"}]
    with pytest.raises(SourceUnreadableError, match="two columns 'a'"):
        read(path, "a")


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\r\n"])
def test_a_file_of_a_header_alone_has_no_rows(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_text(content)
    assert read(path, "a") == ([], [], [])


def test_the_end_mark_of_dos_is_no_record(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n\x1a")
    assert read(path, "a") == ([{"a": "1"}], [2], [])


@given(
    st.lists(
        st.tuples(
            *[st.text(st.characters(codec="cp932", exclude_characters="\x00\r¢£¬‖−〜"), max_size=8)]
            * 2
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_cell_comes_back(tmp_path_factory, rows):
    import csv

    path = tmp_path_factory.mktemp("csv") / "x.csv"
    with path.open("w", encoding="cp932", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    written = path.read_bytes()
    # A few Japanese letters in cp932 may be, or look like, UTF-8 of others; no reader can tell them apart.
    assume(written.isascii() or not looks_like_utf8(written))
    cells, _, unreadable = read(path, "a", "b")
    assert [(row["a"], row["b"]) for row in cells] == [(a or None, b or None) for a, b in rows]
    assert not unreadable


def looks_like_utf8(content: bytes) -> bool:
    text = content.decode("utf-8", errors="replace")
    return "\ufffd" not in text or any("\u0800" <= each != "\ufffd" for each in text)


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory(tmp_path):
    with (tmp_path / "bomb.csv").open("wb") as file:
        file.write(b"a,b\r\n")
        for _ in range(17):
            file.write(b"x" * (1 << 20))
    with pytest.raises(SourceUnreadableError, match="more than 16 MiB"):
        read(tmp_path / "bomb.csv", "a")


def test_a_header_that_never_ends_is_no_header_of_a_shops_system(tmp_path):
    (tmp_path / "bomb.csv").write_bytes(b"x" * (1 << 22))
    with pytest.raises(SourceUnreadableError):
        read(tmp_path / "bomb.csv", "a")


def test_a_parquet_file_that_unpacks_to_more_than_a_run_may_hold_is_refused(tmp_path):
    big = pyarrow.table({"a": pyarrow.array(["x" * (1 << 24)] * 70)})
    parquet.write_table(big, tmp_path / "bomb.parquet", use_dictionary=False, compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 1 << 20
    with pytest.raises(SourceUnreadableError, match="more than 1 GiB"):
        ParquetFolder(tmp_path).table("bomb.parquet")
