"""Deliver: seal what was published and hand it over; what cannot be handed over stays published."""

from flows.carrying.carry import carry, not_handed_over
from flows.running.report import Outcome
from flows.running.run import Run, instant
from schemas.errors import JointUseError

_DELIVERED = frozenset({"published", "unchanged"})


def deliver(run: Run, outcome: Outcome) -> Outcome:
    """Hand a partner's drop over, if there is one that was not; a failure is told, not raised."""
    if outcome.status == "dry_run":
        return outcome.model_copy(update={"handed_over": _would_be_handed_over(run, outcome)})
    if outcome.status not in _DELIVERED:
        return outcome
    if outcome.status == "published" and not run.agreement(outcome.partner).is_carried:
        told = f"このフォルダを手渡ししてください / to be carried by hand: {outcome.path}"
        return outcome.model_copy(update={"handed_over": told})
    try:
        told, code = carry(run, outcome.drop_id), 0
    except JointUseError as error:
        told, code = not_handed_over(error), error.exit_code
    return outcome.model_copy(update={"handed_over": told, "handover_code": code})


def _would_be_handed_over(run: Run, outcome: Outcome) -> str:
    """Say why a drop would not be handed over if this were no dry run; nothing if it would."""
    agreement = run.agreement(outcome.partner)
    try:
        if agreement.is_carried:
            agreement.refuse_expired_key(instant(run.clock).date())
    except JointUseError as error:
        return f"納品しても渡せません / published, it would not be handed over: {error}"
    return ""
