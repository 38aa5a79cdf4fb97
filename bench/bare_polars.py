"""A bare Polars script of the same rows and columns, without any guard: `python -m bench.bare_polars SHOP OUT`."""

import sys
from datetime import date
from pathlib import Path

import polars as pl

from bench.records import TABLES, parquet_file, read
from bench.shop import COLUMNS, IDS

shop, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)


def scanned(table: str) -> pl.LazyFrame:
    """Read a table as late as possible."""
    file = parquet_file(shop, table)
    if file is not None:
        return pl.scan_parquet(file)
    return pl.DataFrame(read(shop, table).read_all()).lazy()


tables = {name: scanned(name) for name in TABLES}
refused = tables["objections"].select("customer_id")
first, last = date(2026, 10, 1), date(2026, 10, 31)


def allowed(table: pl.LazyFrame) -> pl.LazyFrame:
    """Drop who refused."""
    return table.join(refused, on="customer_id", how="anti", maintain_order="left")


def of(table: str, parents: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """Keep the rows whose parent is kept."""
    return tables[table].join(parents.select(key), on=key, how="semi", maintain_order="left")


invoices = allowed(tables["invoices"].filter(pl.col("booked_on").is_between(first, last)))
vehicles = allowed(tables["vehicles"])
kept = {
    "customers": allowed(tables["customers"]),
    "vehicles": vehicles,
    "visits": allowed(tables["visits"].filter(pl.col("checked_in_on").is_between(first, last))),
    "invoices": invoices,
    "certificates": of("certificates", vehicles, "vehicle_id"),
    "repairs": of("repairs", invoices, "repair_id"),
    "repair_lines": of("repair_lines", invoices, "repair_id"),
}
for name, columns in COLUMNS.items():
    chosen = kept[name].select([*IDS[name], *columns])
    chosen.sink_parquet(out / f"{name}.parquet", compression="zstd")
