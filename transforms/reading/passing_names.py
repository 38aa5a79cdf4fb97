"""Names of persons in passing: in a cell that names several, or that names one with something around it."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import where
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.folding import COMPANY_MARKS, spell_out_companies
from transforms.reading.joined_text import JoinedText
from transforms.reading.patterns import compact, split_by

SHORTEST_NAME, SHORTEST_READING = 2, 4
"""Shorter ones stand in anybody's text by chance."""

ANYWHERE_BEHIND = ("様", "殿", "サン", "氏", "方", "宅", "ノ")
"""What follows a name also in the middle of a cell, folded."""

TITLES = (
    "代表(取締役)?(社長|者)?|取締役|社長|専務|常務|会長|理事長?|部長|課長|係長|店長|店主|所長|院長|園長|工場長|先生"
    "|担当者?"
)
_KIN = (
    "夫|妻|父|母|嫁|婿|兄|弟|姉|妹|孫|祖父|祖母|義父|義母|息子|娘|長男|次男|三男|長女|次女|三女|主人|旦那|家内"
    "|奥様"
)
_BEHIND = (
    r"(様|殿|サン|氏|方|宅|邸|気付|内([^科]|$)|家([^具電庭]|$)|ノ|他|ホカ|外([^科]|$)|商店|夫妻|夫婦|一家|親子|兄弟|姉妹"
    f"|名義|分$|宛|(ヨリ|カラ|ヘ)$|{TITLES}|息子|娘$|長男|次男|長女|次女|主人|奥様|君([^一-龥]|宅|方|父|母|車|紹介|代理|同居|友人|知人|$)|チャン|クン|紹介|使用|売却|購入"
    r"|友人|知人|彼女|彼氏|(元|前)(夫|妻)$|車$|本人|同居|会社員|代理|勤務|社員|社宅|従業員).*"
)
"""What follows a name inside somebody else's name or address, folded (佐藤一郎様方, 佐藤一郎他１名; RE2)."""

_KIN_BEFORE, _KIN_BEHIND = (
    rf"^(?:(?:前|元|現|旧|先代)?(?:{_KIN})|旧|故)(\S{{4,}}|\S{{2,}}\s+\S{{2,}})$",
    f"({_KIN})$",
)
_BEFORE_WITHIN = "^(前|元|現)"
"""A relative before a name, or behind one within brackets and the like; 祖父江 and 和夫 are names (RE2)."""

_BEFORE = (
    f"^({TITLES}|世帯主|家主|大家|名義人?|使用者|所有者|契約者|依頼者|連絡先|連絡人|送り先|請求先|支払者|支払人|保証人"
    "|宛名?|同居人?|紹介者?)+"
)
"""What stands before a person's name inside somebody else's (代表佐藤一郎; RE2)."""

_BEFORE_A_HOME = "^.*([0-9A-Za-z]|丁目|番地?|号室?|棟|階)"
"""What stands before a name at the end of an address (RE2)."""

OPENING, CLOSING = r"(\[{<【「『〔〈《", r")\]}>】」』〕〉》"
"""Brackets, to stand in a class of characters."""

_BRACKET = f"[{OPENING}]"

_WITHIN_BRACKETS = f"[{OPENING}][^{CLOSING}]*[{CLOSING}]"
_HELD = f"^[^{OPENING}]*[{OPENING}](?P<held>[^{CLOSING}]*)[{CLOSING}]"
_KIN_AND_BLANK = (
    rf"(?:^|[\s(\[【「])(?:前|元|現|旧|先代)?(?:{_KIN})\s+"
    r"(?P<name>[^\s)\]】」]{2,})[)\]】」]?\s*$"
)
"""Brackets, what the first of them hold, and who stands behind a kin word (RE2)."""

_BETWEEN = r"[^\p{L}\p{N}\p{M}\s]+|\n"
"""Whatever is no letter, figure or blank (RE2); ー and 々 are letters."""

