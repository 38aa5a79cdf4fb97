"""What everyone who refuses a drop can be recognised by, taken from the records alone.

The gate works by row numbers on the staged tables; this knows people by what stands in their rows. From it
is taken away what people who are in the drop share with them (a household's phone, a namesake's name).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from drops.objector_scan import Traces
from drops.plain_forms import form, pairs_of, plain_form, strings
from drops.refusers import Refusals
from schemas.people import PHONE_COLUMNS
from schemas.staging import UNREAD
from transforms.arrays import whole
from transforms.spare_contacts import CONTACT_COLUMNS, spare_contacts

Read = Callable[[list[str]], pyarrow.Table]
"""Reads columns of a table, all its rows in their order; only a few columns are asked for at a time."""

_CAR_COLUMNS = ("chassis_number", "plate")


@dataclass(frozen=True)
class Known:
    """What the shop knows, to tell objectors from others.

    Args:
        customers: all customers.
        vehicles: all vehicles.
        certificates: all certificates, each with the number of its car as `vehicle_id`.
        keys: the partner's.
        references_of: gives the shop's references of customer numbers.
    """

    customers: Read
    vehicles: Read
    certificates: Read
    keys: PartnerKeys
    references_of: Callable[[list[str]], list[str]]

    def numbers_of(self, references: set[str]) -> set[str]:
        """Give the customer numbers in the records that are meant by references."""
        found = set[str]()
        for piece in self.customers(["customer_id"]).to_batches() if references else ():
            numbers = piece.column(0).drop_null().to_pylist()
            pairs = zip(numbers, self.references_of(numbers), strict=True)
            found.update(number for number, reference in pairs if reference in references)
        return found


@dataclass(frozen=True)
class Marks:
    """Values of refusers, in plain form, and the rows of others that have one of them too, by column."""

    values: set[str]
    of_others: tuple[tuple[str, pyarrow.Table], ...]

    def only_theirs(self, there: "_Delivered") -> set[str]:
        """Give the values that nobody in the drop has too."""
        shared = (
            form(column, there.among(rows)[column]).to_pylist() for column, rows in self.of_others
        )
        return self.values.difference(*shared)


@dataclass(frozen=True)
class Suspects:
    """What everyone who refuses can be recognised by, and who else has it: all but what a drop decides.

    Args:
        keys: of the refusers and of the cars only they have.
        contacts: of the refusers.
        addresses: likewise.
        pairs: names with addresses, likewise.
        numbers: chassis numbers and plates of their cars.
        namesakes: the others who bear one of their names.
        partner_keys: the partner's.
    """

    keys: set[str]
    contacts: tuple[Marks, ...]
    addresses: Marks
    pairs: set[tuple[str, str]]
    numbers: tuple[Marks, ...]
    namesakes: pyarrow.Table
    partner_keys: PartnerKeys

    def traces(self, delivered: Mapping[str, pyarrow.Array]) -> Traces:
        """Take away what people in the drop have too.

        Args:
            delivered: partner keys (16 bytes) of the customers and vehicles that stand in the drop.
        """
        people, cars = (
            _Delivered(self.partner_keys, kind, number, delivered[kind])
            for kind, number in (("customers", "customer_id"), ("vehicles", "vehicle_id"))
        )
        contacts = [marks.only_theirs(people) for marks in self.contacts]
        numbers = [marks.only_theirs(cars) for marks in self.numbers]
        return Traces(
            keys=self.keys,
            contacts=set[str]().union(*contacts, *numbers),
            addresses=self.addresses.only_theirs(people),
            pairs=self.pairs - pairs_of(people.among(self.namesakes)),
        )


def suspects_of(refusals: Refusals, known: Known) -> Suspects:
    """Gather what everyone who refuses can be recognised by.

    Args:
        refusals: the objections.
        known: customers, cars and certificates.
    """
    merges = known.customers(["customer_id", "merged_into_customer_id"])
    refusers = _with_merged(known.numbers_of(refusals.refusers()), merges)
    people = _Split(known.customers, "customer_id", "customer_id", refusers)
    cars = _Split(known.vehicles, "vehicle_id", "customer_id", refusers)
    numbers = set(cars.theirs(["vehicle_id"])["vehicle_id"].to_pylist())
    papers = _Split(known.certificates, "vehicle_id", "vehicle_id", numbers)
    spare = set(spare_contacts(people.theirs([*CONTACT_COLUMNS, UNREAD]))[0].to_pylist())
    emails = {contact for contact in spare if "@" in contact}
    return Suspects(
        keys=_known_keys(known.keys, refusers, numbers - cars.numbers_of_others(numbers)),
        contacts=(
            _marks(PHONE_COLUMNS, people, more=spare - emails),
            _marks(("email",), people, more=emails),
        ),
        addresses=_marks(("address",), people),
        pairs=pairs_of(people.theirs(["name", "address"])),
        numbers=tuple(_marks((column,), cars, papers) for column in _CAR_COLUMNS),
        namesakes=people.namesakes(),
        partner_keys=known.keys,
    )


def _marks(columns: tuple[str, ...], *tables: "_Split", more: Collection[str] = ()) -> Marks:
    """Give what refusers have in any of the columns, or more, and who else has it in any of them."""
    values = {value for table in tables for c in columns for value in table.their_values(c)}
    values.update(plain_form(strings(more)).to_pylist())
    others = tuple((c, table.others_with(c, values)) for table in tables for c in columns)
    return Marks(values, others)


def _known_keys(keys: PartnerKeys, customers: set[str], vehicles: set[str]) -> set[str]:
    """Give the partner's keys of these customers and cars."""
    of_customers = keys.of("customers", strings(customers)).to_pylist()
    return {*of_customers, *keys.of("vehicles", strings(vehicles)).to_pylist()}


