"""Carrying a published drop to its partner: sealed, and handed over at the agreed place (policy §8)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyrage

from drops.bag import TAG_MANIFEST, sha256_of
from drops.folders import read_drop
from drops.sealing import (
    Parcel,
    check_parcel,
    parcel_of,
    public_key_pem,
    recipient_of,
    seal,
)
from drops.transfer import Marker, hand_over
from flows.carrying.cut_off import opened, settle_cut_off, taking_away_what_is_refused
from flows.running.overtaken import refuse_called_back, refuse_overtaken
from flows.running.run import Run, instant
from ledger.answer_book import AnswerBook
from ledger.carry_book import BegunHandover, CarryBook
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from schemas.agreement import Agreement
from schemas.carrying import Place
from schemas.errors import (
    DeliveryError,
    JointUseError,
    VerificationError,
)

_WORTH_A_PROCESS = 1 << 24
"""Bytes of a drop from which on it pays to start a process for packing it."""


def carry(run: Run, drop_id: str, refuse: Callable[[], None] = lambda: None) -> str:
    """Seal a published drop and hand it over; say in a line what was done, nothing if nothing was to do.

    Args:
        run: holds what belongs to the partner's drops of this kind.
        drop_id: of the drop.
        refuse: raises if there is more that forbids it.

    Raises:
        RefusedError: key, partner, policy or a decision about texts forbid it.
        DeliveryError: the place cannot be reached.
    """
    with run.ledger.reading() as connection:
        entered = DropBook(connection).named(drop_id)
    before = settle_cut_off(run, entered.drop)
    if drop_id in before.taken:
        return before.told()
    with taking_away_what_is_refused(run, entered.drop):
        refuse()
        return ". ".join(filter(None, (_carry(run, entered), before.told())))


def _carry(run: Run, entered: EnteredDrop) -> str:
    drop_id, agreement = entered.drop.drop_id, run.agreement(entered.drop.partner)
    with run.ledger.reading() as connection:
        done, answers = CarryBook(connection).delivered(), AnswerBook(connection).answers()
    if entered.sequence in done or entered.sequence in answers or not agreement.is_carried:
        return ""
    agreement.refuse_expired_key(instant(run.clock).date())
    with run.ledger.reading() as connection:
        refuse_overtaken(connection, run.folder.policy, entered.drop, run.as_of.date())
        refuse_called_back(connection, entered, instant(run.clock).date())
    folder = run.folder.drops / drop_id
    if not folder.is_dir() or sha256_of(folder / TAG_MANIFEST) != entered.bag_sha256:
        raise VerificationError(
            f"{drop_id} は納品した時と中身が違うので渡しません / "
            f"{drop_id} is not as it was published; it is not handed over"
        )
    try:
        parcel, is_new = _sealed(run, folder, agreement, entered)
    except (OSError, pyrage.EncryptError) as error:
        raise DeliveryError(
            f"{drop_id} を封緘できません（{type(error).__name__}）。ディスクの空きを確かめて "
            f"`joint-use deliver {drop_id}` を実行してください / "
            f"{drop_id} cannot be sealed ({type(error).__name__}); is the disk full? Then: joint-use deliver "
            f"{drop_id}"
        ) from None
    place = agreement.place
    if place is None:
        by_hand = f"封緘しました。手渡ししてください / sealed, to be carried by hand: {parcel.tar}"
        return by_hand if is_new else ""
    marker = Marker(drop_id, parcel.tar.name, parcel.sha256)
    _hand_over(run, entered, parcel, marker, place)
    return f"渡しました / handed over: {place.name}: {marker.file}"


def _hand_over(
    run: Run, entered: EnteredDrop, parcel: Parcel, marker: Marker, place: Place
) -> None:
    """Send a parcel, ask again whether it may leave, let it be taken; the ledger knows each step."""
    begun = BegunHandover(entered, run.actor.at, place, marker.file, marker.sha256, is_whole=False)

    def confirm() -> None:
        with run.ledger.writing() as connection:
            now, today = DropBook(connection).named(marker.drop_id), instant(run.clock).date()
            refuse_overtaken(connection, run.folder.policy, now.drop, today)
            refuse_called_back(connection, now, today)
            CarryBook(connection).begin(replace(begun, is_whole=True))

    with run.ledger.writing() as connection:
        CarryBook(connection).begin(begun)
    hand_over(parcel, marker, opened(run, place), confirm)
    with run.ledger.writing() as connection:
        book = CarryBook(connection)
        is_entered = entered.sequence in book.delivered()  # by hand, meanwhile
        if not is_entered:
            book.deliver(run.actor, entered, place.name, marker.sha256)


def not_handed_over(error: JointUseError) -> str:
    """Say why a drop is not at its partner's."""
    return f"渡していません / not handed over: {error}"


def pack_ahead(run: Run, staging: Path, partner: str) -> None:
    """Begin to pack a large drop that is likely to be published and carried, while it is still checked."""
    request, agreement = run.request, run.agreement(partner)
    if not (request.publishes and agreement.is_carried):
        return
    files = (path for path in staging.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) < _WORTH_A_PROCESS:
        return
    published = run.folder.drops / read_drop(staging).drop_id
    parcel = parcel_of(staging, agreement, published)
    run.ahead.packing.begin(
        partner, staging, published.name, recipient_of(agreement), parcel.hidden
    )


def _sealed(
    run: Run, folder: Path, agreement: Agreement, entered: EnteredDrop
) -> tuple[Parcel, bool]:
    """Give the parcel of a drop, and whether it was made now: one that was begun to be sent is used again.

    The ledger knows which parcel is of which drop; files that merely bear the name are not trusted.
    """
    key = run.ledger.signing_key()
    parcel = parcel_of(folder, agreement)
    with run.ledger.reading() as connection:
        known = CarryBook(connection).parcel_of(entered)
    try:
        check_parcel(parcel, public_key_pem(key))
        if known == parcel.sha256:
            return parcel, False
    except VerificationError:
        pass
    parcel = seal(folder, agreement, key, run.ahead.packing.take(agreement.partner))
    with run.ledger.writing() as connection:
        CarryBook(connection).remember_parcel(entered, parcel.sha256)
    return parcel, True
