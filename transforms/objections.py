"""From events to the state of a person × partner × purpose at an instant (policy §2(1)②, §6).

An *objection* is one refusal: a person, a scope, a partner and a purpose (empty means all). What
happens to it are *events*, which are never changed or deleted: it is `raised`, it is `lifted`, it is
`settled` whom it means. Each takes effect from the beginning of a day in Japan, and each became known
at an instant.

The algorithm, for the state on day D as it was known at instant K:

1. Take the events that were known at K and whose effective day is not later than D.
2. Order the `raised` and `lifted` ones of each objection by effective day, then by the order in which
   they were recorded. The objection is in force if the last of them is `raised`. So a lift ends it
   from its day on, a lift dated before the day it was raised lifts nothing, and of two on one day
   the one recorded later holds. Nothing else ends an objection, least of all time.
3. An objection in force concerns a partner unless its scope is `provision` or `purpose` and its
   partner is another one the notice names. It concerns a purpose unless its scope is `purpose` and
   its purpose is another one the notice names. Scope `erasure`, and a scope that is empty or
   unknown, concern every partner and purpose; so does an unknown partner or purpose.
4. The person refuses the partner the purpose if any objection in force concerns both. A drop that
   serves several purposes leaves out everyone who refuses one of them.
5. Whom an objection means is what the last `settled` event known at K says; without one, see
   `meaning`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.notice import Notice
from schemas.objections import LIFTED, PROVISION, PURPOSE, RAISED, SETTLED
from transforms.arrays import mask_of

FURTHEST = timedelta(days=366)
"""How far ahead a refusal may take effect: a later day is a slip, and until it records would be shared."""

EVENTS = pyarrow.schema(
    [
        ("sequence", pyarrow.int64()),
        ("objection_id", pyarrow.string()),
        ("kind", pyarrow.string()),
        ("effective_on", pyarrow.date32()),
        ("known_at", pyarrow.timestamp("us", "UTC")),
        ("person", pyarrow.string()),
    ]
)
"""One row per event, in the order of recording. `person` is whom a `settled` event names, or null."""

TERMS = pyarrow.schema(
    [(name, pyarrow.string()) for name in ("objection_id", "person", "scope", "partner", "purpose")]
)
"""One row per objection. `person` is a keyed reference of the customer number it was raised under."""

TRAITS = pyarrow.schema(
    [("objection_id", pyarrow.string()), ("kind", pyarrow.string()), ("digest", pyarrow.uint64())]
)
"""One row per keyed digest by which the person of an objection is recognised."""

MARK = np.dtype([("group", "u1"), ("digest", "<u8")])
"""One mark, as the ledger packs those of an objection and a customer number."""

MENTIONS = pyarrow.schema(
    [
        ("objection_id", pyarrow.string()),
        ("number", pyarrow.uint64()),
        ("group", pyarrow.uint8()),
        ("digest", pyarrow.uint64()),
    ]
)
"""One row per keyed digest of what tells of the person of an objection in other people's rows.

