"""Whether a drop may still leave: what it was made under must still hold."""

from datetime import date

from sqlalchemy import Connection

from ledger.text_decisions import withheld_since
from schemas.drop import Drop, DropKind
from schemas.errors import RefusedError
from schemas.policy import Policy
from transforms.period import Month


def refuse_overtaken(connection: Connection, policy: Policy, drop: Drop, today: date) -> None:
    """Refuse a drop that agreement, notices or decisions about texts have overtaken since it was made.

    Raises:
        RefusedError: saying which.
    """
    if drop.agreement.sha256 != policy.fingerprints[drop.partner].sha256:
        raise RefusedError(
            f"{drop.drop_id}: 作った後に partners/{drop.partner}.toml が変わりました。もう一度 export "
            "してください / "
            f"{drop.drop_id}: partners/{drop.partner}.toml was changed since it was made; export again"
        )
    made_under = {version.sha256 for version in (drop.notice, *drop.narrowed_by)}
    is_of_month = drop.kind is DropKind.MONTHLY
    since = Month.parse(drop.period).first if is_of_month else today
    if not {dated.fingerprint.sha256 for dated in policy.notices_for(since, today)} <= made_under:
        raise RefusedError(
            f"{drop.drop_id}: 作った後に公表事項が変わりました。もう一度 export してください / "
            f"{drop.drop_id}: the notice was changed since it was made; export again"
        )
    if withheld_since(connection, drop.audit_head.sequence if drop.audit_head else 0):
        raise RefusedError(
            f"{drop.drop_id}: 作った後に渡さないと決めた文があります。もう一度 export してください / "
            f"{drop.drop_id}: somebody withheld a text since it was made; export again"
        )
