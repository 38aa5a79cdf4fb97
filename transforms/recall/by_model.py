"""Cars a campaign is about by their 型式, where numbers tell nothing or contradict it."""

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from transforms.recall.classes import MatchClass, Reason
from transforms.recall.numbers import LOOKALIKES, related
from transforms.recall.pairing import nothing, pairs_of
from transforms.recall.placing import Placed
from transforms.recall.taken_apart import Cars, Ranges, marks_agree

_READABLE = r"^(?=.*[A-Z])[A-Z0-9-]{4,}[0-9]{3}$"
"""A number that would have been found if a campaign meant it."""


_BEFORE_A_HEAD = r"^[^A-Z0-9]*(?:(?:[A-Z]{1,3}|[0-9][A-Z]{2})-([A-Z0-9]{2,}-))?"
"""Marks, text and an emission mark before a number (RE2)."""


class ByModel:
    """Finds cars of the campaigns' models that no number puts inside or outside a range."""

    def __init__(self, cars: Cars, ranges: Ranges, placed: Placed) -> None:
        """Take cars, ranges, and the cars in order."""
        self._cars, self._ranges, self._placed = cars, ranges, placed

    def found(self) -> pd.DataFrame:
        """Find all pairs; one may come several times."""
        type_only, undetermined = (
            self._ranges.of_kind(kind) for kind in ("type_only", "undetermined")
        )
        unordered = self._ranges.of_kind("open")
        unordered = pd.concat([unordered[unordered["prefix"].isna()], undetermined])
        return pd.concat(
            [
                self._of_models(type_only, Reason.TYPE_ONLY),
                self._of_models(unordered, Reason.UNDETERMINED_RANGE),
                self._of_other_marks(unordered),
                self._begun_like_models(pd.concat([type_only, unordered])),
                self.without_place(),
                self.contradicting(),
                self.of_prefix_alone(),
            ],
            ignore_index=True,
        )

    def blind(self) -> np.ndarray:
        """Mask of the cars of which neither 型式 nor number tells anything to any campaign."""
        numbers = self._cars.numbers.fillna("")
        is_read = self._placed.is_placed | numbers.str.fullmatch(_READABLE).to_numpy(bool)
        is_model = (self._cars.models["full"].str.len() > 1).to_numpy(bool)
        return ~is_model & ~is_read

    def without_place(self) -> pd.DataFrame:
        """Find the cars of the model whose number is missing or cannot be placed."""
        is_given = self._cars.parsed.is_given
        ranges = self._ranges.of_kind("ordered", "open", "one")
        none = self._of_models(ranges, Reason.NO_NUMBER, ~is_given)
        is_parsed = pd.notna(self._cars.parsed.prefix)
        odd = self._of_models(ranges, Reason.UNREADABLE_NUMBER, is_given & ~is_parsed)
        if not len(odd):
            return none
        exact = set(self._ranges.of_kind("one")["first"])
        odd = odd[~self._cars.numbers.loc[odd["car"]].isin(exact).to_numpy(bool)]
        odd = odd[~self._are_split(odd, ranges)]
        return pd.concat([none, odd], ignore_index=True)

    def _are_split(self, pairs: pd.DataFrame, ranges: pd.DataFrame) -> np.ndarray:
        """Mask of pairs whose number is split at a prefix of that very campaign."""
        frame = self._placed.frame
        split = frame.loc[frame["is_split"], ["row", "prefix"]].rename(columns={"row": "car"})
        own = split.merge(ranges[["campaign", "prefix"]].drop_duplicates(), on="prefix")
        known = own[["car", "campaign"]].drop_duplicates().assign(is_split=1)
        both = pairs[["car", "campaign"]].merge(known, on=["car", "campaign"], how="left")
        return both["is_split"].notna().to_numpy(bool)

    def contradicting(self) -> pd.DataFrame:
        """Find the cars of the model whose number is in no range, and cannot be what it says.

        That is a prefix that fits neither the 型式 nor a range, a VIN where the ranges are of other
        numbers or the other way, more or fewer figures than both ends; and ranges whose own prefix does not
        fit their 型式, where the car's does.
        """
        ranges = self._ranges.of_kind("ordered", "open").dropna(subset=["prefix", "body"])
        keys = ["full", "body", "has_mark"]
        asked = ranges.assign(is_vin=ranges["year"] >= 0)
        asked = asked.groupby(
            ["campaign", *keys, "prefix", "is_vin"], as_index=False, sort=False
        ).agg(fewest=("fewest", "min"), most=("most", "max"))
        placed = self._placed.frame
        models = self._cars.models.iloc[placed["row"].to_numpy()].reset_index(drop=True)
        own = pd.concat([models, placed.reset_index(drop=True)], axis=1).assign(
            is_vin=(placed["year"] >= 0).to_numpy()
        )
        own = own[own["body"].isin(asked["body"].unique())]
        alike = [*keys, "prefix", "digits", "is_vin", "is_split"]
        own = own.assign(kind=own.groupby(alike, sort=False).ngroup())
        both = own.drop_duplicates("kind").merge(asked, on="body", suffixes=("_car", ""))
        both = both[
            marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
        ]
        # What another campaign's prefix makes of a number without hyphen tells this one nothing.
        both = both[~both["is_split"].to_numpy(bool) | (both["prefix_car"] == both["prefix"])]
        both = both[~_are_borne_out(both)]
        both = both.assign(doubt=_doubts(both))
        if not both["doubt"].any():
            return nothing()
        judged = both.groupby(["kind", "campaign"], as_index=False).agg(doubt=("doubt", "all"))
        # A number that is split in several ways is in doubt only if it is so in each; of all others there are
        # many, and only the doubtful kinds are held against the cars.
        is_split = own["is_split"].to_numpy(bool)
        split = own[is_split].merge(judged, on="kind")
        split = split.groupby(["row", "campaign"], as_index=False).agg(doubt=("doubt", "all"))
        others = own[~is_split].merge(judged[judged["doubt"].to_numpy(bool)], on="kind")
        found = pd.concat([others, split[split["doubt"].to_numpy(bool)]], ignore_index=True)
        found = found.rename(columns={"row": "car"})
        return pairs_of(found, MatchClass.POSSIBLE, Reason.CONTRADICTION)

    def of_prefix_alone(self) -> pd.DataFrame:
        """Find the cars of no known 型式 whose number has a range's prefix and cannot be what it says.

        It has more or fewer figures than both ends, or none that can be read.
        """
        ranges = self._ranges.of_kind("ordered", "open").dropna(subset=["prefix"])
        asked = ranges.groupby(["campaign", "prefix"], as_index=False, sort=False).agg(
            fewest=("fewest", "min"), most=("most", "max")
        )
        has_no_model = self._cars.models["body"].isna().to_numpy(bool)
        if not has_no_model.any() or not len(asked):
            return nothing()
        placed = self._placed.frame.rename(columns={"row": "car"})
        is_meant = has_no_model[placed["car"].to_numpy()] & ~placed["is_split"].to_numpy(bool)
        both = placed[is_meant & (placed["year"] < 0).to_numpy(bool)].merge(asked, on="prefix")
        is_odd = has_no_model & self._cars.parsed.is_given & pd.isna(self._cars.parsed.prefix)
        heads = self._cars.numbers[is_odd].str.extract("^([^-]+)-", expand=False).rename("prefix")
        odd = heads.dropna().rename_axis("car").reset_index().merge(asked, on="prefix")
        return pd.concat(
            [
                pairs_of(both[~_are_as_long(both)], MatchClass.POSSIBLE, Reason.CONTRADICTION),
                pairs_of(odd, MatchClass.POSSIBLE, Reason.UNREADABLE_NUMBER),
            ],
            ignore_index=True,
        )

    def _of_models(
        self, ranges: pd.DataFrame, reason: Reason, mask: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Give the cars of the ranges' models as possible, whatever their number."""
        cars = self._cars.models.reset_index(names="car")
        cars = cars if mask is None else cars[mask]
        if not len(cars) or not len(ranges):
            return nothing()
        wanted = ranges.drop_duplicates(["campaign", "full"]).dropna(subset=["body"])
        both = cars.dropna(subset=["body"]).merge(wanted, on="body", suffixes=("_car", ""))
        agrees = marks_agree(both["full_car"], both["has_mark_car"], both["full"], both["has_mark"])
        return pairs_of(both[agrees], MatchClass.POSSIBLE, reason)

    def _of_other_marks(self, ranges: pd.DataFrame) -> pd.DataFrame:
        """Give the cars of the ranges' bodies with any emission mark: no number tells that they are out."""
        if not len(ranges):
            return nothing()
        cars = self._cars.models.reset_index(names="car").dropna(subset=["body"])
        wanted = ranges.drop_duplicates(["campaign", "full"]).dropna(subset=["body"])
        both = cars.merge(wanted, on="body", suffixes=("_car", ""))
        return pairs_of(both, MatchClass.POSSIBLE, Reason.OTHER_MARK)

    def _begun_like_models(self, ranges: pd.DataFrame) -> pd.DataFrame:
        """Give the cars whose number begins like the model of a range that numbers do not bound.

        Most makers begin the number with the body of the 型式 (LA650S-0012345, AGH30-0015000 of AGH30W).
        A car whose own 型式 fits its number is of that model; of any other the number tells more.
        """
        wanted = ranges.dropna(subset=["body"])[["campaign", "body"]].drop_duplicates()
        if not len(wanted):
            return nothing()
        numbers = self._cars.numbers
        numbers = numbers[numbers.notna() & (numbers != "")]
        heads = numbers.str.extract("^([^-]*)", expand=False)
        loose = _loose_heads(numbers)
        bodies = self._cars.models["body"].loc[numbers.index]
        heads = heads[~_are_related(heads, bodies)]
        loose = loose[~_are_related(loose, bodies.loc[loose.index].str.translate(LOOKALIKES))]
        rows = _begun_like(heads, wanted, wanted["body"])
        has_model = self._cars.models["body"].notna().to_numpy()[rows["car"].to_numpy(np.int64)]
        is_other = rows["is_other"].to_numpy(bool)
        loosely = _begun_like(loose, wanted, wanted["body"].str.translate(LOOKALIKES))
        return pd.concat(
            [
                pairs_of(rows[~has_model & ~is_other], MatchClass.POSSIBLE, Reason.NO_MODEL),
                pairs_of(rows[~has_model & is_other], MatchClass.POSSIBLE, Reason.SIMILAR_PREFIX),
                pairs_of(rows[has_model], MatchClass.POSSIBLE, Reason.OTHER_MODEL),
                pairs_of(loosely, MatchClass.POSSIBLE, Reason.LOOSE_NUMBER),
            ],
            ignore_index=True,
        )


def _are_borne_out(both: pd.DataFrame) -> np.ndarray:
    """Mask of kinds of cars that are what they say by one of their campaign's kinds of ranges."""
    is_same = both["prefix_car"] == both["prefix"]
    is_borne_out = is_same & _are_as_long(both) & (both["is_vin_car"] == both["is_vin"])
    by_kind = is_borne_out.groupby([both["kind"], both["campaign"]], sort=False)
    return by_kind.transform("any").to_numpy(bool)


def _are_as_long(both: pd.DataFrame) -> pd.Series:
    """Mask of numbers with as many figures as the ends of their ranges."""
    return both["digits"].between(both["fewest"], both["most"])


def _doubts(both: pd.DataFrame) -> np.ndarray:
    """Mask of kinds of cars and kinds of ranges of which one cannot be what it says."""
    car, asked, body = both["prefix_car"], both["prefix"], both["body"]
    fits, range_fits = _are_related(car, body), _are_related(asked, body)
    is_same = (car == asked).to_numpy(bool)
    other_length = ~_are_as_long(both).to_numpy(bool)
    other_kind = (both["is_vin_car"] != both["is_vin"]).to_numpy(bool)
    domestic = ~both["is_vin_car"].to_numpy(bool) & ~other_kind
    unfit = ~is_same & domestic & ~_are_related(car, asked) & ~fits
    wrong_range = ~is_same & domestic & fits & ~range_fits
    return (is_same & other_length) | other_kind | unfit | wrong_range


def _loose_heads(numbers: pd.Series) -> pd.Series:
    """Give what numbers begin with behind marks, text and an emission mark, O as 0, where that tells more.

    `DAA-ZVW50-0000100`, `*ZVW50-0000100*`, `車台番号ZVW50-0000100` and `ZVW5O-0000100` begin with ZVW50.
    """
    written = pyarrow.array(numbers, pyarrow.string())
    heads = pc.replace_substring_regex(written, _BEFORE_A_HEAD, r"\1")
    heads = pc.replace_substring_regex(heads, r"^([A-Z0-9]{3,}).*$|^.*$", r"\1")
    for letter, figure in LOOKALIKES.items():
        heads = pc.replace_substring(heads, chr(letter), chr(figure))
    plain = pc.replace_substring_regex(written, "-.*$", "")
    tells_more = pc.and_(pc.not_equal(heads, plain), pc.not_equal(heads, ""))
    places = np.flatnonzero(tells_more.to_numpy(zero_copy_only=False))
    found = heads.take(pyarrow.array(places)).to_numpy(zero_copy_only=False)
    return pd.Series(found, numbers.index[places], dtype=object)


def _begun_like(heads: pd.Series, wanted: pd.DataFrame, written: pd.Series) -> pd.DataFrame:
    """Give the cars whose number begins like a body, or the other way.

    Args:
        heads: what the numbers of cars begin with.
        wanted: `campaign` and `body`.
        written: the bodies as they are compared.

    Returns:
        Columns `car`, `campaign`, and `is_other`: whether one goes on with a figure.
    """
    asked = wanted.assign(written=written)
    unique = (pd.Series(each.unique(), dtype=object) for each in (heads, asked["written"]))
    near = related(*unique).rename(columns={"left": "head", "right": "written"})
    near["is_other"] = _goes_on_with_a_figure(near["head"], near["written"])
    rows = pd.DataFrame({"car": heads.index, "head": heads}).merge(near, on="head")
    return rows.merge(asked, on="written")


def _goes_on_with_a_figure(left: pd.Series, right: pd.Series) -> np.ndarray:
    """Mask of the rows of which one text is the other with a figure behind: GP1 and GP11 are two models."""
    goes_on = [
        max(one, other, key=len)[min(len(one), len(other)) :][:1].isdigit()
        for one, other in zip(left, right, strict=True)
    ]
    return np.array(goes_on, bool)


def _are_related(left: pd.Series, right: pd.Series) -> np.ndarray:
    """Mask of the rows of which one text begins with the other; a missing one does not."""
    if not len(left):
        return np.zeros(0, bool)
    pairs = pd.DataFrame({"left": left.to_numpy(object), "right": right.to_numpy(object)})
    unique = (pd.Series(pairs[name].dropna().unique(), dtype=object) for name in pairs)
    near = related(*unique).assign(is_near=1)
    return pairs.merge(near, on=["left", "right"], how="left")["is_near"].notna().to_numpy(bool)
