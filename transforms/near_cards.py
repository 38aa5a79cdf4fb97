"""Customers' cards that give contacts of an objector's own under another name, or the same name beside them.

Whoever marries, is written in kana or has the name of a firm before their own stands in the records under
two names, and the telephone tells that it is one person. It may be two of one family as well; so such a card
is held back, and makes nobody else an objector.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import mask_of, whole
from transforms.card_texts import (
    Card,
    People,
    are_born_apart,
    births_of,
    cards_of,
    keys_beside,
    names_of,
)
from transforms.identity import own_contacts
from transforms.reading.folded_columns import fold_homes
from transforms.reading.passing_names import COMPANY

_SHORTEST_FIRM = 3
_MOST_SHARED = 20
"""What more objectors have than this is written where nothing is known, and nobody's own."""


class Near:
    """Finds the cards near objectors."""

    def __init__(self, objectors: People) -> None:
        """Know whom to look for.

        Args:
            objectors: `IDENTITY_COLUMNS` of all of them.
        """
        names = names_of(objectors)
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
            for person in cards_of(customers.filter(pyarrow.array(shares)))
        ]
        return mask | self._are_of_firms(customers)

    def _are_beside(self, customers: pyarrow.RecordBatch) -> np.ndarray:
        """Mask of the customers of an objector's name with a number or plot of theirs, however written."""
        mask, names = np.zeros(customers.num_rows, bool), names_of(customers)
        rows = np.flatnonzero(mask_of(pc.is_in(names, value_set=self._names)))
        few = customers.take(pyarrow.array(rows))
        births = births_of(few)
        for keys in keys_beside(few, names.take(pyarrow.array(rows))):
            for place in np.flatnonzero(mask_of(pc.is_in(keys, value_set=self._keys))).tolist():
                theirs, own = self._beside[keys[place].as_py()], births[place].as_py()
                mask[rows[place]] |= not all(are_born_apart(own, birth) for birth in theirs)
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
        names = names_of(few).to_pylist()
        for row, place in _places(few):
            mask[rows[row]] |= any(firm in names[row] for firm in self._firms.get(place, ()))
        return mask


def _by_contact(objectors: People) -> dict[str, list[Card]]:
    """Give who has each contact; one that very many have is nobody's own."""
    found: dict[str, list[Card]] = defaultdict(list)
    for person in cards_of(objectors):
        for contact in person.contacts:
            found[contact].append(person)
    return {contact: own for contact, own in found.items() if len(own) <= _MOST_SHARED}


def _firms_at(objectors: People, names: pyarrow.Array) -> dict[str, list[str]]:
    """Give the firms at each place, without the word that tells so."""
    found: dict[str, list[str]] = defaultdict(list)
    is_firm = pc.match_substring_regex(names, COMPANY)
    bare = pc.replace_substring_regex(names.filter(is_firm), COMPANY, "").to_pylist()
    for row, place in _places(objectors.filter(is_firm)):
        if len(bare[row]) >= _SHORTEST_FIRM:
            found[place].append(bare[row])
    return found


def _born_beside(objectors: People, names: pyarrow.Array) -> dict[str, set[str]]:
    """Give the birth dates of those of each name with a number or plot."""
    found: dict[str, set[str]] = defaultdict(set)
    births = births_of(objectors).to_pylist()
    for keys in keys_beside(objectors, names):
        for key, birth in zip(keys.to_pylist(), births, strict=True):
            if key:
                found[key].add(birth)
    return found


def _place_columns(people: People) -> list[pyarrow.Array]:
    """Give homes and telephone numbers."""
    phones = [whole(people[column]) for column in PHONE_COLUMNS]
    return [fold_homes(whole(people["address"])), *phones]


def _places(people: People) -> Iterable[tuple[int, str]]:
    """Give the places of these people, each with its row."""
    for cells in _place_columns(people):
        for row, place in enumerate(cells.to_pylist()):
            if place:
                yield row, place
