"""A group: a folder of shops, each exported on its own, and the report that says how each ended."""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.report import ExportReport
from flows.request import OPERATOR_FIELD, ExportRequest, Mode, reason_field
from schemas.errors import ConfigurationError

LOST = 1
"""Exit code of a shop whose worker died twice."""


class Runner(StrEnum):
    """What runs the shops side by side."""

    PROCESSES = "processes"
    """Processes of this machine."""
    DASK = "dask"
    """The workers of a Dask cluster that runs already; they see the same folders."""


class GroupRequest(BaseModel):
    """A monthly export of all shops of a group. Prefect stores and shows it: nothing personal in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str = Field(
        title="グループのフォルダ / folder of shops",
        description="店舗フォルダを集めたフォルダ",
        json_schema_extra={"position": 0},
    )
    month: str = Field(
        default="",
        title="対象月 / month",
        description="YYYY-MM。空欄なら先月",
        pattern=r"^$|^(19|20)\d{2}-(0[1-9]|1[0-2])$",
        json_schema_extra={"position": 1},
    )
    partners: tuple[str, ...] = Field(
        default=(),
        title="共同利用者 / partners",
        description="空欄なら各店の全社",
        json_schema_extra={"position": 2},
    )
    operator: str = OPERATOR_FIELD
    reason: str = reason_field("monthly schedule")
    dry_run: bool = Field(default=False, title="試し実行 / dry run")
    runner: Runner = Field(default=Runner.PROCESSES, title="実行環境 / runner")
    scheduler: str = Field(
        default="",
        title="Dask のスケジューラ / scheduler",
        description="tcp://host:8786 など。runner が dask のとき",
        pattern=r"^$|^(tcp|tls)://[^@\s]+$",
    )
    workers: int = Field(default=0, ge=0, le=256, title="同時に動かす数 / at once; 0: one per core")

    @model_validator(mode="after")
    def _has_what_its_runner_needs(self) -> "GroupRequest":
        if (self.runner is Runner.DASK) != bool(self.scheduler):
            raise ValueError("scheduler goes with runner dask, and dask needs one: tcp://host:8786")
        return self

    def of_shop(self, shop: Path) -> ExportRequest:
        """Give what is asked of one shop."""
        return ExportRequest(
            shop=str(shop),
            month=self.month,
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
        raise ConfigurationError(f"{group.name}: this is one shop; name it with --shop")
    shops = sorted(path.parent.resolve() for path in group.glob("*/shop.toml"))
    if not shops:
        raise ConfigurationError(
            f"{group.name}: no shop in this folder; a group is a folder of folders with shop.toml"
        )
    return shops
