"""The base of what comes from outside or is kept: frozen, strict about unknown keys, one-line errors."""

from collections.abc import Mapping
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import ConfigurationError


class Strict(BaseModel):
    """A frozen value of a file, a form or a command; a misspelt key does not load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def load(cls, content: Mapping[str, object], *, where: str) -> Self:
        """Make the value from what a file holds.

        Raises:
            ConfigurationError: naming the file, the key and what is wrong with it.
        """
        return validated(cls, content, where=where)


_IN_JAPANESE = {
    "extra_forbidden": "この名前の項目はありません。綴りを確かめてください / ",
    "missing": "ありません。書いてください / ",
    "string_type": "文字ではありません。引用符で囲んでください / ",
    "int_type": "整数ではありません / ",
    "bool_type": "true か false を書いてください / ",
    "literal_error": "書ける言葉ではありません / ",
    "union_tag_invalid": "書ける言葉ではありません / ",
    "union_tag_not_found": "どの種類かが書いてありません / ",
    "string_pattern_mismatch": "書き方が違います / ",
    "string_too_short": "短すぎます / ",
    "string_too_long": "長すぎます / ",
    "greater_than": "小さすぎます / ",
    "greater_than_equal": "小さすぎます / ",
    "less_than": "大きすぎます / ",
    "less_than_equal": "大きすぎます / ",
    "timezone_aware": "時差（+09:00 など）がありません / ",
    "datetime_from_date_parsing": "日時ではありません / ",
    "datetime_parsing": "日時ではありません / ",
    "date_from_datetime_parsing": "日付ではありません / ",
    "date_parsing": "日付ではありません / ",
    "int_parsing": "整数ではありません / ",
    "list_type": "並び [ … ] ではありません / ",
    "tuple_type": "並び [ … ] ではありません / ",
    "dict_type": "表ではありません / ",
    "mapping_type": "表ではありません / ",
    "enum": "書ける言葉ではありません / ",
    "too_short": "足りません。一つは書いてください / ",
    "float_type": "数ではありません / ",
    "float_parsing": "数ではありません / ",
    "bool_parsing": "true か false を書いてください / ",
}
"""What pydantic says in English only, by its error types."""

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def validated(model: type[AnyModel], content: Mapping[str, object], *, where: str) -> AnyModel:
    """Validate `content`, telling the first fault in one line without repeating the value."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "(全体 whole file)"
    japanese = _IN_JAPANESE.get(first["type"], "")
    told = first["msg"].removeprefix("Value error, ")
    raise ConfigurationError(f"{where}: {place}: {japanese}{told}")
