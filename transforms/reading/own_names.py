"""Other names a person's own cell gives: before a remark, beside another person, behind a firm.

Clerks write on a refuser's card that nothing may leave (高橋花子★共同利用不可, 高橋花子 DM不要), and
have cards of couples (高橋一郎・花子) or firms (朝日運輸 代表 高橋花子). What is found here is only
compared, and never leaves.
"""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.passing_names import (
    CLOSING,
    COMPANY,
    OPENING,
    TITLES,
    names_in_passing,
    with_companies,
)
from transforms.reading.patterns import compact, split_by

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

_FIRM = (
    f"{COMPANY}\\s*[^\\s(\\[【「]+|[^\\s(\\[【「]+{COMPANY}"
    "|\\S*(?:農園|運輸|運送|建設|建材|工業|工務店|商店|商会|商事|産業|塗装|板金|自動車|モータース|電機|電気|設備|土木|造園|不動産|組合|石油"
    "|水産|製作所|事務所|役所|役場|病院|医院|学校|会館|センター|サービス|クラブ)\\s"
)
"""A firm, and what tells one (RE2)."""

_CUT = f"{_FIRM}|{_REFUSED}|奥様|奥さん|御?主人|御?夫人|旧姓.*$|[A-Za-z]+|{_NUMBER}"
"""What is no part of a name, and parts one from what is around it (RE2)."""

_BEFORE_BRACKETS = f"^[^{OPENING}]*"
_IN_BRACKETS = f"[{OPENING}][^{CLOSING}]*[{CLOSING}]?"

_LETTERS, _SHORTEST, _SHORTEST_ALONE = "^[一-龥ァ-ヺー々]+$", 3, 4
"""A name of three characters may be a family's; beside a remark it is somebody's all the same."""

_MORE = r"\v|[^\p{L}\p{M}\s]"
"""What a remark leaves beside a name (RE2)."""

_HAS_KANJI = "[一-龥]"
_NO_NAME = (
    f"^[様殿]|{_REFUSED}|旧姓|新姓|{TITLES}|連絡|請求|個人|法人|家族|夫婦|夫妻|名義|会社|店|注意|確認|希望|変更|済み?$|予定|不在|転居|転出|死亡|重複|統合"
    "|廃業|休業|未収|未払|未納|客|共同|利用|提供|情報|車|整備|自宅|携帯|電話|営業所$|支社$|支部$|工場$|本社$|[部課係局庁町]$|役所$|役場$|病院$|医院$|農園$|建設$|運輸$|塗装|板金"
    "|交換|点検|保険|預|保管|現金|下取|対応|購入|販売|農機|用$|[様殿]方$|県|総合|支庁|代目|台目|修理|納車|引取|代引|見積|契約|事故|任意|定期"
)
"""What remarks, firms and their parts are made of, and names hardly ever (RE2)."""

_BETWEEN_PERSONS = r"[・、,，/／&＆+＋\n]|と"
_LONGEST_FAMILY_NAME = 3
_LONGEST_GIVEN_NAME = 3


