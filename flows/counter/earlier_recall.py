"""Whether a recall drop that waited still tells the truth about each of its cars."""

from datetime import datetime

from sqlalchemy import Connection

from flows.recall.cars import cars_of, keepers_of
from flows.recall.targets import are_sold
from flows.running.run import Run
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from ledger.recall_book import DONE, NO_LONGER, CarHistory, Handover, RecallBook, standing_mark
from schemas.catalog import RECALL_TABLES
from schemas.errors import RefusedError
from sources.staging import take_snapshot
from transforms.ruling import rule_on

_Today = tuple[str, str | None]
"""What is written of a car today, and the reference of its keeper."""


def refuse_outdated(run: Run, entered: EnteredDrop) -> None:
    """Refuse a recall drop that tells of a car it should not tell of any more.

    That is one that was found not to be affected since, marked as repaired or not affected, sold, corrected,
    taken over by somebody else, or told of by another drop.

    Raises:
        RefusedError: saying of how many cars, and what to do.
    """
    with run.ledger.reading() as connection:
        book = RecallBook(connection)
        told = book.prepared(entered.sequence)
        known = _told_since(connection, entered)
        found = {
            (campaign, each.found.car): each
            for campaign in {each.campaign for each in told}
            for each in book.histories(campaign)
        }
    today = _as_they_are_today(run, {each.car for each in told})
    count = sum(
        each in known
        or not (_is_meant(found.get((each.campaign, each.car))) and _stands(each, today))
        for each in told
    )
    if count:
        name = entered.drop.drop_id
        raise RefusedError(
            f"{name}: 作った後に {count} 台が対象外・修理済み・売却・訂正・持ち主の変更になったか、別の納品で"
            "渡っているので、渡しません。"
            "`joint-use release --refuse` で破棄し、`joint-use recall --campaign ファイル` "
            "をもう一度実行してください / "
            f"{name}: since it was made, {count} cars turned out not to be affected, were repaired, sold, "
            "corrected, taken over or told of by another drop; it does not leave. Refuse it with "
            "`joint-use release --refuse` and run `joint-use recall --campaign FILE` again"
        )


def _told_since(connection: Connection, entered: EnteredDrop) -> set[Handover]:
    """Give what the partner was told by drops published since one that waited was made."""
    partner, made_at = entered.drop.partner, datetime.fromisoformat(entered.drop.as_of)
    since = {
        each.sequence
        for each in DropBook(connection).published(partner)
        if each.published_at and each.published_at > made_at
    }
    handed = RecallBook(connection).handed(partner).values()
    return {told for each in handed for sequence, told in each if sequence in since}


def _is_meant(history: CarHistory | None) -> bool:
    """Tell whether the last run still found a car, and nobody said that it is done with."""
    if history is None or history.found.kept_because == NO_LONGER:
        return False
    found = history.found
    return standing_mark(history.marks, found.about, found.keeper) not in DONE


def _stands(told: Handover, today: dict[str, set[_Today]]) -> bool:
    """Tell whether a car is still what was told of it, and whose."""
    return any(
        told.about in {None, written} and told.keeper in {None, keeper}
        for written, keeper in today.get(told.car, ())
    )


def _as_they_are_today(run: Run, wanted: set[str]) -> dict[str, set[_Today]]:
    """Give what can be said of each of these cars that is not sold, by its reference."""
    snapshot = take_snapshot(run.folder, run.staged, run.environment, RECALL_TABLES)
    cars = cars_of(run, snapshot)
    verdicts = rule_on(snapshot.spine, (), run.month)
    is_sold = are_sold(cars, verdicts, snapshot.spine)
    _, keepers = keepers_of(run, snapshot, cars)
    written = run.ledger.references.of_texts(cars.written())
    today: dict[str, set[_Today]] = {}
    rows = zip(cars.references, written, keepers, is_sold.tolist(), strict=True)
    for car, text, keeper, sold in rows:
        if car in wanted and not sold:
            today.setdefault(car, set()).add((text, keeper))
    return today
