"""Cars and ranges taken apart: 型式 to compare by, prefix and serial to order by."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow

from transforms.recall.numbers import YEAR_STEP, YEARS, Parsed, fold, model_keys, parse_numbers

_OFFICE_STAMPED = r"[一-龥]?[\[(]?[0-9]{2}[\])][0-9]{3,8}[一-龥]?|[一-龥][0-9]{3,8}[一-龥]?"
"""職権打刻: the number an office gave one car (国[01]00001国, [41]12345); it has no order."""

_MARKS = {"[A-Z]": 1, "[A-Z]{2}": 2, "[A-Z]{3}": 3, "[0-9][A-Z]{2}": 3}
"""排出ガス識別記号, by what they are made of, and how long they are."""

_BEGINNING = r"(?<![A-Z0-9-])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{3,}"
_LONGEST_PREFIX, MAKER_AND_MODEL = 10, 6
"""Characters before a domestic number's hyphen at most; and of a VIN those that tell maker and model."""

_VIN = "[A-HJ-NPR-Z0-9]"
_MASKED_BY_HYPHEN = f"^({_VIN}{{8}})-({_VIN}{{8}})$"
_HYPHEN_BEHIND_CHECK = f"^({_VIN}{{8}}[A-HJ-NPR-Z0-9*])-({_VIN}{{8}})$"

_MOST_YEARS_APART = 15
"""Ends of a range of VINs further apart tell nothing: letters of model years come round again."""


@dataclass(frozen=True)
class Cars:
    """Cars: a row each, with 型式 keys and the number taken apart."""

    models: pd.DataFrame
    numbers: pd.Series
    parsed: Parsed

    @classmethod
    def of(cls, cars: pyarrow.Table) -> "Cars":
        """Take cars apart: columns `model_code` and `chassis_number`, as the records have them."""
        frame = cars.select(["model_code", "chassis_number"]).to_pandas()
        numbers = fold(frame["chassis_number"].astype(object))
        return cls(model_keys(frame["model_code"].astype(object)), numbers, parse_numbers(numbers))

    def taken(self, rows: np.ndarray, models: pd.DataFrame) -> "Cars":
        """Give some of the cars with other 型式."""
        numbers = self.numbers.iloc[rows].reset_index(drop=True)
        return Cars(models.reset_index(drop=True), numbers, parse_numbers(numbers))


@dataclass(frozen=True)
class Ranges:
    """Ranges: a row each. `kind`: ordered, open, one, type_only or undetermined."""

    frame: pd.DataFrame

    @classmethod
    def of(cls, ranges: pyarrow.Table) -> "Ranges":
        """Take ranges apart (`schemas.campaigns.RANGES`)."""
        frame = ranges.to_pandas().astype({"model_code": object, "first": object, "last": object})
        keys = model_keys(frame["model_code"])
        ends = [fold(frame[name].fillna("")) for name in ("first", "last")]
        says_nothing = ~(ends[0] + ends[1]).str.contains("[0-9]")
        ends = [_as_vins(each.mask(says_nothing, "")) for each in ends]
        ends = [_parted(each, keys) for each in ends]
        ends[1] = _with_prefix_of(*ends)
        low, high = (parse_numbers(each) for each in ends)
        span = np.where(high.year >= 0, (high.year - low.year) % len(YEARS), 0)
        last = high.serial + span * YEAR_STEP
        is_year_known = (low.year >= 0) == (high.year >= 0)
        is_ordered = (
            pd.notna(low.prefix)
            & (low.prefix == high.prefix)
            & is_year_known
            & (span <= _MOST_YEARS_APART)
            & (low.serial <= last)
        )
        is_stamped = ends[0].str.fullmatch(_OFFICE_STAMPED).to_numpy(bool)
        is_one = ((ends[0] == ends[1]) | (ends[1] == "")).to_numpy(bool) & is_stamped
        kind = np.full(len(frame), "undetermined", object)
        kind[is_ordered] = "ordered"
        kind[low.is_given & ~high.is_given] = "open"
        kind[~low.is_given & ~high.is_given] = "type_only"
        kind[is_one & ~is_ordered] = "one"
        return cls(
            _with_models_of_ends(
                pd.DataFrame(
                    {
                        "campaign": frame["campaign"],
                        "range": np.arange(len(frame)),
                        **keys,
                        "is_guessed": False,
                        "first": ends[0],
                        "last": ends[1],
                        "kind": kind,
                        "prefix": low.prefix,
                        "low": low.serial,
                        "high": last,
                        "year": low.year,
                        "last_prefix": high.prefix,
                        "last_serial": high.serial,
                        "fewest": np.where(
                            high.digits > 0, np.minimum(low.digits, high.digits), low.digits
                        ),
                        "most": np.maximum(low.digits, high.digits),
                    }
                )
            )
        )

    def mute(self) -> list[int]:
        """Name the campaigns with a row no car can be held against: neither 型式 nor a number."""
        frame = self.frame
        says_nothing = frame["body"].isna() & frame["prefix"].isna() & frame["last_prefix"].isna()
        is_one = frame["kind"] == "one"
        return sorted(frame.loc[says_nothing & ~is_one, "campaign"].unique().tolist())

    def of_kind(self, *kinds: str) -> pd.DataFrame:
        """Give the ranges of these kinds."""
        return self.frame[self.frame["kind"].isin(kinds)]


