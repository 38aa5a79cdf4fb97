"""The same shop gives the same bytes from files, SQLite, PostgreSQL, Parquet and through SQLAlchemy."""

import json
import os
import re
import shutil
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pyarrow
import pytest
from pyarrow import parquet

from schemas.errors import (
    ConfigurationError,
    ObjectionsUnreliableError,
    SourceUnavailableError,
    SourceUnreadableError,
)
from schemas.shop import CertificateSource, CsvSource
from sources import adbc_databases
from sources.adbc_databases import open_postgresql, open_sqlite
from sources.buckets import BucketFolder
from sources.opening import FOLDER_READERS, opened
from sources.rows import BATCH_ROWS, Order
from sources.shop_folder import load_shop
from sources.staging import take_snapshot
from tests.carrying.places import s3_records
from tests.command import joint_use
from tests.conftest import ROOT, copy_sample, new_database
from tests.factories import run
from tests.sources.databases import (
    TABLES,
    columns_and_rows,
    create_table,
    drop_ragged_record,
    point_at,
)


@pytest.fixture(scope="module")
def from_files(tmp_path_factory):
    """The sample exported from its files, as a database could hold it: manifests and partner keys."""
    shop = copy_sample(tmp_path_factory.mktemp("files") / "shop")
    drop_ragged_record(shop)
    return shop, manifests(shop)


def manifests(shop: Path) -> dict[str, str]:
    return {
        o.partner: (Path(o.path) / "manifest-sha256.txt").read_text() for o in run(shop).outcomes
    }


@pytest.fixture
def other_shop(tmp_path, from_files):
    """The same records again, with the same partner keys."""
    shop = copy_sample(tmp_path / "shop")
    drop_ragged_record(shop)
    (shop / "state").mkdir(mode=0o700)
    shutil.copytree(from_files[0] / "state" / "keys", shop / "state" / "keys")
    return shop


def backwards(rows: list) -> list:
    return rows[::-1]


def as_numbered(rows: list) -> list:
    return rows


def one_late(rows: list) -> list:
    """A row of the beginning, entered last: the disorder shows when most of the table is read."""
    return rows[:3] + rows[4:] + rows[3:4]


def fill_sqlite(shop: Path, entered=backwards) -> Path:
    path = shop / "shop.db"
    with sqlite3.connect(path) as connection:
        for table in TABLES:
            header, rows = columns_and_rows(shop, table)
            connection.execute(create_table(table, header))
            marks = ", ".join("?" * len(header))
            connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', entered(list(rows)))
    connection.close()
    return path


@pytest.mark.parametrize("entered", [backwards, as_numbered, one_late])
def test_sqlite_gives_the_bytes_the_files_give(other_shop, from_files, entered, monkeypatch):
    monkeypatch.setattr("sources.adbc_databases.BATCH_ROWS", 40)
    monkeypatch.setattr("transforms.prefetching._FEW_ROWS", 0)
    fill_sqlite(other_shop, entered)
    point_at(other_shop, 'kind = "sqlite"\nfile = "shop.db"')
    assert manifests(other_shop) == from_files[1]


def test_nobody_reads_a_database_any_more_when_its_connections_are_closed(
    other_shop, tmp_path, monkeypatch
):
    for module in ("adbc_databases", "rows"):
        monkeypatch.setattr(f"sources.{module}.BATCH_ROWS", 40)
    monkeypatch.setattr("transforms.prefetching._FEW_ROWS", 0)
    monkeypatch.setattr("sources.staging._Stager._staged", lambda *_: 1 / 0)
    fill_sqlite(other_shop)
    point_at(other_shop, 'kind = "sqlite"\nfile = "shop.db"')
    folder = load_shop(other_shop)
    readers = set()

    def seen(table, headers, order, _rows=adbc_databases.AdbcTable._rows):
        for batch in _rows(table, headers, order):
            readers.add(threading.current_thread())
            yield batch

    monkeypatch.setattr(adbc_databases.AdbcTable, "_rows", seen)
    with pytest.raises(ZeroDivisionError) as failure:
        take_snapshot(folder, tmp_path, {})
    # The failure still holds every frame it went through, and what was in them.
    beside = readers - {threading.current_thread()}
    assert (len(readers), len(beside), failure.tb.tb_next is None) == (3, 2, False)
    assert not any(reader.is_alive() for reader in beside)


def test_postgresql_gives_the_bytes_the_files_give(other_shop, from_files, postgresql):
    with psycopg.connect(postgresql) as connection:
        for table in TABLES:
            header, rows = columns_and_rows(other_shop, table)
            connection.execute(create_table(table, header))
            marks = ", ".join(["%s"] * len(header))
            # The broken characters are no text PostgreSQL would refuse; the order is not the key order.
            connection.cursor().executemany(
                f'INSERT INTO "{table}" VALUES ({marks})', reversed(list(rows))
            )
    point_at(other_shop, f'kind = "postgresql"\nurl = "{postgresql}"')
    assert manifests(other_shop) == from_files[1]


