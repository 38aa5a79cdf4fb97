"""Whatever types a database or a Parquet file has, it gives the rows a CSV file would, or is refused."""

import shutil
import sqlite3
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow
import pytest
from pyarrow import parquet

from schemas.catalog import CATALOG
from schemas.errors import SourceUnreadableError
from schemas.shop import TableMapping
from sources.parquet_files import ParquetFolder
from sources.rows import Order
from sources.sqlalchemy_databases import _text_of, open_sqlalchemy
from sources.staging import _Stager
from tests.conftest import new_database
from tests.factories import (
    customer,
    joined,
    objection,
    run,
    slip,
    toml,
    vehicle,
    write_shop,
)
from transforms.canonical import canonicalise
from transforms.mapping import Match, MatchedColumn


def tables():
    return joined(
        {
            "customers": [customer("1"), customer("2"), customer("3")],
            "vehicles": [vehicle("V1", "1"), vehicle("V2", "2")],
            "objections": [objection("3")],
        },
        slip("R1", "1", "V1", lines=12),
        slip("R2", "2", "V2"),
    )


def edited(shop, change):
    content = tomllib.loads((shop / "shop.toml").read_text())
    change(content)
    (shop / "shop.toml").write_text(toml(content))
    return shop


def shop_of(folder, rows, source, *, keys=None, ending=""):
    """Write a shop that reads everything from one source, with the keys of another shop."""
    folder.mkdir()
    write_shop(folder, rows)
    if keys:
        (folder / "state").mkdir(mode=0o700)
        shutil.copytree(keys / "state" / "keys", folder / "state" / "keys")

    def point(content):
        content["sources"] = {"records": source}
        for name, mapping in content["tables"].items():
            mapping["table"] = f"{name}{ending}"

    return edited(folder, point)


def fill(execute, rows, mark, types=None):
    for name, table in CATALOG.items():
        columns = list(table.columns)
        declared = ", ".join(f"{c} {(types or {}).get((name, c), 'text')}" for c in columns)
        execute(f'CREATE TABLE "{name}" ({declared})')
        for row in rows.get(name, ()):
            marks = ", ".join([mark] * len(columns))
            execute(f'INSERT INTO "{name}" VALUES ({marks})', [row.get(c) for c in columns])


def in_postgresql(url, rows, types=None):
    own = new_database(url)
    with psycopg.connect(own) as connection:
        fill(connection.execute, rows, "%s", types)
    return {"kind": "postgresql", "url": own}


def in_sqlite(path, rows, types=None):
    connection = sqlite3.connect(path)
    fill(lambda query, values=(): connection.execute(query, values), rows, "?", types)
    connection.commit()
    connection.close()
    return {"kind": "sqlite", "file": str(path)}


def data(report):
    folder = Path(report.outcomes[0].path) / "data"
    return {path.name: path.read_text("utf-8-sig") for path in folder.iterdir()}


_BYTES = "ALTER COLUMN name TYPE bytea USING convert_to(name, 'SJIS')"
_LIST = "ALTER COLUMN name TYPE text[] USING ARRAY[name]"
_JSON = "ALTER COLUMN name TYPE jsonb USING jsonb_build_object('is', name)"
_RECORD = "ALTER COLUMN name TYPE two USING ROW(name, name)::two"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        *(("postgresql", change) for change in (_BYTES, _LIST, _JSON, _RECORD)),
        # its driver gives a record as the text PostgreSQL writes for it
        *(("sqlalchemy", change) for change in (_BYTES, _LIST, _JSON)),
    ],
)
def test_bytes_lists_and_records_are_no_names(tmp_path, postgresql, change, kind):
    rows = tables()
    source = in_postgresql(postgresql, rows)
    with psycopg.connect(source["url"]) as connection:
        connection.execute("CREATE TYPE two AS (one text, other text)")
        connection.execute(f"ALTER TABLE customers {change}")
    if kind == "sqlalchemy":
        url = source["url"].replace("postgresql://", "postgresql+psycopg://")
        source = {"kind": kind, "url": url}
    shop = shop_of(tmp_path / "shop", rows, source)
    with pytest.raises(SourceUnreadableError, match="'name'"):
        run(shop)


def test_words_of_an_enumeration_are_texts(tmp_path, postgresql):
    rows = tables()
    source = in_postgresql(postgresql, rows)
    with psycopg.connect(source["url"]) as connection:
        connection.execute("CREATE TYPE kinds AS ENUM ('individual', 'corporate')")
        connection.execute("ALTER TABLE customers ALTER COLUMN kind TYPE kinds USING kind::kinds")
    assert run(shop_of(tmp_path / "shop", rows, source)).outcomes[0].account["customers"].read == 3


def test_a_percent_sign_in_a_path_opens_no_other_shops_file(tmp_path):
    for name, who in (("My%20Shop", "本店 太郎"), ("My Shop", "別店 次郎")):
        (tmp_path / name).mkdir()
        rows = tables()
        rows["customers"][0]["name"] = who
        in_sqlite(tmp_path / name / "shop.db", rows)
    source = {"kind": "sqlite", "file": str(tmp_path / "My%20Shop" / "shop.db")}
    assert "本店" in data(run(shop_of(tmp_path / "shop", rows, source)))["customers.csv"]


