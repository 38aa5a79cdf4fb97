"""Each shortcut gives what the long way gives."""

import subprocess
import sys
import threading

import numpy as np
import pandera.pandas as pa
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import ArrowDtype

from drops.key_helpers import KeyHelpers
from drops.keys import PartnerKeys
from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG
from transforms.checking import Contract, broken_rows, frame_of
from transforms.keyed_digests import KeyedDigests
from transforms.linking import KeyIndex
from transforms.reading.columns import _READERS, read_column
from transforms.working_ahead import ahead

KEY = "^[0-9a-f]{4}$"
CONTRACT = pa.DataFrameSchema(
    {
        "code": pa.Column(ArrowDtype(pyarrow.string()), pa.Check.isin(["a", "b"]), nullable=True),
        "key": pa.Column(ArrowDtype(pyarrow.string()), pa.Check.str_matches(KEY)),
        "month": pa.Column(
            ArrowDtype(pyarrow.string()), pa.Check.str_matches(r"^\d{4}-\d{2}$"), nullable=True
        ),
        "amount": pa.Column(
            ArrowDtype(pyarrow.int64()), [pa.Check.ge(0), pa.Check.le(9)], nullable=True
        ),
        "text": pa.Column(ArrowDtype(pyarrow.string()), nullable=False),
    },
    strict=True,
    ordered=True,
)
SCHEMA = pyarrow.schema(
    [(n, pyarrow.int64() if n == "amount" else pyarrow.string()) for n in CONTRACT.columns]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(["a", "b", None, "c"]),
            "key": st.sampled_from(["0a1f", "ffff", "12345", "xyz0", "０a1f", "", None]),
            "month": st.sampled_from(["2026-10", "2026-1", None]),
            "amount": st.none() | st.integers(-1, 10),
            "text": st.sampled_from(["", "x", None]),
        }
    ),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_a_contract_that_remembers_finds_what_pandera_finds(batches):
    contract = Contract(CONTRACT)
    for rows in batches:
        batch = pyarrow.RecordBatch.from_pylist(rows, SCHEMA)
        found = contract.failures(batch)
        assert (_told(found) if found is not None else set()) == _by_pandera(batch)


def test_rows_of_the_catalog_are_held_against_their_contract_batch_after_batch():
    table = CATALOG["visits"]
    good = {"visit_id": "N1", "customer_id": "1", "vehicle_id": None, "odometer_km": 5}
    rows = [{**good, "checked_in_on": _day(2026)}, {**good, "checked_in_on": _day(1700)}]
    for row, faults in ((rows[0], []), (rows[1], [(0, "checked_in_on:too_small")]), (rows[0], [])):
        batch = pyarrow.RecordBatch.from_pylist([row], schema_of(table))
        assert list(broken_rows(batch, table)) == faults


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab1", max_size=3), max_size=8), st.data())
def test_runs_of_keys_are_found_as_each_key_is(keys, data):
    index = KeyIndex(pyarrow.array(keys, pyarrow.string()))
    runs = data.draw(
        st.lists(
            st.tuples(st.text(alphabet="ab1", max_size=3), st.integers(200, 400)),
            min_size=6,
            max_size=8,
        )
    )
    asked = pyarrow.array([key for key, count in runs for _ in range(count)])
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    assert index.positions(asked).tolist() == [first.get(key, -1) for key in asked.to_pylist()]


def test_keys_from_all_over_a_sorted_table_are_found():
    keys = pyarrow.array([f"C{n:05}" for n in range(5000)])
    asked = pyarrow.array(["C04999", "C00000", None, "C05000", "C02500"])
    assert KeyIndex(keys).positions(asked).tolist() == [4999, 0, -2, -1, 2500]
    assert KeyIndex(keys).positions(keys[100:4000]).tolist() == list(range(100, 4000))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.none() | st.text(max_size=8), max_size=20))
