"""Each shortcut gives what the long way gives."""

import re
import subprocess
import sys
import tempfile
import threading
from datetime import date
from pathlib import Path

import numpy as np
import pandera.pandas as pa
import pyarrow
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandas import ArrowDtype

import drops.writers
from drops import key_helper
from drops.key_helpers import KeyHelpers
from drops.keys import PartnerKeys
from drops.row_keys import RowKeys, write_row_keys
from drops.writers import write_all
from flows.running.keys_ahead import KeysAhead
from flows.running.scratch import Scratch
from ledger.references import References
from schemas.agreement import AgreedTable, Delivery, Share
from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG
from schemas.partner_tables import partner_tables
from transforms.arrays import are_ascii_words, content_of, lengths_of, plain
from transforms.checking import Contract, broken_rows, frame_of
from transforms.key_forms import KEY, binary_keys, hexadecimal_keys, keys_of_texts
from transforms.keyed_digests import KeyedDigests
from transforms.linking import KeyIndex
from transforms.number_texts import digested
from transforms.prefetching import prefetched
from transforms.reading import days
from transforms.reading.columns import _READERS, read_column
from transforms.reading.folded_columns import fold_homes, squeezed
from transforms.repeated_numbers import RepeatedNumbers
from transforms.screening.everybody import _digits as digits_of_phones
from transforms.screening.folding import all_folded, fold_term
from transforms.screening.folding import plain as plainly
from transforms.spare_contacts import contacts_within

DEFAULTS = tuple(str(day) for day in (*days.FIRST_DEFAULTS, days.LAST_DEFAULT))


def is_default(value):
    """Whether a value is a day that programs write for none: in a column it is none, whoever gave it."""
    return isinstance(value, date) and str(value) in DEFAULTS


KEY_FORM = "^[0-9a-f]{4}$"
CONTRACT = pa.DataFrameSchema(
    {
        "code": pa.Column(ArrowDtype(pyarrow.string()), pa.Check.isin(["a", "b"]), nullable=True),
        "key": pa.Column(ArrowDtype(pyarrow.string()), pa.Check.str_matches(KEY_FORM)),
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


@given(st.lists(st.text()))
@example(["ガード", "がード", "\u3099", "", " ", "ー", "e\u0301", "ß", "ﬁ", "\ufdd0", "\uffff"])
def test_words_folded_together_are_those_folded_one_by_one(words):
    for fold in (plainly, fold_term):
        assert all_folded(fold, words) == {fold(word) for word in words} - {""}


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_a_contract_that_remembers_finds_what_pandera_finds(batches):
    contract = Contract(CONTRACT)
    for rows in batches:
        batch = pyarrow.RecordBatch.from_pylist(rows, SCHEMA)
        found = contract.failures(batch)
        assert (_told(found) if found is not None else set()) == _by_pandera(batch)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.none() | st.integers(0, 4)), max_size=9)
)
def test_what_one_contract_learnt_is_good_only_for_the_same_rules(asked):
    for most, may_be_null, value in asked:
        column = pa.Column(ArrowDtype(pyarrow.int64()), pa.Check.le(most), nullable=may_be_null)
        rows = pyarrow.RecordBatch.from_pylist(
            [{"n": value}], pyarrow.schema([("n", pyarrow.int64())])
        )
        is_good = may_be_null if value is None else value <= most
        found = Contract(pa.DataFrameSchema({"n": column})).failures(rows)
        assert (found is None) is is_good


def test_rows_of_the_catalog_are_held_against_their_contract_batch_after_batch():
    table = CATALOG["visits"]
    good = {"visit_id": "N1", "customer_id": "1", "vehicle_id": None, "odometer_km": 5}
    rows = [{**good, "checked_in_on": _day(2026)}, {**good, "checked_in_on": _day(1700)}]
    for row, faults in ((rows[0], []), (rows[1], [(0, "checked_in_on:too_small")]), (rows[0], [])):
        batch = pyarrow.RecordBatch.from_pylist([row], schema_of(table))
        assert list(broken_rows(batch, table)) == faults


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


