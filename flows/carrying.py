"""Carrying drops to their partners: sealing, handing over, and the data manager's consent (policy §8)."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from drops.bag import sha256_of
from drops.delivering import hand_over
from drops.folders import publish as publish_folder
from drops.folders import read_drop, sweep
from drops.places import open_place
from drops.sealing import (
    Parcel,
    check_parcel,
    parcel_of,
    parcels_beside,
    public_key_pem,
    recipient_of,
    seal,
)
from flows.credentials import credential_of
from flows.desk import Desk
from flows.opening import Clock
from flows.reconciling import TAG_MANIFEST
from flows.request import ExportRequest, Mode
from flows.run import Run, instant, opened_run
from flows.stages.register import take_in
from flows.waiting_room import discard_waiting, taken_back
from ledger.carry_book import REFUSED, RELEASED, CarryBook, Owed, WaitingDrop
from ledger.drop_book import DropBook, EnteredDrop
from ledger.objection_book import ObjectionBook
from ledger.opening import remember_setting, setting
from ledger.review_book import ReviewBook
from schemas.agreement import Agreement, DropKind
from schemas.carrying import FolderPlace
from schemas.drop import Drop
from schemas.errors import (
    ConfigurationError,
    JointUseError,
    ObjectionsMovedError,
    RefusedError,
    VerificationError,
)
from transforms.objections import AsOf, in_force
from transforms.reading.folding import fold_name

_WORTH_A_PROCESS = 1 << 24
"""Bytes of a drop from which on it pays to start a process for packing it."""

BY_HAND = "by hand"
"""Where a drop went that no program carried."""


@dataclass(frozen=True)
class Released:
    """What became of a drop the data manager decided about.

    Args:
        folder: of a released one; empty where it was refused.
        handed_over: where it went, or why it did not; empty where nothing was to be done.
        code: exit code of what kept it from being handed over.
    """

    folder: str
    handed_over: str = ""
    code: int = 0


def carry(run: Run, drop_id: str) -> str:
    """Seal a published drop and hand it over; say in a line what was done, nothing if nothing was to do.

    Raises:
        RefusedError: key, partner, policy or a decision about texts forbid it.
        DeliveryError: the place cannot be reached.
    """
    with run.ledger.reading() as connection:
        book = DropBook(connection)
        entered, answers = book.named(drop_id), book.answers()
        done = CarryBook(connection).delivered()
    agreement = run.agreement(entered.drop.partner)
    if entered.sequence in done or entered.sequence in answers or not agreement.is_carried:
        return ""
    agreement.refuse_expired_key(instant(run.clock).date())
    _refuse_overtaken(run, entered.drop)
    if entered.stopped_at:
        raise RefusedError(
            f"{drop_id} は停止されているので渡しません / "
            f"{drop_id} was stopped; it is not handed over"
        )
    folder = run.folder.drops / drop_id
    if not folder.is_dir() or sha256_of(folder / TAG_MANIFEST) != entered.bag_sha256:
        raise VerificationError(
            f"{drop_id} は納品した時と中身が違うので渡しません / "
            f"{drop_id} is not as it was published; it is not handed over"
        )
    parcel, is_new = _sealed(run, folder, agreement, entered)
    place = agreement.place
    if place is None:
        return str(parcel.tar) if is_new else ""
    secret = "" if isinstance(place, FolderPlace) else credential_of(place.secret, run.folder.state)
    digest = hand_over(parcel, open_place(place, run.folder.home, secret), drop_id)
    with run.ledger.writing() as connection:
        CarryBook(connection).deliver(run.actor, entered, place.name, digest)
    return f"{place.name}: {parcel.tar.name}"


def pack_ahead(run: Run, staging: Path, partner: str) -> None:
    """Begin to pack a large drop that is likely to be published and carried, while it is still checked."""
    request, agreement = run.request, run.agreement(partner)
    if request.dry_run or request.mode is Mode.REPRODUCE or not agreement.is_carried:
        return
    files = (path for path in staging.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) < _WORTH_A_PROCESS:
        return
    published = run.folder.drops / read_drop(staging).drop_id
    parcel = parcel_of(staging, agreement, published)
    run.ahead.packing.begin(
        partner, staging, published.name, recipient_of(agreement), parcel.hidden
    )


def _refuse_overtaken(run: Run, drop: Drop) -> None:
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


def carried_by_hand(desk: Desk, drop_id: str) -> None:
    """Enter that somebody carried a drop to its partner.

    Raises:
        ConfigurationError: the ledger knows no such drop, or it is at its partner's already.
    """
    with desk.ledger.writing() as connection:
        entered, book = DropBook(connection).named(drop_id), CarryBook(connection)
        if entered.stopped_at:
            raise RefusedError(
                f"{drop_id} は停止されています。取り戻し、`joint-use incident` をご覧ください / "
                f"{drop_id} was stopped; get it back, and see `joint-use incident`"
            )
        is_by_hand = desk.folder.policy.is_carried_by_hand(entered.drop.partner)
        if is_by_hand and not parcels_beside(desk.folder.drops / entered.drop.drop_id):
            raise ConfigurationError(
                f"{drop_id} は封緘されていません。`joint-use deliver {drop_id}` が理由を示します / "
                f"{drop_id} is not sealed; `joint-use deliver {drop_id}` says why"
            )
        if entered.sequence in book.delivered():
            raise ConfigurationError(
                f"{drop_id} はすでに渡してあります。いつかは `joint-use status` に出ます / "
                f"{drop_id} was handed over before; `joint-use status` says when"
            )
        book.deliver(desk.actor, entered, BY_HAND, entered.bag_sha256)


def _sealed(
    run: Run, folder: Path, agreement: Agreement, entered: EnteredDrop
) -> tuple[Parcel, bool]:
    """Give the parcel of a drop, and whether it was made now: one that was begun to be sent is used again.

    The ledger knows which parcel is of which drop; files that merely bear the name are not trusted.
    """
    key, name = run.ledger.signing_key(), f"parcel:{entered.sequence}"
    parcel = parcel_of(folder, agreement)
    with run.ledger.reading() as connection:
        known = setting(connection, name)
    try:
        check_parcel(parcel, public_key_pem(key))
        if known == f"{entered.bag_sha256} {parcel.sha256}":
            return parcel, False
    except VerificationError:
        pass
    parcel = seal(folder, agreement, key, run.ahead.packing.take(agreement.partner))
    with run.ledger.writing() as connection:
        remember_setting(connection, name, f"{entered.bag_sha256} {parcel.sha256}")
    return parcel, True


def deliver(desk: Desk, clock: Clock, drop_id: str) -> str:
    """Hand over one published drop, if no objection has arrived since it was made.

    Raises:
        JointUseError: saying why it is not handed over.
    """
    with desk.ledger.reading() as connection:
        book = DropBook(connection)
        drop = book.named(drop_id).drop
        successors = {each.drop.supersedes: each.drop.drop_id for each in book.published()}
    if drop.drop_id in successors:
        raise RefusedError(
            f"{drop.drop_id} は {successors[drop.drop_id]} に差し替えられています。そちらを渡してください / "
            f"{drop.drop_id} was replaced by {successors[drop.drop_id]}; deliver that"
        )
    with _opened(desk, clock, drop) as run:
        with run.ledger.writing() as connection:
            has_moved = _has_moved(run, connection, drop)
        if has_moved:
            raise _moved(drop)
        return carry(run, drop.drop_id)


def owed(desk: Desk) -> Owed:
    """List the newest published drops that are not at their partner's yet."""
    with desk.ledger.reading() as connection:
        return CarryBook(connection).owed(desk.folder.policy)


