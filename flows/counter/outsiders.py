"""Somebody without any number who refuses: what they say of themselves, read as the records are."""

from collections.abc import Mapping

import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG
from schemas.errors import ConfigurationError
from schemas.people import PHONE_COLUMNS
from transforms.identity import known_only
from transforms.reading.columns import read_column
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.given_names import WHOLE_NAME

QUESTIONS = {
    "name": "氏名（姓と名の間に空白）/ name, in two parts",
    "name_kana": "フリガナ / reading",
    "phone": "電話番号 / telephone",
    "mobile_phone": "携帯電話番号 / mobile telephone",
    "email": "メールアドレス / e-mail address",
    "address": "住所 / address",
    "birth_on": "生年月日 / birth date",
}
"""What is asked, by the column of the customers it is read as; all but the name may be left empty."""

_PARTED = r"\S[\s\x{3000}]+\S"


def read_answer(column: str, written: str) -> pyarrow.Array:
    """Read an answer as a cell of the customers, null if it is empty.

    Raises:
        ConfigurationError: it cannot be read, or tells nobody from others; it is not repeated.
    """
    read = read_column(
        pyarrow.array([written], pyarrow.string()), CATALOG["customers"].columns[column]
    )
    is_no_number = column in PHONE_COLUMNS and read.flags
    if read.faults is not None or is_no_number or _is_cut_short(column, read.values):
        raise ConfigurationError(
            f"{QUESTIONS[column]}: 読めません。氏名は姓と名を、電話番号は市外局番から、日付は 1980-05-05 の"
            "ように書いてください。何も記録していません / "
            "cannot be read: give both parts of a name, a telephone number with its area code, a date like "
            "1980-05-05. Nothing was recorded"
        )
    return read.values


def _is_cut_short(column: str, cells: pyarrow.Array) -> bool:
    """Tell whether a name is missing, or no whole one: half of the town bears it."""
    if column != "name":
        return False
    is_long = pc.greater_equal(pc.utf8_length(squeezed(fold_names(cells))), WHOLE_NAME)
    is_whole = pc.or_(is_long, pc.match_substring_regex(cells, _PARTED))
    return not pc.all(pc.fill_null(is_whole, fill_value=False)).as_py()


def outsider(answers: Mapping[str, pyarrow.Array]) -> pyarrow.Table:
    """Give the one who answered, by column as `read_answer` reads it, as `IDENTITY_COLUMNS`."""
    return known_only(1, **answers)
