"""Whether a drop may still leave: what it was made under must still hold."""

from datetime import date

from sqlalchemy import Connection

from ledger.drop_entries import EnteredDrop
from ledger.objections_moved import have_moved_since
from ledger.text_decisions import withheld_since
from schemas.drop import Drop, DropKind
from schemas.errors import ObjectionsMovedError, RefusedError
from schemas.policy import Policy
from transforms.period import Month


def refuse_overtaken(connection: Connection, policy: Policy, drop: Drop, today: date) -> None:
    """Refuse a drop that agreement, notices or decisions about texts have overtaken since it was made.

    Raises:
        RefusedError: saying which.
    """
    japanese, english = again(drop)
    if not policy.is_in_force(drop.partner, drop.agreement.sha256):
        raise RefusedError(
            f"{drop.drop_id}: 作った後に partners/{drop.partner}.toml が変わりました。{japanese} / "
            f"{drop.drop_id}: partners/{drop.partner}.toml was changed since it was made. {english}"
        )
    made_under = {version.sha256 for version in (drop.notice, *drop.narrowed_by)}
    is_of_month = drop.kind is DropKind.MONTHLY
    since = Month.parse(drop.period).first if is_of_month else today
    if not {dated.fingerprint.sha256 for dated in policy.notices_for(since, today)} <= made_under:
        raise RefusedError(
            f"{drop.drop_id}: 作った後に公表事項が変わりました。{japanese} / "
            f"{drop.drop_id}: the notice was changed since it was made. {english}"
        )
    if withheld_since(connection, drop.audit_head.sequence if drop.audit_head else 0):
        raise RefusedError(
            f"{drop.drop_id}: 作った後に渡さないと決めた文か、取り消した言葉があります。{japanese} / "
            f"{drop.drop_id}: somebody withheld a text, or took a word back, since it was made. {english}"
        )


def refuse_called_back(connection: Connection, entered: EnteredDrop, today: date) -> None:
    """Refuse a drop somebody stopped, or since which an objection came; a notice holds nobody.

    Raises:
        RefusedError: it was stopped.
        ObjectionsMovedError: an objection arrived, took effect or ended.
    """
    drop = entered.drop
    if entered.stopped_at is not None:
        raise RefusedError(
            f"{drop.drop_id} は停止されているので渡しません / "
            f"{drop.drop_id} was stopped; it is not handed over"
        )
    if drop.kind is not DropKind.NOTICES and have_moved_since(connection, drop, today):
        raise overtaken_by_objections(drop)


def overtaken_by_objections(drop: Drop) -> ObjectionsMovedError:
    """Say that a drop does not leave because objections have changed since it was made."""
    japanese, english = again(drop)
    return ObjectionsMovedError(
        f"{drop.drop_id}: 作った後に申し出が届いたか、効力が生じたか、終わりました。渡しません。{japanese} / "
        f"{drop.drop_id}: an objection arrived, took effect or ended since it was made; it does not leave. "
        f"{english}"
    )


def again(drop: Drop) -> tuple[str, str]:
    """Say how what does not leave is made again; a recall's drop that is there counts as told."""
    if drop.kind is DropKind.RECALL:
        return (
            f"`joint-use stop {drop.drop_id}` で止めてから、もう一度 recall してください",
            f"Stop it (`joint-use stop {drop.drop_id}`) and run the recall again",
        )
    if drop.kind is DropKind.NOTICES:
        command = f"joint-use notices --partner {drop.partner}"
        return f"`{command}` で作り直してください", f"Make it again with `{command}`"
    return "もう一度 export してください", "Run the export again"
