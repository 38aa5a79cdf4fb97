"""A large synthetic shop as Parquet: 200,000 customers, 300,000 cars, 1 M repairs, 6 M lines.

`months` spreads the slips: 1 puts every slip into the exported month, 36 gives three years of which
the export delivers one month.
"""

from itertools import chain
from pathlib import Path
from shutil import copy, copytree, ignore_patterns, rmtree

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import duckdb
import pyarrow
import pyrage
from adbc_driver_manager.dbapi import Connection
from pyarrow import parquet

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
CUSTOMERS, VEHICLES, REPAIRS, LINES_PER_REPAIR = 200_000, 300_000, 1_000_000, 6

_DAY = "DATE '2026-10-31' - CAST((i * 7919) % (30 + (({months} - 1) * 30)) AS INTEGER)"

_TABLES = {
    "customers": """
        SELECT printf('C%08d', i) AS customer_id, 'individual' AS kind,
            CAST(NULL AS VARCHAR) AS merged_into_customer_id,
            '客' || i || ' 某' AS name, 'ｷｬｸ' || i AS name_kana,
            CASE i % 2 WHEN 0 THEN 'male' ELSE 'female' END AS sex,
            printf('990-%04d', i % 10000) AS postal_code,
            '山形市大字下反田' || i || '番地' || (i % 20) AS address,
            CAST(NULL AS VARCHAR) AS phone,
            printf('090-%04d-%04d', 1000 + i // 10000, i % 10000) AS mobile_phone,
            'user' || i || '@example.jp' AS email,
            DATE '1950-01-01' + CAST(i % 20000 AS INTEGER) AS birth_on
        FROM range({customers}) t(i)""",
    "vehicles": """
        SELECT printf('V%08d', i) AS vehicle_id, printf('C%08d', i % {customers}) AS customer_id,
            printf('ZVW50-%07d', i) AS chassis_number, CAST(NULL AS DATE) AS released_on,
            '通勤' AS usage
        FROM range({vehicles}) t(i)""",
    "certificates": """
        SELECT printf('V%08d', i) AS vehicle_id, printf('ZVW50-%07d', i) AS chassis_number,
            'DAA-ZVW50' AS model_code, 'トヨタ' AS maker_name, DATE '2025-01-01' AS issued_on,
            DATE '2027-01-01' AS valid_until_on,
            '客' || (i % {customers}) || ' 某' AS owner_name,
            '山形市大字下反田' || (i % {customers}) || '番地' || ((i % {customers}) % 20) AS owner_address
        FROM range({vehicles}) t(i)""",
    "visits": """
        SELECT printf('N%09d', i) AS visit_id, printf('C%08d', (i % {vehicles}) % {customers}) AS customer_id,
            printf('V%08d', i % {vehicles}) AS vehicle_id, {day} AS checked_in_on, i % 200000 AS odometer_km
        FROM range({repairs}) t(i)""",
    "repairs": """
        SELECT printf('S%09d', i) AS repair_id, printf('C%08d', (i % {vehicles}) % {customers}) AS customer_id,
            printf('V%08d', i % {vehicles}) AS vehicle_id, 'completed' AS status, 'own_shop' AS done_by,
            {day} AS done_on, CASE i % 3 WHEN 0 THEN '車検整備' WHEN 1 THEN '一般整備' ELSE 'オイル交換' END AS work_kind
        FROM range({repairs}) t(i)""",
    "repair_lines": """
        SELECT printf('S%09d', i // {lines}) AS repair_id, i % {lines} + 1 AS line_number,
            CASE i % 2 WHEN 0 THEN 'part' ELSE 'labour' END AS line_kind,
            'エンジンオイル 0W-' || (i % 997) AS name, CAST(i % 9 + 1 AS DECIMAL(14, 3)) AS quantity,
            (i * 37) % 20000 AS unit_price_jpy, (i * 37) % 20000 * (i % 9 + 1) AS amount_jpy
        FROM range({repairs} * {lines}) t(i)""",
    "invoices": """
        SELECT printf('D%09d', i) AS invoice_id, printf('S%09d', i) AS repair_id,
            printf('C%08d', (i % {vehicles}) % {customers}) AS customer_id,
            CAST(NULL AS DATE) AS estimated_on, {day} AS booked_on, (i * 37) % 90000 AS billed_jpy
        FROM range({repairs}) t(i)""",
    "objections": """
        SELECT printf('O%06d', i) AS objection_id, printf('C%08d', i * 50) AS customer_id,
            'provision' AS scope, DATE '2025-01-01' AS received_on
        FROM range({customers} // 50) t(i)""",
}

COLUMNS = {
    "customers": ["name", "sex", "postal_code", "address", "mobile_phone", "email", "birth_on"],
    "vehicles": ["usage"],
    "certificates": [
        "chassis_number",
        "model_code",
        "maker_name",
        "issued_on",
        "valid_until_on",
        "owner_name",
        "owner_address",
    ],
    "visits": ["checked_in_on", "odometer_km"],
    "repairs": ["done_by", "done_on", "work_kind"],
    "repair_lines": [
        "line_number",
        "line_kind",
        "name",
        "quantity",
        "unit_price_jpy",
        "amount_jpy",
    ],
    "invoices": ["estimated_on", "booked_on", "billed_jpy"],
}
"""What the partner of the benchmark gets; the peers write the same."""

