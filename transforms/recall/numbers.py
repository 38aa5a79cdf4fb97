"""Chassis numbers and 型式 taken apart for comparison.

A domestic chassis number is a prefix, a hyphen and a serial. A VIN has 17 characters: the first eight and
the eleventh name the model and the plant, the ninth is a check digit (masked: only North America
computes it), the tenth the model year, the last six the serial. Anything else cannot be ordered.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of
from transforms.reading.folded_columns import fold_codes
from transforms.recall.classes import NO_MODEL

_DOMESTIC = r"^(?P<p>[A-Z0-9]{1,12})-(?P<s>[0-9]{1,9})$"
_VIN = (
    r"^(?P<m>[A-HJ-NPR-Z0-9]{8})[A-HJ-NPR-Z0-9*](?P<y>[A-HJ-NPR-TV-Y1-9])(?P<p>[A-HJ-NPR-Z0-9])"
    r"(?P<s>[0-9]{6})$"
)
VIN_LENGTH = 17
_BARE = re.compile(r"^[A-Z0-9]{4,20}$")
_EMISSION = r"^(?:[A-Z0-9]{1,3})-(?=[A-Z0-9])"
"""排出ガス識別記号: one to three characters before the body of a 型式."""

_MODIFIED = r"(?:改造?|\*K|\(改造?\))+$"
_DETAILED = r"^((?:[A-Z0-9]{1,3}-)[A-Z0-9]{2,}|[A-Z0-9]{4,})-.*$"
"""型式 with what a catalogue adds to it: DAA-ZVW50-AHXEB."""

_BEHIND_THE_MODEL = r"(?<=\S)[(（\[【](?!改).*$"
_WORD_BEHIND = r"^(\S+-\S+)\s+[A-Za-z0-9].*$"
"""What a record adds to a 型式: DAA-ZVW50(AHXEB), DAA-ZVW50 AHXEB."""

MAKER_BEFORE = r"^[^A-Z0-9*]+(?=[A-Z0-9]{1,3}-[A-Z0-9])"
"""トヨタDAA-ZVW50."""

_WORDS_BEHIND = r"(?<=[A-Z0-9])[^A-Z0-9*-]+$"
"""ZVW50系."""

_MODEL = r"(?:[0-9A-Z]{1,3}-)?[0-9A-Z]+"
"""A 型式 some campaign could name; プリウス is none."""

LOOKALIKES = str.maketrans("OQIL", "0011")
"""Letters that look like figures."""

_SHORTEST = 3

YEARS = "123456789ABCDEFGHJKLMNPRSTVWXY"
"""Model years of a VIN in their order, a cycle of thirty."""

YEAR_STEP = 1_000_000
"""What one model year adds to the serial of a VIN: it has six digits."""


@dataclass(frozen=True)
class Parsed:
    """Numbers taken apart, one row each.

    Args:
        prefix: what is before the hyphen; of a VIN `VIN:` with its characters 1–8 and 11. Null where
            it cannot be told.
        serial: what orders numbers of one prefix, -1 where nothing does.
        digits: how many figures the serial has, 0 where there is none.
        year: of a VIN its place in `YEARS`, else -1.
        is_given: whether there is any number.
    """

    prefix: np.ndarray
    serial: np.ndarray
    digits: np.ndarray
    year: np.ndarray
    is_given: np.ndarray


def parse_numbers(folded: pd.Series) -> Parsed:
    """Take folded chassis numbers apart."""
    texts = pyarrow.array(folded, pyarrow.string(), from_pandas=True)
    domestic, vin = pc.extract_regex(texts, _DOMESTIC), pc.extract_regex(texts, _VIN)
    is_vin = vin.is_valid().to_numpy(zero_copy_only=False)
    model = pc.binary_join_element_wise("VIN:", *(pc.struct_field(vin, n) for n in "mp"), "")
    prefix = pc.if_else(vin.is_valid(), model, pc.struct_field(domestic, "p"))
    figures = pc.if_else(vin.is_valid(), pc.struct_field(vin, "s"), pc.struct_field(domestic, "s"))
    years = pc.index_in(pc.struct_field(vin, "y"), value_set=pyarrow.array(list(YEARS)))
    return Parsed(
        prefix.to_numpy(zero_copy_only=False),
        pc.fill_null(figures.cast(pyarrow.int64()), -1).to_numpy(zero_copy_only=False),
        pc.fill_null(pc.utf8_length(figures), 0).to_numpy(zero_copy_only=False),
        np.where(is_vin, pc.fill_null(years, -1).to_numpy(zero_copy_only=False), -1),
        mask_of(pc.not_equal(texts, "")),
    )


def split_by_known(folded: pd.Series, prefixes: set[str]) -> pd.DataFrame:
    """Split numbers written without their hyphen at every prefix some campaign names.

    The prefix itself may end in digits, so nothing else tells where the serial begins.

    Returns:
        Columns `row`, `prefix`, `serial`, `digits`: none, one or several rows per number.
    """
    found = [pd.DataFrame(dict.fromkeys(("row", "prefix", "serial", "digits"), ()), dtype=object)]
    lengths = sorted({len(prefix) for prefix in prefixes})
    bare = folded[folded.fillna("").str.fullmatch(_BARE)]
    rows, texts = bare.index.to_numpy(), bare.astype(object)
    for length in lengths:
        heads, tails = texts.str[:length], texts.str[length:]
        fits = heads.isin(prefixes) & tails.str.fullmatch(r"[0-9]{3,9}")
        hits = fits.to_numpy(bool)
        serials = pd.to_numeric(tails[hits]).astype(np.int64)
        found.append(
            pd.DataFrame(
                {
                    "row": rows[hits],
                    "prefix": heads[hits],
                    "serial": serials,
                    "digits": tails[hits].str.len(),
                }
            )
        )
    whole = dict.fromkeys(("row", "serial", "digits"), np.int64)
    return pd.concat(found, ignore_index=True).astype(whole)


def placed_loosely(folded: pd.Series, prefixes: set[str]) -> pd.DataFrame:
    """Find prefixes that campaigns name, with a serial behind, in numbers with other marks around or between.

    `車台番号ZVW50_0000150(打刻)` and `ZVW50-0000150(2)` have one, and so has `ZVW5O-0000150`: of letters and
    figures that look alike either may have been meant.

    Args:
        folded: numbers that are written in no known form, or with such letters.
        prefixes: what campaigns name.

    Returns:
        Columns `row`, `prefix`, `serial`: none, one or several rows per number.
    """
    alike: dict[str, list[str]] = {}
    for prefix in prefixes:
        alike.setdefault(re.sub(r"[^A-Z0-9]", "", prefix).translate(LOOKALIKES), []).append(prefix)
    lengths = sorted({len(prefix) for prefix in alike})
    found = []
    # Behind a second hyphen may stand something of its own (ZVW50-0000150-1).
    whole = folded.dropna()
    cut = whole[whole.str.count("-") > 1].str.extract("^([^-]*-[^-]*)", expand=False)
    alone = whole.str.extract(r"^(.*?[0-9])[\[(]", expand=False).dropna()
    for row, text in (*whole.items(), *cut.items(), *alone.items()):
        bare = re.sub(r"[^A-Z0-9]", "", text).translate(LOOKALIKES)
        for start in range(len(bare)):
            for length in lengths:
                known = alike.get(bare[start : start + length], ())
                serial = known and re.match(r"[0-9]{3,9}(?![0-9])", bare[start + length :])
                if serial:
                    found += [(row, prefix, int(serial[0])) for prefix in known]
    frame = pd.DataFrame(found, columns=["row", "prefix", "serial"])
    return frame.astype({"row": np.int64, "prefix": object, "serial": np.int64})


def related(left: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Find the pairs of which one begins with the other (AGH30 and AGH30W), or that are the same.

    Args:
        left: texts, each once.
        right: likewise.

    Returns:
        Columns `left`, `right`. What has fewer than three characters begins anything by chance.
    """
    if not len(left) or not len(right):
        return pd.DataFrame({"left": left[:0], "right": right[:0]}, dtype=object)
    found = []
    for these, those in (("left", left), ("right", right)), (("right", right), ("left", left)):
        (longer, long), (shorter, short) = these, those
        lengths = short.str.len()
        for length in sorted(lengths.unique().tolist()):
            is_as_long = (
                long.str.len() >= length if length >= _SHORTEST else long.str.len() == length
            )
            heads = pd.DataFrame({longer: long[is_as_long], "head": long[is_as_long].str[:length]})
            found.append(
                heads.merge(
                    short[lengths == length].rename(shorter), left_on="head", right_on=shorter
                )
            )
    pairs = pd.concat(found, ignore_index=True)
    return pairs[["left", "right"]].drop_duplicates(ignore_index=True)


