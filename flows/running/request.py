"""What a run is asked to do, and by whom."""

from enum import StrEnum

from pydantic import Field, model_validator

from flows.running.reasons import LONGEST_REASON, REASON, StandingReason
from schemas.strict import Strict


class Mode(StrEnum):
    """What a run does about a month that may have been delivered before."""

    ISSUE = "issue"
    """Publish if anything changed, as the next revision."""
    REPRODUCE = "reproduce"
    """Make the newest drop of the month again and tell whether its rows would be the same."""
    CORRECT = "correct"
    """Publish a revision for a written reason, after its difference was looked at."""


SHOP_FIELD: str = Field(
    title="店舗フォルダ / shop folder",
    description="shop.toml のあるフォルダ",
    json_schema_extra={"position": 0},
)
MONTH_FIELD: str = Field(
    default="",
    title="対象月 / month",
    description="YYYY-MM。空欄なら先月",
    pattern=r"^$|^(19|20)\d{2}-(0[1-9]|1[0-2])$",
    json_schema_extra={"position": 1},
)
OPERATOR_FIELD: str = Field(
    default="",
    title="操作者 / operator",
    description="あなたの氏名。共用の名前は使えません",
    max_length=60,
    json_schema_extra={"position": 3},
)
"""What several forms ask: which shop, what, and who."""


def partners_field(described: str) -> tuple[str, ...]:
    """Ask for whom; nobody named is everybody whom `described` tells."""
    field: tuple[str, ...] = Field(
        default=(),
        title="共同利用者 / partners",
        description=described,
        json_schema_extra={"position": 2},
    )
    return field


def dry_run_field(described: str) -> bool:
    """Ask whether it is only tried; `described` tells what then happens."""
    field: bool = Field(
        default=False,
        title="試し実行 / dry run",
        description=described,
        json_schema_extra={"position": 5},
    )
    return field


def reason_field(default: StandingReason) -> str:
    """Ask why, with a reason that stands if nobody writes one."""
    field: str = Field(
        default=default.value,
        title="理由 / reason",
        description="お客様の氏名は書かないでください。数字と＠は使えません / no names, digits or @",
        pattern=REASON,
        max_length=LONGEST_REASON,
        json_schema_extra={"position": 4},
    )
    return field


class Runner(StrEnum):
    """What works side by side: shops of a group, or parts of a shop."""

    PROCESSES = "processes"
    """Processes of this machine."""
    THREADS = "threads"
    """Threads of this process: less memory; Python's share of their work does not overlap."""
    DASK = "dask"
    """The workers of a Dask cluster that runs already; they see the same folders."""


class Workers(Strict):
    """Who works side by side, and how many."""

    runner: Runner = Field(default=Runner.PROCESSES, title="実行環境 / runner")
    scheduler: str = Field(
        default="",
        title="Dask のスケジューラ / scheduler",
        description="tcp://host:8786 など。runner が dask のとき",
        pattern=r"^$|^(tcp|tls)://[^@\s]+$",
    )
    count: int = Field(default=0, ge=0, le=256, title="同時に動かす数 / at once; 0: one per core")

    @model_validator(mode="after")
    def _has_what_its_runner_needs(self) -> "Workers":
        if (self.runner is Runner.DASK) != bool(self.scheduler):
            raise ValueError(
                "--scheduler は --runner dask と一緒に指定してください（tcp://host:8786） / "
                "scheduler goes with runner dask, and dask needs one: tcp://host:8786"
            )
        return self


class ExportRequest(Strict):
    """A monthly export. It is stored and shown by Prefect, so nothing personal belongs in it."""

    shop: str = SHOP_FIELD
    month: str = MONTH_FIELD
    partners: tuple[str, ...] = partners_field("lotas, broadleaf など。空欄なら全社")
    operator: str = OPERATOR_FIELD
    reason: str = reason_field(StandingReason.SCHEDULED)
    dry_run: bool = dry_run_field("作って検査するだけで、納品しない")
    mode: Mode = Field(
        default=Mode.ISSUE,
        title="方法 / mode",
        description="issue: 通常。reproduce: 前の納品を再現して比べる。correct: 差分を確認して訂正版を納品",
        json_schema_extra={"position": 6},
    )
    confirmed: bool = Field(
        default=False,
        title="確認済み / confirmed",
        description="correct のとき、差分を確認したら選ぶ",
        json_schema_extra={"position": 7},
    )
    partitions: int = Field(
        default=1,
        ge=1,
        le=10_000,
        title="分割数 / partitions",
        description="大きな店だけ：明細などをこの数に分けて並行して作る",
        json_schema_extra={"position": 8},
    )
    workers: Workers = Field(
        default=Workers(),
        title="分割したときの実行環境 / workers of the partitions",
        json_schema_extra={"position": 9},
    )

    @property
    def publishes(self) -> bool:
        """Whether anything may leave by this run."""
        return not self.dry_run and self.mode is not Mode.REPRODUCE
