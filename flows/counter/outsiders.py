"""Somebody without any number who refuses: what they say of themselves, read as the records are."""

from collections.abc import Mapping
from datetime import date

import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG
from schemas.errors import ConfigurationError
from schemas.people import PHONE_COLUMNS
from transforms.identity import known_only
from transforms.reading.columns import read_column
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.given_names import WHOLE_NAME
from transforms.reading.patterns import split_by

PHONES = "phones"

QUESTIONS = {
    "name": "氏名（必ず。姓と名の間に空白）/ name, in two parts, always",
    "name_kana": "フリガナ / reading",
    PHONES: "電話番号（携帯も。二つ以上は空白で区切る）/ telephone numbers, blanks between them",
    "email": "メールアドレス / e-mail address",
    "address": "住所 / address",
    "birth_on": "生年月日 / birth date",
}
"""What is asked, by the column of the customers it is read as; all but the name may be left empty."""

_HOW = {
    "name": "姓と名の間に空白を入れて、両方書いてください / give both parts, with a blank between them",
    PHONES: (
        "市外局番から、三つまで、空白で区切って書いてください / "
        "at most three, each with its area code, with blanks between them"
    ),
    "email": "someone@example.jp のように、一つだけ書いてください / give one, like someone@example.jp",
    "birth_on": "1980-05-05 や昭和55年5月5日のように、今日までの日付を / a day until today, like 1980-05-05",
}
_OTHERWISE = "読める字で書いてください / use characters that can be read"

_PARTED, _NO_NAME = r"\S[\s\x{3000}]+\S", "[0-9@]|不明|未登録|未記入"


def read_answer(question: str, written: str, today: date) -> pyarrow.Array:
    """Read an answer as the customers' cells are read: null if it is empty, several of telephones.

    Raises:
        ConfigurationError: it cannot be read, or tells nobody from others; it is not repeated.
    """
    try:
        cells = pyarrow.array([written], pyarrow.string())
    except UnicodeError:  # bytes of another encoding
        raise _unreadable(question) from None
    column = PHONE_COLUMNS[0] if question == PHONES else question
    if question == PHONES:
        cells = split_by(pc.utf8_trim_whitespace(cells), r"[\s\x{3000}、,／/]+")[0]
    read = read_column(cells, CATALOG["customers"].columns[column])
    is_odd = question == PHONES and (bool(read.flags) or len(cells) > len(PHONE_COLUMNS))
    if question == "name":
        is_odd = not _is_whole_name(read.values)
    if question == "birth_on" and read.values[0].is_valid:
        is_odd = read.values[0].as_py() > today
    if read.faults is not None or is_odd:
        raise _unreadable(question)
    return read.values


def _unreadable(question: str) -> ConfigurationError:
    return ConfigurationError(
        f"{QUESTIONS[question]}: 読めません。何も記録していません / cannot be read; nothing was recorded. "
        f"{_HOW.get(question, _OTHERWISE)}"
    )


def _is_whole_name(cells: pyarrow.Array) -> bool:
    """Tell whether a name is there, and a whole one: half of the town bears the family's."""
    folded = squeezed(fold_names(cells))
    is_long = pc.greater_equal(pc.utf8_length(folded), WHOLE_NAME)
    is_whole = pc.or_(is_long, pc.match_substring_regex(cells, _PARTED))
    is_whole = pc.and_not(is_whole, pc.match_substring_regex(folded, _NO_NAME))
    return bool(pc.all(pc.fill_null(is_whole, fill_value=False)).as_py())


def outsider(answers: Mapping[str, pyarrow.Array]) -> pyarrow.Table:
    """Give the one who answered, by question as `read_answer` reads it, as `IDENTITY_COLUMNS`."""
    columns = {name: cells for name, cells in answers.items() if name != PHONES}
    phones = answers[PHONES]
    places = zip(PHONE_COLUMNS, range(len(phones)), strict=False)
    return known_only(1, **columns, **{column: phones.slice(n, 1) for column, n in places})