def as_vins(folded: pd.Series) -> pd.Series:
    """Read odd numbers as the VINs they may be meant for: without marks around, O and Q as 0, I as 1.

    Returns:
        The 17 characters, of the numbers that have as many.
    """
    bare = folded.str.replace(r"[^A-Z0-9]", "", regex=True)
    vins = bare.str.replace("[OQ]", "0", regex=True).str.replace("I", "1")
    return vins[vins.str.len() == VIN_LENGTH]


def fold(texts: pd.Series) -> pd.Series:
    """Fold codes."""
    folded = fold_codes(pyarrow.array(texts, pyarrow.string(), from_pandas=True))
    return pd.Series(folded.to_pandas(), index=texts.index).astype("str")


def model_keys(texts: pd.Series) -> pd.DataFrame:
    """Give 型式 as `full`, `body` (without emission mark and 改) and `has_mark`; null where unknown."""
    alone = texts.str.replace(_BEHIND_THE_MODEL, "", regex=True)
    alone = alone.str.replace(_WORD_BEHIND, r"\1", regex=True)
    folded = fold(alone).str.lstrip("*").str.replace(_MODIFIED, "", regex=True)
    folded = folded.str.replace(MAKER_BEFORE, "", regex=True)
    folded = folded.str.replace("-+", "-", regex=True).str.strip("-")
    folded = folded.str.replace(_DETAILED, r"\1", regex=True)
    folded = folded.str.replace(_WORDS_BEHIND, "", regex=True)
    folded = folded.where(folded.str.fullmatch(_MODEL) & ~folded.isin(NO_MODEL))
    body = folded.str.replace(_EMISSION, "", regex=True)
    has_mark = (folded != body) & folded.notna()
    return pd.DataFrame({"full": folded, "body": body, "has_mark": has_mark})
