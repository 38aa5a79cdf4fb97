"""The chart of the benchmark: wall time and peak memory over the number of lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

if TYPE_CHECKING:
    from bench.__main__ import Bench

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw(bench: "Bench", titles: Sequence[str], peers: Sequence[str], path: Path) -> None:
    """Draw one line per contender over the sizes, time left and memory right."""
    figure, (time, memory) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for name in ("ours", *peers):
        ran = [title for title in titles if bench.results[title, name]]
        sizes = [title.partition(",")[0] for title in ran]
        runs = [bench.results[title, name] for title in ran]
        style = {"linewidth": 3} if name == "ours" else {"linewidth": 1.2, "linestyle": "--"}
        label = name.replace("_", " ")
        time.plot(sizes, [bench.median(t, name) for t in ran], marker="o", label=label, **style)
        peaks = [max(run.peak_mib for run in each) for each in runs]
        memory.plot(sizes, peaks, marker="o", label=label, **style)
    time.set(title="wall time, s", yscale="log")
    memory.set(title="peak memory, MiB", ylim=(0, None))
    memory.axhline(1024, color="grey", linewidth=0.8)
    time.legend()
    figure.savefig(path, dpi=110)