def test_helpers_give_the_keys_we_would_make_ourselves(numbers):
    numbers = [*numbers, *(f"C{n}" for n in range(25_000))]
    column = pyarrow.array(numbers, pyarrow.string())
    own = iter(
        KeyedDigests(b"k" * 32, "customers").of(n.encode() for n in numbers if n is not None)
    )
    expected = [None if number is None else next(own) for number in numbers]
    assert PartnerKeys(b"k" * 32).of("customers", column).to_pylist() == expected


def test_a_killed_helper_is_replaced_and_no_key_is_lost():
    helpers = KeyHelpers(count=2)
    shares = [b"C1\nC2", b"C3"]
    expected = ["".join(KeyedDigests(b"s", "v").of(s.split(b"\n"))).encode() for s in shares]
    assert helpers.digest(b"s", "v", shares) == expected
    helpers._processes[1].kill()
    helpers._processes[1].wait()
    assert helpers.digest(b"s", "v", shares) is None
    assert helpers.digest(b"s", "v", shares) == expected
    helpers._stop()


def test_a_helper_ends_with_its_input():
    done = subprocess.run(
        [sys.executable, "-m", "drops.key_helper"], input=b"", capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_working_ahead_changes_nothing_but_who_works():
    workers = set()

    def items():
        for number in range(5):
            workers.add(threading.current_thread())
            yield number

    assert list(ahead(items())) == [0, 1, 2, 3, 4]
    assert threading.current_thread() not in workers


def test_what_ends_the_iterator_is_raised_behind_its_last_item():
    def items():
        yield 1
        raise ValueError("broken")

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="broken"):
        next(stream)


def test_an_iterator_that_is_left_early_is_closed():
    closed = threading.Event()

    def items():
        try:
            yield from range(1_000)
        finally:
            closed.set()

    stream = ahead(items())
    next(stream)
    stream.close()
    assert closed.is_set()


def _told(failures):
    # A contract says `missing` of a null once, however many rules the column has.
    return {(c, str(k).partition("(")[0], int(i)) for c, k, i in failures.itertuples(index=False)}


def _by_pandera(batch):
    try:
        CONTRACT.validate(frame_of(batch), lazy=True)
    except pa.errors.SchemaErrors as errors:
        return _told(errors.failure_cases[["column", "check", "index"]])
    return set()


def _day(year):
    return np.datetime64(f"{year}-01-01").astype(object)


@pytest.mark.parametrize(
    ("table", "name", "texts"),
    [
        ("visits", "checked_in_on", st.from_regex(r"[0-2]\d{3}-[01]\d-[0-3]\d", fullmatch=True)),
        ("visits", "odometer_km", st.from_regex(r"-?\d{1,12}", fullmatch=True)),
        ("repair_lines", "quantity", st.from_regex(r"-?\d{1,12}(\.\d{1,4})?", fullmatch=True)),
    ],
)
def test_columns_are_read_as_each_of_their_texts(table, name, texts):
    column = CATALOG[table].columns[name]

    @settings(deadline=None, max_examples=50)
    @given(
        st.lists(
            texts | st.sampled_from(["", "なし", "R8.10.1", "１２", "1,000円", "x"]), max_size=6
        )
    )
    def check(cells):
        whole = read_column(pyarrow.array(cells, pyarrow.string()), column)
        alone = [read_column(pyarrow.array(["-", cell]), column) for cell in cells]
        by_reader = [_READERS[column.kind](cell) for cell in cells]
        values = whole.values.to_pylist()  # noqa: PD011 (no pandas object)
        assert values == [read.values[1].as_py() for read in alone]  # noqa: PD011
        assert values == [read.value for read in by_reader]
        faults = whole.faults.to_pylist() if whole.faults is not None else [None] * len(cells)
        assert faults == [read.fault for read in by_reader]

    check()


@pytest.mark.skipif(sys.platform != "linux", reason="only there Arrow always has jemalloc")
def test_arrow_has_one_pool_of_memory():
    of_a_run = "import flows.run, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    said = subprocess.run(
        [sys.executable, "-c", of_a_run], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "jemalloc"
