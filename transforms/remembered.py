"""By what refusers are known in other people's rows when no row of theirs is left: keyed digests only.

Whoever is erased leaves no name to look for. So what `mentions` and `gating` look for is remembered while
it is there: names, contacts that are one person's, homes, and what tells a relative's row. Cars are not:
they get other keepers.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from schemas.staging import UNREAD
from transforms.arrays import is_among, whole, without_empty
from transforms.identity import IDENTITY_COLUMNS, Digest, own_contacts
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

_NAME, _LENGTH, _CONTACT, _PHONE, _LOCAL, _HOME, _RELATIVE, _GIVEN, _BORN = (
    *("called", "length", "reached", "phone", "local", "lives"),
    *("relative", "given", "born"),
)
"""What a digest is of: a name, and how long names are; an own contact, any telephone number, its last digits,
a home; a name with a birth date, what may be a given name or a birth date with a home."""

OF_NAME_AND_READING = 2
"""Groups of marks below are of the name and of its reading."""

OF_HOME, OF_MORE, _OF_NUMBERS = 6, 7, 8
"""The groups of homes, and of what is made of several columns; those below are of one column's own contacts.

Those from the last on are of its number, whosever it is: one that is nobody's own replaces none that is.
"""

_ANYBODY, _SOMEBODY_DATED = "any", "dated"
"""In place of a birth date: whose is not known, and whose is not asked."""

_SHORTEST_NAME, _SHORTEST_READING, _LONGEST_NAME = 2, 4, 60

LOCAL_DIGITS = 7
"""Of a number, without its area code."""

_LONG_RUN = re.compile(f"[0-9]{{{LOCAL_DIGITS},}}")
_PIECE = 1 << 18
"""Characters looked at once."""

_NUMBER_BEFORE_AT = "^(0[5-9]0)-?([0-9]{4})-?([0-9]{4})@.*$"
"""An address made of the number of a mobile (RE2)."""

_Told = tuple[int, str, pyarrow.Array, np.ndarray]
"""The group of marks, what a text is of, texts, and the row of each."""


@dataclass(frozen=True)
class Marks:
    """Digests (uint64), the row each is of, and its group: from which column it is."""

    digests: np.ndarray
    rows: np.ndarray
    groups: np.ndarray


def marks_of(people: pyarrow.Table, digest: Digest) -> Marks:
    """Give the digests by which people are known in others' rows.

    Args:
        people: `IDENTITY_COLUMNS`.
        digest: the keyed digest of the shop's ledger.
    """
    told = list(_told(people))
    texts = pyarrow.concat_arrays([_of(kind, each) for _, kind, each, _ in told])
    rows = np.concatenate([rows for *_, rows in told])
    groups = np.repeat(
        np.array([group for group, *_ in told], np.uint8), [len(texts) for *_, texts, _ in told]
    )
    is_there = texts.is_valid()
    mask = is_there.to_numpy(zero_copy_only=False)
    digests = digest(texts.filter(is_there)).to_numpy(zero_copy_only=False)
    return Marks(digests.astype(np.uint64), rows[mask], groups[mask])


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
    marks = marks_of(people, digest)
    known = pd.DataFrame({"row": rows[marks.rows], "group": marks.groups, "digest": marks.digests})
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
    rest = np.setdiff1d(remembered, marks_of(theirs, digest).digests)
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
                for start in range(0, len(text), _PIECE):
                    piece = text[start : start + _PIECE + length - 1]
                    hits[folded.places(start + self._places_of_names(piece, length))] = True
            return hits

        return self._in_distinct(cells, named)

    def _places_of_names(self, text: str, length: int) -> np.ndarray:
        """Give where in a text a name of this length begins."""
        runs = list({text[start : start + length] for start in range(len(text) - length + 1)})
        is_name = self._are(_NAME, pyarrow.array(runs, pyarrow.string()))
        names = [runs[place] for place in np.flatnonzero(is_name).tolist()]
        found = [
            match.start() for name in names for match in re.finditer(f"(?={re.escape(name)})", text)
        ]
        return np.array(found, np.int64)

    def _hold_last_digits(self, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts with a run of digits that holds the last of a number of theirs."""
        runs = [
            (run[start : start + LOCAL_DIGITS], place)
            for place, text in enumerate(squeezed(texts).to_pylist())
            for run in _LONG_RUN.findall(text)
            for start in range(len(run) - LOCAL_DIGITS + 1)
        ]
        digits = pyarrow.array([run for run, _ in runs], pyarrow.string())
        places = np.array([place for _, place in runs], np.int64)
        return self._have_one(_LOCAL, digits, places, len(texts))

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
        hits |= self._hold_last_digits(texts)
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
    for place, column in enumerate((*PHONE_COLUMNS, "email")):
        contacts, rows = own_contacts(_only(people, (column,)))
        yield OF_NAME_AND_READING + place, _CONTACT, contacts, rows
        if column in PHONE_COLUMNS:
            numbers = whole(people[column])
            yield _OF_NUMBERS + place, _PHONE, numbers, every
            yield _OF_NUMBERS + place, _LOCAL, _last_digits(numbers), every
    contacts, rows = own_contacts(_only(people, (UNREAD,)))
    yield OF_MORE, _CONTACT, contacts, rows
    for home in _homes(whole(people["address"])):
        yield OF_HOME, _HOME, home, every
    births = whole(people["birth_on"]).cast(pyarrow.string())
    is_dated = pc.if_else(
        births.is_valid(), _SOMEBODY_DATED, pyarrow.scalar(None, pyarrow.string())
    )
    households = _households(people)
    for group, (column, shortest) in enumerate(
        (("name", _SHORTEST_NAME), ("name_kana", _SHORTEST_READING))
    ):
        names = without_empty(squeezed(fold_names(whole(people[column]))))
        long_enough = _at_least(names, shortest)
        yield group, _NAME, long_enough, every
        yield OF_MORE, _LENGTH, pc.utf8_length(long_enough).cast(pyarrow.string()), every
        yield (
            OF_MORE,
            _RELATIVE,
            joined(names, pc.coalesce(births, pyarrow.scalar(_ANYBODY))),
            every,
        )
        yield OF_MORE, _RELATIVE, joined(names, is_dated), every
        for given in _endings(names):
            for household in households:
                yield OF_MORE, _GIVEN, joined(given, household), every
    for household in households:
        yield OF_MORE, _BORN, joined(births, household), every


def _only(people: pyarrow.Table, columns: tuple[str, ...]) -> pyarrow.Table:
    """Give the people with nothing but these columns."""
    nothing = pyarrow.nulls(len(people), pyarrow.string())
    return pyarrow.table(
        {name: whole(people[name]) if name in columns else nothing for name in IDENTITY_COLUMNS}
    )


def _last_digits(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give the last digits of numbers that have an area code before them."""
    digits = pc.replace_substring_regex(numbers, "[^0-9]", "")
    has_more = pc.greater(pc.utf8_length(digits), LOCAL_DIGITS)
    return _where(has_more, pc.utf8_slice_codeunits(digits, -LOCAL_DIGITS))


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