KEYS = st.binary(min_size=16, max_size=16)


@settings(max_examples=40)
@given(st.lists(KEYS, max_size=9), st.data())
def test_keys_of_sixteen_bytes_are_found_like_texts(keys, data):
    asked = data.draw(st.lists(st.none() | KEYS | st.sampled_from(keys or [b"0" * 16]), max_size=9))
    index = KeyIndex(pyarrow.array(keys, KEY))
    known = {key: place for place, key in reversed(list(enumerate(keys)))}
    expected = [-2 if key is None else known.get(key, -1) for key in asked]
    assert index.positions(pyarrow.array(asked, KEY)).tolist() == expected
    assert index.duplicates().tolist() == [keys.count(key) > 1 for key in keys]


@settings(max_examples=40)
@given(st.lists(KEYS, max_size=9, unique=True), st.lists(KEYS, max_size=9), st.randoms())
def test_keys_whose_hashes_meet_are_told_apart(keys, others, random):
    asked = [*keys, *others]
    random.shuffle(asked)
    known = {key: place for place, key in enumerate(keys)}
    expected = [known.get(key, -1) for key in asked]
    for bits in (0, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "transforms.linking._hashes",
                lambda cells, bits=bits: np.array(
                    [(key[0] & bits) << 63 for key in cells.to_pylist()], np.uint64
                ),
            )
            index = KeyIndex(pyarrow.array(keys, KEY))
            assert index.positions(pyarrow.array(asked, KEY)).tolist() == expected


TEXTS_LIKE_KEYS = st.none() | st.from_regex("[0-9a-f]{32}", fullmatch=True) | st.text(max_size=2)


@settings(max_examples=60)
@given(
    st.lists(TEXTS_LIKE_KEYS | TEXTS_LIKE_KEYS.map(lambda text: text and text.upper()), max_size=6)
)
@example(["0" * 32, "0" * 31 + "A"])
@example(["0" * 31 + "g", "0" * 30 + "あ"])
def test_a_text_is_a_key_or_none(texts):
    found = keys_of_texts(pyarrow.array(texts, pyarrow.string()))
    assert found.type == KEY
    is_key = [bool(text and re.fullmatch("[0-9a-f]{32}", text)) for text in texts]
    expected = [bytes.fromhex(t) if ok else None for t, ok in zip(texts, is_key, strict=True)]
    assert found.to_pylist() == expected


@pytest.mark.parametrize(
    ("endings", "has_two"), [("", False), ("a", False), ("abc", False), ("aba", True)]
)
def test_keys_that_begin_alike_are_no_twins(endings, has_two):
    column = pyarrow.array([b"0" * 15 + ending.encode() for ending in endings], KEY)
    assert KeyIndex(column).has_duplicates is has_two


