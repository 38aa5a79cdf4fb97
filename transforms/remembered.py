"""By what refusers are known in other people's rows when no row of theirs is left: keyed digests only.

Whoever is erased leaves no name to look for. So what `mentions` and `gating` look for is remembered while
it is there: names, contacts that are one person's, homes, and what tells a relative's row. Cars are not:
they get other keepers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import is_among, whole, without_empty
from transforms.identity import Digest, own_contacts
from transforms.meaning import Pairs
from transforms.number_texts import joined
from transforms.objections import MENTIONS
from transforms.reading.folded_columns import (
    SHORTEST_PLOT,
    fold_homes,
    fold_names,
    plots_of,
    squeezed,
    squeezed_addresses,
    squeezed_text,
)
from transforms.reading.passing_names import (
    endings_before_a_title,
    names_in_passing,
    without_remark,
)
from transforms.spare_contacts import contacts_within

_NAME, _LENGTH, _CONTACT, _PHONE, _HOME, _RELATIVE, _GIVEN, _BORN = (
    *("called", "length", "reached", "phone", "lives"),
    *("relative", "given", "born"),
)
"""What a digest is of: a name, and how long names are; an own contact, any telephone number, a home; a name
with a birth date, what may be a given name or a birth date with a home."""

_ANYBODY, _SOMEBODY_DATED = "any", "dated"
"""In place of a birth date: whose is not known, and whose is not asked."""

_SHORTEST_NAME, _SHORTEST_READING, _LONGEST_NAME = 2, 4, 60

_NUMBER_BEFORE_AT = "^(0[5-9]0)-?([0-9]{4})-?([0-9]{4})@.*$"
"""An address made of the number of a mobile (RE2)."""

_Told = tuple[str, pyarrow.Array, np.ndarray]
"""What a text is of, texts, and the row of each."""


def marks_of(people: pyarrow.Table, digest: Digest) -> tuple[np.ndarray, np.ndarray]:
    """Give the digests by which people are known in others' rows, and the row each is of.

    Args:
        people: `IDENTITY_COLUMNS`.
        digest: the keyed digest of the shop's ledger.
    """
    told = list(_told(people))
    texts = pyarrow.concat_arrays([_of(kind, each) for kind, each, _ in told])
    rows = np.concatenate([rows for _, _, rows in told])
    is_there = texts.is_valid()
    digests = digest(texts.filter(is_there)).to_numpy(zero_copy_only=False)
    return digests.astype(np.uint64), rows[is_there.to_numpy(zero_copy_only=False)]


@dataclass(frozen=True)
class Refusers:
    """Who objected to a partner.

    Args:
        rows: mask of their customer rows.
        gone: marks of those of whom no row with them is left (uint64).
    """

    rows: np.ndarray
    gone: np.ndarray


def mentions_of(
    pairs: Pairs, people: pyarrow.Table, numbers: np.ndarray, digest: Digest
) -> pyarrow.Table:
    """Give what is to be remembered of the persons that objections mean, as `MENTIONS`, in order.

    Args:
        pairs: who is meant, for certain or perhaps.
        people: `IDENTITY_COLUMNS` of the rows of the pairs, each once, in order.
        numbers: digests of the customer numbers of all rows (`Traits.number`).
        digest: the keyed digest of the shop's ledger.
    """
    rows = np.unique(pairs.rows)
    marks, places = marks_of(people, digest)
    known = pd.DataFrame({"row": rows[places], "digest": marks})
    whose = pd.DataFrame({"row": pairs.rows, "objection_id": pairs.objections.to_pylist()})
    told = whose.merge(known, on="row")
    told = told.assign(number=numbers[told["row"].to_numpy(np.int64)])[MENTIONS.names]
    told = told.drop_duplicates().sort_values(MENTIONS.names)
    return pyarrow.Table.from_pandas(told, MENTIONS, preserve_index=False)


def unseen(remembered: np.ndarray, theirs: pyarrow.Table, digest: Digest) -> np.ndarray:
    """Give the remembered marks that no row of today's refusers has; those rows are looked for plainly.

    Args:
        remembered: marks.
        theirs: `IDENTITY_COLUMNS` of the refusers' rows.
        digest: that made the marks.
    """
    rest = np.setdiff1d(remembered, marks_of(theirs, digest)[0])
    lengths = digest(_of(_LENGTH, _LENGTHS)).to_numpy().astype(np.uint64)
    # Which names are left is not known, and so all lengths stay.
    return np.union1d(rest, np.intersect1d(remembered, lengths)) if len(rest) else rest


@dataclass(frozen=True)
class Gone:
    """Finds people of whom nothing but digests is left.

    Args:
        marks: of `marks_of`, uint64.
        digest: the same keyed digest.
    """

    marks: np.ndarray
    digest: Digest

    @cached_property
    def _lengths(self) -> list[int]:
        """How many characters the names of these people have."""
        return (1 + np.flatnonzero(self._are(_LENGTH, _LENGTHS))).tolist()

    def are_contacts(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are, or hold, their own number or e-mail address, or one made of it."""
        if not len(self.marks):
            return np.zeros(len(cells), bool)
        numbers = pc.replace_substring_regex(cells, _NUMBER_BEFORE_AT, r"\1-\2-\3")
        mask = self._are(_CONTACT, pc.utf8_lower(cells)) | self._are(_CONTACT, numbers)
        return mask | self._have_one(_CONTACT, *contacts_within(cells), len(cells))

    def are_homes(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are their address as a whole."""
        if not len(self.marks):
            return np.zeros(len(cells), bool)
        plots = squeezed(fold_homes(cells))
        return self._are(_HOME, squeezed_addresses(cells)) | self._are(_HOME, plots)

    def in_names(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a name or address column that hold a contact, or a name in passing."""

        def named(texts: pyarrow.Array) -> np.ndarray:
            hits = self._have_one(_NAME, *names_in_passing(texts), len(texts))
            hits &= ~self._are(_NAME, squeezed(fold_names(texts)))
            titled = endings_before_a_title(squeezed(texts), self._lengths)
            return hits | self._have_one(_NAME, *titled, len(texts))

        return self._in_distinct(cells, named)

    def in_free_text(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold a name anywhere, or a contact."""

        def named(texts: pyarrow.Array) -> np.ndarray:
            hits = np.zeros(len(texts), bool)
            folded = squeezed_text(texts)
            text = folded.text
            for length in self._lengths:
                runs = [text[start : start + length] for start in range(len(text) - length + 1)]
                found = np.flatnonzero(self._are(_NAME, pyarrow.array(runs, pyarrow.string())))
                hits[folded.places(found)] = True
            return hits

        return self._in_distinct(cells, named)

    def _in_distinct(
        self, cells: pyarrow.Array, named: Callable[[pyarrow.Array], np.ndarray]
    ) -> np.ndarray:
        """Mask of the cells whose text names somebody, or holds a contact or any number of theirs."""
        if not len(self.marks) or cells.null_count == len(cells):
            return np.zeros(len(cells), bool)
        encoded = cells.dictionary_encode()
        texts = encoded.dictionary
        hits = named(texts) | self.are_contacts(texts) | self._are(_PHONE, texts)
        hits |= self._have_one(_PHONE, *contacts_within(texts), len(texts))
        found = pc.fill_null(pyarrow.array(hits).take(encoded.indices), fill_value=False)
        return np.asarray(found.to_numpy(zero_copy_only=False))

    def are_relatives(self, family: pyarrow.Table, holders: pyarrow.Table) -> np.ndarray:
        """Mask of family rows that are one of them, by what `gating.named_relatives` asks.

        Args:
            family: `gating.FAMILY_COLUMNS`.
            holders: `IDENTITY_COLUMNS` of the customer each is entered under.
        """
        if not len(self.marks):
            return np.zeros(len(family), bool)
        names = without_empty(squeezed(without_remark(fold_names(whole(family["name"])))))
        births = whole(family["birth_on"]).cast(pyarrow.string())
        clues = [
            (_RELATIVE, joined(names, pyarrow.scalar(_ANYBODY))),
            (_RELATIVE, joined(names, pc.coalesce(births, pyarrow.scalar(_SOMEBODY_DATED)))),
        ]
        nameless = pc.if_else(names.is_null(), births, pyarrow.scalar(None, pyarrow.string()))
        for home in _households(holders):
            clues += [(_GIVEN, joined(names, home)), (_BORN, joined(nameless, home))]
        mask = self.in_names(whole(family["name"]))
        for kind, texts in clues:
            mask |= self._are(kind, texts)
        return mask

    def _are(self, kind: str, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts that are remembered as being of this kind."""
        if not len(self.marks):
            return np.zeros(len(texts), bool)
        digests = pc.fill_null(self.digest(_of(kind, texts)), 0).to_numpy(zero_copy_only=False)
        return is_among(digests, self.marks)

    def _have_one(
        self, kind: str, texts: pyarrow.Array, places: np.ndarray, count: int
    ) -> np.ndarray:
        """Mask of the cells at whose places one of the texts is remembered."""
        mask = np.zeros(count, bool)
        mask[places[self._are(kind, texts)]] = True
        return mask


_LENGTHS = pyarrow.array([str(length) for length in range(1, _LONGEST_NAME + 1)])

NOBODY = Gone(np.array([], np.uint64), lambda texts: pyarrow.nulls(len(texts), pyarrow.uint64()))
"""Nobody is gone."""


def _told(people: pyarrow.Table) -> Iterator[_Told]:
    every = np.arange(len(people))
    contacts, rows = own_contacts(people)
    yield _CONTACT, contacts, rows
    for column in PHONE_COLUMNS:
        yield _PHONE, whole(people[column]), every
    for home in _homes(whole(people["address"])):
        yield _HOME, home, every
    births = whole(people["birth_on"]).cast(pyarrow.string())
    is_dated = pc.if_else(
        births.is_valid(), _SOMEBODY_DATED, pyarrow.scalar(None, pyarrow.string())
    )
    households = _households(people)
    for column, shortest in (("name", _SHORTEST_NAME), ("name_kana", _SHORTEST_READING)):
        names = without_empty(squeezed(fold_names(whole(people[column]))))
        long_enough = _at_least(names, shortest)
        yield _NAME, long_enough, every
        yield _LENGTH, pc.utf8_length(long_enough).cast(pyarrow.string()), every
        yield _RELATIVE, joined(names, pc.coalesce(births, pyarrow.scalar(_ANYBODY))), every
        yield _RELATIVE, joined(names, is_dated), every
        for given in _endings(names):
            for household in households:
                yield _GIVEN, joined(given, household), every
    for household in households:
        yield _BORN, joined(births, household), every


def _endings(names: pyarrow.Array) -> Iterator[pyarrow.Array]:
    """Give all that may be the given name at the end of a name."""
    longest = int(pc.max(pc.utf8_length(names)).as_py() or 0)
    for length in range(1, min(longest, _LONGEST_NAME)):
        is_part = pc.greater(pc.utf8_length(names), length)
        yield _where(is_part, pc.utf8_slice_codeunits(names, -length))


def _households(customers: pyarrow.Table) -> tuple[pyarrow.Array, pyarrow.Array]:
    """Give by what people of one household are told: where they live, and its telephone."""
    return without_empty(fold_homes(whole(customers["address"]))), whole(customers["phone"])


def _homes(addresses: pyarrow.Array) -> Iterator[pyarrow.Array]:
    yield without_empty(squeezed_addresses(addresses))
    for plots in plots_of(fold_homes(addresses)):
        yield _at_least(plots, SHORTEST_PLOT)


def _of(kind: str, texts: pyarrow.Array) -> pyarrow.Array:
    return joined(pyarrow.scalar(kind), texts)


def _at_least(texts: pyarrow.Array, length: int) -> pyarrow.Array:
    return _where(pc.greater_equal(pc.utf8_length(texts), length), texts)


def _where(mask: pyarrow.Array, texts: pyarrow.Array) -> pyarrow.Array:
    return pc.if_else(mask, texts, pyarrow.scalar(None, pyarrow.string()))