IDS = {
    "customers": ["customer_id"],
    "vehicles": ["vehicle_id", "customer_id"],
    "certificates": ["vehicle_id"],
    "visits": ["visit_id", "customer_id", "vehicle_id"],
    "repairs": ["repair_id", "customer_id", "vehicle_id"],
    "repair_lines": ["repair_id"],
    "invoices": ["invoice_id", "repair_id", "customer_id"],
}
"""The numbers the peers leave in place of partner keys."""


def make_shop(folder: Path, *, months: int, scale: float) -> Path:
    """Write the shop, `scale` times its size."""
    rmtree(folder, ignore_errors=True)
    (folder / "records").mkdir(parents=True)
    (folder / "partners").mkdir()
    (folder / "handed_over").mkdir()
    sizes = {
        "customers": int(CUSTOMERS * scale),
        "vehicles": int(VEHICLES * scale),
        "repairs": int(REPAIRS * scale),
        "lines": LINES_PER_REPAIR,
        "months": months,
    }
    for name, query in _TABLES.items():
        filled = query.replace("{day}", _DAY).format(**sizes)
        duckdb.sql(
            f"COPY ({filled}) TO '{folder}/records/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    copy(SAMPLE / "notice.toml", folder)
    (folder / "shop.toml").write_text(_shop_toml())
    (folder / "partners" / "broadleaf.toml").write_text(_agreement_toml())
    return folder


def in_sqlite(shop: Path, folder: Path) -> Path:
    """Copy a shop with its records in a SQLite file."""
    copied = _without_records(shop, folder, 'kind = "sqlite"\nfile = "records.db"')
    with adbc_driver_sqlite.dbapi.connect(str(copied / "records.db")) as connection:
        _ingest(shop, connection)
    return copied


def in_postgresql(shop: Path, folder: Path, url: str) -> Path:
    """Copy a shop with its records in a PostgreSQL database."""
    copied = _without_records(shop, folder, f'kind = "postgresql"\nurl = "{url}"')
    with adbc_driver_postgresql.dbapi.connect(url) as connection:
        _ingest(shop, connection)
    # Whoever reads rows first after they were loaded would pay for what the server has yet to write about them.
    with (
        adbc_driver_postgresql.dbapi.connect(url, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("VACUUM (ANALYZE)")
    return copied


def _without_records(shop: Path, folder: Path, source: str) -> Path:
    rmtree(folder, ignore_errors=True)
    copytree(shop, folder, ignore=ignore_patterns("records", "state", "state.*", "drops"))
    text = (folder / "shop.toml").read_text().replace(_PARQUET_SOURCE, source)
    (folder / "shop.toml").write_text(text.replace('.parquet"', '"'))
    return folder


def _ingest(shop: Path, connection: Connection) -> None:
    for name in _TABLES:
        with (
            connection.cursor() as cursor,
            parquet.ParquetFile(shop / "records" / f"{name}.parquet") as file,
        ):
            batches = (_in_simple_types(batch) for batch in file.iter_batches(131_072))
            first = next(batches)
            reader = pyarrow.RecordBatchReader.from_batches(first.schema, chain([first], batches))
            cursor.adbc_ingest(name, reader, mode="create")
    connection.commit()


def _in_simple_types(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """Write dates and decimals as text, as databases of shops mostly have them."""
    columns = [
        column.cast(pyarrow.string())
        if pyarrow.types.is_date(column.type) or pyarrow.types.is_decimal(column.type)
        else column
        for column in batch.columns
    ]
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


_PARQUET_SOURCE = 'kind = "parquet"\nfolder = "records"'


def _shop_toml() -> str:
    lines = [
        'name = "bench"',
        "[limits]",
        "max_records_age_days = 36500",
        "[sources.records]",
        _PARQUET_SOURCE,
    ]
    for name, table in _TABLES.items():
        columns = duckdb.sql(
            table.replace("{day}", "DATE '2026-10-01'").format(
                customers=100, vehicles=100, repairs=1, lines=6
            )
        ).columns
        lines += [
            f"[tables.{name}]",
            'source = "records"',
            f'table = "{name}.parquet"',
            f"[tables.{name}.columns]",
        ]
        lines += [f'{column} = "{column}"' for column in columns]
    lines += ["[carry_out]", "max_persons = 100_000_000"]
    return "\n".join(lines) + "\n"


def _agreement_toml() -> str:
    lines = [
        'partner = "broadleaf"',
        'version = "bench"',
        "effective_on = 2023-04-01",
        "[sealing]",
        'seal = "age"',
        f'recipient = "{pyrage.x25519.Identity.generate().to_public()}"',
        "expires_on = 2099-12-31",
        "[place]",
        'kind = "folder"',
        'path = "handed_over"',
        "[delivery]",
        'format = "parquet"',
        "[monthly]",
        'purposes = ["1.research"]',
    ]
    for name, columns in COLUMNS.items():
        lines += [f"[monthly.tables.{name}]", f"columns = {columns!r}".replace("'", '"')]
    return "\n".join(lines) + "\n"
