"""Who acts: one person, by name, or the schedule."""

import re

from schemas.errors import ConfigurationError, RefusedError
from schemas.notice import Notice
from transforms.reading.folding import fold_name, nfkc

SCHEDULE = "schedule"
"""Who starts a run that nobody started."""

_WORDS = """
管理者 担当 担当者 受付 店 店長 社長 工場長 専務 部長 主任 整備士 フロント レジ 本人 私 事務
事務所 スタッフ 共用 事務員 店舗 オペレータ オペレーター ユーザ ユーザー ログイン ゲスト テスト
アドミン システム パソコン 管理人 責任者 全員 皆 みんな 当番 誰か うけつけ 担当係 本社 本店 支店
整備 工場 利用者 あなたの氏名 氏名 名前 アルバイト バイト パート パートさん 経理 総務 営業
営業部 代表 代表取締役 取締役 副社長 店員 従業員 社員 職員 正社員 新人 見習い 受付係 会計 レジ係
代理 副店長 所長 課長 係長 家族 妻 夫 息子 娘
root admin administrator user operator test guest shop staff office owner system nobody
anonymous pc shared login account manager default username name info mail frontdesk none null
reception cashier front desk
"""

_SHARED_NAMES = frozenset(fold_name(word).casefold() for word in (*_WORDS.split(), SCHEDULE))
"""What several people call themselves; words of other names are looked at one by one."""


_COMPANY = re.compile("株式会社|有限会社|合同会社|合資会社|合名会社")

_LONGEST_SURNAME = 3
"""有限会社鈴木 leaves 鈴木, whom many are called."""

_OF_A_PLACE = re.compile(
    "会社|(?:医療|社団|財団|学校|宗教|福祉|NPO|行政)法人|..(?:店|係|工場)$|(?:営業所|事業所|支社|本社)$"
)
"""What tells a firm or a place, folded: no person is called so, but 大店 and 法人 are names."""


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
        raise _shared(name)
    return name.strip()


def refuse_name_of_firm(name: str, notice: Notice, shop: str) -> None:
    """Refuse the name of the shop, or of a firm of its notice, for that of a person.

    Raises:
        RefusedError: it is one.
    """
    firms = (shop, notice.responsible.name, *(partner.name for partner in notice.partners))
    parts = (part for firm in firms for part in (firm, *firm.split("/")))
    # Who does business under their own name represents themselves.
    represents = fold_name(notice.responsible.representative).casefold()
    named = {fold_name(part).casefold() for part in parts} - {""}
    named |= {bare for each in named if len(bare := _COMPANY.sub("", each)) > _LONGEST_SURNAME}
    if (own := fold_name(name).casefold()) in named and own not in represents:
        raise _shared(name)


def _shared(name: str) -> RefusedError:
    return RefusedError(
        f"「{name.strip()}」は個人の氏名ではありません。ご自分の氏名を書いてください / "
        "this is a name several people use; give your own (policy §8: IDの共有禁止)"
    )


def _is_shared(name: str) -> bool:
    """Tell whether each word of a name, without what numbers it or names its machine, is a shared one."""
    if _OF_A_PLACE.search(fold_name(name)) or "@" in nfkc(name):
        return True
    if re.fullmatch(r"\W*[A-Za-z]\W*", nfkc(name)):
        return True
    bare = re.sub(r"(?<=[^\x00-\x7f])[A-Za-z]$|[\d\W_]+$", "", nfkc(name))
    words = [word for word in re.split(r"[\W\d_]+", bare) if word]
    forms = {fold_name(name).casefold(), fold_name(bare).casefold()}
    return bool(forms & _SHARED_NAMES) or all(
        fold_name(word).casefold() in _SHARED_NAMES for word in words
    )
