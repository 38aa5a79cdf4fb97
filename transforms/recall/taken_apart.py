"""Cars and ranges taken apart: 型式 to compare by, prefix and serial to order by."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow

from transforms.recall.numbers import YEAR_STEP, YEARS, Parsed, fold, model_keys, parse_numbers

_ONE_NUMBER = r"[A-Z0-9一-龥\[\]()-]*[0-9]{3}[A-Z0-9一-龥\[\]()-]*"
"""The number of one car in a form that has no order, as stamped by an office; a placeholder is none."""

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
        ends = [each.mask(says_nothing, "") for each in ends]
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
        is_model = (ends[0] == keys["body"]) | (ends[0] == keys["full"])
        is_number = ends[0].str.fullmatch(_ONE_NUMBER) & ~is_model
        same_text = (ends[0] == ends[1]).to_numpy() & is_number.to_numpy(bool)
        kind = np.full(len(frame), "undetermined", object)
        kind[is_ordered] = "ordered"
        kind[low.is_given & ~high.is_given] = "open"
        kind[~low.is_given & ~high.is_given] = "type_only"
        kind[same_text & ~is_ordered] = "one"
        return cls(
            pd.DataFrame(
                {
                    "campaign": frame["campaign"],
                    "range": np.arange(len(frame)),
                    **keys,
                    "first": ends[0],
                    "kind": kind,
                    "prefix": low.prefix,
                    "low": low.serial,
                    "high": last,
                    "year": low.year,
                }
            )
        )

    def of_kind(self, *kinds: str) -> pd.DataFrame:
        """Give the ranges of these kinds."""
        return self.frame[self.frame["kind"].isin(kinds)]


def hyphenated(cars: Cars, ranges: Ranges) -> tuple[Cars, Ranges]:
    """Read 型式 without their hyphen (DAAZVW50) as the other side writes them (DAA-ZVW50)."""
    keys = ["full", "body", "has_mark"]
    models, frame = cars.models, ranges.frame
    own, asked = (
        _as_written(side[keys], other[keys]) for side, other in ((models, frame), (frame, models))
    )
    return replace(cars, models=own), Ranges(frame.assign(**{name: asked[name] for name in keys}))


def _as_written(models: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    known = others[others["has_mark"]].drop_duplicates("full")
    known = known.set_index(known["full"].str.replace("-", ""))
    known = known[~known.index.duplicated()]
    is_bare = ~models["has_mark"] & models["full"].isin(known.index)
    if not is_bare.any():
        return models
    written = known.loc[models.loc[is_bare, "full"]].set_axis(models.index[is_bare])
    return pd.concat([models[~is_bare], written]).sort_index()


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
