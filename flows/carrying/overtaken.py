"""Whether a drop may still leave: what it was made under must still hold."""

from flows.running.run import Run
from ledger.review_book import ReviewBook
from schemas.drop import Drop
from schemas.errors import RefusedError


def refuse_overtaken(run: Run, drop: Drop) -> None:
    """Refuse a drop that agreement, notices or decisions about texts have overtaken since it was made.

    Raises:
        RefusedError: saying which.
    """
    if drop.agreement.sha256 != run.folder.policy.fingerprints[drop.partner].sha256:
        raise RefusedError(
            f"{drop.drop_id}: 作った後に partners/{drop.partner}.toml が変わりました。もう一度 export "
            "してください / "
            f"{drop.drop_id}: partners/{drop.partner}.toml was changed since it was made; export again"
        )
    made_under = {version.sha256 for version in (drop.notice, *drop.narrowed_by)}
    if not {dated.fingerprint.sha256 for dated in run.notices} <= made_under:
        raise RefusedError(
            f"{drop.drop_id}: 作った後に公表事項が変わりました。もう一度 export してください / "
            f"{drop.drop_id}: the notice was changed since it was made; export again"
        )
    made_after = drop.audit_head.sequence if drop.audit_head else 0
    with run.ledger.reading() as connection:
        is_withheld = ReviewBook(connection, run.ledger.references).withheld_since(made_after)
    if is_withheld:
        raise RefusedError(
            f"{drop.drop_id}: 作った後に渡さないと決めた文があります。もう一度 export してください / "
            f"{drop.drop_id}: somebody withheld a text since it was made; export again"
        )