def decide(desk: Desk, clock: Clock, drop_id: str, *, refuse: bool) -> Released:
    """Let the data manager release a waiting drop and hand it over, or refuse it.

    Hashes and objections are checked once more; what cannot be handed over stays published.

    Raises:
        RefusedError: the person is no data manager, or ran the export.
        ObjectionsMovedError: an objection arrived since the drop was made.
    """
    drop = _waiting(desk, drop_id).entered.drop
    _refuse_others(desk, drop)
    with _opened(desk, clock, drop, publishes=not refuse) as run:
        waiting = _waiting(desk, drop_id)
        if refuse:
            with run.ledger.writing() as connection:
                CarryBook(connection).decide(run.actor, waiting, REFUSED)
            discard_waiting(run.folder.state, drop.drop_id)
            return Released("")
        try:
            _publish(run, waiting)
        finally:
            sweep(run.folder.drops / drop.partner, drop.kind)
        folder = str(run.folder.drops / drop.drop_id)
        try:
            return Released(folder, carry(run, drop.drop_id))
        except JointUseError as error:
            return Released(folder, str(error), error.exit_code)


def _waiting(desk: Desk, drop_id: str) -> WaitingDrop:
    with desk.ledger.reading() as connection:
        waiting = CarryBook(connection).waiting()
    for each in waiting:
        if each.entered.drop.drop_id == drop_id.strip("/"):
            return each
    raise ConfigurationError(
        f"「{drop_id[:80]}」は承諾待ちではありません。待っている納品は `joint-use status` に出ます / "
        f"'{drop_id[:80]}' does not wait; `joint-use status` lists the drops that do"
    )


