"""What somebody has to look after: months not delivered, drops that wait or are owed, answers overdue."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from flows.running.overtaken import refuse_overtaken
from flows.running.reconciling import copies_by_hand
from ledger.answer_book import AnswerBook
from ledger.carry_book import CarryBook, WaitingDrop
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from ledger.hold_book import HoldBook
from ledger.objections_moved import have_moved_since
from ledger.opening import Ledger
from ledger.recall_book import RecallBook
from schemas.acknowledgement import Acknowledgement
from schemas.agreement import Agreement
from schemas.carrying import NoSeal
from schemas.drop import DropKind
from schemas.errors import JointUseError
from schemas.policy import Policy
from sources.shop_folder import ShopFolder
from transforms.period import Month

NO_MANAGER = (
    "（shop.toml の carry_out.data_managers に管理者を書いてください / shop.toml names none）"
)


_TOLD_AHEAD = timedelta(days=31)
"""How long before a day on which a partner gets nothing any more that is told."""


@dataclass(frozen=True)
class DropState:
    """One published drop as it stands."""

    entered: EnteredDrop
    answer: Acknowledgement | None
    superseded_by: str | None
    is_overdue: bool
    handed_over_at: datetime | None
    is_held: bool
    """Whether a hold keeps it from disposal."""

    @property
    def marks(self) -> list[str]:
        """Name what there is to say of it."""
        rejected = self.answer.rejected_count if self.answer else 0
        marks = {
            "acknowledged": self.answer is not None,
            f"rejected {rejected}": rejected > 0,
            "superseded": self.superseded_by is not None,
            "stopped": self.entered.stopped_at is not None,
            "overdue": self.is_overdue,
            "held": self.is_held,
        }
        return [mark for mark, holds in marks.items() if holds]


@dataclass(frozen=True)
class PartnerState:
    """All of a partner's drops, and the months without one."""

    partner: str
    drops: tuple[DropState, ...]
    missing: tuple[Month, ...]
    """Months since the agreement took effect that are over and were never delivered."""
    missed: tuple[Month, ...]
    """Those of them after the first month that was."""
    to_discard: tuple[str, ...]
    """Stopped drops the partner has not said it knows of."""
    waiting: tuple[WaitingDrop, ...]
    """Finished drops that wait for the data manager."""
    not_handed_over: tuple[str, ...]
    """The newest published drops that should be at the partner's and are not."""
    by_hand: tuple[str, ...]
    """Those that somebody has to carry, as no program can."""
    not_to_carry: tuple[str, ...]
    """Those that nobody may carry: objections have moved since they were made, or the key has expired."""


def partner_states(folder: ShopFolder, ledger: Ledger, now: datetime) -> list[PartnerState]:
    """Give how each partner's deliveries stand."""
    with ledger.reading() as connection:
        book = DropBook(connection)
        answered = AnswerBook(connection)
        published, answers = book.published(), answered.answers()
        carried = CarryBook(connection)
        waiting, owed = carried.waiting(), carried.owed(folder.policy)
        delivered = {drop: each.at for drop, each in carried.delivered().items()}
        stuck = {
            each.drop.drop_id
            for each in published
            if each.drop.drop_id in owed.by_hand and _is_stuck(connection, folder, each, now.date())
        }
        held = HoldBook(connection).held()
        to_discard = {name: answered.to_discard(name) for name in folder.policy.agreements}
    patience = timedelta(days=folder.shop.limits.acknowledge_within_days)
    states = []
    for partner, agreement in folder.policy.agreements.items():
        own = [each for each in published if each.drop.partner == partner]
        drops = tuple(_drop_states(own, answers, now - patience, delivered, held))
        monthly = (each for each in own if each.drop.kind == DropKind.MONTHLY)
        # Of each month the last revision: they come in the order they were made.
        newest = {each.drop.period: each for each in monthly}
        done = {period for period, each in newest.items() if not each.stopped_at}
        missing = _missing(folder.policy, agreement, done, now)

        def theirs(names: Iterable[str], partner: str = partner) -> tuple[str, ...]:
            return tuple(name for name in names if name.startswith(f"{partner}/"))

        states.append(
            PartnerState(
                partner=partner,
                drops=drops,
                missing=missing,
                missed=tuple(month for month in missing if done and str(month) > min(done)),
                to_discard=to_discard[partner],
                waiting=tuple(each for each in waiting if each.entered.drop.partner == partner),
                not_handed_over=theirs((*owed.by_program, *owed.overtaken)),
                by_hand=theirs(name for name in owed.by_hand if name not in stuck),
                not_to_carry=theirs(name for name in owed.by_hand if name in stuck),
            )
        )
    return states


def _missing(
    policy: Policy, agreement: Agreement, done: Container[str], now: datetime
) -> tuple[Month, ...]:
    """List the months of an agreement that are over and were never delivered, those before any notice not."""
    first = Month(agreement.effective_on.replace(day=1))
    return tuple(
        month
        for month in first.until(Month.before(now))
        if month.first >= policy.announced_on and str(month) not in done
    )


def _is_stuck(
    connection: Connection, folder: ShopFolder, entered: EnteredDrop, today: date
) -> bool:
    """Tell whether a sealed drop must not be carried; a notice, which holds nobody, must."""
    drop = entered.drop
    if CarryBook(connection).takes_back(entered):
        return True
    try:
        folder.policy.agreements[drop.partner].refuse_expired_key(today)
        refuse_overtaken(connection, folder.policy, drop, today)
    except JointUseError:
        return True
    is_notice = drop.kind is DropKind.NOTICES
    return not is_notice and have_moved_since(connection, drop, today)