def _with_models_of_ends(frame: pd.DataFrame) -> pd.DataFrame:
    """Take what its ends begin with for the 型式 of a row that has none and whose ends cannot be ordered.

    So `ZVW50-0000100以降`, `ZVW50-全数` and several numbers in one cell still tell of some cars.
    """
    is_lost = frame[["body", "prefix", "last_prefix"]].isna().all(axis=1) & (frame["kind"] != "one")
    if not is_lost.any():
        return frame
    heads = (frame["first"] + " " + frame["last"])[is_lost].str.findall(_BEGINNING)
    told = frame.loc[heads.index].assign(body=heads).explode("body").dropna(subset=["body"])
    is_vin = told["body"].str.len() > _LONGEST_PREFIX
    told["body"] = told["body"].mask(is_vin, told["body"].str[:MAKER_AND_MODEL])
    told = told.assign(full=told["body"], has_mark=False, is_guessed=True).drop_duplicates()
    return pd.concat([frame.drop(index=told.index), told], ignore_index=True)


def respelt(models: pd.DataFrame, ranges: Ranges) -> pd.DataFrame:
    """Read 型式 that differ from a campaign's by their hyphen only (DAAZVW50, LA-650S) as it writes them.

    One without a hyphen may begin with an emission mark the other is written without.

    This is a further reading of those cars: how one car is written changes nothing for another.

    Args:
        models: of the cars (`model_keys`).
        ranges: of the campaigns.

    Returns:
        Columns `car` (row of `models`) and those of `models`.
    """
    keys = ["full", "body", "has_mark"]
    asked = ranges.frame[keys].dropna(subset=["full"]).drop_duplicates("full")
    asked = asked.assign(squeezed=asked["full"].str.replace("-", ""))
    own = models["full"].dropna().rename_axis("car").rename("own").reset_index()
    own["squeezed"] = own["own"].str.replace("-", "")
    both = pd.concat(
        [
            own.merge(asked, on="squeezed"),
            _without_mark(own, "own").merge(asked[~asked["has_mark"]], on="squeezed"),
            own.merge(_without_mark(asked, "full"), on="squeezed"),
        ]
    )
    again = both.loc[both["own"] != both["full"], ["car", *keys]]
    return again.drop_duplicates().reset_index(drop=True)


def _without_mark(models: pd.DataFrame, written: str) -> pd.DataFrame:
    """Give the 型式 that are written without a hyphen, squeezed without what may be their emission mark."""
    closed = models[~models[written].str.contains("-", regex=False).to_numpy(bool)]
    parts = [
        closed.assign(squeezed=closed["squeezed"].str[length:])[
            closed["squeezed"].str.fullmatch(f"{mark}[A-Z0-9]{{3,}}").to_numpy(bool)
        ]
        for mark, length in _MARKS.items()
    ]
    return pd.concat(parts)


def _as_vins(ends: pd.Series) -> pd.Series:
    """Read ends as VINs whose check digit is a hyphen, or has one behind it, if they are nothing else."""
    is_domestic = ends.str.fullmatch(r"[A-Z0-9]+-[0-9]+")
    vins = ends.str.replace(_MASKED_BY_HYPHEN, r"\1*\2", regex=True)
    vins = vins.str.replace(_HYPHEN_BEHIND_CHECK, r"\1\2", regex=True)
    return ends.where(is_domestic, vins)


def _parted(ends: pd.Series, keys: pd.DataFrame) -> pd.Series:
    """Part ends from the row's own 型式: ZVW506000001 and DAA-ZVW50-6000001 are ZVW50-6000001."""
    frame = pd.DataFrame({"end": ends, "body": keys["body"], "full": keys["full"]})
    found = ends.copy()
    for name in ("full", "body"):
        begun = frame.dropna().reset_index(names="place")
        lengths = begun[name].str.len()
        for length in sorted(lengths.unique().tolist()):
            some = begun[(lengths == length) & (begun["end"].str[:length] == begun[name])]
            rest = some["end"].str[length:].str.removeprefix("-")
            hit = rest.str.fullmatch(r"[0-9]{3,9}").to_numpy(bool)
            found.loc[some["place"][hit]] = (some["body"] + "-" + rest)[hit].to_numpy(object)
    return found


def _with_prefix_of(first: pd.Series, last: pd.Series) -> pd.Series:
    """Complete last numbers that are written as a serial only (ZVW50-0000100～0000199)."""
    prefix = first.str.extract(r"^([A-Z0-9]+-)[0-9]+$", expand=False)
    is_serial = last.str.fullmatch(r"[0-9]{3,9}") & prefix.notna()
    return last.where(~is_serial, prefix + last)


def agree(own: pd.DataFrame, asked: pd.DataFrame) -> np.ndarray:
    """Mask of the rows whose 型式 agree."""
    same_body = (own["body"] == asked["body"]).to_numpy(bool)
    return same_body & marks_agree(own["full"], own["has_mark"], asked["full"], asked["has_mark"])


def marks_agree(
    full: pd.Series, has_mark: pd.Series, other: pd.Series, other_has_mark: pd.Series
) -> np.ndarray:
    """Mask of 型式 of one body that are the same, or of which one is written without its mark."""
    is_same = full.to_numpy(object) == other.to_numpy(object)
    return is_same | ~has_mark.to_numpy(bool) | ~other_has_mark.to_numpy(bool)
