"""Everybody the shop knows, looked for in texts: customers by name, contact and home, cars by their numbers.

There are far more people than distinct texts. So the texts are cut into runs of up to four characters first,
and only people of whom something begins with such a run are looked for in full.
"""

import string
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import are_ascii_words, whole
from transforms.mentions import CAR_COLUMNS, Mentions, identities
from transforms.reading.ascii_columns import without
from transforms.reading.folded_columns import fold_names, squeezed, squeezed_addresses

_RUN = 4
_SHORTEST = 2
_LOCAL_DIGITS = 7
_NO_DIGITS = string.ascii_letters + string.punctuation
_PHONES = ("phone", "mobile_phone", "fax")


class Everybody:
    """Finds the people and cars of a shop in texts."""

    def __init__(self, people: pyarrow.Table, *cars: pyarrow.Table) -> None:
        """Take all people (`PERSON_COLUMNS`) and cars (`CAR_COLUMNS`)."""
        self._people, self._cars = people, cars

    def folded(self) -> "Everybody":
        """Fold all of them now, not when the first text is looked at; give itself."""
        _ = self._beginnings, self._beginnings_of_cars
        return self

    def in_free_text(self, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts that hold a name, a contact, an address or a number of a car."""
        runs = _runs(texts)
        people = self._people.filter(_begins_with(self._beginnings, runs))
        cars = [
            table.filter(_begins_with(beginnings, runs))
            for table, beginnings in zip(self._cars, self._beginnings_of_cars, strict=True)
        ]
        return Mentions(identities(people, *cars)).in_free_text(texts)

    @cached_property
    def _beginnings(self) -> list[pyarrow.Array]:
        """Give, column by column, how what people are known by begins, as it is folded to be looked for."""
        folded = [squeezed(fold_names(whole(self._people[n]))) for n in ("name", "name_kana")]
        folded += [squeezed(whole(self._people["email"]))]
        folded += [squeezed_addresses(whole(self._people["address"]))]
        for name in _PHONES:
            digits = _digits(whole(self._people[name]))
            folded += [digits, pc.utf8_slice_codeunits(digits, -_LOCAL_DIGITS)]
        return [pc.utf8_slice_codeunits(column, 0, _RUN) for column in folded]

    @cached_property
    def _beginnings_of_cars(self) -> list[list[pyarrow.Array]]:
        return [
            [pc.utf8_slice_codeunits(squeezed(whole(table[name])), 0, _RUN) for name in CAR_COLUMNS]
            for table in self._cars
        ]


def _digits(phones: pyarrow.Array) -> pyarrow.Array:
    """Fold phone numbers as they are looked for: digits only, +81 as the zero it stands for."""
    if are_ascii_words(phones):
        digits = without(phones, _NO_DIGITS)
    else:
        digits = pc.replace_substring_regex(pc.utf8_normalize(phones, form="NFKC"), r"\D", "")
    if not pc.any(pc.starts_with(digits, "81")).as_py():
        return digits
    return pc.replace_substring_regex(digits, r"^810?(\d{9,})$", r"0\1")


def _begins_with(beginnings: list[pyarrow.Array], runs: pyarrow.Array) -> pyarrow.Array:
    mask = np.zeros(len(beginnings[0]), bool)
    for column in beginnings:
        mask |= pc.is_in(column, value_set=runs).to_numpy(zero_copy_only=False)
    return pyarrow.array(mask)


def _runs(texts: pyarrow.Array) -> pyarrow.Array:
    """Give every run of two to four characters in the folded texts."""
    found = set[str]()
    for text in _folded(texts):
        for length in range(_SHORTEST, _RUN + 1):
            found.update(text[n : n + length] for n in range(len(text) - length + 1))
    return pyarrow.array(sorted(found), pyarrow.string())


def _folded(texts: pyarrow.Array) -> Iterator[str]:
    for fold in (squeezed, squeezed_addresses):
        yield from (text for text in fold(texts).to_pylist() if text)
