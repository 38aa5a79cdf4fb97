"""Deliver: seal what was published and hand it over; what cannot be handed over stays published."""

from flows.carrying.carry import carry, not_handed_over
from flows.running.report import Outcome
from flows.running.run import Run
from schemas.errors import JointUseError

_DELIVERED = frozenset({"published", "unchanged"})


def deliver(run: Run, outcome: Outcome) -> Outcome:
    """Hand a partner's drop over, if there is one that was not; a failure is told, not raised."""
    if outcome.status not in _DELIVERED:
        return outcome
    try:
        told, code = carry(run, outcome.drop_id), 0
    except JointUseError as error:
        told, code = not_handed_over(error), error.exit_code
    return outcome.model_copy(update={"handed_over": told, "handover_code": code})
