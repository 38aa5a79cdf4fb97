"""How far a recall campaign is: who is new, handed to whom, told and repaired."""

from pydantic import BaseModel

from flows.counter.desk import Desk
from flows.counter.people import read_vehicle_numbers
from ledger.audit import note
from ledger.recall_book import NO_LONGER, CarHistory, RecallBook
from schemas.errors import ConfigurationError, SourceUnreadableError


class Marked(BaseModel):
    """What an operator said of a car, and when."""

    mark: str
    at: str


class CarProgress(BaseModel):
    """One car: its vehicle number, empty if it is not in the records any more."""

    vehicle: str
    match_class: str
    reason: str
    found_at: str
    is_new: bool
    """Whether the last run found it first."""
    handed: tuple[str, ...]
    kept_because: str
    marks: tuple[Marked, ...]


class Progress(BaseModel):
    """All cars of one campaign."""

    campaign: str
    cars: tuple[CarProgress, ...]


def progress_of(desk: Desk, campaign: str) -> Progress:
    """Give how far a campaign is.

    Raises:
        ConfigurationError: nobody has looked for it yet.
    """
    with desk.ledger.writing() as connection:
        book = RecallBook(connection)
        histories = book.histories(campaign)
        if not histories and campaign not in book.campaigns():
            raise _not_looked_for(campaign)
        note(connection, desk.actor, "read", campaign, f"{len(histories)} cars of a recall")
    numbers = _numbers(desk)
    return Progress(campaign=campaign, cars=tuple(_car(each, numbers) for each in histories))


def mark_cars(desk: Desk, campaign: str, vehicles: list[str], mark: str) -> None:
    """Enter what an operator says of cars.

    Raises:
        ConfigurationError: nobody has looked for the campaign, or a car is not one it was found to be about.
    """
    of_car = desk.ledger.references.of_car
    with desk.ledger.writing() as connection:
        book = RecallBook(connection)
        known = {each.found.car: each.found for each in book.histories(campaign)}
        if not known:
            raise _not_looked_for(campaign)
        for vehicle in vehicles:
            if of_car(vehicle) not in known:
                raise ConfigurationError(
                    f"--vehicle {vehicle[:40]}: この車はリコール {campaign[:40]} に該当していません。"
                    "該当の車は `joint-use recall --status` に出ます / "
                    f"--vehicle {vehicle[:40]}: campaign {campaign[:40]} was not found to be about this car; "
                    "`joint-use recall --status` lists its cars"
                )
        if any(known[of_car(vehicle)].about is None for vehicle in vehicles):
            raise ConfigurationError(
                f"リコール {campaign[:40]} は前の版で調べたままです。先に "
                "`joint-use recall --campaign ファイル` をもう一度実行してください / "
                f"campaign {campaign[:40]} was looked for by an earlier version; run "
                "`joint-use recall --campaign FILE` once more first"
            )
        book.mark(desk.actor, campaign, [known[of_car(vehicle)] for vehicle in vehicles], mark)


def _not_looked_for(campaign: str) -> ConfigurationError:
    return ConfigurationError(
        f"「{campaign[:40]}」: このリコールはまだ調べていないか、該当の車がありません。"
        "`joint-use recall --campaign ファイル` で調べます / "
        f"'{campaign[:40]}': nobody has looked for this campaign, or no car was found; "
        "`joint-use recall --campaign FILE` does"
    )


def _numbers(desk: Desk) -> dict[str, str]:
    try:
        numbers = read_vehicle_numbers(desk.folder, desk.environment)
    except SourceUnreadableError:
        return {}
    return {desk.ledger.references.of_car(number): number for number in numbers}


def _car(history: CarHistory, numbers: dict[str, str]) -> CarProgress:
    found = history.found
    return CarProgress(
        vehicle=numbers.get(found.car, ""),
        match_class=found.match_class,
        reason=found.reason,
        found_at=history.found_at,
        is_new=history.found_at == history.seen_at and found.kept_because != NO_LONGER,
        handed=history.drops,
        kept_because=found.kept_because,
        marks=tuple(Marked(mark=each.mark, at=each.at) for each in history.marks),
    )
