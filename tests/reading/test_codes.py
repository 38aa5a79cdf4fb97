"""Phones, plates, chassis numbers and other codes: folded, never invented."""

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import CATALOG
from transforms.reading.car_codes import (
    read_chassis_number,
    read_digits,
    read_identifier,
    read_model_code,
    read_plate,
)
from transforms.reading.columns import read_column
from transforms.reading.contacts import read_email, read_phone, read_postal_code
from transforms.reading.folded_columns import fold_codes
from transforms.reading.folding import fold_code


@pytest.mark.parametrize(
    "text",
    [
        "023-643-8163",
        "(023)643-8163",
        "0236438163",
        "０２３－６４３－８１６３",
        "023ー643ー8163",
        "023−643−8163",
        "+81 23-643-8163",
        *("TEL 023-643-8163", "℡023-643-8163", "023・643・8163", "023-643-8163（代）"),
    ],
)
def test_a_landline_is_read_in_every_spelling(text):
    assert read_phone(text) == ("023-643-8163", None, None)


@pytest.mark.parametrize("text", ["9012345678.0", "09012345678.00", "09012345678"])
def test_a_mobile_a_spreadsheet_took_for_a_fraction_is_read(text):
    assert read_phone(text) == ("090-1234-5678", None, None)


def test_a_number_without_area_code_stays_as_written_and_is_told():
    assert read_phone("643-8163") == ("643-8163", None, "without_area_code")


@pytest.mark.parametrize("text", ["070-0000-0000", "090-1234-567"])
def test_a_number_no_exchange_has_stays_as_written_and_is_told(text):
    assert read_phone(text) == (text, None, "no_such_number")


@pytest.mark.parametrize(
    "text", ["息子090-1234-5678", "留守電へ", "023-643-8163 又は 090-1111-2222"]
)
def test_words_in_a_phone_cell_are_a_fault(text):
    assert read_phone(text).fault == "unreadable"


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("品川　１５０　お　１００７", "品川 150 お 1007"),
        ("尾張小牧５００や１０００", "尾張小牧 500 や 1000"),
        ("山形500あ・・・1", "山形 500 あ 1"),
        ("山形 580 あ 12-34", "山形 580 あ 1234"),
        ("なにわ 3A0 さ 1", "なにわ 3A0 さ 1"),
        ("足立 5 め 99-99", "足立 5 め 9999"),
        ("つくば 300 E 12", "つくば 300 E 12"),
    ],
)
def test_plates_are_read_in_every_spelling(text, plate):
    assert read_plate(text) == (plate, None, None)


@pytest.mark.parametrize(
    ("text", "number", "flag"),
    [
        ("ＺＶＷ５０－６０００００１", "ZVW50-6000001", None),
        ("zvw50ー6000001", "ZVW50-6000001", None),
        (" ZVW50‐6000001", "ZVW50-6000001", None),
        ("VF3LCYHZRLS037790", "VF3LCYHZRLS037790", None),
        ("国[01]00001国", "国[01]00001国", None),
        ("[41]12345", "[41]12345", None),
        ("ZVW506000100", "ZVW506000100", "unusual"),
    ],
)
def test_chassis_numbers_are_folded_and_never_rebuilt(text, number, flag):
    assert read_chassis_number(text) == (number, None, flag)


@pytest.mark.parametrize("text", ["＊＊＊", "－", "不明", ""])
def test_masked_codes_are_nothing(text):
    assert read_chassis_number(text).value is None
    assert read_plate(text).value is None


def test_leading_zeros_and_stars_stay():
    assert read_digits("０００７０").value == "00070"
    assert read_digits("*000700001").value == "*000700001"
    assert read_identifier(" ００１２３ ").value == "00123"


@pytest.mark.parametrize("blank", [" ", "\u3000", "\t", " \u3000 "])
def test_two_numbers_in_one_cell_are_not_a_third_ones(blank):
    assert read_identifier(f"12{blank}34").value == "12 34"
    assert read_identifier(f" K{blank}12 ").value == "K12"


@pytest.mark.parametrize(
    "text", ["12\n34", "12\x0b34", "2.01511E+11", "1.001e+03", "1e+17", "12〜34", "12~34"]
)
def test_a_number_over_two_lines_or_rounded_by_a_spreadsheet_is_nobodys(text):
    column = CATALOG["visits"].columns["customer_id"]
    assert read_identifier(text) == (None, "unreadable", None)
    assert read_column(pyarrow.array(["1", text]), column).faults.to_pylist() == [
        None,
        "unreadable",
    ]


def test_the_mark_of_a_modified_model_stays():
    assert read_model_code("ＱＤＦ－ＫＤＹ２３１改").value == "QDF-KDY231改"


@pytest.mark.parametrize("text", ["990-2385", "〒９９０－２３８５", "9902385", "990ー2385"])
def test_postal_codes(text):
    assert read_postal_code(text).value == "990-2385"


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("a.b@example.jp", True),
        ("mailto:a.b@example.jp", True),
        ("×", True),
        ("a@b", False),
        ("a@b.jp, c@d.jp", False),
    ],
)
def test_mail_addresses(text, ok):
    assert (read_email(text).fault is None) is ok


@given(st.lists(st.text("ZＺzｚ0０５ー－‐-−ｰ 　改ｱア", max_size=9), max_size=5))
def test_a_column_of_codes_is_folded_as_each_of_them(texts):
    folded = fold_codes(pyarrow.array(texts, pyarrow.string())).to_pylist()
    assert folded == [fold_code(text) for text in texts]
