"""The Prefect flow by which a data manager releases or refuses a waiting drop from the form."""

import os
from pathlib import Path

from prefect import flow
from pydantic import Field

from flows.counter.desk import open_desk
from flows.counter.releasing import decide
from flows.deployments.endings import not_handed_over
from flows.deployments.names import FlowName
from flows.running.clock import utc_now
from flows.running.reasons import StandingReason
from flows.running.request import SHOP_FIELD, reason_field
from schemas.strict import Strict


class ReleaseRequest(Strict):
    """A data manager's decision. It is stored and shown by Prefect, so nothing personal belongs in it."""

    shop: str = SHOP_FIELD
    drop: str = Field(
        title="納品 / drop",
        description="承諾待ちの納品。例: lotas/monthly-2026-10-r1",
        pattern=r"^[a-z0-9_.-]+/[A-Za-z0-9_.-]+$",
        json_schema_extra={"position": 1},
    )
    refuse: bool = Field(
        default=False,
        title="承諾しない / refuse",
        description="選ぶと、この納品を破棄する",
        json_schema_extra={"position": 2},
    )
    operator: str = Field(
        default="",
        title="データ管理者 / data manager",
        description="あなたの氏名。実行した人とは別の管理者であること",
        max_length=60,
        json_schema_extra={"position": 3},
    )
    reason: str = reason_field(StandingReason.CONSENT)


@flow(name=FlowName.RELEASE_DROP, persist_result=False, validate_parameters=True)
def release_drop(request: ReleaseRequest) -> str:
    """Decide about a waiting drop; a released one is published and handed over."""
    desk = open_desk(Path(request.shop), request.operator, request.reason, utc_now, os.environ)
    released = decide(desk, utc_now, request.drop, refuse=request.refuse)
    if released.code:
        return not_handed_over("released", released.handed_over)
    return "refused" if request.refuse else released.handed_over or "released"
