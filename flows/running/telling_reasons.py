"""Reasons that tell of somebody: nothing is done for them."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow

from schemas.errors import ConfigurationError
from sources.screening.loading import shipped_dangers
from transforms.screening.folding import fold_danger
from transforms.screening.numbers import holds_contact

_OF_A_PERSON = re.compile(
    "入院|(?:入|通|退|にゅう|つう)いん|死去|逝去|離婚|生保(?!内|ビル|会館)|(?:外国|韓国|中国|朝鮮)籍|国籍(?!列|欄|項目)|耳が(?:聞|遠)|施設入所|服役|出所(?:し|の|$)"
    "|病気|認知症"
)
"""What the rules for remarks leave to their context, folded: in a reason it tells why somebody refused."""

Finder = Callable[[pyarrow.Array], np.ndarray]
"""Gives the mask of the texts that name somebody."""


def refuse_telling_reason(reason: str, *finders: Finder) -> None:
    """Refuse a reason that tells what never leaves, or names somebody.

    Raises:
        ConfigurationError: it does; it is not repeated.
    """
    is_told = shipped_dangers().found_in(reason) or _OF_A_PERSON.search(fold_danger(reason))
    if is_told or holds_contact(reason):
        raise ConfigurationError(
            "--reason に、方針第10条に当たること、番号か連絡先が入っています。納品先も読み、台帳からは"
            "消せないので、何も行いませんでした。入れずに書いてください / "
            "--reason tells something of policy §10, a number or a contact; partners read it, and nobody can "
            "take it out of the ledger. Nothing was done; give a reason without it"
        )
    told = pyarrow.array([reason])
    if any(find(told).any() for find in finders):
        raise ConfigurationError(
            "--reason にお客様の名前か車の番号が入っています。納品先も読み、台帳からは消せないので、"
            "何も行いませんでした。入れずに書いてください / "
            "--reason names a customer or a car of the shop; partners read it, and nobody can take it out of "
            "the ledger. Nothing was done; give a reason without it"
        )
