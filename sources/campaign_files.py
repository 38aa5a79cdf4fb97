"""Reading recall campaigns: the ministry's JSON as it is served, and a CSV an operator writes.

The JSON is an answer of the recall search of the 国土交通省. It comes with blank lines before it, commas
before closing brackets, 型式 continued in `typeList1` to `typeList60`, ranges continued in
`chassis_list1` to `chassis_list5`, and the end of a range under a key that ends in `_to_to`. A record that
cannot be understood stops the reading: campaigns read in part are worse than none.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from schemas.campaigns import Campaign, Category, Model, Range
from schemas.errors import ConfigurationError
from sources.encoding import encoding_of
from transforms.reading.days import read_day
from transforms.reading.folding import fold_code, nfkc
from transforms.recall.classes import NO_MODEL

CSV_COLUMNS = (
    *("届出番号", "届出日", "区分", "車名", "通称名", "型式", "車台番号_from", "車台番号_to"),
    *("製作期間_from", "製作期間_to", "台数", "装置", "状況", "改善措置"),
)
"""Headers of the CSV; those of `_REQUIRED` must be there."""

_REQUIRED = ("届出番号", "届出日", "車名", "型式", "車台番号_from", "車台番号_to")
_COMMA_BEFORE_END = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_BETWEEN_CODES = re.compile(r"[、,，/／・;；\s]+")
_NO_CODE = re.compile(r"[#?○〇□△]|[A-Z0-9]\*(?!K)|(?:他|ホカ|ほか|等|など|ナド|外)$")
"""A placeholder, or that others are meant too (DAA-ZVW5#, DAA-ZVW50他)."""

_FIELD = "recall_data_car_mlit_"
_TYPE = "recall_type_data_car_mlit_"
_CHASSIS = "mst_chassis_car_mlit_"
_TYPE_LIST = re.compile(r"typeList\d*")
_CHASSIS_LIST = re.compile(rf"{_TYPE}chassis_list\d*")
_CATEGORIES = {
    "": Category.RECALL,
    "1": Category.RECALL,
    "2": Category.IMPROVEMENT,
    "3": Category.SERVICE,
    "リコール": Category.RECALL,
    "改善対策": Category.IMPROVEMENT,
    "サービスキャンペーン": Category.SERVICE,
    "キャンペーン": Category.SERVICE,
}
_WITHDRAWN = {"": False, "オフ": False, "オン": True}
_Value = TypeVar("_Value")
_SEPARATOR = re.compile(r"[～〜~]")


@dataclass(frozen=True)
class CampaignFile:
    """What was read.

    Args:
        campaigns: those that stand, in the order of the file.
        superseded: earlier versions of campaigns that were corrected later.
        withdrawn: campaigns that were taken back.
        announced: how many notifications the answer says the search found; None if it does not say.
    """

    campaigns: list[Campaign]
    superseded: list[Campaign]
    withdrawn: list[Campaign]
    announced: int | None


def read_campaigns(path: Path) -> CampaignFile:
    """Read a campaign file, JSON or CSV by what is in it.

    Raises:
        ConfigurationError: naming the record that cannot be understood, and what is wrong with it.
        SourceUnreadableError: it is neither UTF-8 nor CP932.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path.name}: ファイルがありません / {path.name}: no such file")
    text = path.read_text(encoding=encoding_of(path))
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise ConfigurationError(
            f"{path.name} は空です。保存し直してください / "
            f"{path.name} is empty; download or save the campaign again"
        )
    is_json = start[0] in "{[" or '"data"' in start[:200]
    reader = _Json(path.name, text) if is_json else _Csv(path.name, text)
    campaigns = list(reader.campaigns())
    if not campaigns:
        raise ConfigurationError(
            f"{path.name} にリコールが一件もありません。検索結果が出ていたか確かめてください / "
            f"{path.name} holds no campaign; was the search answered at all?"
        )
    standing, superseded = _corrected(campaigns)
    return CampaignFile(
        campaigns=[each for each in standing if not each.is_withdrawn],
        superseded=superseded,
        withdrawn=[each for each in standing if each.is_withdrawn],
        announced=reader.announced,
    )


def _corrected(campaigns: Iterable[Campaign]) -> tuple[list[Campaign], list[Campaign]]:
    """Let the later of several campaigns of one number stand: by day, then by the record's id."""
    standing: dict[str, Campaign] = {}
    superseded = []
    for campaign in campaigns:
        other = standing.get(campaign.number)
        if other is None or _content(other) == _content(campaign):
            standing.setdefault(campaign.number, campaign)
            continue
        order, own = (other.notified_on, other.record), (campaign.notified_on, campaign.record)
        if order == own:
            raise ConfigurationError(
                f"{campaign.place}: {campaign.number} が違う範囲で二度あり、どちらが訂正か分かりません。"
                "古い方を除いてください / "
                f"{campaign.place}: {campaign.number} is there twice with different ranges, and nothing "
                "tells which is the correction; take the outdated one out of the file"
            )
        older, newer = (other, campaign) if order < own else (campaign, other)
        standing[campaign.number] = newer
        superseded.append(older)
    return list(standing.values()), superseded


def _content(campaign: Campaign) -> Campaign:
    return replace(campaign, place="")


@dataclass
class _Json:
    name: str
    text: str
    announced: int | None = None

    def campaigns(self) -> Iterator[Campaign]:
        for number, record in enumerate(self._records(), start=1):
            if not isinstance(record, dict):
                raise _wrong(
                    f"{self.name}, record {number}", "記録の形ではありません", "it is no record"
                )
            yield self._campaign(number, record)

    def _records(self) -> list[Any]:
        text = self.text[min(i for i in map(self.text.find, "{[") if i >= 0) :]
        text = _COMMA_BEFORE_END.sub(lambda match: match[1] or "", text)
        try:
            content, end = json.JSONDecoder(strict=False).raw_decode(text)
        except ValueError as error:
            japanese = "リコール検索が返す JSON ではありません"
            english = f"is not JSON a recall search gives ({str(error).split(':')[0]})"
        else:
            if text[end:].strip(" \t\r\n;)"):
                raise ConfigurationError(
                    f"{self.name}: 回答の後に何か続いています。一つのファイルには一つの回答を入れてください "
                    "/ "
                    f"{self.name}: something follows the answer; put one answer into one file"
                )
            records = content.get("data") if isinstance(content, dict) else content
            if isinstance(records, list):
                counts = [str(r.get("count")) for r in records if isinstance(r, dict)]
                self.announced = max((int(c) for c in counts if c.isdigit()), default=None)
                return records
            japanese, english = "一覧 data がありません", "has no list 'data'"
        raise ConfigurationError(
            f"{self.name}: {japanese}。もう一度ダウンロードしてください / "
            f"{self.name} {english}; download it again"
        )

    def _campaign(self, number: int, record: Mapping[str, Any]) -> Campaign:
        place = f"{self.name}, record {number}"

        def field(name: str) -> str:
            value = record.get(_FIELD + name)
            return "" if value is None else str(value).strip()

        notification = field("notification_no")
        if not notification:
            raise _wrong(
                place,
                "届出番号（notification_no）がありません",
                "it has no notification number (notification_no)",
            )
        place = f"{place} ({notification})"
        is_withdrawn = _of(_WITHDRAWN, field("delete_flag"), place, "delete_flag")
        models = tuple(
            model
            for key in _numbered(record, _TYPE_LIST)
            for entry in _list(record[key], place, key)
            for model in self._models(place, entry)
        )
        if not models and not is_withdrawn:
            raise _wrong(place, "型式（typeList）がありません", "it names no 型式 (typeList)")
        record_id = field("id")
        return Campaign(
            number=notification,
            printed_number=field("mea_no"),
            record=int(record_id) if record_id.isdigit() else 0,
            notified_on=_day(field("notification_date"), place, "notification_date"),
            category=_of(_CATEGORIES, field("recall_campaign_flag"), place, "recall_campaign_flag"),
            is_import=field("home_foreign_country_flag") == "2",
            is_withdrawn=is_withdrawn,
            device=field("defective_device"),
            situation=field("situation_explanatory_text"),
            measures=field("measures_explanatory_text"),
            car_count=_count(field("recall_car_count")),
            models=models,
            place=place,
        )

    def _models(self, place: str, entry: Mapping[str, Any]) -> tuple[Model, ...]:
        def field(name: str) -> str:
            value = entry.get(_TYPE + name)
            return "" if value is None else str(value).strip()

        ranges = tuple(
            self._range(place, ends)
            for key in _numbered(entry, _CHASSIS_LIST)
            for ends in _list(entry[key], place, key)
        )
        model = Model(field("car_name_code"), field("model_name"), field("common_name"), ranges)
        return tuple(_checked(model, place))

    def _range(self, place: str, entry: Mapping[str, Any]) -> Range:
        keys = (f"{_CHASSIS}chassis_no_from", f"{_CHASSIS}chassis_to_to")
        known = {keys[0], keys[1], f"{_CHASSIS}chassis_no_to", f"{_CHASSIS}chassis_to"}
        if keys[0] not in entry or not known & entry.keys() - {keys[0]}:
            raise _wrong(
                place,
                "車台番号の範囲の両端（chassis_no_from, chassis_to_to）がありません",
                "a range lacks its ends (chassis_no_from, chassis_to_to)",
            )
        last = next(entry[key] for key in entry if key in known - {keys[0]})
        return Range(_end(entry[keys[0]]), _end(last))


@dataclass
class _Csv:
    name: str
    text: str
    announced: int | None = None

    def campaigns(self) -> Iterator[Campaign]:
        rows = self._rows()
        _, first = next(rows, ("", []))
        header = [nfkc(cell).strip() for cell in first]
        missing = [name for name in _REQUIRED if name not in header]
        if missing:
            raise ConfigurationError(
                f"{self.name}: 列 {', '.join(missing)} がありません / "
                f"{self.name}: the columns {', '.join(missing)} are missing; the header is "
                f"{','.join(CSV_COLUMNS)}"
            )
        found: dict[tuple[str, date], Campaign] = {}
        for place, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise _wrong(
                    place,
                    f"セルが {len(cells)} 個ですが、見出しは {len(header)} 個です",
                    f"it has {len(cells)} cells, the header {len(header)}",
                )
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            campaign = self._campaign(place, row)
            key = campaign.number, campaign.notified_on
            found[key] = _joined(found[key], campaign) if key in found else campaign
        yield from found.values()

    def _rows(self) -> Iterator[tuple[str, list[str]]]:
        """Give place and cells of each line; a quotation mark left open would swallow all that follow."""
        lines = csv.reader(io.StringIO(self.text.lstrip("\ufeff"), newline=""), strict=True)
        while True:
            try:
                cells = next(lines, None)
            except csv.Error:
                break
            if cells is None:
                return
            yield f"{self.name}, line {lines.line_num}", cells
        raise _wrong(
            f"{self.name}, line {lines.line_num}",
            '引用符（"）が閉じていないか、セルの途中にあります',
            "a quotation mark is not closed, or not where a cell begins or ends",
        )

    def _campaign(self, place: str, row: Mapping[str, str]) -> Campaign:
        number = nfkc(row["届出番号"])
        if not number:
            raise _wrong(place, "届出番号が空です", "届出番号 is empty")
        place = f"{place} ({number})"
        first, last = _end(row["車台番号_from"]), _end(row["車台番号_to"])
        if not last and len(parts := _SEPARATOR.split(row["車台番号_from"])) > 1:
            first, last = _end(parts[0]), _end(parts[1])
        ranges = (Range(first, last),) if first or last else ()
        model = Model(row["車名"], row["型式"], row.get("通称名", ""), ranges)
        return Campaign(
            number=number,
            printed_number="",
            record=0,
            notified_on=_day(row["届出日"], place, "届出日"),
            category=_of(_CATEGORIES, nfkc(row.get("区分", "")), place, "区分"),
            is_import=number.startswith("外"),
            is_withdrawn=False,
            device=row.get("装置", ""),
            situation=row.get("状況", ""),
            measures=row.get("改善措置", ""),
            car_count=_count(row.get("台数", "")),
            models=tuple(_checked(model, place)),
            place=place,
        )


def _joined(first: Campaign, next_: Campaign) -> Campaign:
    return replace(first, models=(*first.models, *next_.models))


def _checked(model: Model, place: str) -> Iterator[Model]:
    """Give a model for each 型式 of a cell; what cannot be understood of it would miss cars in silence."""
    codes = [fold_code(code) for code in _BETWEEN_CODES.split(model.code)]
    known = [code for code in codes if code not in NO_MODEL]
    if not known and not model.ranges:
        raise _wrong(
            place,
            "型式も車台番号もない行があります",
            "a row has neither 型式 nor chassis numbers",
        )
    for code in known:
        if _NO_CODE.search(code):
            raise _wrong(
                place,
                f"「{code[:20]}」は型式ではありません。型式はそれぞれ省かずに書いてください",
                f"型式 '{code[:20]}' is not one; name each 型式 in full",
            )
    if any(ends.last and not ends.first for ends in model.ranges):
        raise _wrong(place, "範囲の始まりがありません", "a range has an end and no beginning")
    ranges = tuple(ends for ends in model.ranges if ends.first)
    for code in known or [""]:
        yield replace(model, code=code, ranges=ranges)


def _numbered(record: Mapping[str, Any], form: re.Pattern[str]) -> list[str]:
    """Give the keys of a list and its continuations, in their order."""
    keys = [key for key in record if form.fullmatch(key)]
    return sorted(keys, key=lambda key: int(re.sub(r"\D", "", key) or 0))


def _list(value: object, place: str, key: str) -> list[Mapping[str, Any]]:
    if value in (None, ""):
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _wrong(place, f"{key} が記録の一覧ではありません", f"{key} is no list of records")
    return value


def _end(value: object) -> str:
    return "" if value is None else fold_code(str(value))


def _day(text: str, place: str, field: str) -> date:
    found = read_day(text).value
    if found is None:
        raise _wrong(
            place,
            f"{field}「{text[:20]}」は日付（YYYY/MM/DD）ではありません",
            f"{field} '{text[:20]}' is no day (YYYY/MM/DD)",
        )
    return found


def _of(known: Mapping[str, _Value], word: str, place: str, field: str) -> _Value:
    if word not in known:
        words = ", ".join(filter(None, known))
        raise _wrong(
            place,
            f"{field}「{word[:20]}」が分かりません。次のどれかです: {words}",
            f"{field} '{word[:20]}' is unknown; known are {words}",
        )
    return known[word]


def _count(text: str) -> int | None:
    digits = re.sub(r"[,台\s]", "", nfkc(text))
    return int(digits) if digits.isdigit() else None


def _wrong(place: str, japanese: str, english: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place}: {japanese}。このファイルは何も使っていません。直すか、もう一度ダウンロードしてください / "
        f"{place}: {english}; nothing was used of the file, correct it or download it again"
    )
