"""One run: what was asked, the shop it is about, its ledger, and a private folder to work in."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from drops.folders import DropSeries, sweep
from flows.running.ahead import Ahead
from flows.running.asked import month_asked, partners_asked
from flows.running.clock import Clock
from flows.running.engine import Engine
from flows.running.memory import prefer_flat_memory
from flows.running.opening import open_shop, refuse_clock_behind
from flows.running.operators import SCHEDULE, named_person, refuse_name_of_firm
from flows.running.reasons import STANDING_REASONS, checked_reason
from flows.running.reconciling import complete_pending, refuse_doubt
from flows.running.request import ExportRequest, Mode
from flows.running.scratch import Scratch
from flows.running.waiting_room import sweep_killed
from flows.running.workspace import workspace
from ledger.audit import Actor
from ledger.drop_book import DropBook
from ledger.locks import series_lock
from ledger.opening import Ledger
from schemas.agreement import Agreement, Share
from schemas.drop import DropKind
from schemas.errors import ConfigurationError, RefusedError
from schemas.notice import Notice
from schemas.policy import DatedNotice, narrowed
from sources.shop_folder import ShopFolder
from transforms.period import SHOP_TIME, Month


@dataclass(frozen=True)
class Run:
    """Everything the stages of one export share. No stage changes it."""

    request: ExportRequest
    operator: str
    folder: ShopFolder
    ledger: Ledger
    kind: DropKind
    month: Month
    partners: tuple[str, ...]
    clock: Clock = field(repr=False)
    as_of: datetime
    """When this run's attempt began; nothing later is inside."""
    workspace: Path
    environment: Mapping[str, str] = field(repr=False)
    ahead: Ahead = field(repr=False)
    engine: Engine | None = field(default=None, repr=False)
    """What runs the parts of large tables, if they are to be split."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Partners that get nothing though nobody chose among them, and why; the others get theirs."""

    @property
    def staged(self) -> Path:
        """Folder of the staged tables."""
        return self.workspace / "staged"

    @property
    def scratch(self) -> Scratch:
        """What the stages hand to each other."""
        return Scratch(self.workspace)

    @property
    def actor(self) -> Actor:
        """Who acts at this moment, for the audit chain."""
        return Actor(self.operator, self.request.reason, self.clock().astimezone(SHOP_TIME))

    @property
    def period(self) -> str:
        """What the drop is named after: the month, or the day of a deletion notice."""
        return str(self.month) if self.kind is DropKind.MONTHLY else f"{self.as_of:%Y-%m-%d}"

    @cached_property
    def notices(self) -> tuple[DatedNotice, ...]:
        """Give the notice in force when the period began, and those that may have narrowed it since."""
        today = self.as_of.date()
        is_of_month = self.kind is DropKind.MONTHLY
        return self.folder.policy.notices_for(self.month.first if is_of_month else today, today)

    @property
    def notice(self) -> Notice:
        """Give the notice in force when the period began."""
        return self.notices[0].notice

    def agreement(self, partner: str) -> Agreement:
        """Give a partner's agreement."""
        return self.folder.policy.agreements[partner]

    def share(self, partner: str) -> Share:
        """Give what the partner gets with this kind of drop, as far as every notice allows it."""
        return narrowed(self._agreed(partner), partner, self.notices)

    def agreed_purposes(self, partner: str) -> tuple[str, ...]:
        """Give what a partner may use this kind of drop for, though an older notice allows less of it.

        Nothing keeps a partner from using a drop of an old month for what it may do today.
        """
        self.share(partner)
        return self._agreed(partner).purposes

    def _agreed(self, partner: str) -> Share:
        """Give what the agreement says of this kind of drop, whatever the notices allow."""
        section = self.agreement(partner).share_of(self.kind)
        if section is None:
            raise RefusedError(
                f"partners/{partner}.toml に [recall] がないので、リコールの納品はできません / "
                f"partners/{partner}.toml has no section [recall]; it gets no recalls"
            )
        return section

    def again(self) -> "Run":
        """Give the same run at this moment."""
        return replace(self, as_of=instant(self.clock))

    def clear(self, partner: str) -> None:
        """Remove what was made of a partner's drop and is not published."""
        self.ahead.packing.stop(partner)
        sweep(self.folder.drops / partner, self.kind.value)

    def series(self, partner: str) -> DropSeries:
        """Give the revisions of this run's drop for a partner."""
        return DropSeries(self.folder.drops, partner, self.kind.value, self.period)


