"""What a recall run is asked to do, and by whom."""

from pydantic import Field

from flows.running.reasons import StandingReason
from flows.running.request import (
    OPERATOR_FIELD,
    SHOP_FIELD,
    ExportRequest,
    dry_run_field,
    partners_field,
    reason_field,
)
from schemas.strict import Strict


class RecallRequest(Strict):
    """Recall targets on demand. It is stored and shown by Prefect, so nothing personal belongs in it."""

    shop: str = SHOP_FIELD
    campaign: str = Field(
        title="届出ファイル / campaign file",
        description="国土交通省の JSON、または CSV。店舗フォルダからの場所でも可 (campaigns/…)",
        min_length=1,
        json_schema_extra={"position": 1},
    )
    partners: tuple[str, ...] = partners_field("空欄なら、覚書に [recall] のある全社")
    operator: str = OPERATOR_FIELD
    reason: str = reason_field(StandingReason.RECALL)
    dry_run: bool = dry_run_field("探して検査するだけで、納品も連絡表も作らない")

    def as_export(self) -> ExportRequest:
        """Give what a run of any kind is asked for."""
        return ExportRequest(
            shop=self.shop,
            partners=self.partners,
            operator=self.operator,
            reason=self.reason,
            dry_run=self.dry_run,
        )
