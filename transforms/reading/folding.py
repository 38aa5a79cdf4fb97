"""Folding text for comparison: width, kana marks, dashes and old character forms.

Folded forms are for matching only; names and addresses leave as they were written.
"""

import re
import unicodedata

import pyarrow

from transforms.reading.joined_text import JoinedText

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

_PREFECTURE = "(?:東京都|北海道|(?:京都|大阪)府|[^{edge}]{{2}}県|[^{edge}]{{3}}県)"
_HONORIFIC = "(?:様|殿|さん|御中|先生)"
_REMARK = r"\([^(){edge}]{{2,}}\)"
_BLANKS = " \t\n\f\r\u3000"
_BETWEEN_PARTS = ("丁目", "番地の", "番地", "番", "号室", "号", "地割")
"""What stands between the numbers of an address; longer ones first."""


def nfkc(text: str) -> str:
    """Fold widths: full-width letters and digits to half, half-width kana to full."""
    return unicodedata.normalize("NFKC", text)


def fold_code(text: str) -> str:
    """Fold a code (plate, chassis number, 型式, phone): width, case, spaces and dashes."""
    folded = re.sub(SPACES, "", nfkc(text)).upper()
    return re.sub(DASH_CLASS, "-", folded)


def fold_codes(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold a column of codes as `fold_code` does one."""
    joined = JoinedText(texts)
    joined.compatible()
    joined.upper()
    joined.exchange(dict.fromkeys(_BLANKS, ""))
    joined.exchange(dict.fromkeys(DASHES, "-"))
    return joined.cells()


def fold_names(names: pyarrow.Array) -> pyarrow.Array:
    """Fold names: width, spaces, dots, old character forms, company marks, 様 and remarks behind."""
    joined = _plain(names)
    joined.exchange(dict.fromkeys(f"{_BLANKS}・･.,、。", ""))
    _spell_out_companies(joined)
    edge = joined.boundary
    joined.substitute(_REMARK.format(edge=edge) + edge, edge, only_with="(")
    joined.substitute(_HONORIFIC + edge, edge, only_with="様殿ん中生")
    return joined.cells()


def fold_name(name: str) -> str:
    """Fold one name."""
    return str(fold_names(pyarrow.array([name])).to_pylist()[0])


def fold_addresses(addresses: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses: as codes, without prefecture, 大字 and 字, with 丁目 and 番地 as dashes."""
    return _as_addresses(addresses).cells()


def squeezed(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold running texts so that spellings of one number or name in them become the same run."""
    return squeezed_text(texts).cells()


def squeezed_text(texts: pyarrow.Array) -> JoinedText:
    """Fold as `squeezed`, and leave the cells joined."""
    return _squeeze(_plain(texts))


def squeezed_addresses(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses, and running texts as if they were addresses, so that one can be found in the other."""
    return squeezed_addresses_text(texts).cells()


def squeezed_addresses_text(texts: pyarrow.Array) -> JoinedText:
    """Fold as `squeezed_addresses`, and leave the cells joined."""
    return _squeeze(_as_addresses(texts))


def _plain(texts: pyarrow.Array) -> JoinedText:
    """Fold widths, old character forms and case."""
    joined = JoinedText(texts)
    joined.compatible()
    joined.exchange(_OLD_FORMS)
    joined.upper()
    return joined


def _as_addresses(addresses: pyarrow.Array) -> JoinedText:
    joined = _plain(addresses)
    joined.exchange(dict.fromkeys(_BLANKS, ""))
    joined.exchange(dict.fromkeys(DASHES, "-"))
    edge = joined.boundary
    joined.substitute(edge + _PREFECTURE.format(edge=edge), edge, only_with="都道府県")
    for part in ("大字", "字"):
        joined.replace(part, "")
    joined.substitute(r"([0-9])の([0-9])", r"\1-\2", only_with="の")
    for part in _BETWEEN_PARTS:
        joined.replace(part, "-")
    joined.substitute("--+", "-", only_with="-")
    joined.replace(f"{edge}-", edge)
    joined.replace(f"-{edge}", edge)
    return joined


def _squeeze(joined: JoinedText) -> JoinedText:
    joined.compatible()
    _spell_out_companies(joined)
    joined.exchange(dict.fromkeys(f"{_BLANKS}()・.{DASHES}-", ""))
    return joined


def _spell_out_companies(joined: JoinedText) -> None:
    joined.replace("(株)", "株式会社")
    joined.replace("(有)", "有限会社")


def fold_phone(text: str) -> str:
    """Fold a phone number to its digits, with +81 as the leading zero it stands for."""
    domestic_digits = 10
    digits = re.sub(r"\D", "", nfkc(text))
    return (
        f"0{digits[2:].removeprefix('0')}"
        if digits.startswith("81") and len(digits) > domestic_digits
        else digits
    )
