"""Which month and partners a request means, and whether it may be asked at all."""

from datetime import datetime

from flows.running.request import ExportRequest
from schemas.drop import DropKind
from schemas.errors import RefusedError
from sources.shop_folder import ShopFolder
from transforms.period import SHOP_TIME, Month


def month_asked(request: ExportRequest, kind: DropKind, now: datetime) -> Month:
    """Give the month that is asked for; if none is, the last that is over, for a recall the current one."""
    current = Month(now.astimezone(SHOP_TIME).date().replace(day=1))
    last = current if kind is DropKind.RECALL else Month.before(now)
    month = Month.parse(request.month) if request.month else last
    if month.first > last.first:
        raise RefusedError(
            f"{month} はまだ終わっていません。月は終わってから全体を納品します / "
            f"{month} is not over yet; a month is exported whole or not at all"
        )
    return month


def partners_asked(
    request: ExportRequest, folder: ShopFolder, month: Month, kind: DropKind
) -> tuple[str, ...]:
    """Give the partners asked for, or all that get drops of the kind and had an agreement in that month.

    Raises:
        RefusedError: one has no agreement, or none yet in that month; or nobody had.
    """
    known = folder.policy.agreements
    for partner in request.partners:
        if partner not in known:
            raise RefusedError(
                f"「{partner}」との覚書がありません。次から選んでください: "
                f"{', '.join(known)}（partners/*.toml） / "
                f"'{partner}' has no agreement; choose from {', '.join(known)} (partners/*.toml)"
            )
    every = [name for name in known if kind is not DropKind.RECALL or known[name].recall]
    begun = [name for name in every if known[name].effective_on <= month.last]
    chosen = tuple(dict.fromkeys(request.partners)) or tuple(begun or every)
    for partner in chosen:
        if known[partner].effective_on > month.last:
            raise RefusedError(
                f"{month} は {partner} との覚書の発効（{known[partner].effective_on}）より前です。"
                "後の月を指定してください / "
                f"{month} is before the agreement with {partner} took effect "
                f"({known[partner].effective_on}); choose a later month"
            )
    return chosen
