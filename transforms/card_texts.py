"""What customers' cards say of their persons, folded to be compared with others' cards."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import where, whole
from transforms.identity import own_contacts
from transforms.reading.contacts import personal_numbers
from transforms.reading.folded_columns import fold_homes, fold_names, squeezed
from transforms.reading.patterns import compact

_LOCAL_DIGITS = 6
"""What two spellings of a number at home have in common, with and without its region."""

_NO_DIGIT = "(?:内線|ext|#).*$|[^0-9]"
"""What is no digit of a number, an extension among it (RE2)."""

_PLOT = r"(?P<town>[\p{L}]{2})[^\p{L}0-9]{0,2}(?P<plot>[0-9]+(?:-[0-9]+)*?)(?:-[0-9]{3,})?(?:[^0-9-].*)?$"
"""The last of a town's name and the number of a plot without that of a room, in a folded home (RE2)."""

GIVEN_KANA, GIVEN_LETTERS = 3, 2

People: TypeAlias = pyarrow.Table | pyarrow.RecordBatch
"""`IDENTITY_COLUMNS`."""


@dataclass(frozen=True)
class Card:
    """What a card says of its person, folded; empty where it says nothing."""

    name: str
    reading: str
    birth: str
    home: str
    contacts: frozenset[str]

    def may_be(self, other: "Card") -> bool:
        """Tell whether two cards with a contact in common may be one person's."""
        if are_born_apart(self.birth, other.birth) or self._is_called_otherwise(other):
            return False
        has_more = len(self.contacts & other.contacts) > 1 or (
            bool(self.home) and self.home == other.home
        )
        return (
            has_more or _ends_within(self.name, other.name) or _ends_within(other.name, self.name)
        )

    def _is_called_otherwise(self, other: "Card") -> bool:
        """Tell whether both readings are known, and neither they nor the names end alike."""
        readings = {each.reading[-GIVEN_KANA:] for each in (self, other)}
        names = {each.name[-GIVEN_LETTERS:] for each in (self, other)}
        return len(readings) > 1 and all(readings) and len(names) > 1


def end_of(name: str) -> str:
    """Give the last letters of a name, mostly the given one; nothing if there are too few."""
    end = name[-GIVEN_LETTERS:]
    return end if len(end) == GIVEN_LETTERS and end.isalpha() else ""


def _ends_within(name: str, other: str) -> bool:
    """Tell whether the last letters of a name stand in another."""
    end = end_of(name)
    return bool(end) and end in other


def are_born_apart(one: str, other: str) -> bool:
    """Tell whether two birth dates are known, and of two people."""
    return bool(one and other) and one != other


def names_of(people: People) -> pyarrow.Array:
    """Give the names, squeezed; empty where there is none."""
    return pc.fill_null(squeezed(fold_names(whole(people["name"]))), "")


def births_of(people: People) -> pyarrow.Array:
    """Give the birth dates, ISO 8601; empty where there is none."""
    return pc.fill_null(whole(people["birth_on"]).cast(pyarrow.string()), "")


def cards_of(people: People) -> list[Card]:
    """Give what the cards of these people say, in their order."""
    contacts: list[set[str]] = [set() for _ in range(people.num_rows)]
    for contact, row in zip(*(each.tolist() for each in own_contacts(people)), strict=True):
        contacts[row].add(contact)
    columns = (
        names_of(people),
        pc.fill_null(squeezed(fold_names(whole(people["name_kana"]))), ""),
        births_of(people),
        pc.fill_null(fold_homes(whole(people["address"])), ""),
    )
    names, readings, births, homes = (column.to_pylist() for column in columns)
    return [
        Card(name, reading, birth, home, frozenset(own))
        for name, reading, birth, home, own in zip(
            names, readings, births, homes, contacts, strict=True
        )
    ]


def keys_beside(people: People, names: pyarrow.Array) -> Iterable[pyarrow.Array]:
    """Give names with the end of a number at home, and with the plot of a home; null where there is none."""
    for column in PHONE_COLUMNS:
        phones = whole(people[column])
        at_home = where(personal_numbers(phones).is_null(), phones)
        if at_home.null_count < len(at_home):
            digits = pc.replace_substring_regex(at_home, _NO_DIGIT, "")
            yield _joined(names, pc.utf8_slice_codeunits(digits, -_LOCAL_DIGITS))
    homes = fold_homes(whole(people["address"]))
    plots = pc.extract_regex(homes, compact(_PLOT, homes))
    told = pc.binary_join_element_wise(plots.field(0), plots.field(1), "")
    yield _joined(names, where(plots.is_valid(), told))


def _joined(names: pyarrow.Array, keys: pyarrow.Array) -> pyarrow.Array:
    is_whole = pc.greater(pc.utf8_length(names), 1)
    return where(is_whole, pc.binary_join_element_wise(names, keys, "|"))
