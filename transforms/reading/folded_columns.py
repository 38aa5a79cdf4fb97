"""Folding whole columns for comparison, by the rules of `folding`; addresses and running texts too."""

import pyarrow

from transforms.arrays import are_ascii_words
from transforms.reading.ascii_columns import without
from transforms.reading.folding import (
    BLANKS,
    DASHES,
    fold_names_in,
    fold_plainly,
    spell_out_companies,
)
from transforms.reading.joined_text import JoinedText

_PREFECTURE = "(?:東京都|北海道|(?:京都|大阪)府|[^{edge}]{{2}}県|[^{edge}]{{3}}県)"
_SQUEEZED_OUT = "().-"
_BETWEEN_PARTS = ("丁目", "番地の", "番地", "番", "号室", "号", "地割")
"""What stands between the numbers of an address; longer ones first."""


def fold_codes(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold a column of codes as `fold_code` does one."""
    joined = JoinedText(texts)
    joined.compatible()
    joined.upper()
    joined.exchange(dict.fromkeys(BLANKS, ""))
    joined.exchange(dict.fromkeys(DASHES, "-"))
    return joined.cells()


def fold_names(names: pyarrow.Array) -> pyarrow.Array:
    """Fold a column of names as `fold_name` does one."""
    joined = JoinedText(names)
    fold_names_in(joined)
    return joined.cells()


def fold_addresses(addresses: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses: as codes, without prefecture, 大字 and 字, with 丁目 and 番地 as dashes."""
    return _as_addresses(addresses).cells()


def squeezed(texts: pyarrow.Array) -> pyarrow.Array:
    """Fold running texts so that spellings of one number or name in them become the same run."""
    if are_ascii_words(texts):
        return without(texts, _SQUEEZED_OUT, in_capitals=True)
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
    joined = JoinedText(texts)
    fold_plainly(joined)
    return joined


def _as_addresses(addresses: pyarrow.Array) -> JoinedText:
    joined = _plain(addresses)
    joined.exchange(dict.fromkeys(BLANKS, ""))
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
    spell_out_companies(joined)
    joined.exchange(dict.fromkeys(f"{BLANKS}・{DASHES}{_SQUEEZED_OUT}", ""))
    joined.substitute("(?<=[0-9])の(?=[0-9])", "", only_with="の")
    return joined