def _publish(run: Run, waiting: WaitingDrop) -> None:
    entered, drop = waiting.entered, waiting.entered.drop
    _refuse_overtaken(run, drop)
    series = run.series(drop.partner)
    staging = taken_back(run.folder.state, drop.drop_id, entered.bag_sha256, series)
    with run.ledger.writing() as connection:
        has_moved = _has_moved(run, connection, drop)
        if not has_moved:
            CarryBook(connection).decide(run.actor, waiting, RELEASED)
            publish_folder(staging, run.folder.drops / drop.drop_id)
            told = f"{waiting.persons} persons, released"
            DropBook(connection).publish(run.actor, entered.sequence, told)
    if has_moved:
        raise _moved(drop)
    discard_waiting(run.folder.state, drop.drop_id)


def _has_moved(run: Run, connection: Connection, drop: Drop) -> bool:
    """Tell whether an objection has arrived, taken effect or ended since a drop was made."""
    take_in(run, connection, run.actor)
    book = ObjectionBook(connection, run.ledger.references)
    if book.head() != drop.objections_head:
        return True
    events = book.register().events
    made_on = date.fromisoformat(drop.as_of[:10])
    then, now = (
        set(in_force(events, AsOf(day)).to_pylist()) for day in (made_on, run.as_of.date())
    )
    return then != now


def _moved(drop: Drop) -> ObjectionsMovedError:
    return ObjectionsMovedError(
        f"{drop.drop_id}: 作った後に申し出が届いたか、効力が生じたか、終わりました。渡しません。もう一度 "
        "export してください / "
        f"{drop.drop_id}: an objection arrived, took effect or ended since it was made; it does not leave. "
        "Run the export again"
    )


def _refuse_others(desk: Desk, drop: Drop) -> None:
    managers = {fold_name(name) for name in desk.folder.shop.carry_out.data_managers}
    person = fold_name(desk.actor.person)
    if person not in managers:
        raise RefusedError(
            "これを決められるのは、shop.toml の carry_out.data_managers に書いたデータ管理者だけです"
            f"（方針第8条、今は {len(managers)} 人） / "
            "only a data manager decides this (policy §8); shop.toml lists them under "
            f"carry_out.data_managers ({len(managers)} now)"
        )
    if person == fold_name(drop.operator):
        raise RefusedError(
            "納品を実行した本人は、承諾も破棄もできません。別のデータ管理者に頼んでください / "
            "whoever ran the export neither releases nor refuses it; ask another data manager"
        )


def _opened(
    desk: Desk, clock: Clock, drop: Drop, *, publishes: bool = True
) -> AbstractContextManager[Run]:
    """Hold what belongs to a drop's partner and kind, as a run of it does."""
    kind = DropKind(drop.kind)
    request = ExportRequest(
        shop=str(desk.folder.home),
        month=drop.period if kind is DropKind.MONTHLY else "",
        partners=(drop.partner,),
        operator=desk.actor.person,
        reason=desk.actor.reason,
        dry_run=not publishes,
    )
    return opened_run(request, clock, desk.environment, kind=kind)