@contextmanager
def in_a_bucket(shop, monkeypatch, *names):
    """Put some of the shop's folders into an S3 bucket and have it read them there; gives the bucket."""
    with s3_records(monkeypatch) as (_, files, where):
        text = (shop / "shop.toml").read_text()
        for name in names:
            files.put(f"{shop / name}/", f"shops/秋田 店/{name}/", recursive=True)
            shutil.rmtree(shop / name)
            text = text.replace(
                f'folder = "{name}"', f'folder = "s3://shops/秋田 店/{name}{where}"'
            )
        (shop / "shop.toml").write_text(text)
        yield files


def test_a_bucket_of_certificates_passes_over_no_file(tmp_path):
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in ("a.json", "b.xml", "c.JSON.bak", "scan.pdf", ".hidden", "Thumbs.db"):
        (folder / name).write_text("[]")
    (tmp_path / "private").mkdir()
    source = CertificateSource(kind="certificates", folder=str(folder))
    copied = BucketFolder(
        folder.as_uri(), tmp_path / "private", FOLDER_READERS[CertificateSource]
    ).table("")
    with opened(source, tmp_path, {}, tmp_path) as here:
        tables = [copied, here.table("")]
    for table in tables:
        list(table.batches(table.headers, Order(())))
    told = [[(row.written, row.reason) for row in table.unreadable] for table in tables]
    assert told[0] == told[1]
    assert len(told[0]) == 3


def test_a_bucket_tells_when_its_files_were_written(tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "a.csv").write_text("x\n1\n")
    # A part of a microsecond: one reader must not round where the other cuts off.
    os.utime(tmp_path / "a.csv", ns=(0, 1_795_801_921_050_618_500))
    reader = FOLDER_READERS[CsvSource]
    bucket = BucketFolder(tmp_path.as_uri(), tmp_path / "private", reader)
    for name in ("a.csv", "b.csv"):
        assert bucket.written_at(name) == reader.open(tmp_path).written_at(name)


def test_a_bucket_gives_the_bytes_the_files_give(other_shop, from_files, monkeypatch):
    with in_a_bucket(other_shop, monkeypatch, "records", "certificates", "counter"):
        assert manifests(other_shop) == from_files[1]
        parts = json.loads(joint_use("sources", "--shop", other_shop, "--json").stdout)["parts"]
    assert {part["name"] for part in parts} > {"顧客.csv", "certificates"}
    assert not list((other_shop / "state" / "runs").iterdir())


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("records/顧客.csv", "no such file in the source"),
        ("records/", "no such folder in bucket 'shops'"),
    ],
)
def test_what_is_not_in_the_bucket_stops_the_run(other_shop, monkeypatch, gone, told):
    with in_a_bucket(other_shop, monkeypatch, "records") as files:
        files.rm(f"shops/秋田 店/{gone}", recursive=True)
        with pytest.raises(SourceUnreadableError, match=told):
            run(other_shop)


def test_a_bucket_that_cannot_be_reached_is_away_and_no_credential_is_told(other_shop, monkeypatch):
    with in_a_bucket(other_shop, monkeypatch, "counter"):
        pass
    with pytest.raises(SourceUnavailableError, match="bucket 'shops' cannot be read") as caught:
        run(other_shop)
    assert "open sesame" not in str(caught.value)


def grants_of_the_read_me() -> list[str]:
    """The statements the README gives for the shop's database."""
    blocks = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def test_a_role_that_may_only_select_is_enough_and_can_write_nothing(
    other_shop, from_files, postgresql
):
    url = new_database(postgresql)
    with psycopg.connect(url) as connection:
        for table in TABLES:
            header, rows = columns_and_rows(other_shop, table)
            connection.execute(create_table(table, header))
            marks = ", ".join(["%s"] * len(header))
            connection.cursor().executemany(f'INSERT INTO "{table}" VALUES ({marks})', list(rows))
        database = connection.info.dbname
        for statement in grants_of_the_read_me():
            connection.execute(statement.replace("shop_database", database))
    reader = re.sub(r"//[^/]*@", "//joint_use_reader@", url)
    point_at(other_shop, f'kind = "postgresql"\nurl = "{reader}"')
    assert manifests(other_shop) == from_files[1]
    with psycopg.connect(reader, autocommit=True) as connection:
        for statement in (
            'DELETE FROM "顧客"',
            "CREATE TABLE x (y int)",
            'UPDATE "顧客" SET "氏名" = 1',
        ):
            with pytest.raises(psycopg.errors.Error):
                connection.execute(statement)


def test_any_database_of_sqlalchemy_gives_the_bytes_the_files_give(other_shop, from_files):
    path = fill_sqlite(other_shop)
    point_at(other_shop, f'kind = "sqlalchemy"\nurl = "sqlite:///{path}"')
    assert manifests(other_shop) == from_files[1]