COMPANY = f"({'|'.join(sorted(set(COMPANY_MARKS.values()), key=len, reverse=True))})"
"""What tells a firm, before its name or behind it."""

_TITLES_BEHIND = r"(様|殿|さん|さま|サン|サマ|氏|方|宅|君|くん|クン|ちゃん|チャン|御中|\s)+$"
"""What stands behind a name as it is written (RE2)."""

_MOST_WORDS = 3
"""So many words a name is written in."""

_FAMILY_NAME = 3
"""A name of so few characters may be a family name, which many people have."""


def names_in_passing(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give all that may be somebody's whole name in the texts, squeezed, and the place of the text of each.

    A text that is a name as a whole names its own bearer, perhaps a namesake: it is given, too.
    """
    written = with_companies(pc.utf8_normalize(texts, form="NFKC"))
    across = pc.replace_substring_regex(written, compact(_BETWEEN, written), "")
    everywhere = np.arange(len(written))
    parts, places = _together(
        _parts_of(written),
        _new(across, everywhere, written),
        _new(pc.replace_substring_regex(written, _WITHIN_BRACKETS, ""), everywhere, written),
        _in_brackets(written),
        _behind_kin(written),
    )
    parts = pc.utf8_trim_whitespace(parts)
    every = np.arange(len(parts))
    at_home = pc.replace_substring_regex(parts, _BEFORE_A_HOME, "")
    is_inner = np.bincount(places, minlength=len(texts))[places] > 1
    inner, of_inner = parts.filter(pyarrow.array(is_inner)), every[is_inner]
    within = pc.replace_substring_regex(inner, _BEFORE_WITHIN, "")
    of_kin = pc.replace_substring_regex(inner, _KIN_BEHIND, "")
    behind_kin = pc.replace_substring_regex(parts, _KIN_BEFORE, r"\1")
    found, of_parts = _together(
        (parts, every),
        _new(_without_before(parts), every, parts),
        _new(at_home, every, parts),
        _new(within, of_inner, inner),
        _new(of_kin, of_inner, inner),
        _new(behind_kin, every, parts),
        _joined_by_and(parts),
        _runs_of_words(parts),
    )
    names, whose = squeezed(fold_names(found)), places[of_parts]
    bare = pc.replace_substring_regex(names, _BEHIND, "")
    return _together((names, whose), _new(bare, whose, names))


def parts_of_texts(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what stands between marks in the texts, without a title, and the place of the text of each."""
    parts, places = _parts_of(with_companies(pc.utf8_normalize(texts, form="NFKC")))
    return pc.replace_substring_regex(parts, _TITLES_BEHIND, ""), places


def firms_turned(names: pyarrow.Array) -> pyarrow.Array:
    """Give the folded names of firms with what tells so behind them, as it may stand within a text."""
    front = f"^{COMPANY}(.+)$"
    firms = names.filter(pc.match_substring_regex(names, front))
    return pc.replace_substring_regex(firms, front, r"\2\1")


def endings_before_a_title(
    squeezed_cells: JoinedText, lengths: Sequence[int]
) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what stands right before 様 and the like anywhere in cells, and the place of each's cell.

    ノ stands behind a name, and within many (アシノ).

    Args:
        squeezed_cells: they.
        lengths: how many characters to give, each for itself.
    """
    text = squeezed_cells.text
    ends = [match.start() for match in re.finditer("|".join(ANYWHERE_BEHIND), text)]
    endings = [text[max(0, end - length) : end] for length in lengths for end in ends]
    places = squeezed_cells.places(np.array(ends, np.int64))
    return pyarrow.array(endings, pyarrow.string()), np.tile(places, len(lengths))


def whole_names(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold and squeeze names; null where a bracket within a cell says that it is more than one's own."""
    folded = fold_names(texts)
    return where(pc.invert(pc.match_substring_regex(folded, _BRACKET)), squeezed(folded))


def without_remark(names: pyarrow.Array) -> pyarrow.Array:
    """Take a remark of one character off folded names of relatives (佐藤一郎(夫))."""
    return pc.replace_substring_regex(names, r"\([^()]\)$", "")


def _new(
    texts: pyarrow.Array, places: np.ndarray, known: pyarrow.Array
) -> tuple[pyarrow.Array, np.ndarray]:
    """Leave out what is empty, or the same as what it was made of: folding is most of the work."""
    is_new = pc.and_(pc.not_equal(texts, known), pc.not_equal(texts, ""))
    return texts.filter(is_new), places[is_new.to_numpy(zero_copy_only=False)]


def _together(*found: tuple[pyarrow.Array, np.ndarray]) -> tuple[pyarrow.Array, np.ndarray]:
    return (
        pyarrow.concat_arrays([texts for texts, _ in found]),
        np.concatenate([places for _, places in found]),
    )


def _flat(lists: pyarrow.Array, places: np.ndarray) -> tuple[pyarrow.Array, np.ndarray]:
    return pc.list_flatten(lists), places[pc.list_parent_indices(lists).to_numpy()]


def _in_brackets(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what brackets hold as one name (芦野/千代子), and the place of its text."""
    held, rows = _caught(_HELD, texts)
    return pc.replace_substring_regex(held, compact(_BETWEEN, held), ""), rows


def _behind_kin(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what stands behind the word for a relative and a blank, of however few characters (母 林修)."""
    return _caught(_KIN_AND_BLANK, texts)


def _caught(pattern: str, texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what the only group of a pattern holds in the texts it fits, and the place of each."""
    found = pc.extract_regex(texts, pattern)
    rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
    return found.field(0).take(pyarrow.array(rows)), rows


def _without_before(names: pyarrow.Array) -> pyarrow.Array:
    return pc.replace_substring_regex(names, _BEFORE, "")


def _parts_of(texts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Part texts where no letter, figure or blank stands, and behind and before what tells a firm."""
    parts, places = split_by(texts, _BETWEEN)
    firms = np.flatnonzero(pc.match_substring_regex(parts, COMPANY).to_numpy(zero_copy_only=False))
    named = parts.take(pyarrow.array(firms))
    ended, begun = (
        _flat(
            pc.split_pattern(pc.replace_substring_regex(named, COMPANY, cut), "\n"), places[firms]
        )
        for cut in ("\\1\n", "\n\\1")
    )
    return _together((parts, places), ended, begun)


def with_companies(texts: pyarrow.Array) -> pyarrow.Array:
    """Write the marks of firms out, whose brackets would part the firm from its name."""
    has_bracket = pc.fill_null(pc.match_substring(texts, "("), fill_value=False)
    some = texts.filter(has_bracket)
    if not len(some):
        return texts
    joined = JoinedText(some)
    spell_out_companies(joined)
    return pc.replace_with_mask(texts, has_bracket, joined.cells())


def _joined_by_and(parts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what と joins, and its place; it is a kana of names, too."""
    places = np.flatnonzero(pc.match_substring(parts, "と").to_numpy(zero_copy_only=False))
    return _flat(pc.split_pattern(parts.take(pyarrow.array(places)), "と"), places)


def _runs_of_words(parts: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give the runs of words in a part of a text that may be somebody's whole name, and its place."""
    words, places = _flat(pc.utf8_split_whitespace(parts), np.arange(len(parts)))
    is_name = pc.greater(pc.utf8_length(words), _FAMILY_NAME)
    runs, of_runs = [words.filter(is_name)], [places[is_name.to_numpy(zero_copy_only=False)]]
    joined = words
    for count in range(1, min(_MOST_WORDS, len(words))):
        is_one_part = places[:-count] == places[count:]
        joined = pc.binary_join_element_wise(joined[:-1], words[count:], "")
        runs.append(joined.filter(pyarrow.array(is_one_part)))
        of_runs.append(places[:-count][is_one_part])
    found, whose = pyarrow.concat_arrays(runs), np.concatenate(of_runs)
    return _together((found, whose), _new(_without_before(found), whose, found))
