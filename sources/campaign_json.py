"""The ministry's answer to a recall search, as it is served.

It comes with blank lines before it, commas before closing brackets, 型式 continued in `typeList1` to
`typeList60`, ranges continued in `chassis_list1` to `chassis_list5`, and the end of a range under a key that
ends in `_to_to`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.campaigns import Campaign, Model, Range
from schemas.errors import ConfigurationError
from sources.campaign_cells import CATEGORIES, day_of, meaning, models_of, range_of, wrong

_COMMA_BEFORE_END = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')

_FIELD = "recall_data_car_mlit_"
_TYPE = "recall_type_data_car_mlit_"
_CHASSIS = "mst_chassis_car_mlit_"
_TYPE_LIST = re.compile(r"typeList\d*")
_CHASSIS_LIST = re.compile(rf"{_TYPE}chassis_list\d*")
_WITHDRAWN = {"": False, "オフ": False, "オン": True}


@dataclass
class JsonCampaigns:
    """One answer; `announced` is how many notifications the search found, once it is read."""

    name: str
    text: str
    announced: int | None = None

    def campaigns(self) -> Iterator[Campaign]:
        """Give the campaigns in the order of the answer."""
        for number, record in enumerate(self._records(), start=1):
            if not isinstance(record, dict):
                raise wrong(
                    f"{self.name}, record {number}", "記録の形ではありません", "it is no record"
                )
            yield self._campaign(number, record)

    def _records(self) -> list[Any]:
        text = self.text[min(i for i in map(self.text.find, "{[") if i >= 0) :]
        text = _COMMA_BEFORE_END.sub(lambda match: match[1] or "", text)
        try:
            decoder = json.JSONDecoder(strict=False, object_pairs_hook=self._object)
            content, end = decoder.raw_decode(text)
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

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Take an object of the answer; of a key that is there twice, the first would be lost."""
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
            raise wrong(self.name, f"{twice[:60]} が二度あります", f"{twice[:60]} is there twice")
        named = [key for key in found if "typeList" in key or "chassis_list" in key]
        lists = [key for key in named if isinstance(found[key], list)]
        strange = [k for k in lists if not (_TYPE_LIST.fullmatch(k) or _CHASSIS_LIST.fullmatch(k))]
        if strange:
            told = strange[0][:60]
            raise wrong(
                self.name, f"{told} という一覧は分かりません", f"the list {told} is unknown"
            )
        return found

    def _campaign(self, number: int, record: Mapping[str, Any]) -> Campaign:
        place = f"{self.name}, record {number}"

        def field(name: str) -> str:
            value = record.get(_FIELD + name)
            return "" if value is None else str(value).strip()

        notification = field("notification_no")
        if not notification:
            raise wrong(
                place,
                "届出番号（notification_no）がありません",
                "it has no notification number (notification_no)",
            )
        place = f"{place} ({notification})"
        is_withdrawn = meaning(_WITHDRAWN, field("delete_flag"), place, "delete_flag")
        models = tuple(
            model
            for key in _numbered(record, _TYPE_LIST)
            for entry in _list(record[key], place, key)
            for model in self._models(place, entry)
        )
        if not models and not is_withdrawn:
            raise wrong(place, "型式（typeList）がありません", "it names no 型式 (typeList)")
        return Campaign(
            number=notification,
            printed_number=field("mea_no"),
            notified_on=day_of(field("notification_date"), place, "notification_date"),
            category=meaning(
                CATEGORIES, field("recall_campaign_flag"), place, "recall_campaign_flag"
            ),
            is_import=field("home_foreign_country_flag") == "2",
            is_withdrawn=is_withdrawn,
            device=field("defective_device"),
            situation=field("situation_explanatory_text"),
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
        return tuple(models_of(model, place))

    def _range(self, place: str, entry: Mapping[str, Any]) -> Range:
        keys = (f"{_CHASSIS}chassis_no_from", f"{_CHASSIS}chassis_to_to")
        known = {keys[0], keys[1], f"{_CHASSIS}chassis_no_to", f"{_CHASSIS}chassis_to"}
        if keys[0] not in entry or not known & entry.keys() - {keys[0]}:
            raise wrong(
                place,
                "車台番号の範囲の両端（chassis_no_from, chassis_to_to）がありません",
                "a range lacks its ends (chassis_no_from, chassis_to_to)",
            )
        ends = {str(entry[key] or "").strip() for key in known & entry.keys() - {keys[0]}}
        if len(ends - {""}) > 1:
            raise wrong(place, "範囲の終わりが二つあります", "a range has two ends that differ")
        return range_of(entry[keys[0]], max(ends))


def _numbered(record: Mapping[str, Any], form: re.Pattern[str]) -> list[str]:
    """Give the keys of a list and its continuations, in their order."""
    keys = [key for key in record if form.fullmatch(key)]
    return sorted(keys, key=lambda key: int(re.sub(r"\D", "", key) or 0))


def _list(value: object, place: str, key: str) -> list[Mapping[str, Any]]:
    if value in (None, ""):
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise wrong(place, f"{key} が記録の一覧ではありません", f"{key} is no list of records")
    return value
