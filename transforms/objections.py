"""Reading objections: which customers refuse a partner and its purposes on a day (policy §2(1)②, §6).

An objection holds for a drop when all of these are so:

- it has begun: `effective_on` is empty or not later than the day;
- it has not ended: `lifted_on` is empty or later than the day (a lift dated before the objection
  began lifts nothing);
- it is about this partner: `partner` is empty, this one, or a word the notice does not know;
- it is about one of these purposes: `purpose` is empty, one of them, or a word the notice does not
  know. Only the scope `purpose` looks at purposes: who refuses provision refuses it for all.

Scope `erasure` is for every partner and purpose. A scope that is empty or unknown is read as the
widest. Only the scope `no_objection`, an explicit statement that there is no objection, is not one.
"""

from dataclasses import dataclass
from datetime import date

import pyarrow
import pyarrow.compute as pc

from schemas.notice import Notice
from schemas.shop import NO_OBJECTION


@dataclass(frozen=True)
class Recipient:
    """A partner and the purposes a drop serves."""

    partner: str
    purposes: tuple[str, ...]


def refuses(scopes: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    """Mask of the scopes that are refusals: all but the explicit statement that there is none."""
    return pc.invert(_equals(scopes, NO_OBJECTION))


def in_force(
    objections: pyarrow.Table, recipient: Recipient, notice: Notice, day: date
) -> pyarrow.ChunkedArray:
    """Give a mask of the objections that keep their person out of a drop made on `day`."""
    scope, partner, purpose = (objections[name] for name in ("scope", "partner", "purpose"))
    known_partners = pyarrow.array([entry.id for entry in notice.partners])
    known_purposes = pyarrow.array([entry.id for entry in notice.purposes])
    others = pc.and_(pc.is_in(partner, known_partners), pc.not_equal(partner, recipient.partner))
    other_purposes = pc.and_(
        pc.is_in(purpose, known_purposes),
        pc.invert(pc.is_in(purpose, pyarrow.array(recipient.purposes))),
    )
    is_provision = _equals(scope, "provision")
    is_purpose = _equals(scope, "purpose")
    is_for_others = pc.and_(pc.or_(is_provision, is_purpose), _or_false(others))
    is_for_other_use = pc.and_(is_purpose, _or_false(other_purposes))
    concerns = pc.and_(pc.invert(pc.or_(is_for_others, is_for_other_use)), refuses(scope))
    return pc.and_(concerns, _holds_on(objections, day))


def _holds_on(objections: pyarrow.Table, day: date) -> pyarrow.ChunkedArray:
    effective, lifted = objections["effective_on"], objections["lifted_on"]
    begun = pc.fill_null(pc.less_equal(effective, day), fill_value=True)
    began = pc.coalesce(effective, objections["received_on"])
    lift_counts = pc.fill_null(pc.greater_equal(lifted, began), fill_value=True)
    ended = pc.and_(_or_false(pc.less_equal(lifted, day)), lift_counts)
    return pc.and_(begun, pc.invert(ended))


def _equals(column: pyarrow.ChunkedArray, code: str) -> pyarrow.ChunkedArray:
    return _or_false(pc.equal(column, code))


def _or_false(mask: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    return pc.fill_null(mask, fill_value=False)
