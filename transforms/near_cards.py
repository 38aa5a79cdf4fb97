"""Customers' cards that give contacts of an objector's own under another name, or the same name beside them.

Whoever marries, is written in kana or has the name of a firm before their own stands in the records under
two names, and the telephone tells that it is one person. It may be two of one family as well; so such a card
is held back, and makes nobody else an objector.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import mask_of, where, whole
from transforms.identity import own_contacts
from transforms.reading.contacts import personal_numbers
from transforms.reading.folded_columns import fold_homes, fold_names, squeezed
from transforms.reading.passing_names import COMPANY

_SHORTEST_FIRM = 3
_LOCAL_DIGITS = 6
"""What two spellings of a number at home have in common, with and without its region."""

_NO_DIGIT = "(?:内線|ext|#).*$|[^0-9]"
"""What is no digit of a number, an extension among it (RE2)."""

_PLOT = (
    r"(?P<town>\p{L}{2})[^\p{L}0-9]{0,2}(?P<plot>[0-9]+(?:-[0-9]+)*?)(?:-[0-9]{3,})?(?:[^0-9-].*)?$"
)
"""The last of a town's name and the number of a plot without that of a room, in a folded home (RE2)."""

_MOST_SHARED = 20
"""What more objectors have than this is written where nothing is known, and nobody's own."""

_GIVEN_KANA, _GIVEN_LETTERS = 3, 2

_People: TypeAlias = pyarrow.Table | pyarrow.RecordBatch
"""`IDENTITY_COLUMNS`."""


@dataclass(frozen=True)
class _Person:
    """What a card says of its person, folded; empty where it says nothing."""

    name: str
    reading: str
    birth: str
    home: str
    contacts: frozenset[str]

    def may_be(self, other: "_Person") -> bool:
        """Tell whether two cards with a contact in common may be one person's."""
        if _are_born_apart(self.birth, other.birth) or self._is_called_otherwise(other):
            return False
        has_more = len(self.contacts & other.contacts) > 1 or (
            bool(self.home) and self.home == other.home
        )
        return (
            has_more or _ends_within(self.name, other.name) or _ends_within(other.name, self.name)
        )

    def _is_called_otherwise(self, other: "_Person") -> bool:
        """Tell whether both readings are known, and neither they nor the names end alike."""
        readings = {each.reading[-_GIVEN_KANA:] for each in (self, other)}
        names = {each.name[-_GIVEN_LETTERS:] for each in (self, other)}
        return len(readings) > 1 and all(readings) and len(names) > 1


def _ends_within(name: str, other: str) -> bool:
    """Tell whether the last letters of a name, mostly the given one, stand in another."""
    end = name[-_GIVEN_LETTERS:]
    return len(end) == _GIVEN_LETTERS and end.isalpha() and end in other


def _are_born_apart(one: str, other: str) -> bool:
    """Tell whether two birth dates are known, and of two people."""
    return bool(one and other) and one != other


class Near:
    """Finds the cards near objectors."""

    def __init__(self, objectors: _People) -> None:
        """Know whom to look for.

        Args:
            objectors: `IDENTITY_COLUMNS` of all of them.
        """
        names = _names(objectors)
        self._by_contact, self._firms = _by_contact(objectors), _firms_at(objectors, names)
        self._beside = _born_beside(objectors, names)
        self._names = pc.unique(names)
        self._contacts, self._firm_places, self._keys = (
            pyarrow.array(list(known), pyarrow.string())
            for known in (self._by_contact, self._firms, self._beside)
        )

    def are_near(self, customers: pyarrow.RecordBatch) -> np.ndarray:
        """Mask of the customers whose card may be an objector's.

        Args:
            customers: `IDENTITY_COLUMNS`.
        """
        mask = self._are_beside(customers)
        contacts, rows = own_contacts(customers)
        shares = np.zeros(customers.num_rows, bool)
        shares[rows[mask_of(pc.is_in(contacts, value_set=self._contacts))]] = True
        shares &= ~mask
        mask[shares] = [
            any(
                person.may_be(other)
                for contact in person.contacts
                for other in self._by_contact.get(contact, ())
            )
            for person in _persons(customers.filter(pyarrow.array(shares)))
        ]
        return mask | self._are_of_firms(customers)

    def _are_beside(self, customers: pyarrow.RecordBatch) -> np.ndarray:
        """Mask of the customers of an objector's name with a number or plot of theirs, however written."""
        mask, names = np.zeros(customers.num_rows, bool), _names(customers)
        rows = np.flatnonzero(mask_of(pc.is_in(names, value_set=self._names)))
        few = customers.take(pyarrow.array(rows))
        births = _births(few)
        for keys in _beside(few, names.take(pyarrow.array(rows))):
            for place in np.flatnonzero(mask_of(pc.is_in(keys, value_set=self._keys))).tolist():
                theirs, own = self._beside[keys[place].as_py()], births[place].as_py()
                mask[rows[place]] |= not all(_are_born_apart(own, birth) for birth in theirs)
        return mask

    def _are_of_firms(self, customers: pyarrow.RecordBatch) -> np.ndarray:
        """Mask of the customers at a firm's place whose name holds the firm's, without what tells a firm."""
        mask = np.zeros(customers.num_rows, bool)
        if not self._firms:
            return mask
        there = np.zeros(customers.num_rows, bool)
        for cells in _place_columns(customers):
            there |= mask_of(pc.is_in(cells, value_set=self._firm_places))
        rows, few = np.flatnonzero(there), customers.filter(pyarrow.array(there))
        names = _names(few).to_pylist()
        for row, place in _places(few):
            mask[rows[row]] |= any(firm in names[row] for firm in self._firms.get(place, ()))
        return mask