def test_parquet_gives_the_bytes_the_files_give(other_shop, from_files):
    for table in TABLES:
        header, rows = columns_and_rows(other_shop, table)
        columns = list(zip(*rows, strict=True))
        arrays = [
            pyarrow.array([None if c is None else str(c) for c in column], pyarrow.string())
            for column in columns
        ]
        parquet.write_table(
            pyarrow.table(arrays, names=header), other_shop / "records" / f"{table}.parquet"
        )
    point_at(other_shop, 'kind = "parquet"\nfolder = "records"')
    text = (other_shop / "shop.toml").read_text()
    for table in TABLES:
        text = text.replace(f'table = "{table}"\n', f'table = "{table}.parquet"\n')
    (other_shop / "shop.toml").write_text(text)
    assert manifests(other_shop) == from_files[1]


def test_one_snapshot_shows_one_state_of_postgresql(postgresql):
    with psycopg.connect(postgresql, autocommit=True) as writer:
        writer.execute("CREATE TABLE moving (id TEXT, n TEXT)")
        writer.execute("INSERT INTO moving VALUES ('1', 'before')")
        with open_postgresql(postgresql) as database:
            table = database.table("moving")
            first = [b.rows.to_pylist() for b in table.batches(["id"], Order(("id",)))]
            writer.execute("INSERT INTO moving VALUES ('2', 'after')")
            second = [b.rows.to_pylist() for b in table.batches(["id"], Order(("id",)))]
    assert first == second == [[{"id": "1"}]]


def test_the_shops_databases_are_opened_to_read_only(tmp_path, postgresql):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (id TEXT)")
    connection.close()
    for opening in (open_sqlite(path), open_postgresql(postgresql)):
        with (
            opening as database,
            database._connection.cursor() as cursor,
            pytest.raises(Exception, match=r"read-?only"),
        ):
            cursor.execute("CREATE TABLE u (id TEXT)")


def test_rows_come_in_the_order_of_their_bytes(postgresql):
    with psycopg.connect(postgresql, autocommit=True) as writer:
        writer.execute("CREATE TABLE mixed (id TEXT, n INTEGER)")
        writer.execute(
            "INSERT INTO mixed VALUES ('a', 10), ('a', 9), ('B', 1), ('あ', 1), ('_', 1)"
        )
    with open_postgresql(postgresql) as database:
        (batch,) = database.table("mixed").batches(["id", "n"], Order(("id",), ("n",)))
    assert [tuple(row.values()) for row in batch.rows.to_pylist()] == [
        ("B", "1"),
        ("_", "1"),
        ("a", "9"),
        ("a", "10"),
        ("あ", "1"),
    ]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ('kind = "sqlite"\nfile = "nowhere.db"', SourceUnreadableError),
        ('kind = "postgresql"\nurl = "postgresql://127.0.0.1:1/x"', SourceUnavailableError),
        ('kind = "sqlalchemy"\nurl = "nothing://x"', SourceUnavailableError),
        ('kind = "postgresql"\nurl_variable = "JOINT_USE_TEST_NO_SUCH"', ConfigurationError),
    ],
)
def test_a_source_that_is_away_is_told_without_its_address(sample_shop, source, error):
    point_at(sample_shop, source)
    with pytest.raises(error) as caught:
        run(sample_shop)
    assert "127.0.0.1" not in str(caught.value)


def test_a_missing_table_is_told_by_name(sample_shop):
    fill_sqlite(sample_shop)
    point_at(sample_shop, 'kind = "sqlite"\nfile = "shop.db"')
    text = (sample_shop / "shop.toml").read_text().replace('table = "売上"', 'table = "売上げ"')
    (sample_shop / "shop.toml").write_text(text)
    with pytest.raises(SourceUnreadableError, match="売上げ: no such table"):
        run(sample_shop)


def test_a_column_that_begins_with_a_batch_of_nulls_is_read_as_the_text_it_is(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (id TEXT, late TEXT)")
        rows = ((f"{n:07}", None if n < BATCH_ROWS + 9 else "値") for n in range(BATCH_ROWS + 10))
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    connection.close()
    with open_sqlite(path) as database:
        batches = list(database.table("t").batches(["id", "late"], Order(("id",))))
    assert batches[-1].rows["late"].to_pylist()[-1] == "値"
    assert sum(batch.rows.num_rows for batch in batches) == BATCH_ROWS + 10


def test_an_objection_without_a_number_stops_the_run_from_a_database_too(other_shop):
    fill_sqlite(other_shop)
    point_at(other_shop, 'kind = "sqlite"\nfile = "shop.db"')
    with sqlite3.connect(other_shop / "shop.db") as connection:
        connection.execute('UPDATE "申し出" SET "顧客コード" = NULL WHERE "申出番号" = \'M0001\'')
    connection.close()
    with pytest.raises(ObjectionsUnreliableError, match="1 name no customer"):
        run(other_shop)
