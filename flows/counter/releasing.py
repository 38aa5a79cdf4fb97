"""The data manager's decision about a drop that holds many persons (policy §8)."""

from contextlib import suppress
from dataclasses import dataclass

from drops.folders import show, sweep, to_disk
from flows.carrying.carry import carry, not_handed_over
from flows.counter.desk import Desk
from flows.counter.earlier_drop import (
    objections_moved,
    opened_for,
    refuse_holding_refusers,
)
from flows.counter.earlier_recall import refuse_outdated
from flows.running.clock import Clock
from flows.running.overtaken import overtaken_by_objections, refuse_overtaken
from flows.running.run import Run
from flows.running.waiting_room import discard_waiting, taken_back
from ledger.carry_book import REFUSED, RELEASED, CarryBook, WaitingDrop
from ledger.drop_book import DropBook
from ledger.locks import series_lock
from schemas.drop import Drop, DropKind
from schemas.errors import ConfigurationError, JointUseError, RefusedError
from transforms.reading.folding import fold_name


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


def decide(desk: Desk, clock: Clock, drop_id: str, *, refuse: bool) -> Released:
    """Let the data manager release a waiting drop and hand it over, or refuse it.

    Hashes and objections are checked once more; what cannot be handed over stays published.

    Raises:
        RefusedError: the person is no data manager, or ran the export.
        ObjectionsMovedError: an objection arrived since the drop was made.
    """
    drop = _waiting(desk, drop_id).entered.drop
    _refuse_others(desk, drop)
    if refuse:
        _refuse(desk, drop)
        return Released("")
    with opened_for(desk, clock, drop) as run:
        waiting = _waiting(desk, drop_id)
        try:
            _publish(run, waiting)
        finally:
            sweep(run.folder.drops / drop.partner, drop.kind)
        folder = str(run.folder.drops / drop.drop_id)
        try:
            return Released(folder, carry(run, drop.drop_id))
        except JointUseError as error:
            return Released(folder, not_handed_over(error), error.exit_code)


def _waiting(desk: Desk, drop_id: str) -> WaitingDrop:
    with desk.ledger.reading() as connection:
        waiting = CarryBook(connection).waiting()
    for each in waiting:
        if each.entered.drop.drop_id == drop_id:
            return each
    raise ConfigurationError(
        f"「{drop_id[:80]}」は承諾待ちではありません。待っている納品は `joint-use status` に出ます / "
        f"'{drop_id[:80]}' does not wait; `joint-use status` lists the drops that do"
    )


def _refuse(desk: Desk, drop: Drop) -> None:
    """Refuse a drop, whatever became of its partner's agreement since."""
    with desk.ledger.held([series_lock(drop.partner, drop.kind)]):
        waiting = _waiting(desk, drop.drop_id)
        with desk.ledger.writing() as connection:
            CarryBook(connection).decide(desk.actor, waiting, REFUSED)
        discard_waiting(desk.folder.state, drop.drop_id)


def _publish(run: Run, waiting: WaitingDrop) -> None:
    entered, drop = waiting.entered, waiting.entered.drop
    with run.ledger.reading() as connection:
        refuse_overtaken(connection, run.folder.policy, drop, run.as_of.date())
    if drop.kind is DropKind.RECALL:
        refuse_outdated(run, entered)
    series = run.series(drop.partner)
    staging = taken_back(run.folder.state, drop.drop_id, entered.bag_sha256, series)
    refuse_holding_refusers(run, drop, staging)
    to_disk(staging)
    with run.ledger.writing() as connection:
        has_moved = objections_moved(run, connection, drop)
        if not has_moved:
            refuse_overtaken(connection, run.folder.policy, drop, run.as_of.date())
            CarryBook(connection).decide(run.actor, waiting, RELEASED)
            show(staging, run.folder.drops / drop.drop_id)
            told = f"{waiting.persons} persons, released"
            DropBook(connection).publish(run.actor, entered.sequence, told)
    if has_moved:
        raise overtaken_by_objections(drop)
    with suppress(
        OSError
    ):  # it is published; what is left in the waiting room goes with the next run
        discard_waiting(run.folder.state, drop.drop_id)


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
