"""Folding whole columns for comparison, by the rules of `folding`; addresses and running texts too."""

import re
from copy import copy

import pyarrow
import pyarrow.compute as pc

from transforms.arrays import are_ascii_words, where
from transforms.reading.ascii_columns import without
from transforms.reading.folding import (
    BLANKS,
    DASHES,
    fold_names_in,
    fold_plainly,
    fold_spellings,
    spell_out_companies,
)
from transforms.reading.joined_text import JoinedText

_PREFECTURE = "(?:東京都|北海道|(?:京都|大阪)府|[^{edge}]{{2}}県|[^{edge}]{{3}}県)"
SHORTEST_PLOT = 6
_SQUEEZED_OUT_OF_ASCII = "().-[]{}<>"
_SQUEEZED_OUT = f"{_SQUEEZED_OUT_OF_ASCII}【】「」『』〔〕〈〉《》"
_BETWEEN_GROUPS = "/~〜_,、:·•|+*➖˗"
_PHONE_IN_GROUPS = (
    rf"(0(?<![0-9]0)[0-9]{{1,4}})[{_BETWEEN_GROUPS}]{{1,2}}"
    rf"([0-9]{{1,4}})[{_BETWEEN_GROUPS}]{{1,2}}([0-9]{{4}})(?![0-9])"
)
"""A telephone number with something between its groups that is taken out nowhere else."""

_BETWEEN_LOCAL = r"[ の・.)(/](?<=[0-9].)[ の・.)(/]?(?=[0-9]{4}(?![0-9]))"

_POSTAL_CODE = "〒?[0-9]{3}-?[0-9]{4}(?![0-9])"
_COUNTY = "[^0-9{edge}]{{1,6}}?郡"
_BETWEEN_PARTS = ("丁目", "番地の", "番地ノ", "番地之", "番地", "号室", "号", "地割")
_CHOME_MISSPELT, _NUMBER_OF = "町(?<=[0-9]町)目", "番(?:[のノ之](?=[0-9])|(?!町))"
"""What stands between the numbers of an address; longer ones first. 一番町 is a name."""

_KANJI_DIGITS = "〇一二三四五六七八九"
_KANJI_NUMBER = f"[{_KANJI_DIGITS}十百千]+"
_COUNTS = f"{_KANJI_NUMBER}(?=丁目|番|号|地割|条|[-のノ之](?:[0-9]|{_KANJI_NUMBER}))"
_KANJI_FIGURE = f"[{_KANJI_DIGITS}十百千]"
_GOES_ON = (
    f"{_KANJI_FIGURE}(?:(?<=[0-9][-のノ之].){_KANJI_FIGURE}*"
    f"|(?:(?<=[0-9]番.)|(?<=[0-9]番地.)|(?<=[0-9]番[のノ之].)|(?<=[0-9]番地[のノ之].)|(?<=[0-9]丁目.)){_KANJI_FIGURE}*"
    "(?=[{edge}号(-]|[のノ之](?:[0-9]|[〇一二三四五六七八九十百千])))"
)
"""A number in kanji behind another number of the address; 3番地二葉荘 is a house.

An expression that begins with what it consumes is looked for much faster than one that looks behind first.
"""
_BETWEEN_DIGITS = "[のノ之,、.・/~〜](?<=[0-9].)(?=[0-9])"
_COUNTED_OTHERWISE = dict(zip("壱弐参", "一二三", strict=True))
_KATAKANA_NUMBER = "[ニハ](?=丁目)"
_WITHIN_A_NAME = "{marks}(?<=[一-龥].)(?=[一-龥])"
_TO_THE_NUMBER = r"^([^0-9]*(?:[0-9]+-?[^0-9-]+)*?[0-9]+(?:-[0-9]+){1,2}).*$"
"""To the end of 丁目・番・号, in three numbers at most: a fourth is a room's (RE2)."""

_IS_TO_THE_NUMBER = "^[^0-9]*[0-9]+(?:-[0-9]+){1,2}$"

_BUILDING = "-[^0-9甲乙丙丁イロハニホ部区].*|[ア-クグコ-チテ-ネハ-ヴA-Z]{2}.*"
_TO_A_LONE_NUMBER = rf"^(.*?[0-9])(?:{_BUILDING}|[^0-9]{{1,10}}(?:方|気付))$"
"""To a number without a branch, before a building or a name; 12-甲 is a number."""