@settings(max_examples=20)
@given(st.lists(st.integers(1, 5), max_size=6))
def test_a_parquet_file_does_not_show_how_its_rows_came(cuts):
    agreed = {"visits": AgreedTable(columns=("odometer_km",))}
    (table,) = partner_tables(Share(purposes=("5.contact",), tables=agreed))
    count = sum(cuts)
    columns = [
        pyarrow.array([f"{n:032x}" for n in range(count)])
        if pyarrow.types.is_string(field.type)
        else pyarrow.array(range(count), field.type)
        for field in table.schema
    ]
    rows = pyarrow.RecordBatch.from_arrays(columns, schema=table.schema)
    starts = [sum(cuts[:n]) for n in range(len(cuts))]
    pieces = [rows.slice(start, cut) for start, cut in zip(starts, cuts, strict=True)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(drops.writers, "_ROW_GROUP_ROWS", 3)
        for name, batches in (("whole", [rows]), ("cut", pieces)):
            write_all(
                drops.writers.open_writer(Path(folder) / name, table, Delivery(format="parquet")),
                batches,
            )
        assert (Path(folder) / "cut").read_bytes() == (Path(folder) / "whole").read_bytes()


PAIRS = st.lists(st.tuples(st.integers(-1, 3), st.sampled_from([1, 2, 63, 64, 70])), max_size=8)


@settings(max_examples=100)
@given(st.lists(PAIRS, min_size=1, max_size=4), st.integers(0, 2))
def test_a_number_that_stands_twice_under_a_parent_is_noticed(batches, most_words):
    numbers, before = RepeatedNumbers(4, most_words), []
    for pairs in batches:
        rows, given = (np.array([pair[n] for pair in pairs], np.int64) for n in (0, 1))
        seen = [*before, *pairs]
        expected = [p[0] >= 0 and (p in before or pairs.count(p) > 1) for p in pairs]
        assert numbers.repeated(rows, given).tolist() == expected
        before = seen


def test_keys_from_all_over_a_sorted_table_are_found():
    keys = pyarrow.array([f"C{n:05}" for n in range(5000)])
    asked = pyarrow.array(["C04999", "C00000", None, "C05000", "C02500"])
    assert KeyIndex(keys).positions(asked).tolist() == [4999, 0, -2, -1, 2500]
    assert KeyIndex(keys).positions(keys[100:4000]).tolist() == list(range(100, 4000))


@settings(max_examples=10)
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
    expected = [KeyedDigests(b"s", "v").joined(s.split(b"\n")) for s in shares]
    assert helpers.digest(b"s", "v", shares) == expected
    helpers._processes[1].kill()
    helpers._processes[1].wait()
    assert helpers.digest(b"s", "v", shares) is None
    assert helpers.digest(b"s", "v", shares) == expected
    helpers._stop()


def test_an_answer_nobody_read_is_not_taken_for_that_of_the_next_job(monkeypatch):
    def interrupted(_answers):
        raise KeyboardInterrupt

    helpers = KeyHelpers(count=1)
    with monkeypatch.context() as context:
        context.setattr(key_helper, "receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            helpers.digest(b"s", "v", [b"C1"])
    assert helpers.digest(b"t", "v", [b"C2"]) == [KeyedDigests(b"t", "v").joined([b"C2"])]
    helpers._stop()


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_a_contract_finds_the_same_in_dictionaries(batches):
    contract = Contract(CONTRACT)
    for rows in batches:
        batch = pyarrow.RecordBatch.from_pylist(rows, SCHEMA)
        columns = [
            column.dictionary_encode() if pyarrow.types.is_string(column.type) else column
            for column in batch.columns
        ]
        found = contract.failures(pyarrow.RecordBatch.from_arrays(columns, batch.schema.names))
        assert (_told(found) if found is not None else set()) == _by_pandera(batch)


@settings(max_examples=50)
@given(st.lists(st.none() | st.text(alphabet="a １,円.\u3000", max_size=5), max_size=8), st.data())
def test_a_dictionary_is_read_as_its_cells_are(cells, data):
    table, name = data.draw(
        st.sampled_from(
            [
                *(("repair_lines", "name"), ("repairs", "status"), ("customers", "phone")),
                *(("visits", "visit_id"), ("visits", "odometer_km")),
            ]
        )
    )
    column, source = CATALOG[table].columns[name], pyarrow.array(cells, pyarrow.string())
    one, other = read_column(source, column), read_column(source.dictionary_encode(), column)
    assert plain(other.values).to_pylist() == one.values.to_pylist()  # noqa: PD011 (no pandas object)
    told = [
        read.faults.to_pylist() if read.faults else [None] * len(cells) for read in (one, other)
    ]
    assert told[0] == told[1]
    assert one.flags == other.flags


@given(st.lists(st.none() | st.binary(min_size=16, max_size=16), max_size=6), st.integers(0, 3))
def test_keys_keep_their_value_in_either_form(keys, start):
    column = pyarrow.array(keys, KEY)[start:]
    in_hex = hexadecimal_keys(column)
    assert in_hex.to_pylist() == [None if k is None else k.hex() for k in keys[start:]]
    assert binary_keys(in_hex.drop_null()).equals(column.drop_null())


@pytest.mark.parametrize("texts", [["a", "b", None], ["a"] * 3 + [None], ["", None, "髙" * 40]])
def test_traits_do_not_depend_on_whether_a_column_repeats_itself(texts):
    references = References(b"r" * 32)
    alone = [
        references.traits(pyarrow.array([text], pyarrow.string()))[0].as_py() for text in texts
    ]
    often = references.traits(pyarrow.array(texts * 700, pyarrow.string())).to_pylist()
    rare = [*texts, *(str(n) for n in range(2000))]
    assert often == alone * 700
    assert (
        references.traits(pyarrow.array(rare, pyarrow.string())).to_pylist()[: len(texts)] == alone
    )


NUMBERS = st.lists(st.none() | st.integers(0, 99).map("C{}".format), min_size=1, max_size=9)


@settings(max_examples=40)
@given(NUMBERS, NUMBERS, st.data())
def test_keys_of_rows_are_those_of_their_numbers_and_of_no_other_row(first, second, data):
    keys, numbers = PartnerKeys(b"k" * 32), [*first, *second]
    count = len(numbers)
    codes = np.array(data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    rows = np.array(data.draw(st.lists(st.integers(-3, count - 1), max_size=12)), np.int32)
    alone = [keys.binary("customers", pyarrow.array([n], pyarrow.string())) for n in numbers]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keys"
        pieces = (pyarrow.array(piece, pyarrow.string()) for piece in (first, second))
        write_row_keys(path, keys, "customers", pieces)
        found = RowKeys(path, codes).of(rows)
    leaves = [row >= 0 and codes[row] == 0 for row in rows.tolist()]
    assert found.type == KEY
    assert found.to_pylist() == [
        alone[row][0].as_py() if is_out else None
        for row, is_out in zip(rows.tolist(), leaves, strict=True)
    ]


def test_keys_made_ahead_are_those_made_at_once(tmp_path):
    keys, numbers = PartnerKeys(b"k" * 32), pyarrow.array(["C1", None, "C3"])
    begun, now = KeysAhead(Scratch(tmp_path)), KeysAhead(Scratch(tmp_path))
    begun.begin("lotas", keys, "customers", [numbers])
    made = begun.of("lotas", keys, "customers", []).read_bytes()
    assert made == now.of("lotas", keys, "customers", [numbers[:1], numbers[1:]]).read_bytes()
    begun.close()
    now.close()


WORDS = st.lists(st.none() | st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))


@given(WORDS, st.data())
@settings(max_examples=200)
def test_columns_of_ascii_are_folded_as_all_texts_are(words, data):
    start = data.draw(st.integers(0, len(words)))
    cells = pyarrow.array(words, pyarrow.string())[start:]
    beside_others = pyarrow.concat_arrays([cells, pyarrow.array(["０"])])
    assert are_ascii_words(cells)
    assert not are_ascii_words(beside_others)
    for fold in (squeezed, digits_of_phones):
        assert fold(cells).to_pylist() == fold(beside_others)[:-1].to_pylist()


@given(st.lists(st.none() | st.text(max_size=3)), st.data())
def test_bytes_and_lengths_of_a_column_are_those_of_its_cells(texts, data):
    start = data.draw(st.integers(0, len(texts)))
    cells = pyarrow.array(texts, pyarrow.string())[start:]
    written = [(text or "").encode() for text in texts[start:]]
    assert content_of(cells).tobytes() == b"".join(written)
    assert lengths_of(cells).tolist() == [len(each) for each in written]


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

    assert list(prefetched(items())) == [0, 1, 2, 3, 4]
    assert threading.current_thread() not in workers


@pytest.mark.parametrize(("large", "by_another"), [(None, 0), (0, 4), (2, 2), (4, 0)])
def test_few_rows_are_worth_no_thread(large, by_another):
    workers = []

    def items():
        for number in range(5):
            workers.append(threading.current_thread())
            yield number

    stream = prefetched(items(), lambda number: 1_001 if number == large else 1_000)
    assert list(stream) == [0, 1, 2, 3, 4]
    assert len(workers) == 5
    here = 5 - by_another
    assert set(workers[:here]) == {threading.current_thread()}
    assert threading.current_thread() not in workers[here:]
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("rows", [None, lambda _: 1, lambda _: 1_001])
def test_what_ends_the_iterator_is_raised_behind_its_last_item(rows):
    def items():
        yield 1
        raise ValueError("broken")

    stream = prefetched(items(), rows)
    assert next(stream) == 1
    with pytest.raises(ValueError, match="broken"):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("rows", [None, lambda _: 1, lambda _: 1_001])
def test_an_iterator_that_is_left_early_is_closed(rows):
    closed = threading.Event()

    def items():
        try:
            yield from range(1_000)
        finally:
            closed.set()

    stream = prefetched(items(), rows)
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

    @settings(max_examples=50)
    @given(
        st.lists(
            texts | st.sampled_from(["", "なし", "R8.10.1", "１２", "1,000円", "x", *DEFAULTS]),
            max_size=6,
        )
    )
    def check(cells):
        whole = read_column(pyarrow.array(cells, pyarrow.string()), column)
        alone = [read_column(pyarrow.array(["-", cell]), column) for cell in cells]
        by_reader = [_READERS[column.kind](cell) for cell in cells]
        values = whole.values.to_pylist()  # noqa: PD011 (no pandas object)
        assert values == [read.values[1].as_py() for read in alone]  # noqa: PD011
        assert values == [None if is_default(r.value) else r.value for r in by_reader]
        faults = whole.faults.to_pylist() if whole.faults is not None else [None] * len(cells)
        assert faults == [read.fault for read in by_reader]

    check()


@pytest.mark.skipif(sys.platform != "linux", reason="only there Arrow always has jemalloc")
def test_arrow_has_one_pool_of_memory():
    of_a_run = (
        "import flows.running.run, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    )
    said = subprocess.run(
        [sys.executable, "-c", of_a_run], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "jemalloc"


_ODD_HOME, _ODD_NUMBER = "秋田市山王1-1-1コーポ山203", "自宅 018-862-0000 昼"
cells_of_homes = st.lists(st.none() | st.sampled_from(["", "山形市下反田31-2", _ODD_HOME]))
cells_of_numbers = st.lists(st.none() | st.sampled_from(["", "018-862-1111", _ODD_NUMBER]))


@given(cells_of_homes, cells_of_numbers)
def test_what_a_cell_gives_does_not_depend_on_whether_others_give_anything(homes, numbers):
    alone, beside = (fold_homes(_texts(each)).to_pylist() for each in (homes, [*homes, _ODD_HOME]))
    assert alone == beside[:-1]
    alone, beside = (_contacts(each) for each in (numbers, [*numbers, _ODD_NUMBER]))
    assert alone == [(contact, row) for contact, row in beside if row < len(numbers)]
    digest = References(b"secret").traits
    alone, beside = (digested(_texts(each), digest) for each in (homes, [*homes, _ODD_HOME]))
    assert alone.tolist() == beside[:-1].tolist()


def _texts(cells):
    return pyarrow.array(cells, pyarrow.string())


def _contacts(cells):
    contacts, rows = contacts_within(_texts(cells))
    return list(zip(contacts.to_pylist(), rows.tolist(), strict=True))
