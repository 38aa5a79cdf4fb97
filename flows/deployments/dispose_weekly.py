"""The Prefect flows that dispose of what is past its time, weekly: of a shop, of all shops of a group.

Of Prefect's own runs too.
"""

import os
from datetime import timedelta
from pathlib import Path

from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterEndTime
from prefect.client.schemas.sorting import FlowRunSort

from flows.counter.desk import Desk, open_desk
from flows.counter.disposing import Disposal, certify, dispose
from flows.deployments.group import GROUP_FIELD, shops_of
from flows.deployments.scheduling import for_group, was_scheduled
from flows.running.clock import Clock, utc_now
from flows.running.request import OPERATOR_FIELD, SHOP_FIELD, reason_field
from schemas.errors import JointUseError
from schemas.strict import Strict

_PAGE = 200


class DisposalRequest(Strict):
    """A disposal run."""

    shop: str = SHOP_FIELD
    operator: str = OPERATOR_FIELD
    reason: str = reason_field("retention is over")


class GroupDisposalRequest(Strict):
    """A disposal run for all shops of a group."""

    group: str = GROUP_FIELD
    operator: str = OPERATOR_FIELD
    reason: str = reason_field("retention is over")


@flow(name="dispose-group", persist_result=False, validate_parameters=True)
def dispose_group(request: GroupDisposalRequest) -> int:
    """Dispose of what is past its time in every shop of a folder; a shop that fails stops only itself.

    Raises:
        JointUseError: tells which shops failed and why, once all others are done.
    """
    failed = []
    count = 0
    with for_group(is_scheduled=was_scheduled()):
        for shop in shops_of(Path(request.group)):
            asked = DisposalRequest(
                shop=str(shop), operator=request.operator, reason=request.reason
            )
            try:
                count += dispose_weekly(asked)
            except JointUseError as error:
                failed.append(f"{shop.name}: {error}")
            except Exception as error:  # noqa: BLE001 (what it says may quote data)
                failed.append(
                    f"{shop.name}: 失敗 {type(error).__name__}。その店で `joint-use dispose` を実行 / "
                    "run `joint-use dispose` there"
                )
    if failed:
        raise JointUseError(
            "廃棄できなかったものがあります / "
            "nothing, or not all, was disposed of: " + "; ".join(failed)
        )
    return count


@flow(name="dispose-weekly", persist_result=False, validate_parameters=True)
def dispose_weekly(request: DisposalRequest) -> int:
    """Dispose of what is past its time; give how many of Prefect's runs were deleted."""
    return disposed(request, utc_now)


def disposed(request: DisposalRequest, clock: Clock) -> int:
    """Dispose as the flow does, by a clock; within a flow run."""
    desk = open_desk(
        *(Path(request.shop), request.operator, request.reason, clock, os.environ),
        is_scheduled=was_scheduled(),
    )
    dispose(desk)
    count = _delete_runs(desk)
    if count:
        rule = f"retention.prefect_days = {desk.folder.shop.retention.prefect_days}"
        certify(desk, [Disposal("prefect_runs", f"{count} runs", rule, None, lambda: None)])
    return count


def _delete_runs(desk: Desk) -> int:
    """Delete Prefect's records of runs that ended long ago."""
    before = desk.actor.at - timedelta(days=desk.folder.shop.retention.prefect_days)
    ended = FlowRunFilter(end_time=FlowRunFilterEndTime(before_=before))
    count = 0
    with get_client(sync_client=True) as client:
        while runs := client.read_flow_runs(
            flow_run_filter=ended, sort=FlowRunSort.END_TIME_DESC, limit=_PAGE
        ):
            for run in runs:
                client.delete_flow_run(run.id)
            count += len(runs)
    return count
