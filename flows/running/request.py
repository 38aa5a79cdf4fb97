"""What a run is asked to do, and by whom."""

import re
from enum import StrEnum

from pydantic import Field, model_validator

from schemas.errors import ConfigurationError, RefusedError
from schemas.strict import Strict
from transforms.reading.folding import fold_name, nfkc

SCHEDULE = "schedule"
"""Who starts a run that nobody started."""

NO_REASON = "manual run"
"""The reason of a run for which none was given."""

STANDING_REASONS = frozenset({NO_REASON, "手動の実行", "monthly schedule"})
"""Reasons nobody wrote: the defaults of command, form and schedule. Not enough for a correction."""

_ADDRESSED = re.compile(
    r"([一-龥々ァ-ヶー]{1,12}) ?(?:様(?![式子態相々])|さん|さま|氏(?!名)|殿(?!場)|君(?!が代))"
)
_NOBODY = re.compile(
    "(?:客|皆|奥|各|同|仕|模|多|有|異|何|王|神|親|息子|娘|先|会社|業者|屋|店|工場|社|担当者|責任者"
    "|管理者|保険|家族|本人|代理人|弁護士|税理士|整備士|書士|運輸局|陸運局|支局|署|協会|組合|連合会|同友会"
    "|商会|ディーラー|メーカー|オーナー|ユーザー|ロータス|ブロードリーフ)$"
)
"""What stands before 様 and the like and is nobody's name: お客様, 同様, 保険屋さん."""

REASON = r"^[^0-9０-９@＠]+$"
LONGEST_REASON = 200

_SHARED_NAMES = frozenset(
    {
        *("root", "admin", "administrator", "user", "operator", "test", "guest", "shop", "staff"),
        *("office", "owner", "system", "nobody", "anonymous", "pc", SCHEDULE),
        *("shared", "login", "account", "manager", "default", "username", "name"),
        *(
            "管理者",
            "担当",
            "担当者",
            "受付",
            "店",
            *(
                "店長",
                "社長",
                "工場長",
                "専務",
                "部長",
                "主任",
                "整備士",
                "フロント",
                "レジ",
                "本人",
                "私",
            ),
            "事務",
            "事務所",
            "スタッフ",
            "共用",
            *(
                "事務員",
                "店舗",
                "オペレータ",
                "オペレーター",
                "ユーザ",
                "ユーザー",
                "ログイン",
                "ゲスト",
            ),
            *("テスト", "アドミン", "システム", "パソコン", "管理人", "責任者"),
            "利用者",
            "あなたの氏名",
            "氏名",
            "名前",
        ),
    }
)


def named_person(name: str | None) -> str:
    """Accept the name of one person; shared names are refused (policy §8: IDの共有禁止).

    Raises:
        ConfigurationError: there is no name.
        RefusedError: the name is one that several people use.
    """
    if not name or not name.strip():
        raise ConfigurationError(
            'だれが行うかを --operator "あなたの氏名" で書いてください / who does this? give --operator with '
            "your own name, or set JOINT_USE_OPERATOR"
        )
    if _is_shared(name) or not any(letter.isalpha() for letter in name):
        raise RefusedError(
            f"「{name.strip()}」は個人の氏名ではありません。ご自分の氏名を書いてください / "
            "this is a name several people use; give your own (policy §8: IDの共有禁止)"
        )
    return name.strip()


def _is_shared(name: str) -> bool:
    """Tell whether each word of a name, without what numbers it or names its machine, is a shared one."""
    known = {fold_name(shared).casefold() for shared in _SHARED_NAMES}
    bare = re.sub(r"@.*|[\d\W_]+$", "", nfkc(name), flags=re.DOTALL)
    words = [word for word in re.split(r"[\W\d_]+", bare) if word]
    forms = {fold_name(name).casefold(), fold_name(bare).casefold()}
    return bool(forms & known) or all(fold_name(word).casefold() in known for word in words)


def checked_reason(reason: str) -> str:
    """Accept a written reason: nothing with digits or @, which are of people more often than not.

    Raises:
        ConfigurationError: it is empty, too long, or holds such a character; it is not repeated.
    """
    if (
        not re.fullmatch(REASON, reason)
        or len(reason) > LONGEST_REASON
        or _addresses_somebody(reason)
    ):
        raise ConfigurationError(
            "--reason: 理由は数字と＠、「○○様」を使わずに200字以内で。お客様の氏名や番号は書かないでください "
            "/ give one of at most 200 characters, without digits, @ or 様 behind a name: no names or "
            "numbers of customers"
        )
    return reason


def _addresses_somebody(reason: str) -> bool:
    """Tell whether a reason names somebody as one speaks of customers (佐藤様のお申し出)."""
    return any(not _NOBODY.search(found[1]) for found in _ADDRESSED.finditer(reason))


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


def reason_field(default: str) -> str:
    """Ask why, with a reason that stands if nobody writes one."""
    field: str = Field(
        default=default,
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
    reason: str = reason_field("monthly schedule")
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
