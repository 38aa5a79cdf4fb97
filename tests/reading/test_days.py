"""Dates are read in every form ledgers use, and never guessed."""

from datetime import date

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import CATALOG
from transforms.reading.columns import read_column
from transforms.reading.days import read_day, read_month


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026/09/27",
            "2026-09-27",
            "20260927",
            "2026.9.27",
            "２０２６／９／２７",
            "2026年9月27日",
        ),
        *("令和8年9月27日", "R8.9.27", "R08/09/27", "令和 8年 9月27日", "r8-9-27", "令8.9.27"),
        *("2026/9/27(日)", "令和8年9月27日 日曜日", "2026/9/27 午後1:45:00"),
        *("2026-09-27 00:00:00", "2026-09-27T13:45:00", " 2026/9/27 "),
    ],
)
def test_a_day_is_read_in_every_form_of_real_ledgers(text):
    assert read_day(text) == (date(2026, 9, 27), None, None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("H30.1.5", date(2018, 1, 5)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("明治45年7月29日", date(1912, 7, 29)),
    ],
)
def test_era_boundaries_convert(text, day):
    assert read_day(text) == (day, None, None)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "26/9/27",
            "2026/13/1",
            "2026/02/30",
            "令和5年2月29日",
            "令和1年4月30日",
            "昭和65年13月40日",
        ),
        *("1985-04-00", "1985/4/0", "19850400", "昭和60年4月0日", "2026-10-00T00:00:00"),
        *("令和0年1月1日", "9/27", "2026", "46292", "去年の夏", "20261301", "2026/9/27頃"),
    ],
)
def test_a_day_that_cannot_be_told_is_a_fault_and_no_guess(text):
    read = read_day(text)
    assert read.value is None
    assert read.fault == "unreadable"


@pytest.mark.parametrize(
    "text", ["", " ", "-", "－", "なし", "0000-00-00", "0000/00/00", "0000年0月0日"]
)
def test_marks_for_nothing_are_nothing(text):
    assert read_day(text) == (None, None, None)


def test_a_heisei_date_after_the_abdication_is_converted_and_told():
    assert read_day("平成33年3月31日") == (date(2021, 3, 31), None, "after_its_era")


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("令和5年7月", "2023-07"),
        ("R5.7", "2023-07"),
        ("2023/07", "2023-07"),
        ("202307", "2023-07"),
        ("令和5年7月6日", "2023-07"),
        ("令和元年5月", "2019-05"),
        ("平成31年4月", "2019-04"),
        ("昭和64年1月", "1989-01"),
        ("平成元年1月", "1989-01"),
    ],
)
def test_a_month_is_read_with_or_without_its_day(text, month):
    assert read_month(text) == (month, None, None)


@pytest.mark.parametrize("text", ["2015", "平成27年", "2023/13", "27年5月", "230401", "190401"])
def test_a_month_is_never_made_up(text):
    assert read_month(text).fault == "unreadable"


@given(st.dates(min_value=date(2019, 5, 1), max_value=date(2099, 12, 31)))
def test_every_spelling_of_a_day_reads_the_same(day):
    year = day.year - 2018
    spellings = [
        f"{day:%Y/%m/%d}",
        f"{day:%Y%m%d}",
        f"令和{year}年{day.month}月{day.day}日",
        f"R{year}.{day.month}.{day.day}",
        f"R{year:02}/{day.month:02}/{day.day:02}",
    ]
    assert {read_day(spelling) for spelling in spellings} == {(day, None, None)}


@pytest.mark.parametrize("text", ["1900/1/0", "1900-01-00", "1900年1月0日", "0000-00-00"])
def test_what_excel_and_databases_show_of_no_day_is_none(text):
    assert read_day(text) == (None, None, None)


@pytest.mark.parametrize(
    "day",
    [date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1900, 1, 1), date(9999, 12, 31)],
)
@pytest.mark.parametrize("form", [str, lambda day: f"{day} 00:00:00", lambda day: day])
def test_the_day_a_program_writes_for_none_is_none_whatever_it_comes_as(day, form):
    born = date(1968, 4, 1)
    column = CATALOG["vehicles"].columns["released_on"]
    for source in (pyarrow.array([form(day), form(born)]), pyarrow.array([form(day), None])):
        read = read_column(source, column)
        assert read.values[0].as_py() is None
        assert read.faults is None or not read.faults[0].is_valid
    assert read_column(pyarrow.array([form(born), form(day)]), column).values[0].as_py() == born


def test_a_month_needs_no_day():
    assert read_month("2008-04-00").value == "2008-04"