def fold_codes(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold a column of codes as `fold_code` does one."""
    joined = JoinedText(texts)
    joined.compatible()
    joined.upper()
    joined.exchange(dict.fromkeys(BLANKS, ""))
    joined.exchange(dict.fromkeys(DASHES, "-"))
    return joined.cells()


def fold_names(names: pyarrow.Array) -> pyarrow.Array:
    """Fold a column of names as `fold_name` does one."""
    joined = JoinedText(names)
    fold_names_in(joined)
    return joined.cells()


def fold_addresses(addresses: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses: as codes, without postal code, prefecture, 郡, 大字 and 字, numbers in digits.

    丁目, 番地 and whatever else stands between numbers become dashes; 鶴ヶ島 and 鶴が島 become one.
    """
    return _as_addresses(plain_text(addresses)).cells()


def fold_homes(addresses: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses as `fold_addresses`, without building and c/o behind the number of the plot."""
    folded = fold_addresses(addresses)
    # Most addresses end with their number; the slower expressions are for the others.
    goes_on = pc.invert(pc.match_substring_regex(folded, _IS_TO_THE_NUMBER))
    if not pc.any(goes_on).as_py():
        return folded
    return pc.replace_with_mask(folded, goes_on, _to_the_number(folded.filter(goes_on)))


def _to_the_number(folded: pyarrow.Array) -> pyarrow.Array:
    cut = pc.replace_substring_regex(folded, _TO_THE_NUMBER, r"\1")
    is_numbered = pc.match_substring_regex(cut, r"[0-9]-[0-9]+$")
    lone = pc.replace_substring_regex(cut, _TO_A_LONE_NUMBER, r"\1")
    return pc.if_else(is_numbered, cut, lone)


def plots_of(homes: pyarrow.Array) -> tuple[pyarrow.Array, pyarrow.Array]:
    """Give folded homes that end with a number and its branch, squeezed, with and without municipality.

    Others are null. What is shorter than `SHORTEST_PLOT` may stand in anybody's text by chance.
    """
    is_numbered = pc.match_substring_regex(homes, r"[0-9]-[0-9]+$")
    numbered = where(is_numbered, homes)
    in_town = pc.replace_substring_regex(numbered, "^[^0-9]*?[市区村](.{2}[^0-9]*[0-9])", r"\1")
    return squeezed(numbered), squeezed(in_town)


def squeezed(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold running texts so that spellings of one number or name in them become the same run."""
    if are_ascii_words(texts):
        return without(texts, _SQUEEZED_OUT_OF_ASCII, in_capitals=True)
    return squeezed_text(plain_text(texts)).cells()


def plain_text(texts: pyarrow.Array) -> JoinedText:
    """Fold widths, old forms and case of a column, and leave the cells joined: what all else begins with."""
    joined = JoinedText(texts)
    fold_plainly(joined)
    return joined


def squeezed_text(plain: JoinedText) -> JoinedText:
    """Fold a `plain_text` as `squeezed` does, and leave the cells joined."""
    return _squeeze(copy(plain))


def squeezed_addresses(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses, and running texts as if they were addresses, so that one can be found in the other."""
    return squeezed_addresses_text(plain_text(texts)).cells()


def squeezed_addresses_text(plain: JoinedText) -> JoinedText:
    """Fold a `plain_text` as `squeezed_addresses` does, and leave the cells joined."""
    return _squeeze(_as_addresses(plain))


def _dashed(plain: JoinedText) -> JoinedText:
    joined = copy(plain)
    joined.exchange(dict.fromkeys(DASHES, "-"))
    return joined


def local_numbers_text(plain: JoinedText) -> JoinedText:
    """Put dashes in a `plain_text`, also for what else stands before the last four figures of a number."""
    joined = _dashed(plain)
    joined.substitute(_BETWEEN_LOCAL, "-", only_with=" の・.)(/")
    return joined


def _as_addresses(plain: JoinedText) -> JoinedText:
    joined = _dashed(plain)
    joined.substitute(f"(-[0-9]+)[{BLANKS}]+(?=[0-9])", r"\1-", only_with=BLANKS)
    joined.exchange(dict.fromkeys(BLANKS, ""))
    edge = joined.boundary
    joined.substitute(edge + _POSTAL_CODE, edge, only_with="0123456789")
    joined.substitute(edge + _PREFECTURE.format(edge=edge), edge, only_with="都道府県")
    joined.substitute(edge + _COUNTY.format(edge=edge), edge, only_with="郡")
    for part in ("大字", "字"):
        joined.replace(part, "")
    joined.exchange(_COUNTED_OTHERWISE)
    joined.substitute(_KATAKANA_NUMBER, _in_kanji, only_with="ニハ")
    for pattern in (_COUNTS, _GOES_ON.replace("{edge}", edge)):
        joined.substitute(pattern, _in_digits, only_with=f"{_KANJI_DIGITS}十百千")
    joined.substitute(_BETWEEN_DIGITS, "-", only_with="のノ之,、.・/~〜")
    for marks, one in (("[がガカヵヶケ]", "ケ"), ("[つツッ]", "ツ"), ("[のノ之乃]", "ノ")):
        joined.substitute(_WITHIN_A_NAME.format(marks=marks), one, only_with=marks)
    for part in _BETWEEN_PARTS:
        joined.replace(part, "-")
    joined.substitute(_CHOME_MISSPELT, "-", only_with="町")
    joined.substitute(_NUMBER_OF, "-", only_with="番")
    joined.substitute("--+", "-", only_with="-")
    for zeros in ("-00", "-0"):
        joined.replace(zeros, "-")
    joined.replace(f"{edge}-", edge)
    joined.replace(f"-{edge}", edge)
    return joined


def _in_digits(number: re.Match[str]) -> str:
    """Write a number of kanji in digits: 十二 and 一二 are both 12."""
    text = number[0]
    if not set("十百千") & set(text):
        return "".join(str(_KANJI_DIGITS.index(digit)) for digit in text)
    value = 0
    for unit, worth in (("千", 1000), ("百", 100), ("十", 10)):
        before, is_there, text = text.rpartition(unit)
        value += worth * _digit(before, 1) if is_there else 0
    return str(value + _digit(text, 0))


def _in_kanji(number: re.Match[str]) -> str:
    """Write a number of kanji as such that somebody took for katakana."""
    return {"ニ": "二", "ハ": "八"}[number[0]]


def _digit(written: str, nothing: int) -> int:
    return _KANJI_DIGITS.index(written[-1]) if written and written[-1] in _KANJI_DIGITS else nothing


def _squeeze(joined: JoinedText) -> JoinedText:
    joined.compatible()
    spell_out_companies(joined)
    joined.exchange(dict.fromkeys(f"{BLANKS}・{DASHES}{_SQUEEZED_OUT}", ""))
    joined.substitute(_PHONE_IN_GROUPS, r"\1\2\3", only_with=_BETWEEN_GROUPS)
    joined.substitute("の(?<=[0-9].)(?=[0-9])", "", only_with="の")
    fold_spellings(joined)
    return joined
