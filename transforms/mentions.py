"""Objectors named in other people's texts: such a cell is withheld."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ahocorasick_rs
import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.reading.folding import (
    fold_address,
    fold_code,
    fold_email,
    fold_name,
    fold_phone,
    squeeze,
)

PERSON_COLUMNS = ["name", "phone", "mobile_phone", "fax", "email", "address"]
CAR_COLUMNS = ["plate", "chassis_number"]

_SHORTEST_NAME = 3
_SHORTEST_CONTACT = 6
_SHORTEST_ADDRESS = 8


@dataclass(frozen=True)
class Identities:
    """What people can be recognised by in a text, folded."""

    names: frozenset[str]
    contacts: frozenset[str]
    """Phone numbers, e-mail addresses, plates and chassis numbers."""
    addresses: frozenset[str]


def identities(
    people: Iterable[dict[str, str | None]], cars: Iterable[dict[str, str | None]]
) -> Identities:
    """Fold what is known of these people (`PERSON_COLUMNS`) and cars (`CAR_COLUMNS`)."""
    people = list(people)
    contacts = {squeeze(fold_code(car[c] or "")) for car in cars for c in CAR_COLUMNS}
    for person in people:
        contacts |= {fold_phone(person[c] or "") for c in ("phone", "mobile_phone", "fax")}
        contacts.add(squeeze(fold_email(person["email"] or "")))
    names = {squeeze(fold_name(person["name"] or "")) for person in people}
    addresses = {_squeezed_address(person["address"] or "") for person in people}
    return Identities(
        names=frozenset(name for name in names if len(name) >= _SHORTEST_NAME),
        contacts=frozenset(contact for contact in contacts if len(contact) >= _SHORTEST_CONTACT),
        addresses=frozenset(a for a in addresses if len(a) >= _SHORTEST_ADDRESS),
    )


class Mentions:
    """Finds people in the cells of a column, looking at each distinct text once."""

    def __init__(self, people: Identities) -> None:
        """Build the automata (Aho-Corasick)."""
        self._contacts = _Finder(people.contacts, squeeze)
        self._named = _Finder(people.contacts | people.names, squeeze)
        self._addresses = _Finder(people.addresses, _squeezed_address)

    def in_free_text(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold a name, a contact or an address."""
        return self._named.mask(cells) | self._addresses.mask(cells)

    def in_names(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a name or address column that hold a contact of somebody else."""
        return self._contacts.mask(cells)


class _Finder:
    def __init__(self, words: Iterable[str], fold: Callable[[str], str]) -> None:
        kept = sorted(words)
        self._automaton = ahocorasick_rs.AhoCorasick(kept) if kept else None
        self._fold = fold

    def mask(self, cells: pyarrow.Array) -> np.ndarray:
        if self._automaton is None or cells.null_count == len(cells):
            return np.zeros(len(cells), bool)
        encoded = cells.dictionary_encode()
        hits = [self._hits(text) for text in encoded.dictionary.to_pylist()]
        if not any(hits):
            return np.zeros(len(cells), bool)
        found = pyarrow.array(hits).take(encoded.indices)
        return pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False)

    def _hits(self, text: str) -> bool:
        return self._automaton is not None and bool(
            self._automaton.find_matches_as_indexes(self._fold(text))
        )


def _squeezed_address(text: str) -> str:
    return squeeze(fold_address(text))
