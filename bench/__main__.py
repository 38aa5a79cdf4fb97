"""Measure our export beside its peers, in turn, in one process tree: `python -m bench`."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.shop import make_shop


@dataclass(frozen=True)
class Measured:
    """One run of one contender."""

    seconds: float
    peak_mib: float


def measure(module: str, *arguments: str) -> Measured:
    """Run a module as a process of its own; give wall time and peak resident memory."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{module} failed")
    return Measured(seconds, usage.ru_maxrss / 1024)


def main() -> None:
    """Build the shop, run the contenders in turn, print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--months", type=int, nargs="*", default=[1, 36])
    options = parser.parse_args()
    for months in options.months:
        shop = make_shop(options.work / f"shop-{months}", months=months, scale=options.scale)
        results: dict[str, list[Measured]] = {"ours": [], "duckdb": [], "pandas": []}
        for _ in range(options.runs):
            for leftover in ("drops", "state"):
                shutil.rmtree(shop / leftover, ignore_errors=True)
            results["duckdb"].append(
                measure("bench.bare_duckdb", str(shop), str(options.work / "duckdb"))
            )
            results["ours"].append(measure("bench.ours", str(shop)))
            results["pandas"].append(
                measure("bench.plain_pandas", str(shop), str(options.work / "pandas"))
            )
        _print(months, options.scale, results)


def _print(months: int, scale: float, results: dict[str, list[Measured]]) -> None:
    print(f"\nslips spread over {months} month(s), scale {scale}")
    medians = {
        name: statistics.median(run.seconds for run in runs) for name, runs in results.items()
    }
    for name, runs in results.items():
        peak = max(run.peak_mib for run in runs)
        print(
            f"  {name:8} {medians[name]:7.2f} s  {peak:7.0f} MiB  {medians['ours'] / medians[name]:5.2f} x ours/this"
        )


if __name__ == "__main__":
    main()
