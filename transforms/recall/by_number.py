"""Cars a campaign is about by their numbers."""

from os.path import commonprefix

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
from transforms.recall.taken_apart import MAKER_AND_MODEL, Cars, Ranges

_SHORTEST_BEGINNING = 4
"""What two ends have in common begins other numbers by chance if it has fewer characters."""


_CHECK_DIGIT = "^([A-HJ-NPR-Z0-9]{8})[A-HJ-NPR-Z0-9*]([A-HJ-NPR-Z0-9]{8})$"

_BARE = r"(?=.*[A-Z])[A-Z0-9]{7,20}"
"""An end without hyphen."""


class ByNumber:
    """Finds cars between the ends of ranges, or perhaps between them."""

    def __init__(self, cars: Cars, ranges: Ranges, placed: Placed) -> None:
        """Take cars, ranges, and the cars in order."""
        self._cars, self._ranges, self._placed = cars, ranges, placed
        self._domestic = placed.frame[placed.frame["year"] < 0]
        heads = pd.Series(self._domestic["prefix"].unique(), dtype=object)
        near = related(heads, pd.Series(sorted(placed.prefixes), dtype=object))
        self._near = near[near["left"] != near["right"]]

    def found(self) -> pd.DataFrame:
        """Find all pairs; one may come several times."""
        return pd.concat(
            [
                self.in_ranges(),
                self.beyond_open_ends(),
                self.named(),
                self.between_ends_without_hyphen(),
                self.begun_like_an_open_end(),
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
        ranges = self._ranges.of_kind("open")
        if not len(ranges):
            return nothing()
        found = between(self._placed.frame, ranges, "serial", "year")
        is_low = (found["serial_car"] == found["low"]) & (found["year_car"] == found["year"])
        is_end = is_low.to_numpy(bool)
        pairs = judged(self._cars.models, found)
        beyond = lowered(pairs[~is_end], Reason.OPEN_END)
        return pd.concat([pairs[is_end], beyond], ignore_index=True)

    def named(self) -> pd.DataFrame:
        """Find the cars whose very number is named, whatever its form."""
        ones = self._ranges.of_kind("one", "undetermined", "open")
        is_alone = (ones["first"] == ones["last"]) | (ones["last"] == "")
        ones = ones[is_alone & ones["prefix"].isna()]
        if not len(ones):
            return nothing()
        numbers = pd.DataFrame({"car": self._cars.numbers.index, "first": self._cars.numbers})
        return judged(self._cars.models, ones.merge(numbers.dropna(), on="first"))

    def beside_ends_of_two_prefixes(self) -> pd.DataFrame:
        """Find the cars above the lower and below the upper end of ranges across a change of prefix."""
        ranges = self._ranges.of_kind("undetermined")
        if not len(ranges):
            return nothing()
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
        if not len(ranges):
            return nothing()
        ranges = ranges.assign(
            **{end: _without_check_digit(ranges[end]) for end in ("first", "last")}
        )
        both = zip(ranges["first"], ranges["last"], strict=True)
        common = [commonprefix(ends) for ends in both]  # noqa: RUF071 (characters are meant)
        ranges = ranges.assign(beginning=np.array(common, object))
        size = ranges["beginning"].str.len()
        ranges = ranges.assign(size=size, whole=ranges["first"].str.len())
        ranges = ranges[(size >= _SHORTEST_BEGINNING) & (ranges["first"] != ranges["last"])]
        numbers = _without_check_digit(self._cars.numbers.dropna())
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

    def between_ends_without_hyphen(self) -> pd.DataFrame:
        """Find the cars between ends that nothing splits, all written without hyphen: figures at one place.

        Where the row's own 型式 splits its ends they are ordered, and not looked at here.
        """
        ranges = self._ranges.of_kind("undetermined")
        if not len(ranges):
            return nothing()
        is_bare = ranges["first"].str.fullmatch(_BARE) & ranges["last"].str.fullmatch(_BARE)
        is_as_long = ranges["first"].str.len() == ranges["last"].str.len()
        ranges = ranges[is_bare & is_as_long & (ranges["first"] <= ranges["last"])]
        ends = zip(ranges["first"], ranges["last"], strict=True)
        common = [len(commonprefix(each)) for each in ends]  # noqa: RUF071 (characters are meant)
        ranges = ranges.assign(common=np.array(common, np.int64))
        ranges = ranges[ranges["common"] >= _SHORTEST_BEGINNING]
        if not len(ranges):
            return nothing()
        names = ["full", "body"]
        ranges = ranges.assign(**ranges[names].mask(ranges["is_guessed"].astype(bool)))
        ranges = ranges[["campaign", *names, "has_mark", "first", "last", "common"]]
        numbers = self._cars.numbers.dropna().str.replace("-", "")
        found = [nothing()]
        for (length, size), some in ranges.groupby([ranges["first"].str.len(), "common"]):
            is_serial = numbers.str[size:].str.fullmatch("[0-9]*") & (numbers.str.len() == length)
            own = numbers[is_serial].sort_values()
            start = own.searchsorted(some["first"].to_numpy(object), "left")
            counts = own.searchsorted(some["last"].to_numpy(object), "right") - start
            offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            hits = some.iloc[np.repeat(np.arange(len(some)), counts)]
            cars = own.index.to_numpy()[np.repeat(start, counts) + offsets]
            found.append(judged(self._cars.models, hits.assign(car=cars)))
        return pd.concat(found, ignore_index=True)

    def begun_like_an_open_end(self) -> pd.DataFrame:
        """Find the cars whose number begins like the one end there is, which has no order, and is as long."""
        ranges = self._ranges.of_kind("open")
        ranges = ranges[ranges["prefix"].isna() & ranges["first"].str.fullmatch(_BARE)]
        if not len(ranges):
            return nothing()
        ranges = ranges.assign(
            beginning=ranges["first"].str[:MAKER_AND_MODEL], size=ranges["first"].str.len()
        )
        ranges = ranges.drop_duplicates(["campaign", "beginning", "size", "full"])
        numbers = self._cars.numbers.dropna().str.replace("-", "")
        own = pd.DataFrame({"car": numbers.index, "beginning": numbers.str[:MAKER_AND_MODEL]})
        found = ranges.merge(
            own.assign(size=numbers.str.len().to_numpy()), on=["beginning", "size"]
        )
        return lowered(judged(self._cars.models, found), Reason.UNDETERMINED_RANGE)

    def of_loose_numbers(self) -> pd.DataFrame:
        """Find numbers that are written in no known form, or with letters that look like figures."""
        numbers, known = self._cars.numbers, self._placed.prefixes
        is_unparsed = pd.isna(self._cars.parsed.prefix) & numbers.notna().to_numpy(bool)
        has_alike = numbers.fillna("").str.contains("[OQI]").to_numpy(bool)
        is_odd = is_unparsed & (~self._placed.is_placed | has_alike)
        is_odd |= self._with_alike_prefixes()
        ranges = self._ranges.of_kind("ordered", "open")
        found = []
        if is_odd.any():
            loose = placed_loosely(numbers[is_odd], known)
            found.append(between(loose.assign(year=-1), ranges))
        if len(self._near):
            moved = between(self._with_moved_hyphens().assign(year=-1), ranges, "digits")
            found.append(moved[moved["digits_car"].between(moved["fewest"], moved["most"])])
        is_long = (numbers.fillna("").str.len() >= VIN_LENGTH).to_numpy(bool)
        may_be_vin = is_long & (self._cars.parsed.year < 0)
        if may_be_vin.any():
            vins = as_vins(numbers[may_be_vin])
            parsed = parse_numbers(vins)
            loose_vins = pd.DataFrame(
                {"row": vins.index, "prefix": parsed.prefix, "serial": parsed.serial}
            ).assign(year=parsed.year)
            found.append(between(loose_vins.dropna(subset=["prefix"]), ranges))
        if not found:
            return nothing()
        rows = pd.concat(found, ignore_index=True)
        return pairs_of(rows, MatchClass.POSSIBLE, Reason.LOOSE_NUMBER)

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
        rows = self._domestic["row"][self._domestic["prefix"].isin(self._near["left"])].unique()
        return split_by_known(
            self._cars.numbers.loc[rows].str.replace("-", ""), self._placed.prefixes
        )

    def of_similar_prefixes(self) -> pd.DataFrame:
        """Find numbers inside a range but for a prefix with letters more or less than the range's."""
        ranges = self._ranges.of_kind("ordered", "open")
        ranges = ranges[ranges["year"] < 0]
        if not len(self._near) or not len(ranges):
            return nothing()
        read = self._near.rename(columns={"left": "own", "right": "prefix"})
        asked = self._domestic.rename(columns={"prefix": "own"}).merge(read, on="own")
        found = between(asked, ranges, "own", "is_split")
        # What another campaign's prefix makes of a number without hyphen tells this one nothing.
        named = ranges[["campaign", "prefix"]].drop_duplicates().assign(is_named=1)
        named = named.rename(columns={"prefix": "own_car"})
        is_named = found[["campaign", "own_car"]].merge(named, how="left")["is_named"].notna()
        found = found[~found["is_split_car"].to_numpy(bool) | is_named.to_numpy(bool)]
        own = self._cars.models["body"].to_numpy()[found["car"].to_numpy(np.int64)]
        is_unknown = pd.isna(own) | found["body"].isna().to_numpy()
        found = found[is_unknown | (own == found["body"].to_numpy())]
        return pairs_of(found, MatchClass.POSSIBLE, Reason.SIMILAR_PREFIX)


def _without_check_digit(numbers: pd.Series) -> pd.Series:
    """Mask the ninth character of VINs, which tells nothing of which cars are between two."""
    return numbers.str.replace(_CHECK_DIGIT, r"\1*\2", regex=True)