def attention(folder: ShopFolder, ledger: Ledger, now: datetime) -> tuple[str, ...]:
    """Say, a line each, what is overdue or was missed."""
    managers = folder.shop.carry_out.data_managers
    of_drops = [
        line
        for state in partner_states(folder, ledger, now)
        for line in _of_drops(state, "" if managers else NO_MANAGER)
    ]
    of_copies = [
        f"drops/{name}: 写しか、名前を変えた納品です。廃棄も消去もされません。元の名前に戻すか、"
        "消してください / "
        "a copy of a drop, or one under another name: nothing disposes of it; rename it back, or remove it"
        for name in copies_by_hand(folder)
    ]
    return (
        *of_drops,
        *of_copies,
        *loose_ends(ledger, folder.policy, now.date()),
    )


def _of_drops(state: PartnerState, hint: str) -> Iterator[str]:
    """Say what is due of a partner's drops; `hint` is added to what waits for the data manager."""
    if state.missed:
        yield f"{state.partner}: 未納品の月 / months never delivered: {ranges(state.missed)}"
    for waiting in state.waiting:
        yield (
            f"{waiting.entered.drop.drop_id}: データ管理者の承諾待ち（{waiting.persons} 人） / waits for the "
            f"data manager ({waiting.persons} persons){hint}"
        )
    for drop_id in state.not_to_carry:
        yield (
            f"{drop_id}: 手渡ししないでください。理由は joint-use deliver {drop_id} で / "
            "must not be carried; deliver says why"
        )
    for drop_id in state.not_handed_over:
        yield f"{drop_id}: まだ渡していません / not handed over: joint-use deliver"
    for drop in state.drops:
        if drop.is_overdue:
            name = drop.entered.drop.drop_id
            yield f"{name}: 受領の返事が遅れています / no acknowledgement in time"


def loose_ends(ledger: Ledger, policy: Policy, today: date) -> Iterator[str]:
    """Say what nobody looks after: handovers in doubt, deletions and recalls, what partners hold."""
    agreed = policy.agreements.keys()
    with ledger.reading() as connection:
        answered = AnswerBook(connection)
        called_back = {partner: answered.deletions_called_back(partner) for partner in agreed}
        overtaken = RecallBook(connection).overtaken(today, policy.notice)
        holding = DropBook(connection).holders()
        carried = CarryBook(connection)
        waiting = [each.entered.drop for each in carried.waiting()]
        cut_off = [each.entered.drop.drop_id for each in carried.doubtful().values()]
    yield from _of_agreements(policy, today)
    for drop_id in cut_off:
        yield (
            f"{drop_id}: 渡し終えたか分かりません / not known whether it was handed over: "
            f"joint-use deliver {drop_id}"
        )
    for partner, count in called_back.items():
        if count:
            yield (
                f"{partner}: 停止した納品でしか削除を通知していないもの {count} 件 / {count} keys that only "
                f"a stopped drop told to delete: joint-use notices --partner {partner}"
            )
    for campaign, count in sorted(overtaken.items()):
        yield (
            f"リコール {campaign}: 渡した後に申し出・停止・受取拒否・削除通知があった車 {count} 台。もう一度 "
            "recall を実行し、店から連絡する車を確かめてください / "
            f"recall {campaign}: {count} cars handed over were refused, stopped, rejected or to be deleted "
            "since; run recall again, some may be the shop's own to call"
        )
    for drop in waiting:
        if drop.partner not in agreed:
            yield (
                f"{drop.drop_id}: 承諾待ちですが、覚書がもうありません。破棄してください / "
                f"waits, and its agreement is gone: joint-use release {drop.drop_id} --refuse"
            )
    for partner in sorted(holding - set(agreed)):
        yield (
            f"{partner}: 覚書がありませんが、渡した記録を持っています。申し出があれば書面で伝えてください / "
            "has no agreement any more and still holds records; tell it by letter of whoever refuses"
        )


def _of_agreements(policy: Policy, today: date) -> Iterator[str]:
    """Say which agreements do not hold yet, and which soon will cover nothing any more."""
    for partner, agreement in policy.agreements.items():
        sealing = agreement.sealing
        if agreement.effective_on > today:
            yield (
                f"{partner}: 覚書は {agreement.effective_on} に発効します。それより前の月は渡しません / "
                f"its agreement takes effect on {agreement.effective_on}; it gets no month before that"
            )
        if isinstance(sealing, NoSeal) and today + _TOLD_AHEAD > sealing.until:
            yield (
                f"{partner}: 封緘しない約束は {sealing.until} までです。過ぎると納品できません / "
                f"sealing.until is {sealing.until}; after that day nothing is made for this partner"
            )


def ranges(months: Iterable[Month]) -> str:
    """Write months as ranges: `2026-01 – 2026-03, 2026-07`."""
    months = list(months)
    breaks = [place for place, (a, b) in enumerate(pairwise(months), 1) if a.following != b]
    parts = [
        months[start:end] for start, end in zip([0, *breaks], [*breaks, len(months)], strict=True)
    ]
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]} – {p[-1]}" for p in parts if p)


def _drop_states(
    own: list[EnteredDrop],
    answers: dict[int, Acknowledgement],
    overdue_before: datetime,
    delivered: Mapping[int, datetime],
    held: Collection[str],
) -> Iterator[DropState]:
    successors = {each.drop.supersedes: each.drop.drop_id for each in own if each.drop.supersedes}
    for each in own:
        superseded_by = successors.get(each.drop.drop_id)
        is_closed = superseded_by or each.stopped_at or each.sequence in answers
        published_at = each.published_at or overdue_before
        is_overdue = not is_closed and published_at < overdue_before
        yield DropState(
            each,
            answers.get(each.sequence),
            superseded_by,
            is_overdue,
            delivered.get(each.sequence),
            each.drop.drop_id in held,
        )
