"""Reasons as they are written: of runs partners read them, and the audit chain keeps all of them for good."""

import re
from enum import StrEnum

from schemas.errors import ConfigurationError


class StandingReason(StrEnum):
    """Reasons nobody wrote: what commands, forms and schedules say for themselves."""

    MANUAL = "manual run"
    BY_FORM = "手動の実行"
    """As deployments say it (`prefect.yaml`)."""
    SCHEDULED = "monthly schedule"
    NOTICES = "deletion notice"
    RECALL = "recall announced"
    CONSENT = "data manager's consent"
    RETENTION = "retention is over"
    CHECK = "checking a drop"
    ANSWER = "the partner answered"
    HANDING_OVER = "handing over"
    DISCLOSURE = "the customer asked for disclosure"
    ERASURE = "erasure requested"
    INCIDENT = "incident"
    OBJECTION = "customer said so"
    LISTING = "looking at objections"
    REVIEW = "texts reviewed"


STANDING_REASONS = frozenset(StandingReason)
"""Not enough for a correction, and known to tell of nobody."""

_ADDRESSED = re.compile(
    r"([一-龥々ァ-ヶー]{1,12}) ?"
    "(?:様(?![式子態相々]|変わ)|さん|さま(?!ざま)|氏(?!名|併記)|殿(?!場)|君(?!が代|津))"
)
_NOBODY = re.compile(
    "(?:客|皆|奥|各|同|仕|模|多|有|異|何|王|神|親|息子|娘|先|会社|業者|屋|店|工場|社|担当者|責任者"
    "|管理者|帳票|書類|用紙|保険|家族|本人|代理人|弁護士|税理士|整備士|書士|運輸局|陸運局|支局|署|協会|組合|連合会|同友会"
    "|商会|ディーラー|メーカー|オーナー|ユーザー|ロータス|ブロードリーフ)$"
)
"""What stands before 様 and the like and is nobody's name: お客様, 同様, 保険屋さん."""

REASON = r"^\s*[^\s0-9０-９@＠][^0-9０-９@＠]*$"
"""Something written, without digits and @."""

LONGEST_REASON = 200


def checked_reason(reason: str) -> str:
    """Accept a written reason: nothing with digits or @, which are of people more often than not.

    Raises:
        ConfigurationError: it is blank, too long, or holds such a character; it is not repeated.
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
