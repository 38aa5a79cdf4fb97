"""Folding text for comparison: width, kana marks, dashes and old character forms.

Folded forms are for matching only; names and addresses leave as they were written.
"""

import re
import unicodedata

DASHES = "ー‐‑‒–—―−－ｰ"
"""Everything typed where a hyphen belongs, the long-vowel mark included (codes and numbers only)."""

DASH_CLASS = f"[{DASHES}]"
SPACES = r"[\s\u3000]+"

_OLD_FORMS = str.maketrans(
    "髙﨑嵜碕濵濱邉邊齋齊斉𠮷桒冨嶋嶌眞惠廣澤瀧德渕淵藏國櫻榮曾龍彌與壽假條鐵寬﨟栁舘",
    "高崎崎崎浜浜辺辺斎斎斎吉桑富島島真恵広沢滝徳淵淵蔵国桜栄曽竜弥与寿仮条鉄寛臈柳館",
)
"""Characters of names that the same person is written with now one way, now the other."""

_PREFECTURE = re.compile(r"^(?:東京都|北海道|(?:京都|大阪)府|..県|...県)")
_ADDRESS_WORDS = re.compile(r"丁目|番地の?|番|号室?|地割|(?<=\d)の(?=\d)")


def nfkc(text: str) -> str:
    """Fold widths: full-width letters and digits to half, half-width kana to full."""
    return unicodedata.normalize("NFKC", text)


def fold_code(text: str) -> str:
    """Fold a code (plate, chassis number, 型式, phone): width, case, spaces and dashes."""
    folded = re.sub(SPACES, "", nfkc(text)).upper()
    return re.sub(DASH_CLASS, "-", folded)


def fold_name(text: str) -> str:
    """Fold a name: width, spaces, separating dots, old character forms, small company marks."""
    folded = re.sub(r"[\s\u3000・･.,、。]+", "", nfkc(text)).translate(_OLD_FORMS).upper()
    return folded.replace("(株)", "株式会社").replace("(有)", "有限会社")


def fold_address(text: str) -> str:
    """Fold an address: as a code, without prefecture, 大字 and 字, with 丁目 and 番地 as dashes."""
    folded = re.sub(DASH_CLASS, "-", re.sub(SPACES, "", nfkc(text)).translate(_OLD_FORMS)).upper()
    folded = _PREFECTURE.sub("", folded).replace("大字", "").replace("字", "")
    return _ADDRESS_WORDS.sub("-", folded).replace("--", "-").strip("-")


def fold_phone(text: str) -> str:
    """Fold a phone number to its digits, with +81 as the leading zero it stands for."""
    domestic_digits = 10
    digits = re.sub(r"\D", "", nfkc(text))
    return (
        f"0{digits[2:].removeprefix('0')}"
        if digits.startswith("81") and len(digits) > domestic_digits
        else digits
    )


def fold_email(text: str) -> str:
    """Fold an e-mail address: width and case."""
    return re.sub(SPACES, "", nfkc(text)).casefold()


def squeeze(text: str) -> str:
    """Fold a running text so that spellings of one number or name in it become the same run."""
    folded = nfkc(text).translate(_OLD_FORMS).casefold()
    return re.sub(rf"[\s\u3000()（）・.{DASHES}-]", "", folded)
