"""Money and quantities are exact; what is not a number is a fault."""

from decimal import Decimal

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import CATALOG
from transforms.reading.columns import read_column
from transforms.reading.figures import read_flag, read_measure, read_quantity, read_whole


@pytest.mark.parametrize(
    ("text", "yen"),
    [
        ("12345", 12345),
        ("12,345", 12345),
        ("￥１２，３４５", 12345),
        ("\\12,345", 12345),
        ("12,345円", 12345),
        ("▲1,000", -1000),
        ("△500", -500),
        ("-500", -500),
        ("－５００", -500),
        ("1000.0", 1000),
        ("52,300km", 52300),
        ("52,300 KM", 52300),
        ("¥-1,000", -1000),
        ("▲ 1,000 円", -1000),
        ("¥12,345-", 12345),
        ("¥1,000.00", 1000),
        ("0", 0),
    ],
)
def test_whole_numbers_are_read_in_every_spelling(text, yen):
    assert read_whole(text).value == yen


@pytest.mark.parametrize(
    "text", ["12,34", "1e5", "一万円", "1.5", "100-200", "(500)", "1" * 12, "?", "12,345-"]
)
def test_what_is_no_whole_number_is_a_fault(text):
    assert read_whole(text) == (None, "unreadable", None)


@pytest.mark.parametrize("cell", ["9800\n12000", "1000 2000", "52\u3000100", "-¥-1"])
def test_two_figures_in_one_cell_are_none(cell):
    assert read_whole(cell) == read_quantity(cell) == (None, "unreadable", None)


@pytest.mark.parametrize("text", ["¥8.000", "52.000km", "12.000円"])
def test_a_point_typed_for_a_comma_divides_nothing_by_a_thousand(text):
    assert read_whole(text) == (None, "unreadable", None)


@pytest.mark.parametrize("text", ["３５０［２００］", "350(200)", "350〔200〕kg"])
def test_of_two_measures_of_a_certificate_the_unconditional_one_is_read(text):
    assert read_measure(text).value == 350
    assert read_whole(text).fault


@pytest.mark.parametrize("text", ["1,000(税抜)", "２０，０００（１８，０００）", "1500CC"])
def test_a_figure_with_a_remark_is_no_figure(text):
    assert read_whole(text).fault == "unreadable"


@pytest.mark.parametrize(
    ("text", "value"), [("3.8", "3.8"), ("０．５", "0.5"), ("4", "4"), ("-1.250", "-1.25")]
)
def test_quantities_keep_their_decimals(text, value):
    assert read_quantity(text).value == Decimal(value)


def test_a_fourth_decimal_is_not_rounded_away():
    assert read_quantity("1.2345").fault == "unreadable"


@given(st.integers(-(10**9), 10**9))
def test_reading_gives_back_every_amount(amount):
    assert read_whole(f"{amount:,}").value == amount


@pytest.mark.parametrize(
    ("text", "value"),
    [("○", True), ("可", True), ("1", True), ("×", False), ("false", False), ("", None)],
)
def test_marks_of_yes_and_no(text, value):
    assert read_flag(text).value is value


def test_an_unknown_mark_is_a_fault():
    assert read_flag("たぶん").fault == "unreadable"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("visits.checked_in_on", "2026/10/1①"),
        ("visits.odometer_km", "5000②"),
        ("visits.customer_id", "100①"),
        ("invoices.billed_jpy", "1200²"),
        ("customers.phone", "023-643-8163①"),
        ("customers.postal_code", "990-238₅"),
    ],
)
def test_a_circled_or_raised_figure_is_no_figure_of_the_number(column, cell):
    table, _, name = column.partition(".")
    read = read_column(pyarrow.array(["", cell]), CATALOG[table].columns[name])
    assert (read.values.null_count, read.faults.to_pylist()) == (2, [None, "unreadable"])


def test_a_circled_figure_keeps_no_car_from_its_recall():
    number = CATALOG["certificates"].columns["chassis_number"]
    read = read_column(pyarrow.array(["ZVW50-6000001①"]), number)
    assert read.values.to_pylist() == ["ZVW50-6000001"]


@pytest.mark.parametrize(("value", "is_read"), [(0.5, True), (0.1 + 0.2, True), (0.12345, False)])
def test_a_float_with_more_places_than_there_are_is_not_rounded(value, is_read):
    quantity = CATALOG["repair_lines"].columns["quantity"]
    read = read_column(pyarrow.array([value, 1.0]), quantity)
    assert (read.values.null_count == 0) == is_read