class _Delivered:
    """Tells which rows of a table stand in the drop, by their partner key."""

    def __init__(self, keys: PartnerKeys, kind: str, number: str, there: pyarrow.Array) -> None:
        self._keys, self._kind, self._number, self._there = keys, kind, number, there

    def among(self, rows: pyarrow.Table) -> pyarrow.Table:
        if not len(rows):
            return rows
        keys = self._keys.binary(self._kind, whole(rows[self._number]))
        # They are few beside those in the drop: the few are hashed, not the many.
        there = self._there.filter(pc.is_in(self._there, value_set=keys))
        return rows.filter(pc.is_in(keys, value_set=there))


class _Split:
    """A table, split into what is the objectors' and what is other people's."""

    def __init__(self, read: Read, number: str, owner: str, who: set[str]) -> None:
        """Split the rows of a table by whose they are.

        Args:
            read: reads the table.
            number: its column of numbers.
            owner: its column that tells whose a row is.
            who: what stands there in the objectors' rows.
        """
        self._read, self._number = read, number
        self._is_theirs = whole(pc.is_in(read([owner])[owner], value_set=strings(who)))

    def theirs(self, columns: list[str]) -> pyarrow.Table:
        """Give columns of the objectors' rows."""
        return self._read(columns).filter(self._is_theirs)

    def their_values(self, column: str) -> set[str]:
        """Give the objectors' values in plain form."""
        return {v for v in form(column, self.theirs([column])[column]).to_pylist() if v}

    def others_with(self, column: str, values: set[str]) -> pyarrow.Table:
        """Give number and column of the others who have one of the values in it."""
        return self._others([self._number, column], column, strings(values))

    def numbers_of_others(self, among: set[str]) -> set[str]:
        """Give those of the numbers that rows of others have too."""
        rows = self._read([self._number])
        is_meant = pc.is_in(rows[self._number], value_set=strings(among))
        is_shared = pc.and_(is_meant, pc.invert(self._is_theirs))
        return set(rows.filter(is_shared)[self._number].to_pylist())

    def namesakes(self) -> pyarrow.Table:
        """Give number, name and address of the others who bear an objector's name."""
        names = whole(pc.unique(plain_form(self.theirs(["name"])["name"])))
        return self._others([self._number, "name", "address"], "name", names)

    def _others(self, columns: list[str], column: str, forms: pyarrow.Array) -> pyarrow.Table:
        """Give columns of the others of whom one cell has one of the forms, batch by batch."""
        rows, found, start = self._read(columns), [], 0
        for batch in rows.to_batches():
            is_theirs = self._is_theirs[start : start + batch.num_rows]
            start += batch.num_rows
            has_one = pc.is_in(form(column, batch[column]), value_set=forms)
            found.append(batch.filter(pc.and_(has_one, pc.invert(is_theirs))))
        return pyarrow.Table.from_batches(found, rows.schema)


def _with_merged(refusers: set[str], customers: pyarrow.Table) -> set[str]:
    """Add every number merged, directly or not, with one that refuses."""
    merges = [
        (row["customer_id"], row["merged_into_customer_id"])
        for row in customers.filter(customers["merged_into_customer_id"].is_valid()).to_pylist()
    ]
    grown = set(refusers)
    while True:
        more = {b for a, b in merges if a in grown} | {a for a, b in merges if b in grown}
        if more <= grown:
            return grown
        grown |= more
