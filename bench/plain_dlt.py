"""The same job as a dlt pipeline, contract frozen, files as Parquet: `python -m bench.plain_dlt SHOP OUT`."""

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow
import pyarrow.compute as pc

from bench.records import read
from bench.shop import COLUMNS

shop, out = Path(sys.argv[1]), Path(sys.argv[2])
os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
import dlt  # noqa: E402 (reads the environment when it is loaded)

first, last = pyarrow.scalar(date(2026, 10, 1)), pyarrow.scalar(date(2026, 10, 31))


def keys(table: str, key: str) -> pyarrow.Array:
    """Read one column."""
    return read(shop, table, [key]).read_all()[key].combine_chunks()


def in_month(days: pyarrow.Array) -> pyarrow.Array:
    """Mask the month's days."""
    return pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))


refused = keys("objections", "customer_id")
invoices = read(shop, "invoices", ["repair_id", "customer_id", "booked_on"]).read_all()
is_booked = pc.and_(
    in_month(invoices["booked_on"]), pc.invert(pc.is_in(invoices["customer_id"], value_set=refused))
)
repairs = invoices.filter(is_booked)["repair_id"].combine_chunks()
cars = read(shop, "vehicles", ["vehicle_id", "customer_id"]).read_all()
cars = cars.filter(pc.invert(pc.is_in(cars["customer_id"], value_set=refused)))
vehicles = cars["vehicle_id"].combine_chunks()


def mask(table: str, batch: pyarrow.RecordBatch) -> pyarrow.Array:
    """Tell which rows of a table go."""
    if table in {"repairs", "repair_lines"}:
        return pc.is_in(batch["repair_id"], value_set=repairs)
    if table == "certificates":
        return pc.is_in(batch["vehicle_id"], value_set=vehicles)
    goes = pc.invert(pc.is_in(batch["customer_id"], value_set=refused))
    day = {"visits": "checked_in_on", "invoices": "booked_on"}.get(table)
    return pc.and_(goes, in_month(batch[day])) if day else goes


def rows(table: str) -> Iterator[pyarrow.Table]:
    """Stream the rows that go."""
    for batch in read(shop, table):
        yield pyarrow.Table.from_batches([batch.filter(mask(table, batch))])


if __name__ == "__main__":
    shutil.rmtree(out, ignore_errors=True)
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(out / "state"),
        destination=dlt.destinations.filesystem(bucket_url=(out / "drop").resolve().as_uri()),
        dataset_name="drop",
    )
    contract = {"columns": "freeze", "data_type": "freeze"}
    resources = [
        dlt.resource(rows(name), name=name, schema_contract=contract, write_disposition="replace")
        for name in COLUMNS
    ]
    pipeline.run(resources, loader_file_format="parquet")
