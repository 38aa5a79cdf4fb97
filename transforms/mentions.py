"""Objectors named in other people's cells: such a cell is withheld."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ahocorasick_rs
import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import whole
from transforms.reading.folding import (
    fold_addresses,
    fold_names,
    fold_phone,
    squeezed,
)

PERSON_COLUMNS = ["name", "name_kana", "phone", "mobile_phone", "fax", "email", "address"]
CAR_COLUMNS = ["plate", "chassis_number"]

SHORTEST_CONTACT = 6
SHORTEST_ADDRESS = 8
"""Shorter runs stand in anybody's text by chance."""

_SHORTEST_NAME = 2
_SHORTEST_KANA = 4
_LOCAL_DIGITS = 7
_BEHIND_A_NAME = ("様", "殿", "サン", "さん", "氏", "方", "宅", "の")
"""What follows a person's name inside somebody else's name or address (佐藤一郎様方)."""


@dataclass(frozen=True)
class Identities:
    """What people can be recognised by in a text, folded."""

    names: frozenset[str]
    contacts: frozenset[str]
    """Phone numbers, e-mail addresses, plates and chassis numbers."""
    addresses: frozenset[str]


def identities(people: pyarrow.Table, *cars: pyarrow.Table) -> Identities:
    """Fold what is known of these people (`PERSON_COLUMNS`) and cars (`CAR_COLUMNS`)."""
    written = [people["email"], *(table[column] for table in cars for column in CAR_COLUMNS)]
    contacts = {c for column in written for c in squeezed(pc.unique(column)).to_pylist() if c}
    for column in ("phone", "mobile_phone", "fax"):
        phones = {fold_phone(phone) for phone in pc.unique(people[column]).drop_null().to_pylist()}
        contacts |= phones
        contacts |= {phone[-_LOCAL_DIGITS:] for phone in phones if len(phone) > _LOCAL_DIGITS}
    names = _long_enough(squeezed(fold_names(whole(people["name"]))), _SHORTEST_NAME)
    kana = _long_enough(squeezed(fold_names(whole(people["name_kana"]))), _SHORTEST_KANA)
    return Identities(
        names=names | kana,
        contacts=frozenset(contact for contact in contacts if len(contact) >= SHORTEST_CONTACT),
        addresses=_long_enough(
            squeezed(fold_addresses(whole(people["address"]))), SHORTEST_ADDRESS
        ),
    )


class Mentions:
    """Finds people in the cells of a column, looking at each distinct text once."""

    def __init__(self, people: Identities) -> None:
        """Build the automata (Aho-Corasick)."""
        in_passing = {f"{name}{word}" for name in people.names for word in _BEHIND_A_NAME}
        self._in_names = _Finder(people.contacts | in_passing, squeezed)
        self._in_texts = _Finder(people.contacts | people.names, squeezed)
        self._addresses = _Finder(people.addresses, _squeezed_addresses)
        self._homes = pyarrow.array(sorted(people.addresses), pyarrow.string())

    def in_free_text(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold a name, a contact or an address."""
        return self._in_texts.mask(cells) | self._addresses.mask(cells)

    def in_names(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a name or address column that hold a contact, or a name in passing."""
        return self._in_names.mask(cells)

    def are_homes(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are somebody's address as a whole."""
        return pc.is_in(_squeezed_addresses(cells), value_set=self._homes).to_numpy(
            zero_copy_only=False
        )


class _Finder:
    def __init__(
        self, words: Iterable[str], fold: Callable[[pyarrow.Array], pyarrow.Array]
    ) -> None:
        kept = sorted(words)
        self._automaton = ahocorasick_rs.AhoCorasick(kept) if kept else None
        self._fold = fold

    def mask(self, cells: pyarrow.Array) -> np.ndarray:
        if self._automaton is None or cells.null_count == len(cells):
            return np.zeros(len(cells), bool)
        encoded = cells.dictionary_encode()
        find = self._automaton.find_matches_as_indexes
        folded = self._fold(encoded.dictionary).to_pylist()
        if not find("\n".join(folded)):
            return np.zeros(len(cells), bool)
        found = pyarrow.array([bool(find(text)) for text in folded]).take(encoded.indices)
        return pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False)


def _squeezed_addresses(texts: pyarrow.Array) -> pyarrow.Array:
    return squeezed(fold_addresses(texts))


def _long_enough(words: pyarrow.Array, least: int) -> frozenset[str]:
    return frozenset(word for word in words.to_pylist() if word and len(word) >= least)
