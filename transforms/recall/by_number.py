"""Cars a campaign is about by their numbers."""

import numpy as np
import pandas as pd

from transforms.recall.classes import MatchClass, Reason
from transforms.recall.numbers import (
    LOOKALIKES,
    VIN_LENGTH,
    as_vins,
    parse_numbers,
    placed_loosely,
    related,
    split_by_known,
)
from transforms.recall.pairing import judged, lowered, nothing, pairs_of
from transforms.recall.placing import Placed, between
from transforms.recall.taken_apart import Cars, Ranges

_SHORTEST_BEGINNING = 4
"""What two ends have in common begins other numbers by chance if it has fewer characters."""


class ByNumber:
    """Finds cars between the ends of ranges, or perhaps between them."""

    def __init__(self, cars: Cars, ranges: Ranges, placed: Placed) -> None:
        """Take cars, ranges, and the cars in order."""
        self._cars, self._ranges, self._placed = cars, ranges, placed
        self._domestic = placed.frame[placed.frame["year"] < 0]
        heads = pd.Series(self._domestic["prefix"].unique(), dtype=object)
        self._related = related(heads, pd.Series(sorted(placed.prefixes), dtype=object))

    def found(self) -> pd.DataFrame:
        """Find all pairs; one may come several times."""
        return pd.concat(
            [
                self.in_ranges(),
                self.beyond_open_ends(),
                self.named(),
                self.beside_ends_of_two_prefixes(),
                self.begun_like_both_ends(),
                self.of_loose_numbers(),
                self.of_similar_prefixes(),
            ],
            ignore_index=True,
        )

    def in_ranges(self) -> pd.DataFrame:
        """Find the cars between the ends of ordered ranges."""
        return judged(
            self._cars.models, between(self._placed.frame, self._ranges.of_kind("ordered"))
        )

    def beyond_open_ends(self) -> pd.DataFrame:
        """Find the cars from the one end there is on; nobody knows where such a range ends."""
        found = between(self._placed.frame, self._ranges.of_kind("open"))
        first = self._placed.frame.rename(columns={"row": "car"})[["car", "serial", "year"]]
        found = found.merge(first, on="car", suffixes=("", "_car"))
        is_first = (found["serial"] == found["low"]) & (found["year"] == found["year_car"])
        pairs = judged(self._cars.models, found)
        return pd.concat(
            [
                pairs[is_first.to_numpy(bool)],
                lowered(pairs[~is_first.to_numpy(bool)], Reason.OPEN_END),
            ],
            ignore_index=True,
        )

    def named(self) -> pd.DataFrame:
        """Find the cars whose very number is named, whatever its form."""
        ones = self._ranges.of_kind("one", "undetermined")
        ones = ones[ones["first"] == ones["last"]]
        numbers = pd.DataFrame({"car": self._cars.numbers.index, "first": self._cars.numbers})
        return judged(self._cars.models, ones.merge(numbers.dropna(), on="first"))

    def beside_ends_of_two_prefixes(self) -> pd.DataFrame:
        """Find the cars above the lower and below the upper end of ranges across a change of prefix."""
        ranges = self._ranges.of_kind("undetermined")
        found = []
        for end, serial, sign in (("prefix", "low", 1), ("last_prefix", "last_serial", -1)):
            asked = ranges.dropna(subset=[end])
            asked = asked.assign(prefix=asked[end], bound=asked[serial])
            both = asked.merge(self._placed.frame, on="prefix", suffixes=("", "_car"))
            # Letters of model years have no order here: all of the prefix.
            is_beside = (both["year"] >= 0) | (sign * (both["serial"] - both["bound"]) >= 0)
            found.append(both[is_beside].rename(columns={"row": "car"}))
        pairs = judged(self._cars.models, pd.concat(found, ignore_index=True))
        return lowered(pairs, Reason.UNDETERMINED_RANGE)

    def begun_like_both_ends(self) -> pd.DataFrame:
        """Find the cars whose number begins like both ends of a range that has no order, and is as long."""
        ranges = self._ranges.of_kind("undetermined")
        ranges = ranges[ranges["first"].str.len() == ranges["last"].str.len()]
        common = [_common(*ends) for ends in zip(ranges["first"], ranges["last"], strict=True)]
        ranges = ranges.assign(beginning=np.array(common, object))
        size = ranges["beginning"].str.len()
        ranges = ranges.assign(size=size, whole=ranges["first"].str.len())
        ranges = ranges[(size >= _SHORTEST_BEGINNING) & (ranges["first"] != ranges["last"])]
        numbers = self._cars.numbers.dropna()
        lengths = numbers.str.len()
        found = [
            some.merge(
                pd.DataFrame({"car": own.index, "beginning": own.str[:size]}), on="beginning"
            )
            for (size, whole), some in ranges.groupby(["size", "whole"])
            for own in [numbers[lengths == whole]]
        ]
        pairs = judged(
            self._cars.models, pd.concat(found, ignore_index=True) if found else nothing()
        )
        return lowered(pairs, Reason.UNDETERMINED_RANGE)

    def of_loose_numbers(self) -> pd.DataFrame:
        """Find numbers that are written in no known form, or with letters that look like figures."""
        numbers, known = self._cars.numbers, self._placed.prefixes
        is_unparsed = pd.isna(self._cars.parsed.prefix) & numbers.notna().to_numpy(bool)
        has_alike = numbers.fillna("").str.contains("[OQI]").to_numpy(bool)
        is_odd = is_unparsed & (~self._placed.is_placed | has_alike)
        is_odd |= self._with_alike_prefixes()
        ranges = self._ranges.of_kind("ordered", "open")
        loose = placed_loosely(numbers[is_odd], known)
        moved = self._with_moved_hyphens()
        may_be_vin = (numbers.fillna("").str.len() >= VIN_LENGTH).to_numpy(bool)
        vins = as_vins(numbers[may_be_vin & (self._cars.parsed.year < 0)])
        parsed = parse_numbers(vins)
        loose_vins = pd.DataFrame(
            {"row": vins.index, "prefix": parsed.prefix, "serial": parsed.serial}
        ).assign(year=parsed.year)
        found = pd.concat(
            [
                between(loose.assign(year=-1), ranges),
                _of_as_many_figures(between(moved.assign(year=-1), ranges), moved),
                between(loose_vins.dropna(subset=["prefix"]), ranges),
            ],
            ignore_index=True,
        )
        return pairs_of(found, MatchClass.POSSIBLE, Reason.LOOSE_NUMBER)

    def _with_alike_prefixes(self) -> np.ndarray:
        """Mask of the cars whose prefix is a campaign's but for letters that look like figures."""
        alike = pd.DataFrame({"known": sorted(self._placed.prefixes)}, dtype=object)
        alike["form"] = alike["known"].str.translate(LOOKALIKES)
        heads = pd.DataFrame({"head": self._domestic["prefix"].unique()}, dtype=object)
        both = heads.assign(form=heads["head"].str.translate(LOOKALIKES)).merge(alike, on="form")
        wanted = both.loc[both["head"] != both["known"], "head"]
        mask = np.zeros(len(self._cars.numbers), bool)
        mask[self._domestic["row"][self._domestic["prefix"].isin(wanted)].to_numpy()] = True
        return mask

    def _with_moved_hyphens(self) -> pd.DataFrame:
        """Read numbers as if their hyphen stood behind another prefix they begin with (ZVW506-000500)."""
        moved = self._related.loc[self._related["left"] != self._related["right"], "left"]
        rows = self._domestic["row"][self._domestic["prefix"].isin(moved)].unique()
        return split_by_known(
            self._cars.numbers.loc[rows].str.replace("-", ""), self._placed.prefixes
        )

    def of_similar_prefixes(self) -> pd.DataFrame:
        """Find numbers inside a range but for a prefix with letters more or less than the range's."""
        ranges = self._ranges.of_kind("ordered", "open")
        ranges = ranges[ranges["year"] < 0]
        near = self._related[self._related["left"] != self._related["right"]]
        read = near.rename(columns={"left": "prefix", "right": "near"})
        both = self._domestic.merge(read, on="prefix").rename(columns={"row": "car"})
        if not len(both):
            return nothing()
        asked = both.rename(columns={"prefix": "own", "near": "prefix", "car": "row"})
        found = between(asked, ranges)
        found = found.merge(
            both.rename(columns={"prefix": "own", "near": "prefix"})[
                ["car", "own", "prefix", "is_split"]
            ],
            on=["car", "prefix"],
        )
        # What another campaign's prefix makes of a number without hyphen tells this one nothing.
        named = ranges[["campaign", "prefix"]].drop_duplicates().rename(columns={"prefix": "own"})
        is_own = found[["campaign", "own"]].merge(named.assign(is_own=1), how="left")["is_own"]
        found = found[~found["is_split"] | is_own.notna().to_numpy(bool)]
        own = self._cars.models["body"].to_numpy()[found["car"].to_numpy(np.int64)]
        is_unknown = pd.isna(own) | found["body"].isna().to_numpy()
        found = found[is_unknown | (own == found["body"].to_numpy())]
        return pairs_of(found, MatchClass.POSSIBLE, Reason.SIMILAR_PREFIX)


def _of_as_many_figures(found: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """Give the cars whose serial, read so, has as many figures as an end of the range."""
    both = found.merge(
        placed.rename(columns={"row": "car"})[["car", "prefix", "digits"]], on=["car", "prefix"]
    )
    return both[both["digits"].between(both["fewest"], both["most"])]


def _common(first: str, last: str) -> str:
    """Give what two texts begin with."""
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[:length] if length is not None else first[: min(len(first), len(last))]
