"""All campaigns since 1993 against a shop's, or a region's, cars: ours beside a bare DuckDB range join.

DuckDB compares prefix and serial of numbers that are already taken apart, and nothing else: no
spellings, no 型式, no missing numbers, no reasons.
"""

import time

import duckdb
import numpy as np
import pyarrow

from transforms.recall.matching import match

CAMPAIGNS, RANGES, MODELS = 10_500, 93_000, 4_000
SIZES = (10_000, 100_000, 1_500_000)

_JOIN = """
SELECT count(*) FROM cars JOIN ranges
ON cars.prefix = ranges.prefix AND cars.serial BETWEEN ranges.low AND ranges.high
"""


def main() -> None:
    """Print seconds by number of cars."""
    random = np.random.default_rng(1993)
    model = random.integers(0, MODELS, RANGES)
    low = random.integers(0, 1_000_000, RANGES)
    high = low + random.integers(0, 3_000, RANGES)
    ranges = pyarrow.table(
        {
            "campaign": pyarrow.array(np.sort(random.integers(0, CAMPAIGNS, RANGES)), "int32"),
            "maker": ["某"] * RANGES,
            "model_code": [f"DBA-A{each:04}" for each in model],
            "first": [f"A{m:04}-{n:07}" for m, n in zip(model, low, strict=True)],
            "last": [f"A{m:04}-{n:07}" for m, n in zip(model, high, strict=True)],
        }
    )
    parted = pyarrow.table({"prefix": [f"A{each:04}" for each in model], "low": low, "high": high})
    print(f"{RANGES:,} ranges of {CAMPAIGNS:,} campaigns")
    print(f"{'cars':>10} {'found':>8} {'ours s':>8} {'duckdb s':>9}")
    for count in SIZES:
        of, serial = random.integers(0, MODELS, count), random.integers(0, 1_000_000, count)
        cars = pyarrow.table(
            {
                "model_code": [f"DBA-A{each:04}" for each in of],
                "chassis_number": [f"A{m:04}-{n:07}" for m, n in zip(of, serial, strict=True)],
            }
        )
        began = time.perf_counter()
        found = len(match(cars, ranges).pairs)
        ours = time.perf_counter() - began
        with duckdb.connect() as connection:
            connection.register(
                "cars", pyarrow.table({"prefix": [f"A{m:04}" for m in of], "serial": serial})
            )
            connection.register("ranges", parted)
            began = time.perf_counter()
            connection.execute(_JOIN).fetchall()
            bare = time.perf_counter() - began
        print(f"{count:>10,} {found:>8,} {ours:>8.2f} {bare:>9.2f}")


if __name__ == "__main__":
    main()