`number` is the digest of the customer number of the row it was learned from, 0 if that has none, and `SAID`
of what somebody without a number said of themselves; `group` tells from which column.
"""


@dataclass(frozen=True)
class Recipient:
    """A partner and the purposes a drop serves."""

    partner: str
    purposes: tuple[str, ...]


@dataclass(frozen=True)
class AsOf:
    """The day whose state is asked for, and up to when what was recorded counts (null: all of it)."""

    day: date
    known_at: datetime | None = None


@dataclass(frozen=True)
class Register:
    """All objections, what happened to them, and how their persons are recognised."""

    terms: pyarrow.Table
    events: pyarrow.Table
    traits: pyarrow.Table
    head: str
    """Digest of the audit entry that recorded the newest event: changes with every event."""


def known_events(events: pyarrow.Table, as_of: AsOf) -> pyarrow.Table:
    """Give the events that were known at an instant, in the order of recording."""
    if as_of.known_at is None:
        return events
    return events.filter(pc.less_equal(events["known_at"], pyarrow.scalar(as_of.known_at)))


def in_force(events: pyarrow.Table, as_of: AsOf) -> pyarrow.Array:
    """Give the ids of the objections in force (steps 1 and 2)."""
    known = known_events(events, as_of)
    changes = known.filter(
        pc.and_(
            pc.is_in(known["kind"], pyarrow.array([RAISED, LIFTED])),
            pc.less_equal(known["effective_on"], pyarrow.scalar(as_of.day)),
        )
    )
    last = last_changes(changes)
    return last.filter(pc.equal(last["kind"], RAISED))["objection_id"].combine_chunks()


def last_changes(changes: pyarrow.Table) -> pyarrow.Table:
    """Keep of raisings and lifts the last word on each objection: of one day, what was recorded later."""
    return _last_of_each(changes, [("effective_on", "ascending"), ("sequence", "ascending")])


def days_raised(events: pyarrow.Table) -> dict[str, list[date]]:
    """Give, by objection, the days on which it was raised, each once, in order."""
    raised = events.filter(pc.equal(events["kind"], RAISED))
    days: dict[str, set[date]] = {}
    rows = (raised["objection_id"].to_pylist(), raised["effective_on"].to_pylist())
    for name, day in zip(*rows, strict=True):
        days.setdefault(name, set()).add(day)
    return {name: sorted(own) for name, own in days.items()}


def standing(events: pyarrow.Table, as_of: AsOf) -> pyarrow.Array:
    """Give the ids of the objections that are in force, or will be from a later day on."""
    known = known_events(events, as_of)
    changes = known.filter(
        pc.and_(
            pc.not_equal(known["kind"], SETTLED),
            pc.greater(known["effective_on"], pyarrow.scalar(as_of.day)),
        )
    )
    last = _last_of_each(changes, [("sequence", "ascending")], "objection_id", "effective_on")
    to_come = last.filter(pc.equal(last["kind"], RAISED))["objection_id"]
    return pc.unique(pyarrow.concat_arrays([in_force(events, as_of), to_come.combine_chunks()]))


def settled(events: pyarrow.Table, as_of: AsOf) -> pyarrow.Table:
    """Give the last `settled` event of each objection that has one (step 5)."""
    known = known_events(events, as_of)
    decisions = known.filter(pc.equal(known["kind"], SETTLED))
    return _last_of_each(decisions, [("sequence", "ascending")])


def concerns(terms: pyarrow.Table, recipient: Recipient, notice: Notice) -> np.ndarray:
    """Mask of the objections that concern the partner and any of the purposes (step 3)."""
    scope, partner, purpose = (terms[name] for name in ("scope", "partner", "purpose"))
    known_partners = pyarrow.array([entry.id for entry in notice.partners])
    known_purposes = pyarrow.array([entry.id for entry in notice.purposes])
    is_of_other = mask_of(
        pc.and_(pc.is_in(partner, known_partners), pc.not_equal(partner, recipient.partner))
    )
    served = pyarrow.array(recipient.purposes, pyarrow.string())
    is_for_other_use = mask_of(
        pc.and_(pc.is_in(purpose, known_purposes), pc.invert(pc.is_in(purpose, served)))
    )
    is_provision, is_purpose = (mask_of(pc.equal(scope, s)) for s in (PROVISION, PURPOSE))
    spares = ((is_provision | is_purpose) & is_of_other) | (is_purpose & is_for_other_use)
    return ~spares


def refusing(
    register: Register, recipient: Recipient, notice: Notice, as_of: AsOf
) -> pyarrow.Array:
    """Give the ids of the objections that keep their persons out of a drop (step 4)."""
    concerned = register.terms.filter(pyarrow.array(concerns(register.terms, recipient, notice)))
    ids = concerned["objection_id"].combine_chunks()
    return ids.filter(pc.is_in(ids, value_set=in_force(register.events, as_of)))


def _last_of_each(
    events: pyarrow.Table, order: list[tuple[str, str]], *group: str
) -> pyarrow.Table:
    """Keep the last event of each objection, or of each group by these columns, in the given order."""
    ordered = events.sort_by(order)
    places = pyarrow.array(np.arange(len(ordered)))
    last = (
        ordered.append_column("place", places)
        .group_by([*group] or ["objection_id"])
        .aggregate([("place", "max")])
    )
    return ordered.take(last["place_max"])
