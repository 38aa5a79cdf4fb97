"""Reading names, addresses and free text: every character kept, broken ones refused."""

import re
import unicodedata

import pyarrow
import pyarrow.compute as pc

from transforms.arrays import are_ascii_words, mostly_differ
from transforms.reading.values import NOTHING, Read

_BROKEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\x{E000}-\x{F8FF}\x{FFFD}]"
_SPACE = r"[\s\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
"""What Python strips from the ends of a text (RE2's own `\\s` knows ASCII alone)."""

UNTIDY = rf"^{_SPACE}|{_SPACE}$|[\r\t\x{{2028}}\x{{2029}}\x{{3099}}\x{{309A}}]|{_BROKEN}"
"""Text that needs a look: outer spaces, returns, loose voicing marks, broken characters (RE2)."""

_LOST = "?？〓"
"""What programs write for a character they cannot hold."""

_NO_NAME = r"#[A-Z/0]+[!?]?|NULL|null|NaN|nan|[-－ー―‐]"
"""What programs and people write where there is none; #N/A and the like of a spreadsheet."""

_UNTIDY_NAME = rf"{UNTIDY}|[{_LOST}]|^(?:{_NO_NAME})$"

LONGEST_NAME = 1000
"""Characters of a name or an address; looking for people in longer ones takes minutes."""

_BROKEN_PYTHON = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
"""What programs write within a cell to begin a line; FileMaker's is the vertical tab."""

_LOOSE_MARK = re.compile("[ぁ-ヿ][\u3099\u309a]")
"""A kana and its voicing mark as two characters, as macOS writes them."""


def read_text(text: str) -> Read[str]:
    """Read a text: outer spaces off, line ends as LF, loose voicing marks joined to their kana.

    Control and private-use characters mean a broken conversion (外字) and are a fault.
    """
    tidy = _LINE_ENDS.sub("\n", text).replace("\t", " ").strip().strip("\u3000")
    if not tidy:
        return NOTHING
    if _BROKEN_PYTHON.search(tidy):
        return Read(None, fault="broken_characters")
    return Read(_LOOSE_MARK.sub(lambda pair: unicodedata.normalize("NFC", pair[0]), tidy))


def read_name(text: str) -> Read[str]:
    """Read a name or an address: `read_text`, and a character lost on the way (?, 〓) is a fault.

    By what is left nobody can be recognised, not even who refused.
    """
    tidy = text.strip()
    if re.fullmatch(_NO_NAME, tidy):
        return NOTHING
    if len(tidy) > LONGEST_NAME:
        return Read(None, fault="too_long")
    is_whole = not any(mark in text for mark in _LOST)
    return read_text(text) if is_whole else Read(None, fault="lost_characters")


def are_tidy(texts: pyarrow.Array) -> bool:
    """Tell whether no text of the column needs `read_text`."""
    return are_ascii_words(texts) or _are_without(texts, UNTIDY)


def are_tidy_names(texts: pyarrow.Array) -> bool:
    """Tell whether no text of the column needs `read_name`."""
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    return longest <= LONGEST_NAME and _are_without(texts, _UNTIDY_NAME)


def _are_without(texts: pyarrow.Array, untidy: str) -> bool:
    looked_at = texts if mostly_differ(texts) else pc.unique(texts)
    return not pc.any(pc.match_substring_regex(looked_at, untidy)).as_py()