@contextmanager
def opened_run(  # noqa: PLR0913 (what a run depends on from outside)
    request: ExportRequest,
    clock: Clock,
    environment: Mapping[str, str],
    *,
    is_scheduled: bool = False,
    kind: DropKind = DropKind.MONTHLY,
    is_exclusive: bool = True,
    engine: Engine | None = None,
) -> Iterator[Run]:
    """Load the shop, check what is asked, take the locks, and make the run's own folder.

    A run that is not exclusive takes no locks and may only look.

    Raises:
        ConfigurationError: the shop's files or the request are wrong.
        RefusedError: the policy does not cover what is asked, for none of the partners or for one asked for
            by name, or the month is not over.
        BusyError: another run works for one of the partners.
        LedgerDoubtfulError: the ledger does not agree with the drops that were published.
    """
    prefer_flat_memory()
    operator = SCHEDULE if is_scheduled else named_person(request.operator)
    checked_reason(request.reason)
    folder, ledger = open_shop(Path(request.shop), environment)
    if not is_scheduled:
        refuse_name_of_firm(operator, folder.policy.notice, folder.shop.name)
    now = clock()
    if is_exclusive and request.publishes:
        refuse_clock_behind(ledger, now.astimezone(SHOP_TIME))
    month = month_asked(request, kind, now)
    partners = partners_asked(request, folder, month, kind)
    names = [series_lock(partner, kind) for partner in partners]
    with ExitStack() as stack:
        stack.enter_context(ledger.held(names if is_exclusive else ()))
        own = stack.enter_context(workspace(folder.state))
        if is_exclusive:
            sweep_killed(folder, ledger, partners, [kind])
        ahead = Ahead.of(Scratch(own))
        stack.callback(ahead.close)
        run = Run(
            request=request,
            operator=operator,
            folder=folder,
            ledger=ledger,
            kind=kind,
            month=month,
            partners=partners,
            clock=clock,
            as_of=instant(clock),
            workspace=own,
            environment=environment,
            ahead=ahead,
            engine=engine,
        )
        yield _admitted(run, is_exclusive=is_exclusive)


def _admitted(run: Run, *, is_exclusive: bool) -> Run:
    """Refuse a run the ledger, the agreements or its mode speak against; give it as far as it is admitted.

    What one partner's agreement lacks stops only that partner, unless it was asked for by name. A recall goes
    on even if nobody may be told: the shop itself calls whom it is about.
    """
    complete_pending(run.ledger, run.folder, run.actor.at)
    _refuse_mode(run)
    if not is_exclusive:
        return run
    refuse_doubt(run.ledger, run.folder)
    refusals = {}
    for partner in run.partners:
        try:
            _admit(run, partner)
        except RefusedError as refusal:
            if partner in run.request.partners:
                raise
            refusals[partner] = refusal
    if run.kind is not DropKind.RECALL and len(refusals) == len(run.partners):
        raise next(iter(refusals.values()))
    return replace(
        run,
        partners=tuple(partner for partner in run.partners if partner not in refusals),
        left_out={partner: str(refusal) for partner, refusal in refusals.items()},
    )


def _admit(run: Run, partner: str) -> None:
    """Refuse to make anything for a partner that notice and agreement do not cover."""
    run.share(partner)
    if run.request.publishes:
        run.agreement(partner).refuse_in_the_clear(run.as_of.date())
        _refuse_silent_growth(run, partner)


def _refuse_silent_growth(run: Run, partner: str) -> None:
    """Refuse columns an edited agreement adds under its old version: whoever adds one says so.

    It is held against drops of the same version and the same notices; what a notice adds, it announces.
    """
    own = run.folder.policy.fingerprints[partner]
    notices = tuple(dated.fingerprint for dated in run.notices)
    with run.ledger.reading() as connection:
        published = [each.drop for each in DropBook(connection).published(partner)]
    before = [
        drop
        for drop in published
        if drop.tables
        and (drop.kind, drop.agreement.version) == (run.kind, own.version)
        and (drop.notice, *drop.narrowed_by) == notices
    ]
    if not before or own.sha256 in {drop.agreement.sha256 for drop in before}:
        return
    given = {
        (table.name, column.name)
        for drop in before
        for table in drop.tables
        for column in table.columns
    }
    asked = run.share(partner).tables.items()
    grown = sorted({(name, column) for name, table in asked for column in table.columns} - given)
    if grown:
        named = ", ".join(".".join(each) for each in grown)
        raise RefusedError(
            f"{partner} の覚書の版（{own.version}）は同じなのに、渡す列が増えています: {named}。"
            f"覚書を改めたなら partners/{partner}.toml の version も改めてください。"
            "改めていなければ、列を元に戻してください / "
            f"{partner} would get columns it never got under version {own.version} of its agreement: "
            f"{named}. If the agreement was changed, give it a new version in partners/{partner}.toml; "
            "if not, take the columns out"
        )


def _refuse_mode(run: Run) -> None:
    """Refuse a mode that needs an earlier drop, or a reason, where there is none."""
    mode = run.request.mode
    if mode is Mode.ISSUE:
        return
    with run.ledger.reading() as connection:
        book = DropBook(connection)
        never = [p for p in run.partners if not book.latest(p, run.kind.value, run.period)]
    if never:
        raise RefusedError(
            f"{run.period} は {', '.join(never)} に納品したことがないので、--mode {mode} はできません。"
            "--mode issue を使うか、納品先を選び直してください / "
            f"{run.period} was never delivered to {', '.join(never)}; there is nothing to {mode}. "
            "Use --mode issue, or name other partners"
        )
    if mode is Mode.CORRECT and run.request.reason in STANDING_REASONS:
        raise ConfigurationError(
            "--reason: 訂正の理由を書いてください / "
            "--reason: a correction needs its reason in writing"
        )


def instant(clock: Clock) -> datetime:
    """Read the clock as the shop sees it, to the second."""
    return clock().astimezone(SHOP_TIME).replace(microsecond=0)