@pytest.mark.parametrize("kind", ["postgresql", "sqlalchemy"])
def test_nobody_empties_a_table_while_the_shop_is_read(tmp_path, postgresql, kind):
    source = in_postgresql(postgresql, tables())
    own = source["url"]
    if kind == "sqlalchemy":
        source = {"kind": kind, "url": own.replace("postgresql://", "postgresql+psycopg://")}
    shop = shop_of(tmp_path / "shop", tables(), source)
    refused = []

    def refresh():
        # What a nightly job does, in one transaction; it would have to wait for us.
        try:
            with psycopg.connect(own) as connection:
                connection.execute("CREATE TEMP TABLE kept AS TABLE invoices")
                connection.execute("SET lock_timeout = '1ms'")
                connection.execute("TRUNCATE invoices; INSERT INTO invoices TABLE kept")
        except psycopg.errors.LockNotAvailable as error:
            refused.append(error)

    stage = _Stager.stage

    def staged(self, table, *others):
        found = stage(self, table, *others)
        if table.name == "customers":
            refresh()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Stager, "stage", staged)
        account = run(shop).outcomes[0].account
    assert refused
    assert account["invoices"].delivered == 2


def test_a_birth_date_of_the_years_with_summer_time_stays(tmp_path, postgresql):
    rows = tables()
    rows["customers"][0]["birth_on"] = "1949-06-15 00:00 Asia/Tokyo"
    source = in_postgresql(postgresql, rows, {("customers", "birth_on"): "timestamptz"})
    assert "1949-06-15" in data(run(shop_of(tmp_path / "shop", rows, source)))["customers.csv"]


_ENCRYPTED = """
import base64, sys
import pyarrow, pyarrow.parquet, pyarrow.parquet.encryption as encryption
from pathlib import Path
from schemas.errors import SourceUnreadableError
from sources.parquet_files import ParquetFolder
from sources.rows import Order

class Keys(encryption.KmsClient):
    def __init__(self, configuration):
        super().__init__()
    def wrap_key(self, key, name):
        return base64.b64encode(key)
    def unwrap_key(self, key, name):
        return base64.b64decode(key)

folder = Path(sys.argv[1])
rows = pyarrow.table({"name": ["1"]})
how = encryption.EncryptionConfiguration(footer_key="k", column_keys={"c": ["name"]}, plaintext_footer=True)
properties = encryption.CryptoFactory(Keys).file_encryption_properties(
    encryption.KmsConnectionConfig(), how
)
with pyarrow.parquet.ParquetWriter(folder / "t.parquet", rows.schema, encryption_properties=properties) as file:
    file.write_table(rows)
try:
    list(ParquetFolder(folder).table("t.parquet").batches(["name"], Order()))
except SourceUnreadableError as error:
    print(error)
"""


def test_an_encrypted_file_is_told_and_ends_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _ENCRYPTED, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "t.parquet" in done.stdout


def test_instants_by_a_clock_nobody_knows_are_refused(tmp_path):
    instants = pyarrow.array(
        [datetime(2026, 9, 30, 15, tzinfo=UTC)], pyarrow.timestamp("ns", "UTC")
    )
    rows = pyarrow.table({"booked_on": instants, "name": ["1"]})
    parquet.write_table(rows, tmp_path / "t.parquet", use_deprecated_int96_timestamps=True)
    table = ParquetFolder(tmp_path).table("t.parquet")
    with pytest.raises(SourceUnreadableError, match="booked_on"):
        list(table.batches(["name", "booked_on"], Order()))
    assert len(list(table.batches(["name"], Order()))) == 1


def test_any_database_orders_line_numbers_by_value(tmp_path):
    source = in_sqlite(tmp_path / "shop.db", tables())
    files = shop_of(tmp_path / "files", tables(), source)
    url = {"kind": "sqlalchemy", "url": f"sqlite:///{source['file']}"}
    expected = data(run(files))
    assert data(run(shop_of(tmp_path / "other", tables(), url, keys=files))) == expected


def test_what_a_driver_gives_differs_from_fetch_to_fetch(tmp_path, monkeypatch):
    # Nothing in the first rows and a number in the last; prices of other widths; more than 64 bits hold.
    monkeypatch.setattr("sources.sqlalchemy_databases._FETCH_ROWS", 2)
    rows = tables()
    rows["customers"] += [customer("4"), customer("5", merged_into_customer_id="4")]
    rows["repair_lines"][-1]["amount_jpy"] = 12345
    rows["repair_lines"][0]["quantity"] = 10.5
    rows["invoices"][0]["invoice_id"] = str(2**64)
    source = in_sqlite(
        tmp_path / "shop.db", rows, {("customers", "merged_into_customer_id"): "INTEGER"}
    )
    expected_shop = shop_of(tmp_path / "files", rows, source)
    expected = data(run(expected_shop))
    url = {"kind": "sqlalchemy", "url": f"sqlite:///{source['file']}"}
    other = shop_of(tmp_path / "other", rows, url, keys=expected_shop)
    edited(other, lambda content: content["tables"]["customers"].update(distinct=True))
    assert data(run(other)) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((2**63, "9223372036854775808"), (1.0, "1.0"), (0.1, "0.1"), (1e16, "10000000000000000")),
        *(
            (float("nan"), None),
            (Decimal("1E+2"), "100"),
            (Decimal("10.50"), "10.50"),
            (None, None),
        ),
        *(
            (datetime(2026, 10, 31, tzinfo=UTC), "2026-10-31 00:00:00+00:00"),
            (b"\1", "True"),
            ("山", "山"),
        ),
    ],
)
def test_how_a_drivers_value_is_written(value, text):
    assert _text_of(value) == text


