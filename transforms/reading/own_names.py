"""Other names a person's own cell gives: before a remark, beside another person, behind a firm.

Clerks write on a refuser's card that nothing may leave (高橋花子★共同利用不可, 高橋花子 DM不要), and
have cards of couples (高橋一郎・花子) or firms (朝日運輸 代表 高橋花子). What is found here is only
compared, and never leaves.
"""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.passing_names import (
    COMPANY,
    TITLES,
    names_in_passing,
    with_companies,
)

_LETTER = "[一-龥々ァ-ヶぁ-んー]"
_NUMBER = r"(?:^|\s)[0-9]+|[0-9]+(?:[^\p{L}0-9\s]|$)"
"""One before a name or behind it (RE2)."""

_TELLING = (
    rf"[A-Za-z]|[^\p{{L}}\p{{M}}0-9\s]|{_NUMBER}|\S\s+\S+\s+\S|{_LETTER}{{4}}\s+\S|\S\s+{_LETTER}{{4}}|[様殿と]\s*\S"
    "|不可|不要|拒否|停止|禁止|断|なし|無し|希望せず|代表|奥|主人|夫人|旧姓"
)
"""What a cell with nothing but one name, in two words at most, has none of (RE2)."""

_REFUSED = (
    "(?:共同利用|共有|個人情報|第三者|情報)?(?:提供|利用|連絡|電話|案内|郵送|送付|発送|送り|営業|勧誘|訪問|ダイレクトメール|はがき|ハガキ|葉書)?[はのを]?"
    "(?:不可|不要|拒否|停止|禁止|お断り|断り|希望せず|希望なし|無し|なし)"
)
"""What clerks write on the card of somebody who wants to be left alone (RE2)."""

_CUT = f"{_REFUSED}|奥様|奥さん|御?主人|御?夫人|旧姓.*$|[A-Za-z]+|{_NUMBER}"
"""What is no part of a name, and parts one from what is around it (RE2)."""

_BEFORE_BRACKETS = r"^[^(\[{<【「『〔〈《]*"
_IN_BRACKETS = r"[(\[{<【「『〔〈《][^)\]}>】」』〕〉》]*[)\]}>】」』〕〉》]?"

_FIRM = f"^(?:{COMPANY}.{{3,}}|.{{3,}}{COMPANY})$"
_LETTERS, _SHORTEST = "^[一-龥ァ-ヺー々]+$", 3
_HAS_KANJI = "[一-龥]"
_NO_NAME = (
    f"^[様殿]|{_REFUSED}|旧姓|新姓|{TITLES}|連絡|請求|個人|法人|家族|夫婦|夫妻|名義|会社|店$|店舗|注意|確認|希望|変更|済|予定|不在|転居|転出|死亡|重複|統合"
    "|廃業|休業|未|客|顧客|共同|利用|提供|情報|車|整備|自宅|携帯|電話"
)
"""What remarks are made of, and names hardly ever (RE2)."""

_BETWEEN_PERSONS = r"[・、,，/／&＆+＋\n]|と|\s"
_LONGEST_FAMILY_NAME = 3
_LONGEST_GIVEN_NAME = 3


