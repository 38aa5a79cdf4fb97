"""How a flow run ends when somebody has to do something about a drop: a state with a name of its own.

A state that a flow returns is the flow's state, and what it holds is the flow's result.
"""

from typing import TypeVar, cast

from prefect.states import Completed

from flows.running.report import Served

Result = TypeVar("Result")
Report = TypeVar("Report", bound=Served)


def ended(result: Report) -> Report:
    """End in state *Waiting* if a drop needs consent, *NotHandedOver* if a partner did not get its own."""
    waiting = [outcome.drop_id for outcome in result.outcomes if outcome.status == "waiting"]
    kept = [f"{each.drop_id}: {each.handed_over}" for each in result.outcomes if each.handover_code]
    kept += [f"{partner}: {why}" for partner, why in result.left_out.items()]
    if waiting:
        told = f"{', '.join(waiting)}: データ管理者の承諾待ち / deployment release"
        return cast(
            "Report", Completed(name="Waiting", message="; ".join([told, *kept]), data=result)
        )
    return not_handed_over(result, "; ".join(kept)) if kept else result


def needs_a_look(result: Result, told: str) -> Result:
    """End in state *NeedsALook*, which names the shops of a group that did not end well, with their codes."""
    return cast("Result", Completed(name="NeedsALook", message=told, data=result))


def not_handed_over(result: Result, told: str) -> Result:
    """End in state *NotHandedOver*, which says why."""
    return cast("Result", Completed(name="NotHandedOver", message=told, data=result))
