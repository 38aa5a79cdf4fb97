"""A bare DuckDB COPY of the same rows and columns, without any guard: `python -m bench.bare_duckdb SHOP OUT`."""

import sys
from pathlib import Path

import duckdb

from bench.records import TABLES, parquet_file, read
from bench.shop import COLUMNS, IDS

shop, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
for name in TABLES:
    file = parquet_file(shop, name)
    if file is not None:
        duckdb.sql(f"CREATE VIEW {name} AS SELECT * FROM '{file}'")
    else:
        rows = read(shop, name)
        duckdb.sql(f"CREATE TABLE {name} AS SELECT * FROM rows")
refused = "SELECT customer_id FROM objections"
month = "BETWEEN DATE '2026-10-01' AND DATE '2026-10-31'"
repairs = (
    f"SELECT repair_id FROM invoices WHERE booked_on {month} AND customer_id NOT IN ({refused})"
)
WHERE = {
    "customers": f"customer_id NOT IN ({refused})",
    "vehicles": f"customer_id NOT IN ({refused})",
    "certificates": f"vehicle_id IN (SELECT vehicle_id FROM vehicles WHERE customer_id NOT IN ({refused}))",
    "visits": f"checked_in_on {month} AND customer_id NOT IN ({refused})",
    "repairs": f"repair_id IN ({repairs})",
    "repair_lines": f"repair_id IN ({repairs})",
    "invoices": f"booked_on {month} AND customer_id NOT IN ({refused})",
}
for name, columns in COLUMNS.items():
    chosen = ", ".join([*IDS[name], *columns])
    duckdb.sql(
        f"COPY (SELECT {chosen} FROM {name} WHERE {WHERE[name]}) TO '{out}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
    )
