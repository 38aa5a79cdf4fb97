"""Reasons that tell of somebody: nothing is done for them."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow

from schemas.errors import ConfigurationError
from sources.screening.loading import shipped_dangers
from transforms.screening.named_cells import tells_of_a_person
from transforms.screening.numbers import holds_contact

_OF_NOBODY = re.compile(
    "(?:システム|通信|機器|回線|電源|ネットワーク|サーバ.?|プリンタ.?|パソコン|ディスク|データ|台帳)の?障害"
    "|障害(?:から)?の?復旧|誤りを認知|施設入力|視覚的|手帳型|(?<![一-龥の])手帳の(?:記載|記入)"
    "|(?<![一-龥の])国籍の?(?:列|欄|項目)|(?:システム|プログラム|データ)の病気|業務が麻痺|部品の納入院?"
)
"""What the words of a person stand in, and tells of none."""

Finder = Callable[[pyarrow.Array], np.ndarray]
"""Gives the mask of the texts that name somebody."""


def refuse_telling_reason(reason: str, *finders: Finder) -> None:
    """Refuse a reason that tells what never leaves, or names somebody.

    Raises:
        ConfigurationError: it does; it is not repeated.
    """
    told = _OF_NOBODY.sub(" ", reason)
    if shipped_dangers().found_in(told) or tells_of_a_person(told) or holds_contact(reason):
        raise ConfigurationError(
            "--reason に、方針第10条に当たること、番号か連絡先が入っています。納品先も読み、台帳からは"
            "消せないので、何も行いませんでした。入れずに書いてください / "
            "--reason tells something of policy §10, a number or a contact; partners read it, and nobody can "
            "take it out of the ledger. Nothing was done; give a reason without it"
        )
    words = pyarrow.array([reason])
    if any(find(words).any() for find in finders):
        raise ConfigurationError(
            "--reason にお客様の名前か車の番号が入っています。納品先も読み、台帳からは消せないので、"
            "何も行いませんでした。入れずに書いてください / "
            "--reason names a customer or a car of the shop; partners read it, and nobody can take it out of "
            "the ledger. Nothing was done; give a reason without it"
        )
