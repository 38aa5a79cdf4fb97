"""By what refusers are known in other people's rows when no row of theirs is left: keyed digests only.

Whoever is erased leaves no name to look for. So what `mentions` and `gating` look for is remembered while
it is there: names, contacts that are one person's, homes, and what tells a relative's row. Cars are not:
they get other keepers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

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
)
from transforms.reading.passing_names import endings_before_a_title, names_in_passing
from transforms.spare_contacts import contacts_within

_NAME, _CONTACT, _HOME, _RELATIVE, _GIVEN, _BORN = (
    *("called", "reached", "lives"),
    *("relative", "given", "born"),
)
"""What a digest is of: a name, an own contact, a home; a name with a birth date, a given name or a birth
date with a home."""

_ANYBODY, _SOMEBODY_DATED = "any", "dated"
"""In place of a birth date: whose is not known, and whose is not asked."""

_SHORTEST_NAME, _SHORTEST_READING = 2, 4
_NAME_LENGTHS = range(_SHORTEST_NAME, 11)
_GIVEN_LENGTHS = range(1, 4)

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


def mentions_of(pairs: Pairs, people: pyarrow.Table, digest: Digest) -> pyarrow.Table:
    """Give what is to be remembered of the persons that objections mean, as `MENTIONS`.

    Args:
        pairs: who is meant for certain.
        people: `IDENTITY_COLUMNS` of the rows of the pairs, each once, in order.
        digest: the keyed digest of the shop's ledger.
    """
    marks, places = marks_of(people, digest)
    known = pd.DataFrame({"row": np.unique(pairs.rows)[places], "digest": marks})
    whose = pd.DataFrame({"row": pairs.rows, "objection_id": pairs.objections.to_pylist()})
    told = whose.merge(known, on="row")[MENTIONS.names].drop_duplicates()
    return pyarrow.Table.from_pandas(
        told.sort_values(MENTIONS.names), MENTIONS, preserve_index=False
    )


@dataclass(frozen=True)
class Gone:
    """Finds people of whom nothing but digests is left.

    Args:
        marks: of `marks_of`, uint64.
        digest: the same keyed digest.
    """

    marks: np.ndarray
    digest: Digest

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
        if not len(self.marks) or cells.null_count == len(cells):
            return np.zeros(len(cells), bool)
        encoded = cells.dictionary_encode()
        texts = encoded.dictionary
        named = names_in_passing(texts)
        hits = self._have_one(_NAME, *named, len(texts))
        hits &= ~self._are(_NAME, squeezed(fold_names(texts)))
        titled = endings_before_a_title(squeezed(texts), _NAME_LENGTHS)
        hits |= self._have_one(_NAME, *titled, len(texts))
        hits |= self.are_contacts(texts)
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
        names = without_empty(squeezed(fold_names(whole(family["name"]))))
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


NOBODY = Gone(np.array([], np.uint64), lambda texts: pyarrow.nulls(len(texts), pyarrow.uint64()))
"""Nobody is gone."""


def _told(people: pyarrow.Table) -> Iterator[_Told]:
    every = np.arange(len(people))
    contacts, rows = own_contacts(people)
    yield _CONTACT, contacts, rows
    for home in _homes(whole(people["address"])):
        yield _HOME, home, every
    births = whole(people["birth_on"]).cast(pyarrow.string())
    is_dated = pc.if_else(
        births.is_valid(), _SOMEBODY_DATED, pyarrow.scalar(None, pyarrow.string())
    )
    households = _households(people)
    for column, shortest in (("name", _SHORTEST_NAME), ("name_kana", _SHORTEST_READING)):
        names = without_empty(squeezed(fold_names(whole(people[column]))))
        yield _NAME, _at_least(names, shortest), every
        yield _RELATIVE, joined(names, pc.coalesce(births, pyarrow.scalar(_ANYBODY))), every
        yield _RELATIVE, joined(names, is_dated), every
        for given in _given_names(whole(people[column]), names):
            for household in households:
                yield _GIVEN, joined(given, household), every
    for household in households:
        yield _BORN, joined(births, household), every


def _given_names(written: pyarrow.Array, folded: pyarrow.Array) -> Iterator[pyarrow.Array]:
    """Give what may be the given name: the last of several words, and the last characters."""
    last = pc.replace_substring_regex(
        pc.utf8_normalize(written, form="NFKC"), r"^.*\s(\S+)\s*$", r"\1"
    )
    own = squeezed(fold_names(last))
    yield _where(pc.not_equal(own, folded), own)
    for length in _GIVEN_LENGTHS:
        is_part = pc.greater(pc.utf8_length(folded), length)
        yield _where(is_part, pc.utf8_slice_codeunits(folded, -length))


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
