"""A group: a folder of shops, each exported on its own, and the report that says how each ended."""

from pathlib import Path

from pydantic import BaseModel, Field

from flows.running.report import ExportReport
from flows.running.request import (
    MONTH_FIELD,
    OPERATOR_FIELD,
    ExportRequest,
    Mode,
    Workers,
    dry_run_field,
    partners_field,
    reason_field,
)
from schemas.errors import ConfigurationError
from schemas.strict import Strict

GROUP_FIELD: str = Field(
    title="グループのフォルダ / folder of shops",
    description="店舗フォルダを集めたフォルダ",
    json_schema_extra={"position": 0},
)


class GroupRequest(Strict):
    """A monthly export of all shops of a group. Prefect stores and shows it: nothing personal in it."""

    group: str = GROUP_FIELD
    month: str = MONTH_FIELD
    partners: tuple[str, ...] = partners_field("lotas, broadleaf など。空欄なら各店の全社")
    operator: str = OPERATOR_FIELD
    reason: str = reason_field("monthly schedule")
    dry_run: bool = dry_run_field("作って検査するだけで、納品しない")
    workers: Workers = Field(
        default=Workers(), title="実行環境 / workers", json_schema_extra={"position": 6}
    )

    def of_shop(self, shop: Path, month: str) -> ExportRequest:
        """Give what is asked of one shop."""
        return ExportRequest(
            shop=str(shop),
            month=month,
            partners=self.partners,
            operator=self.operator,
            reason=self.reason,
            dry_run=self.dry_run,
            mode=Mode.ISSUE,
        )


class ShopEnding(BaseModel):
    """How the run of one shop ended."""

    shop: str
    """Name of the shop's folder."""
    exit_code: int
    told: str = ""
    """Why nothing, or nothing further, was published; empty if all went well."""
    report: ExportReport | None = None


class GroupReport(BaseModel):
    """How the shops of a group ended, in the order of their folders' names."""

    group: str
    shops: tuple[ShopEnding, ...]

    @property
    def exit_code(self) -> int:
        """The code of the shops that did not end well; 1 if they differ."""
        codes = {shop.exit_code for shop in self.shops} - {0}
        return codes.pop() if len(codes) == 1 else int(bool(codes))


def shops_of(group: Path) -> list[Path]:
    """List the shops of a group by name: the folders in it that have a `shop.toml`.

    Raises:
        ConfigurationError: there is none, or the folder is itself a shop.
    """
    if (group / "shop.toml").exists():
        raise ConfigurationError(
            f"{group.name}: 一つの店です。--shop で指定してください / "
            f"{group.name}: this is one shop; name it with --shop"
        )
    shops = sorted(path.parent.resolve() for path in group.glob("*/shop.toml"))
    if not shops:
        raise ConfigurationError(
            f"{group.name}: このフォルダに店がありません。shop.toml "
            "のある店舗フォルダを集めたフォルダを指定してください / "
            f"{group.name}: no shop in this folder; a group is a folder of folders with shop.toml"
        )
    return shops
