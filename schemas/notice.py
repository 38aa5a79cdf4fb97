"""The notice: §7 of the shop's privacy policy as data (個人情報保護法27条5項3号の公表事項)."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from schemas.strict import Strict

IDENTIFIER = r"[a-z0-9][a-z0-9_.-]*"
"""How the notice names its partners, items and purposes."""

Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER}$", max_length=40)]


class NamedPartner(Strict):
    """A recipient the notice names (§7(1))."""

    id: Identifier
    name: str
    clause: str
    privacy_policy_url: str | None = None


class Item(Strict):
    """One kind of personal data the notice names (§7(2))."""

    id: Identifier
    text: str
    clause: str


class Purpose(Strict):
    """One purpose of joint use the notice names (§7(3))."""

    id: Identifier
    text: str
    clause: str


class Responsible(Strict):
    """Who answers for the joint use, and where to ask (27条5項3号; §6, §11)."""

    name: str
    address: str
    representative: str
    phone: str
    email: str


class Notice(Strict):
    """One version of the notice, in force from `effective_on`."""

    version: str
    effective_on: date
    responsible: Responsible
    partners: tuple[NamedPartner, ...] = Field(min_length=1)
    items: tuple[Item, ...] = Field(min_length=1)
    purposes: tuple[Purpose, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> "Notice":
        for group in (self.partners, self.items, self.purposes):
            ids = [entry.id for entry in group]
            if len(set(ids)) != len(ids):
                raise ValueError(
                    "同じ id が二度使われています。利用者、項目、目的にそれぞれ別の id を付けてください / "
                    "an id is used twice; give each partner, item and purpose its own"
                )
        return self

    def clause_of(self, item: str) -> str | None:
        """Clause under which `item` is announced, or None where the notice does not name it."""
        return next((entry.clause for entry in self.items if entry.id == item), None)
