"""One run: what was asked, the shop it is about, and a private folder to work in."""

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from drops.folders import DropSeries, sweep
from flows.request import SCHEDULE, ExportRequest, named_person
from ledger.locks import held
from ledger.private_files import private_folder
from schemas.agreement import Agreement, DropKind, Share
from schemas.errors import RefusedError
from sources.shop_folder import ShopFolder, load_shop
from transforms.period import SHOP_TIME, Month

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Run:
    """Everything the stages of one export share. No stage changes it."""

    request: ExportRequest
    operator: str
    folder: ShopFolder
    month: Month
    partners: tuple[str, ...]
    clock: Clock = field(repr=False)
    as_of: datetime
    """When this run's attempt began; nothing later is inside."""
    workspace: Path
    environment: Mapping[str, str] = field(repr=False)

    @property
    def staged(self) -> Path:
        """Folder of the staged tables."""
        return self.workspace / "staged"

    def agreement(self, partner: str) -> Agreement:
        """Give a partner's agreement."""
        return self.folder.policy.agreements[partner]

    def share(self, partner: str) -> Share:
        """Give what the partner gets each month."""
        return self.agreement(partner).share(DropKind.MONTHLY)

    def series(self, partner: str) -> DropSeries:
        """Give the revisions of this month's drop for a partner."""
        return DropSeries(self.folder.drops, partner, DropKind.MONTHLY.value, str(self.month))


@contextmanager
def opened_run(
    request: ExportRequest, clock: Clock, environment: Mapping[str, str], *, is_scheduled: bool
) -> Iterator[Run]:
    """Load the shop, check what is asked, take the locks, and make the run's own folder.

    Raises:
        ConfigurationError: the shop's files or the request are wrong.
        RefusedError: the policy does not cover what is asked, or the month is not over.
        BusyError: another run works for one of the partners.
    """
    folder = load_shop(Path(request.shop))
    operator = SCHEDULE if is_scheduled else named_person(request.operator)
    now = clock()
    month = Month.parse(request.month) if request.month else Month.before(now)
    if month.first > Month.before(now).first:
        raise RefusedError(f"{month} is not over yet; a month is exported whole or not at all")
    partners = _partners(request, folder, month)
    names = [f"{partner}-{DropKind.MONTHLY}" for partner in partners]
    private_folder(folder.state)
    with held(folder.state, names), _workspace(folder.state) as workspace:
        for partner in partners:
            sweep(folder.drops / partner)
        as_of = instant(clock)
        yield Run(request, operator, folder, month, partners, clock, as_of, workspace, environment)


def instant(clock: Clock) -> datetime:
    """Read the clock as the shop sees it, to the second."""
    return clock().astimezone(SHOP_TIME).replace(microsecond=0)


def _partners(request: ExportRequest, folder: ShopFolder, month: Month) -> tuple[str, ...]:
    known = folder.policy.agreements
    for partner in request.partners:
        if partner not in known:
            raise RefusedError(
                f"'{partner}' has no agreement; choose from {', '.join(known)} (partners/*.toml)"
            )
    chosen = tuple(dict.fromkeys(request.partners)) or tuple(known)
    if folder.policy.notice.effective_on > month.last:
        raise RefusedError(
            f"{month} is before the notice took effect ({folder.policy.notice.effective_on}); "
            "records of that time were not announced for joint use"
        )
    for partner in chosen:
        if known[partner].effective_on > month.last:
            raise RefusedError(
                f"{month} is before the agreement with {partner} took effect "
                f"({known[partner].effective_on}); choose a later month"
            )
    return chosen


@contextmanager
def _workspace(state: Path) -> Iterator[Path]:
    """Make a folder that goes with the run, and clear the folders of runs that were killed."""
    runs = private_folder(state / "runs")
    for lock in runs.glob("*.lock"):
        with suppress(Timeout), FileLock(lock, timeout=0):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
    workspace = runs / uuid.uuid4().hex
    with FileLock(workspace.with_suffix(".lock"), timeout=0, mode=0o600):
        private_folder(workspace / "staged")
        private_folder(workspace)
        try:
            yield workspace
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
            workspace.with_suffix(".lock").unlink(missing_ok=True)
