"""Which cars a campaign is about, and how sure that is.

A car and a campaign get the strongest class of all its ranges:

- `in_range`: 型式 and number agree: the same 型式 (or the same body where one of the two is written
  without emission mark), and a number of the range's prefix between its ends, both included.
- `possible`: it agrees as far as the data goes. The reasons are in `classes.Reason`.
- `out`: the 型式 agrees and the number tells that the car is in none of the ranges.

A car whose 型式 and number have nothing to do with a campaign has no class. In doubt a car is
`possible`: a missed recall is the costly error.

The work grows with cars plus ranges plus what is found: cars are ordered once by prefix and serial, and
each range is two binary searches.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow

from transforms.recall.classes import MatchClass, Reason
from transforms.recall.numbers import (
    VIN_LENGTH,
    YEAR_STEP,
    YEARS,
    as_vins,
    parse_numbers,
    placed_loosely,
    split_by_known,
)
from transforms.recall.taken_apart import Cars, Ranges, agree, hyphenated, marks_agree

_SHORTEST_BODY = 3
"""The body of a 型式 with fewer characters begins any number by chance."""

_LAST_VIN = YEAR_STEP * len(YEARS)

_RANK = {reason: rank for rank, reason in enumerate(Reason)}


@dataclass(frozen=True)
class Matches:
    """Pairs that are `in_range` or `possible`, and how many are `out`.

    Args:
        pairs: columns `car` (row of the cars), `campaign`, `match_class`, `reason`; one row per pair,
            by campaign and car.
        out: per campaign the number of cars whose 型式 agrees and whose number is outside.
    """

    pairs: pd.DataFrame
    out: pd.Series


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
    matcher = _Matcher(*hyphenated(Cars.of(cars), asked))
    found = matcher.found()
    if others is not None and len(others):
        said = _Matcher(*hyphenated(Cars.of(others), asked)).found()
        rows = others["car"].to_numpy()[said["car"].to_numpy(np.int64)]
        said = said.assign(
            car=rows, match_class=int(MatchClass.POSSIBLE), reason=Reason.OTHER_RECORD.value
        )
        found = pd.concat([found, said], ignore_index=True)
    found["rank"] = found["reason"].map(_RANK)
    best = found.sort_values(["campaign", "car", "match_class", "rank"], kind="stable")
    pairs = best.drop_duplicates(["campaign", "car"])[["car", "campaign", "match_class", "reason"]]
    pairs = pairs.reset_index(drop=True)
    return Matches(pairs, matcher.count_out(pairs))


class _Matcher:
    def __init__(self, cars: Cars, ranges: Ranges) -> None:
        self._cars, self._ranges = cars, ranges
        known = {p for p in ranges.frame["prefix"].dropna().unique() if not p.startswith("VIN:")}
        placed = pd.DataFrame(
            {
                "row": np.arange(len(cars.numbers)),
                "prefix": cars.parsed.prefix,
                "serial": cars.parsed.serial,
                "year": cars.parsed.year,
            }
        ).dropna(subset=["prefix"])
        unplaced = cars.numbers[pd.isna(cars.parsed.prefix)]
        split = split_by_known(unplaced, known).assign(year=-1)
        self._placed = pd.concat([placed, split], ignore_index=True).astype({"row": np.int64})
        self._known = known
        self._is_placed = np.zeros(len(cars.numbers), bool)
        self._is_placed[self._placed["row"].to_numpy(np.int64)] = True

    def found(self) -> pd.DataFrame:
        """Find all pairs: `car`, `campaign`, `match_class`, `reason`; a pair may come several times."""
        return pd.concat(
            [
                self.by_number(),
                self.by_model_only(),
                self.open_ended(),
                self.undetermined(),
                self.of_unplaced_cars(),
                self.of_similar_prefixes(),
                self.of_loose_numbers(),
            ],
            ignore_index=True,
        )

    def by_number(self) -> pd.DataFrame:
        """Find the cars between the ends of ordered ranges."""
        ranges = self._ranges.of_kind("ordered")
        found = _between(self._placed, ranges[ranges["year"] < 0], year_of=None)
        of_vins = ranges[ranges["year"] >= 0]
        found += [
            part
            for year in of_vins["year"].unique().tolist()
            for part in _between(self._placed, of_vins[of_vins["year"] == year], year_of=year)
        ]
        pairs = pd.concat(found, ignore_index=True) if found else _nothing()
        return self._judged(pairs)

    def of_loose_numbers(self) -> pd.DataFrame:
        """Find numbers that are written in no known form, or with letters that look like figures."""
        numbers = self._cars.numbers
        is_odd = ~self._is_placed & numbers.notna().to_numpy(bool)
        looks_alike = numbers.fillna("").str.contains("[OQI]|-[0-9]*L").to_numpy(bool)
        has_known = np.zeros(len(numbers), bool)
        known = self._placed["prefix"].isin(self._known)
        has_known[self._placed["row"][known].to_numpy(np.int64)] = True
        loose = placed_loosely(numbers[is_odd | (looks_alike & ~has_known)], self._known)
        ranges = self._ranges.of_kind("ordered", "open")
        pairs = ranges[ranges["year"] < 0].merge(loose, on="prefix")
        upper = pairs["high"].where(pairs["kind"] != "open", np.inf)
        inside = pairs[pairs["serial"].between(pairs["low"], upper)].rename(columns={"row": "car"})
        may_be_vin = ~has_known & (numbers.fillna("").str.len() >= VIN_LENGTH).to_numpy(bool)
        vins = self._of_loose_vins(numbers[may_be_vin & (self._cars.parsed.year < 0)])
        found = pd.concat([inside, *vins], ignore_index=True)
        return _pairs(found, MatchClass.POSSIBLE, Reason.LOOSE_NUMBER)

    def _of_loose_vins(self, numbers: pd.Series) -> list[pd.DataFrame]:
        vins = as_vins(numbers)
        parsed = parse_numbers(vins)
        placed = pd.DataFrame(
            {
                "row": vins.index,
                "prefix": parsed.prefix,
                "serial": parsed.serial,
                "year": parsed.year,
            }
        ).dropna(subset=["prefix"])
        ranges = self._ranges.of_kind("ordered", "open")
        ranges = ranges[ranges["year"] >= 0]
        ranges = ranges.assign(high=ranges["high"].where(ranges["kind"] != "open", _LAST_VIN))
        return [
            part
            for year in ranges["year"].unique().tolist()
            for part in _between(placed, ranges[ranges["year"] == year], year)
        ]

    def by_model_only(self) -> pd.DataFrame:
        """Find the cars of models without ranges."""
        ranges = self._ranges.of_kind("type_only")
        return pd.concat(
            [self._of_models(ranges, Reason.TYPE_ONLY), self._of_unknown_models(ranges)],
            ignore_index=True,
        )

    def open_ended(self) -> pd.DataFrame:
        """Find the cars from the one end there is on; nobody knows where such a range ends."""
        ranges = self._ranges.of_kind("open")
        pairs = ranges.merge(self._placed, on="prefix", suffixes=("", "_car"))
        step = np.where(pairs["year"] >= 0, (pairs["year_car"] - pairs["year"]) % len(YEARS), 0)
        order = pairs["serial"] + step * YEAR_STEP - pairs["low"]
        is_first = self._judged(pairs[order == 0].rename(columns={"row": "car"}))
        beyond = pairs[order > 0].rename(columns={"row": "car"})
        beyond = self._judged(beyond).assign(match_class=int(MatchClass.POSSIBLE))
        beyond["reason"] = beyond["reason"].where(
            beyond["reason"] != Reason.MODEL_AND_NUMBER.value, Reason.OPEN_END.value
        )
        unordered = ranges[ranges["prefix"].isna()]
        whole = self._of_models(unordered, Reason.UNDETERMINED_RANGE)
        unknown = self._of_unknown_models(unordered)
        return pd.concat([is_first, beyond, whole, unknown], ignore_index=True)

    def undetermined(self) -> pd.DataFrame:
        """Find the cars of models with ranges nobody can order, and those whose very number is named."""
        ones = self._ranges.of_kind("one", "undetermined")
        numbers = pd.DataFrame({"car": self._cars.numbers.index, "first": self._cars.numbers})
        named = self._judged(ones[ones["kind"] == "one"].merge(numbers.dropna(), on="first"))
        ordered_nowhere = self._ranges.of_kind("undetermined")
        of_models = self._of_models(ordered_nowhere, Reason.UNDETERMINED_RANGE)
        # Of a car whose model nobody knows, the prefix of its number is all there is to go by.
        has_no_model = self._cars.models["body"].isna().to_numpy()
        unknown = self._placed[has_no_model[self._placed["row"].to_numpy(np.int64)]]
        of_prefix = ordered_nowhere.dropna(subset=["prefix"])[["campaign", "prefix"]].merge(
            unknown.rename(columns={"row": "car"}), on="prefix"
        )
        by_prefix = _pairs(of_prefix, MatchClass.POSSIBLE, Reason.UNDETERMINED_RANGE)
        by_body = self._of_unknown_models(ordered_nowhere)
        return pd.concat([named, of_models, by_prefix, by_body], ignore_index=True)

    def of_unplaced_cars(self) -> pd.DataFrame:
        """Find the cars of the model whose number is missing or cannot be placed."""
        is_given = self._cars.parsed.is_given
        ranges = self._ranges.of_kind("ordered", "open", "one")
        none = self._of_models(ranges, Reason.NO_NUMBER, ~is_given)
        odd = self._of_models(ranges, Reason.UNREADABLE_NUMBER, is_given & ~self._is_placed)
        exact = set(self._ranges.of_kind("one")["first"])
        odd = odd[~self._cars.numbers.loc[odd["car"]].isin(exact).to_numpy(bool)]
        return pd.concat([none, odd], ignore_index=True)

    def of_similar_prefixes(self) -> pd.DataFrame:
        """Find numbers inside a range but for a prefix with letters more or less than the range's."""
        ranges = self._ranges.of_kind("ordered", "open")
        ranges = ranges[(ranges["year"] < 0) & ranges["body"].notna() & ranges["prefix"].notna()]
        known = ranges.drop_duplicates(["body", "prefix"])
        placed = self._placed[self._placed["year"] < 0]
        placed = placed.assign(body=self._cars.models["body"].to_numpy()[placed["row"]])
        odd = placed.merge(
            known[["body", "prefix"]], on=["body", "prefix"], how="left", indicator=True
        )
        odd = odd[(odd["_merge"] == "left_only") & odd["body"].isin(known["body"])]
        pairs = odd.drop(columns="_merge").merge(ranges, on="body", suffixes=("", "_range"))
        inside = pairs["serial"].between(
            pairs["low"], pairs["high"].where(pairs["kind"] == "ordered", np.inf)
        )
        pairs = pairs[inside]
        similar = [
            a.startswith(b) or b.startswith(a)
            for a, b in zip(pairs["prefix"], pairs["prefix_range"], strict=True)
        ]
        return _pairs(
            pairs[np.array(similar, bool)].rename(columns={"row": "car"}),
            MatchClass.POSSIBLE,
            Reason.SIMILAR_PREFIX,
        )

    def count_out(self, pairs: pd.DataFrame) -> pd.Series:
        """Count, per campaign, the cars of its models that are not among the pairs."""
        models = self._ranges.frame.drop_duplicates(["campaign", "full", "body"])
        own = pairs[["car", "campaign"]].join(self._cars.models, on="car").dropna(subset=["body"])
        both = own.merge(models, on=["campaign", "body"], suffixes=("_car", ""))
        agrees = marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
        matched = both[agrees].drop_duplicates(["campaign", "car"]).groupby("campaign").size()
        return self._counted(models).sub(matched, fill_value=0).astype(int)

    def _counted(self, models: pd.DataFrame) -> pd.Series:
        """Count, per campaign, the cars whose 型式 agrees with one of its models."""
        kinds = self._cars.models.dropna(subset=["body"])
        sizes = kinds.groupby(["full", "body", "has_mark"]).size().rename("cars").reset_index()
        both = sizes.merge(models, on="body", suffixes=("_car", ""))
        agrees = marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
        both = both[agrees].drop_duplicates(["campaign", "full_car"])
        return both.groupby("campaign")["cars"].sum()

    def _judged(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Judge pairs whose numbers agree by what their 型式 say."""
        if not len(pairs):
            return _nothing()
        own = self._cars.models.iloc[pairs["car"].to_numpy(np.int64)].reset_index(drop=True)
        asked = pairs.reset_index(drop=True)
        agrees = agree(own, asked)
        reason = np.full(len(pairs), Reason.OTHER_MODEL.value, object)
        reason[(own["body"] == asked["body"]).to_numpy(bool)] = Reason.OTHER_MARK.value
        reason[(own["body"].isna() | asked["body"].isna()).to_numpy(bool)] = Reason.NO_MODEL.value
        reason[agrees] = Reason.MODEL_AND_NUMBER.value
        classes = np.where(agrees, int(MatchClass.IN_RANGE), int(MatchClass.POSSIBLE))
        return pd.DataFrame(
            {
                "car": asked["car"],
                "campaign": asked["campaign"],
                "match_class": classes,
                "reason": reason,
            }
        )

    def _of_models(
        self, ranges: pd.DataFrame, reason: Reason, mask: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Give the cars of the ranges' models as possible, whatever their number."""
        cars = self._cars.models.reset_index(names="car")
        cars = cars if mask is None else cars[mask]
        wanted = ranges.drop_duplicates(["campaign", "full"]).dropna(subset=["body"])
        both = cars.dropna(subset=["body"]).merge(wanted, on="body", suffixes=("_car", ""))
        agrees = marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
        return _pairs(both[agrees], MatchClass.POSSIBLE, reason)

    def _of_unknown_models(self, ranges: pd.DataFrame) -> pd.DataFrame:
        """Give the cars whose model nobody knows and whose number begins like one of the ranges' models.

        Most makers begin the number with the body of the 型式 (LA650S-0012345).
        """
        has_no_model = self._cars.models["body"].isna().to_numpy()
        numbers = self._cars.numbers[has_no_model]
        numbers = numbers[numbers.notna() & (numbers != "")]
        wanted = ranges.dropna(subset=["body"])[["campaign", "body"]].drop_duplicates()
        lengths = wanted["body"].str.len()
        found = [
            pd.DataFrame({"car": numbers.index, "body": numbers.str[:length]}).merge(
                wanted[lengths == length], on="body"
            )
            for length in sorted(lengths.unique().tolist())
            if length >= _SHORTEST_BODY
        ]
        pairs = pd.concat(found, ignore_index=True) if found else _nothing()
        return _pairs(pairs, MatchClass.POSSIBLE, Reason.NO_MODEL)


def _between(placed: pd.DataFrame, ranges: pd.DataFrame, year_of: int | None) -> list[pd.DataFrame]:
    """Give the cars between the ends of ranges, with the ranges' columns."""
    placed = placed[placed["year"] < 0] if year_of is None else placed[placed["year"] >= 0]
    if not len(ranges) or not len(placed):
        return []
    serial = placed["serial"].to_numpy()
    if year_of is not None:
        serial = serial + (placed["year"].to_numpy() - year_of) % len(YEARS) * YEAR_STEP
    names = pd.Index(pd.unique(ranges["prefix"]))
    group = names.get_indexer(pd.Index(placed["prefix"]))
    known = group >= 0
    group, serial, rows = group[known], serial[known], placed["row"].to_numpy()[known]
    order = np.lexsort((serial, group))
    # One number orders by prefix first, then by serial: a range is two places in it.
    width = np.int64(YEAR_STEP * len(YEARS) * 2)
    keys = group[order].astype(np.int64) * width + serial[order]
    of_range = names.get_indexer(pd.Index(ranges["prefix"])).astype(np.int64) * width
    start = np.searchsorted(keys, of_range + ranges["low"].to_numpy(), "left")
    stop = np.searchsorted(keys, of_range + ranges["high"].to_numpy(), "right")
    counts = stop - start
    places = np.repeat(np.arange(len(ranges)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    cars = rows[order][np.repeat(start, counts) + offsets]
    return [ranges.iloc[places].assign(car=cars)]


def _pairs(rows: pd.DataFrame, match_class: MatchClass, reason: Reason) -> pd.DataFrame:
    found = rows[["car", "campaign"]].drop_duplicates()
    return found.assign(match_class=int(match_class), reason=reason.value)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "car": np.array([], np.int64),
            "campaign": np.array([], np.int32),
            "match_class": np.array([], np.int64),
            "reason": np.array([], object),
        }
    )
