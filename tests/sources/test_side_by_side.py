"""Databases are read by two threads in one state, and unsorted only where the rows stand in order beyond doubt."""

import itertools
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import psycopg
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources.adbc_databases as adbc
from schemas.errors import SourceUnavailableError
from sources.adbc_databases import open_postgresql, open_sqlite
from sources.rows import Order, OutOfOrderError, RawBatch
from sources.standing_order import in_order
from tests.conftest import new_database

KEYS = st.sampled_from(["", "1", "10", "2", "a", "B", "あ", None])
NUMBERS = st.sampled_from(["1", "2", "10", "02", "-1", "1.5", "", None])
PLAIN_ORDER = Order(("id",), ("n",))


@given(st.lists(st.lists(st.tuples(KEYS, NUMBERS), max_size=4), max_size=4))
def test_rows_pass_only_if_each_comes_after_the_one_before(groups):
    rows = list(itertools.chain(*groups))
    given_, failed = [], False
    try:
        given_ += [
            row for batch in in_order(map(_batch, groups), PLAIN_ORDER) for row in _rows(batch)
        ]
    except OutOfOrderError:
        failed = True
    are_plain = all(key and key.isascii() and number and number.isdigit() for key, number in rows)
    places = [(key.encode(), int(number)) for key, number in rows] if are_plain else []
    ascend = are_plain and all(a < b for a, b in itertools.pairwise(places))
    assert failed is not ascend
    if ascend:
        assert given_ == rows


def _batch(rows):
    columns = list(zip(*rows, strict=True)) or [(), ()]
    arrays = [pyarrow.array(column, pyarrow.string()) for column in columns]
    return RawBatch(pyarrow.RecordBatch.from_arrays(arrays, ["id", "n"]), np.arange(len(rows)))


def _rows(batch):
    return [tuple(row.values()) for row in batch.rows.to_pylist()]


def write_elsewhere(path, statement):
    """Write as the shop's own program does: in another process, whose locks are its own."""
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, str(path), statement], check=True)


@pytest.fixture
def written(tmp_path):
    """A SQLite file that may be written to while it is read."""
    path = tmp_path / "shop.db"
    write_elsewhere(
        path, "PRAGMA journal_mode = WAL; CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('1');"
    )
    return path


def ids(source):
    table = source.table("t")
    return [row["id"] for b in table.batches(["id"], Order(("id",))) for row in b.rows.to_pylist()]


def test_both_connections_to_sqlite_show_the_state_of_the_opening(written):
    with open_sqlite(written) as database:
        write_elsewhere(written, "INSERT INTO t VALUES ('2')")
        assert ids(database) == ids(database.beside()) == ["1"]


@pytest.mark.parametrize(("writes", "is_shared"), [(1, True), (adbc._MOST_TRIES, False)])
def test_what_is_written_between_two_beginnings_is_seen_by_both_or_only_one_reads(
    written, writes, is_shared, monkeypatch
):
    asked = itertools.count(1)
    value = adbc._value

    def between(connection, query):
        number = next(asked)
        # The third of four questions is the one to the connection beside the first.
        if number % 4 == 3 and number // 4 < writes:
            write_elsewhere(written, f"INSERT INTO t VALUES ('w{number}')")
        return value(connection, query)

    monkeypatch.setattr(adbc, "_value", between)
    with open_sqlite(written) as database:
        beside = database.beside()
        assert (beside is not None) is is_shared
        assert "1" in ids(database)
        if beside is not None:
            assert ids(database) == ids(beside) == ["1", "w3"]


def test_both_connections_to_postgresql_show_the_state_of_the_opening(postgresql):
    url = new_database(postgresql)
    with psycopg.connect(url, autocommit=True) as writer:
        writer.execute("CREATE TABLE t (id TEXT)")
        writer.execute("INSERT INTO t VALUES ('1')")
        with open_postgresql(url) as database:
            writer.execute("INSERT INTO t VALUES ('2')")
            assert ids(database) == ids(database.beside()) == ["1"]


def test_a_server_that_allows_one_connection_is_read_through_one(postgresql):
    url = new_database(postgresql)
    with psycopg.connect(url, autocommit=True) as owner, ExitStack() as stack:
        stack.callback(owner.execute, "DROP OWNED BY single; DROP ROLE single")
        owner.execute("CREATE ROLE single LOGIN CONNECTION LIMIT 1")
        owner.execute("CREATE TABLE t (id TEXT)")
        owner.execute("INSERT INTO t VALUES ('1')")
        owner.execute("GRANT SELECT ON t TO single")
        with open_postgresql(url.replace("//postgres:", "//single:")) as database:
            assert database.beside() is None
            assert ids(database) == ["1"]


@pytest.mark.parametrize("rows", [["1", "2", "3"], ["2", "1", "3"]])
def test_a_table_is_read_as_it_stands_or_sorted(tmp_path, rows):
    path = tmp_path / "x.db"
    values = ", ".join(f"('{row}')" for row in rows)
    write_elsewhere(path, f"CREATE TABLE t (id TEXT); INSERT INTO t VALUES {values}")
    with open_sqlite(path) as database:
        found = list(database.table("t").standing(["id"], Order(("id",))))
    assert [row["id"] for batch in found for row in batch.rows.to_pylist()] == ["1", "2", "3"]
    assert [n for batch in found for n in batch.records.tolist()] == [1, 2, 3]


def test_disorder_that_shows_late_is_told_before_its_rows_are_given(tmp_path, monkeypatch):
    monkeypatch.setattr(adbc, "BATCH_ROWS", 2)
    path = tmp_path / "x.db"
    write_elsewhere(
        path, "CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('1'), ('2'), ('4'), ('3')"
    )
    with open_sqlite(path) as database:
        found = database.table("t").standing(["id"], Order(("id",)))
        assert next(found).rows.to_pylist() == [{"id": "1"}, {"id": "2"}]
        with pytest.raises(OutOfOrderError):
            next(found)


def test_a_file_that_is_being_written_to_is_away(tmp_path):
    path = tmp_path / "x.db"
    write_elsewhere(path, "CREATE TABLE t (id TEXT)")
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE');"
        "print('holding', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"holding\n"
        with (
            pytest.raises(SourceUnavailableError, match=r"x\.db: cannot be read now"),
            open_sqlite(path),
        ):
            pass
        writer.stdin.close()


def test_a_file_that_is_no_database_is_told(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("顧客コード,氏名\n" * 100)
    with (
        pytest.raises(SourceUnavailableError, match=r"x\.db: cannot be read now") as caught,
        open_sqlite(path),
    ):
        pass
    assert caught.value.__context__ is None


def test_the_drivers_own_words_never_travel_with_the_error(tmp_path):
    path = tmp_path / "x.db"
    write_elsewhere(path, "CREATE TABLE t (id TEXT); INSERT INTO t VALUES (CAST(x'ff41' AS TEXT))")
    with (
        open_sqlite(path) as database,
        pytest.raises(SourceUnavailableError, match=r"t: .* text that is not UTF-8") as caught,
    ):
        list(database.table("t").batches(["id"], Order(("id",))))
    assert caught.value.__context__ is None
