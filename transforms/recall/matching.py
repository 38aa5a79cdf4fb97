"""Which cars a campaign is about, and how sure that is.

A car and a campaign get the strongest class of all its ranges:

- `in_range`: 型式 and number agree: the same 型式 (or the same body where one of the two is written
  without emission mark), and a number of the range's prefix between its ends, both included.
- `possible`: it agrees as far as the data goes. The reasons are in `classes.Reason`.
- `out`: the 型式 agrees and the number tells that the car is in none of the ranges.

A car whose 型式 and number have nothing to do with a campaign has no class. In doubt a car is
`possible`: a missed recall is the costly error. What one car or campaign is changes nothing for another.

The work grows with cars plus ranges plus what is found: cars are ordered once by prefix and serial, and
each range is two binary searches (`placing`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow

from transforms.recall.by_model import ByModel
from transforms.recall.by_number import ByNumber
from transforms.recall.classes import MatchClass, Reason
from transforms.recall.placing import Placed
from transforms.recall.taken_apart import Cars, Ranges, marks_agree, respelt

_RANK = {reason: rank for rank, reason in enumerate(Reason)}


@dataclass(frozen=True)
class Matches:
    """Pairs that are `in_range` or `possible`, and how many are `out`.

    Args:
        pairs: columns `car` (row of the cars), `campaign`, `match_class`, `reason`; one row per pair,
            by campaign and car.
        out: per campaign the number of cars whose 型式 agrees and whose number is outside.
        blind: mask of the cars of which nothing the records say could tell.
        mute: numbers of the campaigns with a row that no car can be held against.
    """

    pairs: pd.DataFrame
    out: pd.Series
    blind: np.ndarray
    mute: list[int]


def match(
    cars: pyarrow.Table, ranges: pyarrow.Table, others: pyarrow.Table | None = None
) -> Matches:
    """Match cars with the ranges of campaigns.

    Args:
        cars: columns `model_code` and `chassis_number`, as the records have them.
        ranges: `schemas.campaigns.RANGES`.
        others: what else the records say of some cars: `car` (row of the cars), and the same columns.
    """
    asked = Ranges.of(ranges)
    own = Cars.of(cars)
    found, blind = _found(own, asked)
    if others is not None and len(others):
        said, are_blind = _found(Cars.of(others), asked)
        places = others["car"].to_numpy()
        said = said.assign(
            car=places[said["car"].to_numpy(np.int64)],
            match_class=int(MatchClass.POSSIBLE),
            reason=Reason.OTHER_RECORD.value,
        )
        found = pd.concat([found, said], ignore_index=True)
        blind[places[~are_blind]] = False
    found["rank"] = found["reason"].map(_RANK)
    best = found.sort_values(["campaign", "car", "match_class", "rank"], kind="stable")
    pairs = best.drop_duplicates(["campaign", "car"])[["car", "campaign", "match_class", "reason"]]
    pairs = pairs.reset_index(drop=True)
    return Matches(pairs, _count_out(own.models, asked.frame, pairs), blind, asked.mute())


def _found(cars: Cars, ranges: Ranges) -> tuple[pd.DataFrame, np.ndarray]:
    """Find all pairs, of cars as they are written and as campaigns write their 型式; one may come twice."""
    found, blind = _of_written(cars, ranges)
    again = respelt(cars.models, ranges)
    if len(again):
        rows = again["car"].to_numpy(np.int64)
        said, _ = _of_written(cars.taken(rows, again.drop(columns="car")), ranges)
        found = pd.concat(
            [found, said.assign(car=rows[said["car"].to_numpy(np.int64)])], ignore_index=True
        )
    return found, blind


def _of_written(cars: Cars, ranges: Ranges) -> tuple[pd.DataFrame, np.ndarray]:
    placed = Placed.of(cars, ranges)
    by_model = ByModel(cars, ranges, placed)
    pairs = [ByNumber(cars, ranges, placed).found(), by_model.found()]
    return pd.concat(pairs, ignore_index=True), by_model.blind()


def _count_out(cars: pd.DataFrame, ranges: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Count, per campaign, the cars of its models that are not among the pairs."""
    models = ranges.drop_duplicates(["campaign", "full", "body"])
    own = pairs[["car", "campaign"]].join(cars, on="car").dropna(subset=["body"])
    both = own.merge(models, on=["campaign", "body"], suffixes=("_car", ""))
    agrees = marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
    matched = both[agrees].drop_duplicates(["campaign", "car"]).groupby("campaign").size()
    return _counted(cars, models).sub(matched, fill_value=0).astype(int)


def _counted(cars: pd.DataFrame, models: pd.DataFrame) -> pd.Series:
    """Count, per campaign, the cars whose 型式 agrees with one of its models."""
    kinds = cars.dropna(subset=["body"])
    sizes = kinds.groupby(["full", "body", "has_mark"]).size().rename("cars").reset_index()
    both = sizes.merge(models, on="body", suffixes=("_car", ""))
    agrees = marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
    both = both[agrees].drop_duplicates(["campaign", "full_car"])
    return both.groupby("campaign")["cars"].sum()