def test_a_sqlite_file_that_is_not_there_is_not_made(tmp_path):
    path = tmp_path / "nowhere.db"
    with (
        pytest.raises(SourceUnreadableError, match=r"nowhere\.db"),
        open_sqlalchemy(f"sqlite:///{path}"),
    ):
        pass
    assert not path.exists()


def test_certificates_of_no_known_car_have_an_order(tmp_path, postgresql):
    rows = tables()
    rows["certificates"] = [
        {"chassis_number": car["chassis_number"], "plate": car["plate"], "issued_on": "2025-05-05"}
        for car in rows["vehicles"]
    ]
    source = in_postgresql(postgresql, rows)
    shop = shop_of(tmp_path / "shop", rows, source)
    run(shop)
    with psycopg.connect(source["url"]) as connection:
        first = rows["certificates"][0]["chassis_number"]
        connection.execute("UPDATE certificates SET fuel = fuel WHERE chassis_number = %s", [first])
    assert run(shop).outcomes[0].status == "unchanged"


def test_empty_and_null_are_one_where_rows_are_taken_once(tmp_path, postgresql):
    rows = tables()
    rows["customers"].insert(1, {**rows["customers"][0], "fax": ""})
    source = in_postgresql(postgresql, rows)
    shop = shop_of(tmp_path / "shop", rows, source)
    edited(shop, lambda content: content["tables"]["customers"].update(distinct=True))
    assert run(shop).outcomes[0].account["customers"].quarantined == 0


def test_whole_numbers_a_database_keeps_as_fractions_are_the_same_numbers(tmp_path):
    rows = tables()
    files = shop_of(tmp_path / "files", rows, in_sqlite(tmp_path / "plain.db", rows))
    expected = data(run(files))
    real = {(name, "customer_id"): "REAL" for name in CATALOG if name != "customers"}
    source = in_sqlite(tmp_path / "real.db", rows, {("customers", "customer_id"): "REAL", **real})
    assert data(run(shop_of(tmp_path / "shop", rows, source, keys=files))) == expected


def test_whole_numbers_a_parquet_file_keeps_as_decimals_are_the_same_numbers(tmp_path):
    rows = tables()
    files = shop_of(tmp_path / "files", rows, in_sqlite(tmp_path / "plain.db", rows))
    expected = data(run(files))
    source = {"kind": "parquet", "folder": "records"}
    shop = shop_of(tmp_path / "shop", rows, source, keys=files, ending=".parquet")
    kind = pyarrow.decimal128(12, 2)
    for name, table in CATALOG.items():
        columns = {}
        for column in table.columns:
            cells = [row.get(column) for row in rows.get(name, ())]
            is_number = column == "customer_id"
            columns[column] = pyarrow.array(
                [Decimal(cell) if cell and is_number else cell for cell in cells],
                kind if is_number else pyarrow.string(),
            )
        parquet.write_table(pyarrow.table(columns), shop / "records" / f"{name}.parquet")
    assert data(run(shop)) == expected


def test_what_is_no_number_is_nothing_where_words_are_mapped():
    table = CATALOG["customers"]
    batch = pyarrow.record_batch({"s": [1.0, float("nan")]})
    mapping = TableMapping(source="x", table="y", values={"sex": {"1": "male"}})
    match = Match(columns={"sex": MatchedColumn(("s",))}, missing=(), unmapped=(), ignored=())
    read = canonicalise(batch, mapping, match, table)
    assert read.rows["sex"].to_pylist() == ["male", None]


def test_a_database_in_another_encoding_is_read(tmp_path, postgresql):
    own = f"euc_{tmp_path.name}".replace("-", "_")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {own} ENCODING 'EUC_JP' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    url = postgresql.replace("/postgres?", f"/{own}?")
    with psycopg.connect(url) as connection:
        fill(connection.execute, tables(), "%s")
    shop = shop_of(tmp_path / "shop", tables(), {"kind": "postgresql", "url": url})
    assert run(shop).outcomes[0].status == "published"


def test_a_role_with_another_encoding_reads_the_same(tmp_path, postgresql):
    source = in_postgresql(postgresql, tables())
    with psycopg.connect(source["url"]) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET client_encoding = 'SJIS'")
    assert run(shop_of(tmp_path / "shop", tables(), source)).outcomes[0].status == "published"
