"""Cars in the order of their numbers, and ranges as two places in it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from transforms.recall.numbers import YEAR_STEP, YEARS, split_by_known
from transforms.recall.taken_apart import Cars, Ranges

_WIDTH = np.int64(10**10)
"""More than any serial: nine figures, or six and the years of two cycles."""

LAST_VIN = YEAR_STEP * len(YEARS)


@dataclass(frozen=True)
class Placed:
    """Cars whose numbers have an order.

    Args:
        frame: `row` (of the cars), `prefix`, `serial`, `digits`, `year`, and `is_split`: whether the number
            is without its hyphen and was split at a prefix some campaign names; then several rows may be.
        is_placed: mask of the cars.
        prefixes: what campaigns name before the hyphen.
    """

    frame: pd.DataFrame
    is_placed: np.ndarray
    prefixes: set[str]

    @classmethod
    def of(cls, cars: Cars, ranges: Ranges) -> "Placed":
        """Place the cars."""
        both = pd.concat([ranges.frame["prefix"], ranges.frame["last_prefix"]]).dropna().unique()
        known = {prefix for prefix in both.tolist() if not prefix.startswith("VIN:")}
        placed = (
            pd.DataFrame(
                {
                    "row": np.arange(len(cars.numbers)),
                    "prefix": cars.parsed.prefix,
                    "serial": cars.parsed.serial,
                    "digits": cars.parsed.digits,
                    "year": cars.parsed.year,
                }
            )
            .dropna(subset=["prefix"])
            .assign(is_split=False)
        )
        unplaced = cars.numbers[pd.isna(cars.parsed.prefix)]
        split = split_by_known(unplaced, known).assign(year=-1, is_split=True)
        frame = pd.concat([placed, split], ignore_index=True).astype({"row": np.int64})
        is_placed = np.zeros(len(cars.numbers), bool)
        is_placed[frame["row"].to_numpy()] = True
        return cls(frame, is_placed, known)


def between(placed: pd.DataFrame, ranges: pd.DataFrame, *carried: str) -> pd.DataFrame:
    """Give the cars between the ends of ranges, as `car` and the ranges' columns.

    Args:
        placed: `row`, `prefix`, `serial`, `year`, as `Placed.frame`.
        ranges: with prefix and ends; an open one has none above.
        carried: columns of `placed` to give too, as `<name>_car`.
    """
    ranges = ranges.dropna(subset=["prefix"])
    is_open = ranges["kind"] == "open"
    domestic = ranges["year"] < 0
    ranges = ranges.assign(
        high=ranges["high"].mask(is_open & domestic, _WIDTH - 1).mask(is_open & ~domestic, LAST_VIN)
    )
    of_vins = ranges[~domestic]
    found = [
        _between(placed, of_vins[of_vins["year"] == year], year, carried)
        for year in of_vins["year"].unique().tolist()
    ]
    of_others = _between(placed, ranges[domestic], None, carried)
    return pd.concat([of_others, *found], ignore_index=True)


def _between(
    placed: pd.DataFrame, ranges: pd.DataFrame, year_of: int | None, carried: tuple[str, ...]
) -> pd.DataFrame:
    placed = placed[placed["year"] < 0] if year_of is None else placed[placed["year"] >= 0]
    serial = placed["serial"].to_numpy()
    if year_of is not None:
        serial = serial + (placed["year"].to_numpy() - year_of) % len(YEARS) * YEAR_STEP
    names = pd.Index(pd.unique(ranges["prefix"]))
    group = names.get_indexer(pd.Index(placed["prefix"]))
    known = np.flatnonzero(group >= 0)
    order = known[np.lexsort((serial[known], group[known]))]
    # One number orders by prefix first, then by serial: a range is two places in it.
    keys = group[order].astype(np.int64) * _WIDTH + serial[order]
    of_range = names.get_indexer(pd.Index(ranges["prefix"])).astype(np.int64) * _WIDTH
    start = np.searchsorted(keys, of_range + ranges["low"].to_numpy(), "left")
    stop = np.searchsorted(keys, of_range + ranges["high"].to_numpy(), "right")
    counts = stop - start
    places = np.repeat(np.arange(len(ranges)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    cars = placed.iloc[order[np.repeat(start, counts) + offsets]]
    own = {f"{name}_car": cars[name].to_numpy() for name in carried}
    return ranges.iloc[places].assign(car=cars["row"].to_numpy(), **own)
