"""The counter's desk: a named person with the shop's ledger open, and the records to look people up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow

from flows.opening import note_policy, open_shop
from flows.reconciling import complete_pending
from flows.request import SCHEDULE, checked_reason, named_person
from flows.run import Clock
from flows.workspace import workspace
from ledger.audit import Actor
from ledger.opening import Ledger
from schemas.errors import ConfigurationError
from sources.shop_folder import ShopFolder
from sources.snapshot import take_snapshot
from transforms.arrays import whole
from transforms.identity import PEOPLE_COLUMNS, Traits, traits_of
from transforms.merges import resolve_merges
from transforms.period import SHOP_TIME
from transforms.reading.car_codes import read_identifier


@dataclass(frozen=True)
class Desk:
    """A shop's folder and ledger in somebody's hands."""

    folder: ShopFolder
    ledger: Ledger
    actor: Actor
    environment: Mapping[str, str] = field(repr=False)

    @property
    def today(self) -> date:
        """The day in Japan."""
        return self.actor.at.date()

    @cached_property
    def people(self) -> "People":
        """Everybody in the shop's records at this moment.

        Raises:
            SourceUnreadableError: the records cannot be read.
        """
        with workspace(self.folder.state) as own:
            snapshot = take_snapshot(
                self.folder.shop, self.folder.home, own / "staged", self.environment, ("customers",)
            )
            customers = snapshot.table("customers", PEOPLE_COLUMNS)
        return People(customers, traits_of(customers, self.ledger.references.traits))

    @property
    def vehicle_numbers(self) -> list[str]:
        """The numbers of all cars in the records.

        Raises:
            SourceUnreadableError: the records cannot be read.
        """
        with workspace(self.folder.state) as own:
            snapshot = take_snapshot(
                self.folder.shop,
                self.folder.home,
                own / "staged",
                self.environment,
                ("customers", "vehicles"),
            )
            numbers = snapshot.table("vehicles", ["vehicle_id"])["vehicle_id"]
        return [str(number) for number in numbers.drop_null().to_pylist()]


@dataclass(frozen=True)
class People:
    """The customers in the records, and by what they are recognised."""

    customers: pyarrow.Table
    traits: Traits

    @cached_property
    def numbers(self) -> list[str | None]:
        """Customer numbers in the order of the records."""
        return list(self.customers["customer_id"].to_pylist())

    @cached_property
    def persons(self) -> np.ndarray:
        """Per row its person, by recorded merges."""
        numbers, targets = (
            whole(self.customers[name]) for name in ("customer_id", "merged_into_customer_id")
        )
        return resolve_merges(numbers, targets).persons

    def numbers_of_person(self, number: str) -> list[str]:
        """Give all numbers that recorded merges make one person of, the asked one first."""
        if number not in self.numbers:
            return [number]
        own = self.persons[self.numbers.index(number)]
        same = [n for n, person in zip(self.numbers, self.persons, strict=True) if person == own]
        return list(dict.fromkeys([number, *(n for n in same if n)]))


def open_desk(  # noqa: PLR0913 (who, why, when, and what a desk depends on from outside)
    shop: Path,
    operator: str | None,
    reason: str,
    clock: Clock,
    environment: Mapping[str, str],
    *,
    is_scheduled: bool = False,
) -> Desk:
    """Open the shop for a named person, or for the schedule.

    Raises:
        ConfigurationError: a file of the shop is wrong, or there is no name.
        RefusedError: the name is one that several people use.
    """
    person = SCHEDULE if is_scheduled else named_person(operator)
    why = checked_reason(reason)
    folder, ledger = open_shop(shop, environment)
    actor = Actor(person, why, clock().astimezone(SHOP_TIME))
    complete_pending(ledger, folder, actor.at)
    note_policy(folder, ledger, actor)
    return Desk(folder, ledger, actor, environment)


def customer_number(written: str) -> str:
    """Read a customer number as the records' are read."""
    number = read_identifier(written).value
    if not isinstance(number, str):
        raise ConfigurationError("--customer: this is no customer number; copy it from the records")
    return number
