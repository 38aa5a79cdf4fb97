"""The cells of a campaign, as the ministry's answer and an operator's CSV both have them.

What cannot be understood is refused, naming its place: a campaign read in part finds too few cars.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from schemas.campaigns import Campaign, Category, Model, Range
from schemas.errors import ConfigurationError
from transforms.reading.days import read_day
from transforms.reading.folding import DASH_CLASS, fold_code, nfkc
from transforms.recall.classes import NO_MODEL
from transforms.recall.numbers import MAKER_BEFORE

_BETWEEN_CODES = re.compile(r"[、､,/・･;\s]+")
_CODE = re.compile(r"\*?(?:[0-9A-Z]{1,3}-)?[0-9A-Z]{2,}(?:-[0-9A-Z]+)?(?:改造?|\(改造?\)|\*K)?")
"""型式: 排出ガス識別記号, body, what a catalogue adds, 改 (*K on certificates)."""

_MODIFIED = re.compile(r"[\s-]*(改造?|\(改造?\))")
"""改 is of the 型式 before it, whatever stands between."""

_MARK_ALONE = re.compile(r"[A-Z]{1,3}|[0-9][A-Z]{2}|[0-9]+[A-Z]{0,2}")
"""What is left of DAA/6AA-ZVW50, DAA-ZVW50/51 or DBA-LA600S/610S: no 型式, but a part of one."""

_IN_BRACKETS = re.compile(r"^\(([^()]*)\)$")

_LOWER_X = re.compile(r"[A-Z0-9]x|x[A-Z0-9]")
"""DAA-ZVW5x: any figure is meant."""

CATEGORIES = {
    "": Category.RECALL,
    "1": Category.RECALL,
    "2": Category.IMPROVEMENT,
    "3": Category.SERVICE,
    "リコール": Category.RECALL,
    "改善対策": Category.IMPROVEMENT,
    "サービスキャンペーン": Category.SERVICE,
    "キャンペーン": Category.SERVICE,
}
_SEPARATOR = re.compile(r"[～〜~]|から|より")
_DASHED = re.compile(r"\s*([A-Z0-9]{1,12}-[0-9]{3,9})\s*-\s*((?:[A-Z0-9]{1,12}-)?[0-9]{3,9})\s*")
"""ZVW50-0001－ZVW50-0199."""

_FROM, _TO = re.compile("(?:以降|以後|から|より|後)$"), re.compile("(?:以前|以下|まで|迄|前)$")
_SAID = re.compile("(?:以降|以後|から|より|後|以前|以下|まで|迄|前|号|番)+$")
_DOMESTIC = re.compile(r"([A-Z0-9]{1,12}-)([0-9]{3,9})")
_SPOILT = re.compile(r"[0-9]\.[0-9]+E[+-]?[0-9]{1,3}|[0-9]E[+-][0-9]{1,3}")
"""What a spreadsheet makes of a number with an E."""

_Value = TypeVar("_Value")


def models_of(model: Model, place: str) -> Iterator[Model]:
    """Give a model for each 型式 of a cell; what cannot be understood of it would miss cars in silence."""
    cell = _MODIFIED.sub(r"\1", nfkc(model.code).strip())
    written = [code for code in _BETWEEN_CODES.split(cell) if code]
    known = [code for code in written if fold_code(code) not in NO_MODEL]
    if not known and not model.ranges:
        raise wrong(
            place,
            "型式も車台番号もない行があります",
            "a row has neither 型式 nor chassis numbers",
        )
    has_numbers = any(ends.first for ends in model.ranges)
    codes: list[str] = []
    for code in known:
        folded = re.sub(MAKER_BEFORE, "", _IN_BRACKETS.sub(r"\1", fold_code(code)))
        is_part = len(known) > 1 and bool(_MARK_ALONE.fullmatch(folded))
        is_code = _CODE.fullmatch(folded) and not folded.isdigit() and not _LOWER_X.search(code)
        if is_code and not is_part:
            codes.append(folded)
        elif has_numbers and known == [code] and (folded.isdigit() or not _CODE.match(folded)):
            # A machine's model, a body of one character, その他: its cars are known by their numbers alone.
            codes.append("")
        else:
            raise wrong(
                place,
                f"「{code[:20]}」は型式ではありません。型式はそれぞれ省かずに書いてください",
                f"型式 '{code[:20]}' is not one; name each 型式 in full",
            )
    spoilt = [
        end for ends in model.ranges for end in (ends.first, ends.last) if _SPOILT.fullmatch(end)
    ]
    if spoilt:
        raise wrong(
            place,
            f"車台番号「{spoilt[0]}」は表計算ソフトが書き換えた数字です",
            f"the chassis number '{spoilt[0]}' was rewritten by a spreadsheet",
        )
    if any(ends.last and not ends.first for ends in model.ranges):
        raise wrong(place, "範囲の始まりがありません", "a range has an end and no beginning")
    ranges = tuple(ends for ends in model.ranges if ends.first)
    for code in dict.fromkeys(codes or [""]):
        yield replace(model, code=code, ranges=ranges)


def range_of(first: object, last: object) -> Range:
    """Give a range; both ends may stand in one cell (ZVW50-0001～ZVW50-0199, ZVW50-0001 - ZVW50-0199).

    What is said beside an end (以降, まで) tells which of the two it is, wherever it stands.
    """
    one, other = _end(first), _end(last)
    if other and one != other:
        # Up to the one and from the other on: ends that have no order, and cars are looked for beside both.
        is_turned = _TO.search(one) and _FROM.search(other)
        return Range(_bare(other), _bare(one)) if is_turned else Range(_bare(one), _bare(other))
    parts = [_end(part) for part in _SEPARATOR.split(str(first or ""))]
    if len(parts) > 1 and any(figure.isdigit() for figure in parts[1]):
        return Range(_bare(parts[0]), _bare(parts[1]))
    dashed = _DASHED.fullmatch(re.sub(DASH_CLASS, "-", nfkc(str(first or ""))).upper())
    if dashed:
        return Range(*map(_end, dashed.groups()))
    if _TO.search(one):
        return _up_to(_bare(parts[0]), one)
    is_said = len(parts) > 1 or _FROM.search(one)
    return Range(_bare(parts[0]), "" if is_said else _bare(other))


def _up_to(end: str, written: str) -> Range:
    """Give all numbers of a prefix up to an end; one that has no order stays as it is written."""
    found = _DOMESTIC.fullmatch(end)
    return Range(f"{found[1]}{'0' * len(found[2])}", end) if found else Range(written, "")


def _bare(end: str) -> str:
    """Take off what is said beside an end."""
    return _SAID.sub("", end)


def _end(value: object) -> str:
    """Give an end as a code; what stands in two lines is two numbers, and no order can be told of them."""
    if value is None:
        return ""
    return fold_code(
        re.sub(r"(?<=[0-9])[ \u3000]*[\r\n]+\s*(?=[0-9A-Za-z])", "/", str(value).strip())
    )


def day_of(text: str, place: str, field: str) -> date:
    """Read a day, or refuse the file."""
    found = read_day(text).value
    if found is None:
        raise wrong(
            place,
            f"{field}「{text[:20]}」は日付（YYYY/MM/DD）ではありません",
            f"{field} '{text[:20]}' is no day (YYYY/MM/DD)",
        )
    return found


def meaning(known: Mapping[str, _Value], word: str, place: str, field: str) -> _Value:
    """Give what a word of a closed list means, or refuse the file."""
    if word not in known:
        words = ", ".join(filter(None, known))
        raise wrong(
            place,
            f"{field}「{word[:20]}」が分かりません。次のどれかです: {words}",
            f"{field} '{word[:20]}' is unknown; known are {words}",
        )
    return known[word]


def joined(records: Sequence[Campaign]) -> Campaign:
    """Give one campaign of all that records of one number and day say.

    Raises:
        ConfigurationError: they are of different categories.
    """
    first = records[0]
    others = [each for each in records if each.category is not first.category]
    if others:
        raise wrong(
            others[0].place,
            "同じ届出番号に区分が二つあります。正しい方に直してください",
            "one 届出番号 has two 区分; correct one of them",
        )
    device, situation = (
        "、".join(filter(None, dict.fromkeys(texts)))
        for texts in ((each.device for each in records), (each.situation for each in records))
    )
    models = tuple(dict.fromkeys(model for each in records for model in each.models))
    return replace(first, models=models, device=device, situation=situation)


def wrong(place: str, japanese: str, english: str) -> ConfigurationError:
    """Say what is wrong at a place of a campaign file."""
    return ConfigurationError(
        f"{place}: {japanese}。このファイルは何も使っていません。直すか、もう一度ダウンロードしてください / "
        f"{place}: {english}; nothing was used of the file, correct it or download it again"
    )
