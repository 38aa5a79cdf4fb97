"""The script a person would write with pandas, without any guard: `python -m bench.plain_pandas SHOP OUT`."""

import sys
from pathlib import Path

import pandas as pd

from bench.records import TABLES, connected, needed, parquet_file
from bench.shop import COLUMNS, IDS

shop, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)


def frame(table: str) -> pd.DataFrame:
    """Read a table."""
    file = parquet_file(shop, table)
    if file is not None:
        return pd.read_parquet(file)
    with connected(shop) as connection:
        return pd.read_sql(f"SELECT {', '.join(needed(table))} FROM {table}", connection)


tables = {name: frame(name) for name in TABLES}
refused = set(tables["objections"]["customer_id"])
first, last = pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-31")


def in_month(days: pd.Series) -> pd.Series:
    """Mask the month's days."""
    return pd.to_datetime(days).between(first, last)


def allowed(table: pd.DataFrame) -> pd.DataFrame:
    """Drop who refused."""
    return table[~table["customer_id"].isin(refused)]


kept = {
    "customers": allowed(tables["customers"]),
    "vehicles": allowed(tables["vehicles"]),
    "visits": allowed(tables["visits"][in_month(tables["visits"]["checked_in_on"])]),
    "invoices": allowed(tables["invoices"][in_month(tables["invoices"]["booked_on"])]),
}
kept["certificates"] = tables["certificates"].merge(
    kept["vehicles"][["vehicle_id"]], on="vehicle_id"
)
kept["repairs"] = tables["repairs"].merge(kept["invoices"][["repair_id"]], on="repair_id")
kept["repair_lines"] = tables["repair_lines"].merge(kept["invoices"][["repair_id"]], on="repair_id")
for name, columns in COLUMNS.items():
    kept[name][[*IDS[name], *columns]].to_parquet(
        out / f"{name}.parquet", compression="zstd", index=False
    )
