"""Listing objections: what held on a day, as it was known at an instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow.compute as pc

from ledger.objection_book import ObjectionBook
from transforms.objections import AsOf, Register, in_force, known_events, settled, standing

IN_FORCE, TO_COME, ENDED = "in_force", "to_come", "ended"


@dataclass(frozen=True)
class Listed:
    """One objection as it stood."""

    objection_id: str
    persons: tuple[str, ...]
    """Keyed references: of the number it was raised under, and of the one a decision named."""
    scope: str | None
    partner: str | None
    purpose: str | None
    state: str
    begins_on: date | None
    ends_on: date | None
    received_on: date | None
    channel: str | None
    origin: str
    decision: str
    """Empty, `nobody`, or `customer`: whom somebody settled it means."""


def listed(book: ObjectionBook, as_of: AsOf) -> list[Listed]:
    """List the objections known at an instant, in the order they became known."""
    register = book.register()
    histories = _histories(register, book.particulars(), as_of)
    holding = set(in_force(register.events, as_of).to_pylist())
    coming = set(standing(register.events, as_of).to_pylist()) - holding
    decisions = {row["objection_id"]: row for row in settled(register.events, as_of).to_pylist()}
    found = []
    for terms in register.terms.to_pylist():
        name = terms["objection_id"]
        if name not in histories:
            continue
        decision = decisions.get(name)
        named = decision["person"] if decision else None
        found.append(
            Listed(
                objection_id=name,
                persons=tuple(filter(None, (terms["person"], named))),
                scope=terms["scope"],
                partner=terms["partner"],
                purpose=terms["purpose"],
                state=IN_FORCE if name in holding else TO_COME if name in coming else ENDED,
                decision="" if decision is None else "customer" if named else "nobody",
                **histories[name],
            )
        )
    return found


def _histories(
    register: Register, particulars: Mapping[int, Mapping[str, Any]], as_of: AsOf
) -> dict[str, dict[str, Any]]:
    """Give per objection from when to when it was said to hold, and how it came."""
    found: dict[str, dict[str, Any]] = {}
    known = known_events(register.events, as_of)
    changes = known.filter(pc.not_equal(known["kind"], "settled"))
    order = [("effective_on", "ascending"), ("sequence", "ascending")]
    for event in changes.sort_by(order).to_pylist():
        own = found.setdefault(
            event["objection_id"],
            {"begins_on": None, "ends_on": None, **particulars[event["sequence"]]},
        )
        is_end = event["kind"] == "lifted"
        own["ends_on"] = event["effective_on"] if is_end else None
        if not is_end:
            own["begins_on"] = event["effective_on"]
    return found