def own_names(written: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give the persons' names, folded and squeezed, that cells give besides the whole, each with its row.

    Of each stretch between persons the first that looks like a name counts: what follows is a remark.

    Args:
        written: names of customers, as they stand in the records.
    """
    normal = pc.utf8_normalize(written, form="NFKC")
    rows = np.flatnonzero(mask_of(pc.match_substring_regex(normal, compact(_TELLING, normal))))
    if not len(rows):
        return normal[:0], rows
    few = with_companies(normal.take(pyarrow.array(rows)))
    plain = pc.replace_substring_regex(few, compact(_CUT, few), "\v")
    outside = pc.replace_substring_regex(plain, _IN_BRACKETS, "\v")
    found, places = _firsts(outside)
    has_person = np.zeros(len(few), bool)
    has_person[places] = True
    others = np.flatnonzero(~has_person)
    within = pc.replace_substring_regex(plain.take(pyarrow.array(others)), _BEFORE_BRACKETS, "")
    inside, of_inside = _firsts(within)
    couples, of_couples = _second_persons(outside)
    names = pyarrow.concat_arrays([found, inside, couples])
    whose = np.concatenate([places, others[of_inside], of_couples])
    whole = squeezed(fold_names(few)).take(pyarrow.array(whose))
    table = pyarrow.table({"row": rows[whose], "name": names}).filter(pc.not_equal(names, whole))
    told = table.group_by(["row", "name"], use_threads=False).aggregate([])
    return told["name"].combine_chunks(), told["row"].to_numpy()


def _firsts(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give the first name of a person in each stretch of texts, and the place of each's text."""
    stretches, of_texts = split_by(texts, _BETWEEN_PERSONS)
    # と is a kana of names, too.
    stretches = pyarrow.concat_arrays([stretches, texts])
    of_texts = np.concatenate([of_texts, np.arange(len(texts))])
    found, places = names_in_passing(stretches)
    is_name = _is_of_names(found) & ~mask_of(pc.match_substring_regex(found, _NO_NAME))
    has_more = mask_of(pc.match_substring_regex(stretches, compact(_MORE, stretches)))
    least = np.where(has_more, _SHORTEST, _SHORTEST_ALONE)
    is_name &= pc.utf8_length(found).to_numpy() >= least[places]
    names, whose = found.filter(pyarrow.array(is_name)), places[is_name]
    begun = squeezed(stretches).to_pylist()
    found_at = (
        begun[place].find(name)
        for name, place in zip(names.to_pylist(), whose.tolist(), strict=True)
    )
    starts = np.fromiter(found_at, np.int64, len(names))
    order = np.lexsort((pc.utf8_length(names).to_numpy(), starts, whose))
    order = order[starts[order] >= 0]
    first = np.unique(whose[order], return_index=True)[1]
    chosen = order[first]
    return names.take(pyarrow.array(chosen)), of_texts[whose[chosen]]


def _second_persons(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what further persons of a cell may be called in full, by all that may be the family's name."""
    parts, places = split_by(texts, _BETWEEN_PERSONS)
    joined = _further(parts, places, are_words=False)
    words, of_words = split_by(pc.utf8_trim_whitespace(texts), r"\s+")
    apart = _further(words, of_words, are_words=True)
    return pyarrow.concat_arrays([joined[0], apart[0]]), np.concatenate([joined[1], apart[1]])


def _further(
    parts: pyarrow.Array, places: np.ndarray, *, are_words: bool
) -> tuple[pyarrow.Array, np.ndarray]:
    """Put given names behind what may be the family's in the first part of their text.

    That is a whole name (高橋一郎・花子, 高橋一郎 花子); or, of words, the family's (高橋 一郎 花子).

    Args:
        parts: of texts.
        places: of their texts.
        are_words: whether blanks part them.
    """
    folded = squeezed(fold_names(parts))
    is_there = mask_of(pc.not_equal(folded, ""))
    folded, places = folded.filter(pyarrow.array(is_there)), places[is_there]
    firsts, lengths = np.searchsorted(places, places), pc.utf8_length(folded).to_numpy()
    first = folded.take(pyarrow.array(firsts))
    is_given = (lengths <= _LONGEST_GIVEN_NAME) & _is_of_names(first)
    for each in (folded, first):
        is_given &= ~mask_of(pc.match_substring_regex(each, _NO_NAME))
    order = np.arange(len(places)) - firsts
    names, whose = [], []
    for length in range(1, _LONGEST_FAMILY_NAME + 1):
        is_meant = (order > 0) & (lengths[firsts] >= _SHORTEST_ALONE)
        if are_words:
            is_meant |= (order > 1) & (lengths[firsts] == length)
        chosen = np.flatnonzero(is_given & is_meant)
        families = pc.utf8_slice_codeunits(folded.take(pyarrow.array(firsts[chosen])), 0, length)
        given = folded.take(pyarrow.array(chosen))
        names.append(pc.binary_join_element_wise(families, given, ""))
        whose.append(places[chosen])
    return pyarrow.concat_arrays(names), np.concatenate(whose)


def _is_of_names(texts: pyarrow.Array) -> np.ndarray:
    """Mask of the texts of kanji and kana, with a kanji."""
    has_kanji = mask_of(pc.match_substring_regex(texts, _HAS_KANJI))
    return has_kanji & mask_of(pc.match_substring_regex(texts, _LETTERS))
