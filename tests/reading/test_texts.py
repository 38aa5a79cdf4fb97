"""Names and addresses keep their own characters; folding is for comparison only."""

from datetime import UTC, date, datetime

import pyarrow
import pytest

from schemas.catalog import CATALOG
from transforms.reading.columns import read_column
from transforms.reading.folded_columns import fold_addresses, squeezed
from transforms.reading.folding import fold_name
from transforms.reading.texts import read_name, read_text


def fold_address(text):
    return fold_addresses(pyarrow.array([text])).to_pylist()[0]


NAME = CATALOG["customers"].columns["name"]


@pytest.mark.parametrize("text", ["髙橋 﨑", "𠮷田", "神社", "㈱①～", "ﾌﾘｶﾞﾅ", "福〜−"])
def test_a_name_is_not_changed(text):
    assert read_text(text).value == text


def test_voicing_marks_of_macos_join_their_kana_and_nothing_else_changes():
    assert read_text("か\u3099 神").value == "が 神"


@pytest.mark.parametrize("text", ["外字\ue000", "\u0080", "\ufffd", "\uf8f0"])
def test_broken_characters_are_a_fault(text):
    assert read_text(text).fault == "broken_characters"


@pytest.mark.parametrize("text", ["山？太郎", "山?太郎", "???", "〓田 一郎"])
def test_a_lost_character_is_a_fault_of_a_name_only(text):
    assert read_name(text).fault == "lost_characters"
    assert read_text(text).value == text
    column = read_column(pyarrow.array(["髙橋", text]), NAME)
    assert column.faults is not None
    assert column.faults.to_pylist() == [None, "lost_characters"]


def test_line_ends_and_outer_spaces_are_tidied():
    assert read_text("\u3000一行目\r\n二行目 ").value == "一行目\n二行目"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋　一郎", "高橋一郎"),
        ("渡邉 健", "渡辺健"),
        ("㈱朝日", "株式会社 朝日"),
        ("ｻﾄｳ", "サトウ"),
        ("𠮷田", "吉田"),
    ],
)
def test_spellings_of_one_name_fold_to_one(one, other):
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("山形県山形市大字下反田３ １ 番地 ２", "山形市下反田31-2"),
        ("山形市香澄町二丁目３番４号", "山形市香澄町二-3-4"),
        ("東京都港区芝1−2−3", "港区芝１ー２ー３"),
    ],
)
def test_spellings_of_one_address_fold_to_one(one, other):
    assert fold_address(one) == fold_address(other)


def test_neighbours_do_not_fold_to_one():
    assert fold_address("山形市下反田31-2") != fold_address("山形市下反田3-12")


def test_running_text_is_squeezed_for_search():
    assert (
        "09012345678"
        in squeezed(pyarrow.array(["携帯 ０９０－１２３４－５６７８ へ"])).to_pylist()[0]
    )


def test_a_column_is_read_with_a_reason_per_row_and_loses_none():
    column = read_column(pyarrow.array(["髙橋", None, " ", "\ue000"]), NAME)
    assert column.values.to_pylist() == ["髙橋", None, None, None]
    assert column.faults is not None
    assert column.faults.to_pylist() == [None, None, None, "broken_characters"]


def test_an_instant_beyond_the_calendar_is_read_as_text():
    released = CATALOG["vehicles"].columns["released_on"]
    column = read_column(pyarrow.array([253402300799], pyarrow.timestamp("s", "UTC")), released)
    assert len(column.values.to_pylist()) == 1


def test_no_number_is_nothing_and_a_whole_number_keeps_its_digits():
    cells = pyarrow.array([1.0, float("nan"), 1234567890123.0, None, 1.5])
    read = read_column(cells, CATALOG["visits"].columns["vehicle_id"])
    assert read.values.to_pylist() == ["1", None, "1234567890123", None, "1.5"]
    cells = pyarrow.array([1.0, float("nan"), 10_000_000_000.0, 1.5])
    billed = read_column(cells, CATALOG["invoices"].columns["billed_jpy"])
    assert billed.values.to_pylist() == [1, None, 10_000_000_000, None]
    assert billed.faults.to_pylist() == [None, None, None, "unreadable"]


def test_typed_columns_are_cast_only_without_loss():
    amount = CATALOG["invoices"].columns["billed_jpy"]
    assert read_column(pyarrow.array([1.0, 2.0]), amount).values.to_pylist() == [1, 2]
    faulty = read_column(pyarrow.array([1.0, 2.5]), amount)
    assert faulty.values.to_pylist() == [1, None]


@pytest.mark.parametrize(
    ("table", "column", "cells", "values"),
    [
        ("customers", "phone", pyarrow.array([9012345678]), ["090-1234-5678"]),
        ("customers", "birth_on", pyarrow.array([20240101], pyarrow.int32()), [date(2024, 1, 1)]),
        ("vehicle_images", "is_cleared_for_sharing", pyarrow.array([2, 1]), [None, True]),
        (
            "visits",
            "checked_in_on",
            pyarrow.array([datetime(2026, 10, 31, 15, tzinfo=UTC)], pyarrow.timestamp("us", "UTC")),
            [date(2026, 11, 1)],
        ),
        (
            "visits",
            "checked_in_on",
            pyarrow.array(["2026-10-31 15:00:00+00", "2026-10-31 23:00:00+09:00"]),
            [date(2026, 11, 1), date(2026, 10, 31)],
        ),
    ],
)
def test_typed_cells_are_read_as_what_they_say_and_days_as_japan_has_them(
    table, column, cells, values
):
    assert read_column(cells, CATALOG[table].columns[column]).values.to_pylist() == values


@pytest.mark.parametrize("column", ["customer_id", "name", "email", "phone", "birth_on"])
def test_an_empty_text_is_nothing_in_every_column(column):
    cells = pyarrow.array(["", None])
    assert read_column(cells, CATALOG["customers"].columns[column]).values.null_count == 2


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u3000", "\u202f", " "])
@pytest.mark.parametrize("kind", [CATALOG["customers"].columns["kind"], NAME])
def test_an_outer_space_goes_whatever_stands_in_the_other_cells(space, kind):
    alone = read_column(pyarrow.array([f"individual{space}"]), kind)
    beside = read_column(pyarrow.array([f"individual{space}", " individual"]), kind)
    assert alone.values.to_pylist() == ["individual"]
    assert beside.values.to_pylist() == ["individual"] * 2


@pytest.mark.parametrize(
    "mark", ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "NULL", "nan", "-", "－", " ー "]
)
def test_what_stands_for_no_name_is_none(mark):
    read = read_column(pyarrow.array(["髙橋", mark]), NAME)
    assert (read.values.to_pylist(), read.faults) == (["髙橋", None], None)


def test_a_name_of_a_thousand_characters_and_more_is_set_aside():
    read = read_column(pyarrow.array(["あ" * 1000, "あ" * 1001]), NAME)
    assert read.faults.to_pylist() == [None, "too_long"]