def own_names(written: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give the names, folded and squeezed, that cells give besides the whole, each with its row.

    Args:
        written: names of customers, as they stand in the records.
    """
    normal = pc.utf8_normalize(written, form="NFKC")
    rows = np.flatnonzero(_mask(pc.match_substring_regex(normal, _TELLING)))
    few = with_companies(normal.take(pyarrow.array(rows)))
    plain = pc.replace_substring_regex(few, _CUT, "\n")
    outside = pc.replace_substring_regex(plain, _IN_BRACKETS, "\n")
    found, places = _named_in(outside)
    has_person = np.zeros(len(few), bool)
    has_person[places] = True
    has_person &= ~_mask(pc.match_substring_regex(few, COMPANY))
    others = np.flatnonzero(~has_person)
    within = pc.replace_substring_regex(plain.take(pyarrow.array(others)), _BEFORE_BRACKETS, "")
    inside, of_inside = _named_in(within)
    couples, of_couples = _second_persons(outside)
    names = pyarrow.concat_arrays([found, inside, couples])
    whose = np.concatenate([places, others[of_inside], of_couples])
    return _others(names, rows[whose], squeezed(fold_names(few)).take(pyarrow.array(whose)))


def _others(
    names: pyarrow.Array, rows: np.ndarray, whole: pyarrow.Array
) -> tuple[pyarrow.Array, np.ndarray]:
    """Leave out what is the whole cell, a firm's name without the word that tells so, and what is told."""
    firms = pc.replace_substring_regex(names, COMPANY, "")
    is_firm = pc.not_equal(firms, names)
    table = pyarrow.table({"row": rows, "name": names})
    bare = table.set_column(1, "name", firms).filter(is_firm)
    is_told = pc.is_in(_each(table), value_set=_each(bare))
    is_other = pc.and_(pc.not_equal(names, whole), pc.invert(is_told))
    told = table.filter(is_other).group_by(["row", "name"], use_threads=False).aggregate([])
    return told["name"].combine_chunks(), told["row"].to_numpy()


def _each(table: pyarrow.Table) -> pyarrow.Array:
    """Give each row's number and name as one text."""
    numbers = table["row"].cast(pyarrow.string())
    return pc.binary_join_element_wise(numbers, table["name"], " ").combine_chunks()


def _named_in(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what looks like the name of a person or a firm in texts, and the place of each's text."""
    found, places = names_in_passing(texts)
    is_person = _is_of_names(found) & (pc.utf8_length(found).to_numpy() >= _SHORTEST)
    is_person &= ~_mask(pc.match_substring_regex(found, _NO_NAME))
    is_named = is_person | _mask(pc.match_substring_regex(found, _FIRM))
    return found.filter(pyarrow.array(is_named)), places[is_named]


def _second_persons(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what further persons of a cell may be called in full, by all that may be the family's name."""
    lists = pc.split_pattern_regex(texts, _BETWEEN_PERSONS)
    parts, places = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
    folded = squeezed(fold_names(parts))
    is_there = _mask(pc.not_equal(folded, ""))
    folded, places = folded.filter(pyarrow.array(is_there)), places[is_there]
    firsts, lengths = np.searchsorted(places, places), pc.utf8_length(folded).to_numpy()
    is_given = (lengths <= _LONGEST_GIVEN_NAME) & ~_mask(pc.match_substring_regex(folded, _NO_NAME))
    first = folded.take(pyarrow.array(firsts))
    is_given &= _is_of_names(first)
    order = np.arange(len(places)) - firsts
    names, whose = [], []
    for length in range(1, _LONGEST_FAMILY_NAME + 1):
        # 高橋一郎・花子: the family's name is a part of the first; 高橋 一郎 花子: it is the first.
        is_part = (order > 0) & (lengths[firsts] > max(length, _LONGEST_FAMILY_NAME))
        is_whole = (order > 1) & (lengths[firsts] == length)
        chosen = np.flatnonzero(is_given & (is_part | is_whole))
        families = pc.utf8_slice_codeunits(folded.take(pyarrow.array(firsts[chosen])), 0, length)
        given = folded.take(pyarrow.array(chosen))
        names.append(pc.binary_join_element_wise(families, given, ""))
        whose.append(places[chosen])
    return pyarrow.concat_arrays(names), np.concatenate(whose)


def _is_of_names(texts: pyarrow.Array) -> np.ndarray:
    """Mask of the texts of kanji and kana, with a kanji."""
    has_kanji = _mask(pc.match_substring_regex(texts, _HAS_KANJI))
    return has_kanji & _mask(pc.match_substring_regex(texts, _LETTERS))


def _mask(found: pyarrow.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False))
