"""How a flow run ends when somebody has to do something about a drop: a state with a name of its own.

A state that a flow returns is the flow's state, and what it holds is the flow's result.
"""

from collections.abc import Iterable
from typing import TypeVar, cast

from prefect.states import Completed

from flows.running.report import Outcome

Result = TypeVar("Result")


def ended(result: Result, outcomes: Iterable[Outcome]) -> Result:
    """End in state *Waiting* if a drop needs consent, *NotHandedOver* if one did not reach its place."""
    outcomes = tuple(outcomes)
    waiting = [outcome.drop_id for outcome in outcomes if outcome.status == "waiting"]
    kept = [f"{each.drop_id}: {each.handed_over}" for each in outcomes if each.handover_code]
    if waiting:
        told = f"{', '.join(waiting)}: データ管理者の承諾待ち / deployment release"
        return cast(
            "Result", Completed(name="Waiting", message="; ".join([told, *kept]), data=result)
        )
    return not_handed_over(result, "; ".join(kept)) if kept else result


def needs_a_look(result: Result, told: str) -> Result:
    """End in state *NeedsALook*, which names the shops of a group that did not end well, with their codes."""
    return cast("Result", Completed(name="NeedsALook", message=told, data=result))


def not_handed_over(result: Result, told: str) -> Result:
    """End in state *NotHandedOver*, which says why."""
    return cast("Result", Completed(name="NotHandedOver", message=told, data=result))
