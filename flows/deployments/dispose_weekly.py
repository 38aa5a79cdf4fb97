"""The Prefect flows that dispose of what is past its time, weekly: of a shop, of all shops of a group.

Of Prefect's own runs too.
"""

import os
from datetime import timedelta
from pathlib import Path

from prefect import flow, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterStartTime,
)
from prefect.client.schemas.sorting import FlowRunSort

from flows.counter.desk import Desk, open_desk
from flows.counter.disposing import Disposal, certify, dispose
from flows.deployments.group import GROUP_FIELD, sorted_out
from flows.deployments.names import FlowName
from flows.deployments.scheduling import for_group, is_of_group, was_scheduled
from flows.running.clock import Clock, utc_now
from flows.running.reasons import StandingReason
from flows.running.request import OPERATOR_FIELD, SHOP_FIELD, reason_field
from schemas.errors import JointUseError
from schemas.strict import Strict
from sources.shop_folder import load_shop

_PAGE = 200

_OUR_FLOWS = FlowFilter(name=FlowFilterName(any_=list(FlowName)))
"""A server that many use keeps flows of others, too."""


class DisposalRequest(Strict):
    """A disposal run."""

    shop: str = SHOP_FIELD
    operator: str = OPERATOR_FIELD
    reason: str = reason_field(StandingReason.RETENTION)


class GroupDisposalRequest(Strict):
    """A disposal run for all shops of a group."""

    group: str = GROUP_FIELD
    operator: str = OPERATOR_FIELD
    reason: str = reason_field(StandingReason.RETENTION)


@flow(name=FlowName.DISPOSE_GROUP, persist_result=False, validate_parameters=True)
def dispose_group(request: GroupDisposalRequest) -> int:
    """Dispose of what is past its time in every shop of a folder; a shop that fails stops only itself.

    Raises:
        JointUseError: tells which shops failed and why, once all others are done.
    """
    fit, unfit = sorted_out(Path(request.group), os.environ)
    failed = list(unfit.values())
    done = []
    with for_group(is_scheduled=was_scheduled()):
        for shop in fit:
            asked = DisposalRequest(
                shop=str(shop.resolve()), operator=request.operator, reason=request.reason
            )
            try:
                dispose_weekly(asked)
                done.append(asked)
            except JointUseError as error:
                failed.append(f"{shop.name}: {error}")
            except Exception as error:  # noqa: BLE001 (what it says may quote data)
                failed.append(
                    f"{shop.name}: 失敗 {type(error).__name__}。その店で `joint-use dispose` を実行 / "
                    "run `joint-use dispose` there"
                )
        # One server keeps the runs of all: none goes before the shop that keeps them longest lets it.
        longest = max(done, key=_prefect_days, default=None)
        count = _disposed_runs(_desk(longest, utc_now)) if longest else 0
    if failed:
        raise JointUseError(
            "廃棄できなかったものがあります / "
            "nothing, or not all, was disposed of: " + "; ".join(failed)
        )
    return count


@flow(name=FlowName.DISPOSE_WEEKLY, persist_result=False, validate_parameters=True)
def dispose_weekly(request: DisposalRequest) -> int:
    """Dispose of what is past its time; give how many of Prefect's runs were deleted."""
    return disposed(request, utc_now)


def disposed(request: DisposalRequest, clock: Clock) -> int:
    """Dispose as the flow does, by a clock; within a flow run."""
    desk = _desk(request, clock)
    dispose(desk)
    return 0 if is_of_group() else _disposed_runs(desk)


def _disposed_runs(desk: Desk) -> int:
    """Delete what Prefect keeps of runs that ended long ago, and certify it."""
    count = _delete_runs(desk)
    if count:
        rule = f"retention.prefect_days = {desk.folder.shop.retention.prefect_days}"
        certify(desk, [Disposal("prefect_runs", f"{count} runs", rule, None, lambda: None)])
    return count


def _prefect_days(request: DisposalRequest) -> int:
    return load_shop(Path(request.shop)).shop.retention.prefect_days


def _desk(request: DisposalRequest, clock: Clock) -> Desk:
    return open_desk(
        *(Path(request.shop), request.operator, request.reason, clock, os.environ),
        is_scheduled=was_scheduled(),
    )


def _delete_runs(desk: Desk) -> int:
    """Delete Prefect's records of runs that ended long ago, with what they left to read."""
    before = desk.actor.at - timedelta(days=desk.folder.shop.retention.prefect_days)
    ended = FlowRunFilter(end_time=FlowRunFilterEndTime(before_=before))
    # Of a run that was killed nobody ever told the end.
    cut_off = FlowRunFilter(
        start_time=FlowRunFilterStartTime(before_=before),
        end_time=FlowRunFilterEndTime(is_null_=True),
    )
    with get_client(sync_client=True) as client:
        return sum(_delete(client, runs) for runs in (ended, cut_off))


def _delete(client: SyncPrefectClient, wanted: FlowRunFilter) -> int:
    count = 0
    while runs := client.read_flow_runs(
        flow_filter=_OUR_FLOWS,
        flow_run_filter=wanted,
        sort=FlowRunSort.START_TIME_ASC,
        limit=_PAGE,
    ):
        for run in runs:
            own = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
            for artifact in client.read_artifacts(artifact_filter=own):
                client.delete_artifact(artifact.id)
            client.delete_flow_run(run.id)
        count += len(runs)
    return count
