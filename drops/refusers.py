"""Who refuses a drop, read anew from the objections, event by event; it shares no rule with the gate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.objections import PROVISION, PURPOSE, RAISED, SETTLED

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Refusals:
    """The objections, what happened to them, and whom a drop is for.

    Args:
        objections: rows with `objection_id`, `person`, `scope`, `partner`, `purpose`.
        events: rows with `objection_id`, `kind`, `effective_on`, `sequence`, `person`.
        partner: the drop's.
        purposes: what the partner may use such drops for today.
        partners: all the notice names.
        all_purposes: all the notice names.
        day: of the drop.
    """

    objections: Iterable[Row]
    events: Iterable[Row]
    partner: str
    purposes: tuple[str, ...]
    partners: frozenset[str]
    all_purposes: frozenset[str]
    day: date

    def refusers(self) -> set[str]:
        """Give the references of the people who refuse this drop."""
        histories: dict[str, list[Row]] = {}
        for event in self.events:
            histories.setdefault(event["objection_id"], []).append(event)
        found = set()
        for row in self.objections:
            history = histories.get(row["objection_id"], [])
            if self._holds(history) and self._concerns(row):
                decisions = [e for e in history if e["kind"] == SETTLED]
                whom = max(decisions, key=lambda e: e["sequence"]) if decisions else row
                if whom["person"]:
                    found.add(whom["person"])
        return found

    def _holds(self, history: list[Row]) -> bool:
        standing = False
        for event in sorted(history, key=lambda e: (e["effective_on"], e["sequence"])):
            if event["kind"] != SETTLED and event["effective_on"] <= self.day:
                standing = event["kind"] == RAISED
        return standing

    def _concerns(self, row: Row) -> bool:
        if row["scope"] not in {PROVISION, PURPOSE}:
            return True
        if row["partner"] in self.partners and row["partner"] != self.partner:
            return False
        if row["scope"] == PROVISION or row["purpose"] not in self.all_purposes:
            return True
        return row["purpose"] in self.purposes
