"""Runs that seem to go on, though what ran them is gone: nobody else says that they ended.

A deployment runs one at a time, so that such a run would keep all later ones waiting.
"""

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

_PAGE = 200
_SEEM_TO_GO_ON = FlowRunFilterState(
    type=FlowRunFilterStateType(
        any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED]
    )
)


def bury_tagged(tag: str) -> None:
    """Call the runs with a tag that seem to go on crashed: their worker was killed."""
    tagged = FlowRunFilterTags(all_=[tag])
    _bury(FlowRunFilter(state=_SEEM_TO_GO_ON, tags=tagged), "its worker was killed")


def bury_deployed() -> None:
    """Call the runs of deployments that seem to go on crashed; for a server that has no worker yet."""
    deployed = FlowRunFilterDeploymentId(is_null_=False)
    _bury(
        FlowRunFilter(state=_SEEM_TO_GO_ON, deployment_id=deployed),
        "途中で止まりました。もう一度実行してください / it was cut off; run it again",
    )


def _bury(runs: FlowRunFilter, told: str) -> None:
    with get_client(sync_client=True) as client:
        while found := client.read_flow_runs(flow_run_filter=runs, limit=_PAGE):
            for run in found:
                client.set_flow_run_state(run.id, Crashed(message=told), force=True)
