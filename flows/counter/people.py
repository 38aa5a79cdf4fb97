"""The records as the counter looks things up in them: who is there, and which cars."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.running.workspace import workspace
from ledger.opening import Ledger
from schemas.staging import row_of
from sources.shop_folder import ShopFolder
from sources.snapshot import Snapshot
from sources.staging import take_snapshot
from transforms.arrays import is_among, mask_of, whole
from transforms.identity import PEOPLE_COLUMNS, Traits, known_only, same_people, traits_of
from transforms.merges import resolve_merges
from transforms.number_texts import Digest


@dataclass(frozen=True)
class People:
    """The customers in the records; `digest` is the ledger's, by which they are recognised."""

    customers: pyarrow.Table
    digest: Digest

    @cached_property
    def traits(self) -> Traits:
        """By what they are recognised."""
        return traits_of(self.customers, self.digest)

    def chosen(self, mask: np.ndarray) -> pyarrow.Table:
        """Give the rows of a mask."""
        return self.customers.filter(pyarrow.array(mask))

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

    def merged_numbers(self, number: str) -> list[str]:
        """Give all numbers that recorded merges make one person of, the asked one first."""
        return self._numbers_of(number, is_among(self.persons, self.persons[self._rows_of(number)]))

    def numbers_of_person(self, number: str) -> list[str]:
        """Give all numbers of a person, merged or recognised as the gate does, the asked one first."""
        return self._numbers_of(
            number, same_people(self._rows_of(number), self.persons, self.traits)
        )

    def _rows_of(self, number: str) -> np.ndarray:
        is_own = pc.equal(whole(self.customers["customer_id"]), number)
        return mask_of(is_own)

    def _numbers_of(self, number: str, mask: np.ndarray) -> list[str]:
        known = self.chosen(mask)["customer_id"].drop_null().to_pylist()
        return list(dict.fromkeys([number, *known]))


def read_people(folder: ShopFolder, ledger: Ledger, environment: Mapping[str, str]) -> People:
    """Read the customers as they are at this moment.

    Raises:
        SourceUnreadableError: the records cannot be read.
    """
    with read_records(folder, environment, "customers") as snapshot:
        customers = snapshot.table("customers", PEOPLE_COLUMNS)
    return People(customers, ledger.references.traits)


def read_relative(
    folder: ShopFolder, environment: Mapping[str, str], number: str
) -> pyarrow.Table | None:
    """Read the rows of a customer's relative as if they were a customer's, in the customer's household.

    Args:
        folder: the shop's.
        environment: may name databases.
        number: the relative's own (`family_member_id`).

    Returns:
        `IDENTITY_COLUMNS`; None if nobody has the number.

    Raises:
        SourceUnreadableError: the records cannot be read.
    """
    link = row_of("customer_id")
    with read_records(folder, environment, "customers", "family_members") as snapshot:
        family = snapshot.table("family_members", ["family_member_id", "name", "birth_on", link])
        own = family.filter(pc.equal(family["family_member_id"], number))
        if not len(own):
            return None
        homes = snapshot.table("customers", ["address", "phone"])
    rows = own[link].to_numpy()
    of_holder = pyarrow.array(rows, mask=rows < 0)
    return known_only(
        len(own),
        customer_id=whole(own["family_member_id"]),
        name=whole(own["name"]),
        birth_on=whole(own["birth_on"]),
        address=whole(homes["address"]).take(of_holder),
        phone=whole(homes["phone"]).take(of_holder),
    )


def read_vehicle_numbers(folder: ShopFolder, environment: Mapping[str, str]) -> list[str]:
    """Read the numbers of all cars as they are at this moment.

    Raises:
        SourceUnreadableError: the records cannot be read.
    """
    with read_records(folder, environment, "customers", "vehicles") as snapshot:
        numbers = snapshot.table("vehicles", ["vehicle_id"])["vehicle_id"]
    return [str(number) for number in numbers.drop_null().to_pylist()]


@contextmanager
def read_records(
    folder: ShopFolder, environment: Mapping[str, str], *tables: str
) -> Iterator[Snapshot]:
    """Read some tables as they are at this moment; they are gone again at the end.

    Raises:
        SourceUnreadableError: the records cannot be read.
    """
    with workspace(folder.state) as own:
        yield take_snapshot(folder, own / "staged", environment, tables)
