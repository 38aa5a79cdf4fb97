"""No text in a cell stops a run: it is read, or it is a fault of its own row."""

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import Kind
from transforms.reading.columns import _READERS
from transforms.reading.days import read_day
from transforms.reading.values import Read

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789０９.,-ー−/年月日元令和平成昭RHSTZz:+ 　¥円%kmKM", max_size=30),
)
INSTANTS = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}{}{:02}:{:02}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from("T "),
    st.integers(0, 25),
    st.integers(0, 61),
    st.sampled_from("+-"),
    st.integers(0, 99),
    st.integers(0, 99),
)


@pytest.mark.parametrize("kind", list(Kind))
@given(text=st.one_of(TEXTS, INSTANTS))
def test_a_reader_answers_every_text(kind, text):
    assert isinstance(_READERS[kind](text), Read)


@pytest.mark.parametrize(
    "written",
    [
        *("2026-10-01 10:00+99:00", "2026-10-01 10:00-24:00", "2026-10-01 10:00+09:99"),
        *("0001-01-01 00:00:00+09", "9999-12-31T23:59:59Z"),
    ],
)
def test_an_instant_no_calendar_has_is_unreadable(written):
    read = read_day(written)
    assert (read.value, read.fault) == (None, "unreadable")


def test_an_instant_is_a_day_of_japan():
    days = pyarrow.array([str(read_day("2026-10-01T15:00:00Z").value)])
    assert days.to_pylist() == ["2026-10-02"]
