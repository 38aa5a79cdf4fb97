"""What screening (§10) rests on: danger rules, coded columns, and the words of the trade."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from schemas.strict import Strict

FREE_TEXT = (
    *("repairs.work_kind", "repairs.description", "repair_lines.name"),
    *("certificates.maker_name", "certificates.vehicle_class", "certificates.use"),
    *("certificates.private_or_business", "certificates.fuel"),
)
"""Columns whose text must be made of the trade's words."""

CODED = (
    *("customers.occupation", "customers.replacement_intent", "family_members.relation"),
    *("vehicles.usage", "vehicle_costs.cost_kind", "certificates.body_shape"),
)
"""Columns of which only the values of a list pass."""

WAITS = "waits"
"""Why a text does not leave that somebody has to look at first."""


class Action(StrEnum):
    """What becomes of a text a danger rule finds."""

    WITHHOLD_CELL = "withhold_cell"
    WITHHOLD_ROW = "withhold_row"
    QUARANTINE = "quarantine"
    """The source must be mended: the text should not be in the shop's records at all (§10: 取得しません)."""


STRICTNESS = {action: rank for rank, action in enumerate(Action)}
"""How much goes with a text, least first."""


class Decision(StrEnum):
    """What a named person decided about a text."""

    RELEASED = "released"
    WITHHELD = "withheld"


class WordDecision(StrEnum):
    """What a named person decided about a word of the trade."""

    ADDED = "added"
    TAKEN_BACK = "taken_back"


class DangerRule(Strict):
    """One category of what never leaves.

    Args:
        category: of §10, or of what tells of it.
        source: the law, the clause of the policy, or the practice it comes from.
        action: what becomes of the text.
        words: found anywhere in a folded text.
        patterns: regular expressions over the text in lower case without spaces, kana as written.
        unless: innocent phrases; a word within one of them is no find.
    """

    category: str
    source: str
    action: Action = Action.WITHHOLD_CELL
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class DangerRules(Strict):
    """`rules.toml`."""

    rules: tuple[DangerRule, ...] = Field(min_length=1)


class CodedLists(Strict):
    """`lists.toml`: per coded column (`table.column`) the values that pass."""

    lists: Mapping[str, tuple[str, ...]]


class Figurative(Strict):
    """`figurative.toml`: words that are innocent beside a car's part, and nowhere else."""

    words: tuple[str, ...]
    leading: tuple[str, ...]
    carriers: tuple[str, ...]
    joints: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Knowledge:
    """Everything screening knows, as shipped.

    Args:
        terms: the words of the trade, as written in the vocabulary.
        figurative: words that are innocent beside a part.
        parts: the parts and models among the terms.
        lists: the values of each coded column.
        rules: the danger rules; of those that find something the strictest counts.
    """

    terms: frozenset[str]
    figurative: Figurative
    parts: frozenset[str]
    lists: Mapping[str, tuple[str, ...]]
    rules: tuple[DangerRule, ...]
