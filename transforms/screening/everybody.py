"""Everybody the shop knows, looked for in texts: customers by name, contact and home, cars by their numbers.

There are far more people than distinct texts. So the texts are cut into runs of up to four characters first,
and only people of whom something begins with such a run are looked for in full.
"""

import re
import string
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import are_ascii_words, mask_of
from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS, Mentions, identities, without_region
from transforms.reading.ascii_columns import without
from transforms.reading.contacts import LOCAL_DIGITS
from transforms.reading.folded_columns import fold_names, squeezed, squeezed_addresses

_RUN = 4
_SHORTEST = 2
_SHORT_KANA = re.compile("[ァ-ヶー]{1,3}")
"""A name that stands in half the words there are (リン, ジン)."""

_BEHIND_A_PERSON = ("様", "殿", "サン", "氏", "宅", "携帯", "ヨリ", "カラ", "ヘ")
"""What stands behind a word, folded, where it is somebody's name."""

_NO_DIGITS = string.ascii_letters + string.punctuation

Rows = Callable[[], Iterable[pyarrow.RecordBatch]]
"""Reads the rows of a table, the same each time."""


class Everybody:
    """Finds the people and cars of a shop in texts."""

    def __init__(self, people: Rows, *cars: Rows, terms: Collection[str] = ()) -> None:
        """Take all people (`PERSON_COLUMNS`) and cars (`CAR_COLUMNS`), and the words of the trade.

        A customer called スズキ or 代車 by whoever was in a hurry makes no name of these words, unless they
        are spoken of as of a person (スズキ携帯へ連絡).
        """
        self._terms = terms
        self._people = _Folded(people, PERSON_COLUMNS, _beginnings_of_people)
        self._cars = [_Folded(rows, CAR_COLUMNS, _beginnings_of_cars) for rows in cars]

    def folded(self) -> "Everybody":
        """Fold all of them now, not when the first text is looked at; give itself."""
        for table in (self._people, *self._cars):
            _ = table.beginnings
        return self

    def in_free_text(self, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts that hold a name, a contact, an address or a number of a car."""
        runs = _runs(texts)
        cars = (table.beginning_with(runs) for table in self._cars)
        people = identities(self._people.beginning_with(runs), *cars, is_of_refusers=False)
        words = {n for n in people.names if n in self._spared or _SHORT_KANA.fullmatch(n)}
        spoken_of = {f"{word}{behind}" for word in words for behind in _BEHIND_A_PERSON}
        names = people.names - words | spoken_of
        return Mentions(replace(people, names=names)).in_free_text(texts)

    @cached_property
    def _spared(self) -> frozenset[str]:
        """The words of the trade, as names are folded."""
        return frozenset(squeezed(pyarrow.array(sorted(self._terms), pyarrow.string())).to_pylist())


@dataclass(frozen=True)
class _Folded:
    """A table, and how what its rows are known by begins, as it is folded to be looked for."""

    rows: Rows
    columns: list[str]
    fold: Callable[[pyarrow.RecordBatch], Iterable[pyarrow.Array]]

    @cached_property
    def beginnings(self) -> list[list[pyarrow.DictionaryArray]]:
        """Give them batch by batch, column by column; many begin alike."""
        return [
            [
                pc.utf8_slice_codeunits(column, 0, _RUN).dictionary_encode()
                for column in self.fold(b)
            ]
            for b in self.rows()
        ]

    def beginning_with(self, runs: pyarrow.Array) -> pyarrow.Table:
        """Give the rows of which something begins with one of the runs."""
        chosen = [
            batch.filter(pyarrow.array(mask))
            for batch, columns in zip(self.rows(), self.beginnings, strict=True)
            if (mask := _any_among(columns, runs)).any()
        ]
        texts = pyarrow.schema([(name, pyarrow.string()) for name in self.columns])
        return pyarrow.Table.from_batches(chosen, texts)


def _any_among(columns: list[pyarrow.DictionaryArray], runs: pyarrow.Array) -> np.ndarray:
    mask = np.zeros(len(columns[0]), bool)
    for column in columns:
        is_run = pc.is_in(column.dictionary, value_set=runs)
        mask |= mask_of(is_run.take(column.indices))
    return mask


def _beginnings_of_people(people: pyarrow.RecordBatch) -> Iterator[pyarrow.Array]:
    for name in ("name", "name_kana"):
        yield squeezed(fold_names(people[name]))
    yield squeezed(people["email"])
    yield squeezed_addresses(people["address"])
    for name in PHONE_COLUMNS:
        digits = _digits(people[name])
        yield digits
        yield pc.utf8_slice_codeunits(digits, -LOCAL_DIGITS)


def _beginnings_of_cars(cars: pyarrow.RecordBatch) -> Iterator[pyarrow.Array]:
    folded = {name: squeezed(cars[name]) for name in CAR_COLUMNS}
    yield from folded.values()
    yield without_region(folded["plate"])


def _digits(phones: pyarrow.Array) -> pyarrow.Array:
    """Fold phone numbers as they are looked for: digits only, +81 as the zero it stands for."""
    if are_ascii_words(phones):
        digits = without(phones, _NO_DIGITS)
    else:
        digits = pc.replace_substring_regex(pc.utf8_normalize(phones, form="NFKC"), r"\D", "")
    if not pc.any(pc.starts_with(digits, "81")).as_py():
        return digits
    return pc.replace_substring_regex(digits, r"^810?(\d{9,})$", r"0\1")


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
