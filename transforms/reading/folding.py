"""Folding text for comparison: width, kana marks, dashes and old character forms.

Folded forms are for matching only; names and addresses leave as they were written. Whole columns
are folded by `folded_columns`, with the same rules.
"""

import re
import unicodedata

from transforms.reading.running_text import RunningText

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

_HONORIFIC = "(?:様|殿|さん|御中|先生)"
_REMARK = r"\([^(){edge}]{{2,}}\)"
BLANKS = " \t\n\f\r\u3000"


def nfkc(text: str) -> str:
    """Fold widths: full-width letters and digits to half, half-width kana to full."""
    return unicodedata.normalize("NFKC", text)


def fold_code(text: str) -> str:
    """Fold a code (plate, chassis number, 型式, phone): width, case, spaces and dashes."""
    folded = re.sub(SPACES, "", nfkc(text)).upper()
    return re.sub(DASH_CLASS, "-", folded)


def fold_phone(text: str) -> str:
    """Fold a phone number to its digits, with +81 as the leading zero it stands for."""
    domestic_digits = 10
    digits = re.sub(r"\D", "", nfkc(text))
    return (
        f"0{digits[2:].removeprefix('0')}"
        if digits.startswith("81") and len(digits) > domestic_digits
        else digits
    )


def fold_name(name: str) -> str:
    """Fold one name: width, spaces, dots, old character forms, company marks, 様 and remarks behind."""
    running = RunningText([name])
    fold_names_in(running)
    return running.texts()[0]


def fold_names_in(running: RunningText) -> None:
    """Fold each text as a name."""
    fold_plainly(running)
    running.exchange(dict.fromkeys(f"{BLANKS}・･.,、。", ""))
    spell_out_companies(running)
    edge = running.boundary
    running.substitute(_REMARK.format(edge=edge) + edge, edge, only_with="(")
    running.substitute(_HONORIFIC + edge, edge, only_with="様殿ん中生")


def fold_plainly(running: RunningText) -> None:
    """Fold widths, old character forms and case."""
    running.compatible()
    running.exchange(_OLD_FORMS)
    running.upper()


def spell_out_companies(running: RunningText) -> None:
    """Write out the marks of companies."""
    running.replace("(株)", "株式会社")
    running.replace("(有)", "有限会社")
