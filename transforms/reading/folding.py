"""Folding text for comparison: width, kana marks, dashes and old character forms.

Folded forms are for matching only; names and addresses leave as they were written.
"""

import re
import unicodedata

import pyarrow
import pyarrow.compute as pc

DASHES = "ー‐‑‒–—―−－ｰ"
"""Everything typed where a hyphen belongs, the long-vowel mark included (codes and numbers only)."""

DASH_CLASS = f"[{DASHES}]"
SPACES = r"[\s\u3000]+"

_OLD_FORMS = dict(
    zip(
        "髙﨑嵜碕濵濱邉邊齋齊斉𠮷桒冨嶋嶌眞惠廣澤瀧德渕淵藏國櫻榮曾龍彌與壽假條鐵寬﨟栁舘",
        "高崎崎崎浜浜辺辺斎斎斎吉桑富島島真恵広沢滝徳淵淵蔵国桜栄曽竜弥与寿仮条鉄寛臈柳館",
        strict=True,
    )
)
"""Characters of names that the same person is written with now one way, now the other."""

_PREFECTURE = r"^(東京都|北海道|(京都|大阪)府|..県|...県)"
_HONORIFIC = r"(様|殿|さん|御中|先生)$"
_REMARK = r"\([^()]{2,}\)$"


def nfkc(text: str) -> str:
    """Fold widths: full-width letters and digits to half, half-width kana to full."""
    return unicodedata.normalize("NFKC", text)


def fold_code(text: str) -> str:
    """Fold a code (plate, chassis number, 型式, phone): width, case, spaces and dashes."""
    folded = re.sub(SPACES, "", nfkc(text)).upper()
    return re.sub(DASH_CLASS, "-", folded)


def fold_codes(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold a column of codes as `fold_code` does one."""
    folded = pc.utf8_upper(pc.utf8_normalize(texts, form="NFKC"))
    folded = pc.replace_substring_regex(folded, r"[\s\x{3000}]+", "")
    return pc.replace_substring_regex(folded, DASH_CLASS, "-")


def fold_names(names: pyarrow.Array) -> pyarrow.Array:
    """Fold names: width, spaces, dots, old character forms, company marks, 様 and remarks behind."""
    folded = pc.utf8_upper(_plain_forms(names))
    folded = pc.replace_substring_regex(folded, r"[\s\x{3000}・･.,、。]+", "")
    folded = _without_company_marks(folded)
    return pc.replace_substring_regex(
        pc.replace_substring_regex(folded, _REMARK, ""), _HONORIFIC, ""
    )


def fold_name(name: str) -> str:
    """Fold one name."""
    return str(fold_names(pyarrow.array([name])).to_pylist()[0])


def fold_addresses(addresses: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses: as codes, without prefecture, 大字 and 字, with 丁目 and 番地 as dashes."""
    folded = pc.utf8_upper(_plain_forms(addresses))
    folded = pc.replace_substring_regex(folded, r"[\s\x{3000}]+", "")
    folded = pc.replace_substring_regex(folded, DASH_CLASS, "-")
    folded = pc.replace_substring_regex(folded, _PREFECTURE, "")
    folded = pc.replace_substring_regex(folded, "大?字", "")
    folded = pc.replace_substring_regex(folded, r"(\d)の(\d)", r"\1-\2")
    folded = pc.replace_substring_regex(folded, "丁目|番地の?|番|号室?|地割", "-")
    return pc.utf8_trim(pc.replace_substring_regex(folded, "--+", "-"), "-")


def squeezed(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold running texts so that spellings of one number or name in them become the same run."""
    folded = _without_company_marks(pc.utf8_upper(_plain_forms(texts)))
    return pc.replace_substring_regex(folded, rf"[\s\x{{3000}}()・.{DASHES}-]", "")


def _plain_forms(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold widths and old character forms; each old form is replaced only if the column has it."""
    folded = pc.utf8_normalize(texts, form="NFKC")
    for old in sorted(set("".join(pc.unique(folded).drop_null().to_pylist())) & _OLD_FORMS.keys()):
        folded = pc.replace_substring(folded, old, _OLD_FORMS[old])
    return folded


def _without_company_marks(texts: pyarrow.Array) -> pyarrow.Array:
    whole = pc.replace_substring(texts, "(株)", "株式会社")
    return pc.replace_substring(whole, "(有)", "有限会社")


def fold_phone(text: str) -> str:
    """Fold a phone number to its digits, with +81 as the leading zero it stands for."""
    domestic_digits = 10
    digits = re.sub(r"\D", "", nfkc(text))
    return (
        f"0{digits[2:].removeprefix('0')}"
        if digits.startswith("81") and len(digits) > domestic_digits
        else digits
    )