def _by_contact(objectors: _People) -> dict[str, list[_Person]]:
    """Give who has each contact; one that very many have is nobody's own."""
    found: dict[str, list[_Person]] = defaultdict(list)
    for person in _persons(objectors):
        for contact in person.contacts:
            found[contact].append(person)
    return {contact: own for contact, own in found.items() if len(own) <= _MOST_SHARED}


def _firms_at(objectors: _People, names: pyarrow.Array) -> dict[str, list[str]]:
    """Give the firms at each place, without the word that tells so."""
    found: dict[str, list[str]] = defaultdict(list)
    is_firm = pc.match_substring_regex(names, COMPANY)
    bare = pc.replace_substring_regex(names.filter(is_firm), COMPANY, "").to_pylist()
    for row, place in _places(objectors.filter(is_firm)):
        if len(bare[row]) >= _SHORTEST_FIRM:
            found[place].append(bare[row])
    return found


def _born_beside(objectors: _People, names: pyarrow.Array) -> dict[str, set[str]]:
    """Give the birth dates of those of each name with a number or plot."""
    found: dict[str, set[str]] = defaultdict(set)
    births = _births(objectors).to_pylist()
    for keys in _beside(objectors, names):
        for key, birth in zip(keys.to_pylist(), births, strict=True):
            if key:
                found[key].add(birth)
    return found


def _names(people: _People) -> pyarrow.Array:
    return pc.fill_null(squeezed(fold_names(whole(people["name"]))), "")


def _births(people: _People) -> pyarrow.Array:
    return pc.fill_null(whole(people["birth_on"]).cast(pyarrow.string()), "")


def _persons(people: _People) -> list[_Person]:
    """Give what the cards of these people say, in their order."""
    contacts: list[set[str]] = [set() for _ in range(people.num_rows)]
    for contact, row in zip(*(each.tolist() for each in own_contacts(people)), strict=True):
        contacts[row].add(contact)
    columns = (
        _names(people),
        pc.fill_null(squeezed(fold_names(whole(people["name_kana"]))), ""),
        _births(people),
        pc.fill_null(fold_homes(whole(people["address"])), ""),
    )
    names, readings, births, homes = (column.to_pylist() for column in columns)
    return [
        _Person(name, reading, birth, home, frozenset(own))
        for name, reading, birth, home, own in zip(
            names, readings, births, homes, contacts, strict=True
        )
    ]


def _place_columns(people: _People) -> list[pyarrow.Array]:
    """Give homes and telephone numbers."""
    phones = [whole(people[column]) for column in PHONE_COLUMNS]
    return [fold_homes(whole(people["address"])), *phones]


def _places(people: _People) -> Iterable[tuple[int, str]]:
    """Give the places of these people, each with its row."""
    for cells in _place_columns(people):
        for row, place in enumerate(cells.to_pylist()):
            if place:
                yield row, place


def _beside(people: _People, names: pyarrow.Array) -> Iterable[pyarrow.Array]:
    """Give names with the end of a number at home, and with the plot of a home; null where there is none."""
    for column in PHONE_COLUMNS:
        phones = whole(people[column])
        at_home = where(personal_numbers(phones).is_null(), phones)
        if at_home.null_count < len(at_home):
            digits = pc.replace_substring_regex(at_home, _NO_DIGIT, "")
            yield _joined(names, pc.utf8_slice_codeunits(digits, -_LOCAL_DIGITS))
    plots = pc.extract_regex(fold_homes(whole(people["address"])), _PLOT)
    told = pc.binary_join_element_wise(plots.field(0), plots.field(1), "")
    yield _joined(names, where(plots.is_valid(), told))


def _joined(names: pyarrow.Array, keys: pyarrow.Array) -> pyarrow.Array:
    is_whole = pc.greater(pc.utf8_length(names), 1)
    return where(is_whole, pc.binary_join_element_wise(names, keys, "|"))
