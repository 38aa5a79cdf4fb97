"""Finding refusers of whom nothing but marks is left, as `mentions` and `gating` find those in records."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import is_among, mask_of, where, whole, without_empty
from transforms.marks import (
    ANYBODY,
    BORN,
    CONTACT,
    GIVEN,
    HOME,
    LENGTH,
    LENGTHS,
    LOCAL,
    NAME,
    PHONE,
    RELATIVE,
    SOMEBODY_DATED,
    households_of,
    of_kind,
)
from transforms.number_texts import Digest, digested, joined
from transforms.reading.contacts import LOCAL_DIGITS
from transforms.reading.folded_columns import (
    fold_homes,
    fold_names,
    plain_text,
    squeezed,
    squeezed_addresses,
    squeezed_text,
)
from transforms.reading.given_names import WHOLE_NAME, given_names
from transforms.reading.joined_text import JoinedText
from transforms.reading.passing_names import (
    endings_before_a_title,
    names_in_passing,
    whole_names,
    without_remark,
)
from transforms.spare_contacts import contacts_within

_LONG_RUN = re.compile(f"[0-9]{{{LOCAL_DIGITS},}}")
_PIECE = 1 << 18
"""Characters looked at once."""

_BLANKS = r"[\s\x{3000}]+"
_PLAIN_NAME = r"^[\p{Han}\p{Hiragana}\p{Katakana}ー\s\x{3000}]+$"
"""A name in which nothing is spelt out when it is folded (RE2)."""

_OWN_WITHIN = (
    r"[@＠]|[0０][^\pN]*[5-9５-９][^\pN]*[0０](?:[^\pN]*\pN){6}"
    r"|[5-9５-９][^\pN]*[0０](?:[^\pN]*\pN){8}"
)
"""What a cell has that holds one person's number (0[5-9]0-, or without its zero) or e-mail address (RE2);
chassis numbers (ZVW50-1234567) have not."""

_NUMBER_BEFORE_AT = "^(0[5-9]0)-?([0-9]{4})-?([0-9]{4})@.*$"
"""An address made of the number of a mobile (RE2)."""


@dataclass(frozen=True)
class Refusers:
    """Who objected to a partner.

    Args:
        rows: mask of their customer rows.
        gone: marks of those of whom no row with them is left (uint64).
    """

    rows: np.ndarray
    gone: np.ndarray

    def are(self, others: "Refusers") -> bool:
        """Tell whether these are the same."""
        return np.array_equal(self.rows, others.rows) and np.array_equal(self.gone, others.gone)


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
        return (1 + np.flatnonzero(self.are(LENGTH, LENGTHS))).tolist()

    def are_contacts(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are, or hold, their own number or e-mail address, or one made of it."""
        if not len(self.marks):
            return np.zeros(len(cells), bool)
        return self._hold_contacts(cells, CONTACT)

    def _hold_contacts(self, cells: pyarrow.Array, *kinds: str) -> np.ndarray:
        """Mask of the cells that are, hold, or are made of, a contact of one of these kinds."""
        numbers = pc.replace_substring_regex(cells, _NUMBER_BEFORE_AT, r"\1-\2-\3")
        told = cells
        if kinds == (CONTACT,):
            told = where(pc.match_substring_regex(cells, _OWN_WITHIN), cells)
        within, mask = contacts_within(told), np.zeros(len(cells), bool)
        lowered = pc.utf8_lower(cells)
        others = np.flatnonzero(mask_of(pc.not_equal(numbers, lowered)))
        numbers = numbers.take(pyarrow.array(others))
        for kind in kinds:
            mask |= self.are(kind, lowered)
            mask |= self._have_one(kind, numbers, others, len(cells))
            mask |= self._have_one(kind, *within, len(cells))
        return mask

    def are_homes(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are their address as a whole."""
        if not len(self.marks):
            return np.zeros(len(cells), bool)
        plots = squeezed(fold_homes(cells))
        return self.are(HOME, squeezed_addresses(cells)) | self.are(HOME, plots)

    def in_names(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a name or address column that hold a contact, or a name in passing."""
        lengths = pyarrow.array(self._lengths, pyarrow.int32())

        def named(texts: pyarrow.Array, folded: JoinedText) -> np.ndarray:
            longer = np.flatnonzero(~self._are_too_short(texts))
            some = texts.take(pyarrow.array(longer))
            hits = np.zeros(len(texts), bool)
            names, places = names_in_passing(some)
            is_as_long = mask_of(pc.is_in(pc.utf8_length(names), value_set=lengths))
            names = names.filter(pyarrow.array(is_as_long))
            hits[longer] = self._have_one(NAME, names, places[is_as_long], len(some))
            # Who is called so as a whole is perhaps a namesake.
            hits[hits] = ~self.are(NAME, whole_names(texts.filter(pyarrow.array(hits))))
            titled = endings_before_a_title(folded, self._lengths)
            return hits | self._have_one(NAME, *titled, len(texts))

        return self._in_distinct(cells, named)

    def _are_too_short(self, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the plain names with too few characters for one of these names and more around it."""
        if not self._lengths:
            return np.ones(len(texts), bool)
        is_plain = mask_of(pc.match_substring_regex(texts, _PLAIN_NAME))
        letters = pc.utf8_length(pc.replace_substring_regex(texts, _BLANKS, ""))
        return is_plain & (pc.fill_null(letters, 0).to_numpy() <= min(self._lengths))

    def in_free_text(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold a name anywhere, or a contact."""

        def named(texts: pyarrow.Array, folded: JoinedText) -> np.ndarray:
            hits, text = np.zeros(len(texts), bool), folded.text
            for length in self._lengths:
                for start in range(0, len(text), _PIECE):
                    piece = text[start : start + _PIECE + length - 1]
                    hits[folded.places(start + self._places_of_names(piece, length))] = True
            return hits

        return self._in_distinct(cells, named)

    def _places_of_names(self, text: str, length: int) -> np.ndarray:
        """Give where in a text a name of this length begins."""
        runs = list({text[start : start + length] for start in range(len(text) - length + 1)})
        is_name = self.are(NAME, pyarrow.array(runs, pyarrow.string()))
        names = [runs[place] for place in np.flatnonzero(is_name).tolist()]
        found = [
            match.start() for name in names for match in re.finditer(f"(?={re.escape(name)})", text)
        ]
        return np.array(found, np.int64)

    def _hold_last_digits(self, folded: pyarrow.Array) -> np.ndarray:
        """Mask of the folded texts with a run of digits that holds the last of a number of theirs."""
        long = np.flatnonzero(mask_of(pc.match_substring_regex(folded, _LONG_RUN.pattern)))
        texts = folded.take(pyarrow.array(long)).to_pylist()
        runs = [
            (run[start : start + LOCAL_DIGITS], place)
            for place, text in zip(long.tolist(), texts, strict=True)
            for run in _LONG_RUN.findall(text)
            for start in range(len(run) - LOCAL_DIGITS + 1)
        ]
        digits = pyarrow.array([run for run, _ in runs], pyarrow.string())
        places = np.array([place for _, place in runs], np.int64)
        return self._have_one(LOCAL, digits, places, len(folded))

    def _in_distinct(
        self, cells: pyarrow.Array, named: Callable[[pyarrow.Array, JoinedText], np.ndarray]
    ) -> np.ndarray:
        """Mask of the cells whose text names somebody, or holds a contact or any number of theirs."""
        if not len(self.marks) or cells.null_count == len(cells):
            return np.zeros(len(cells), bool)
        encoded = cells.dictionary_encode()
        texts = encoded.dictionary
        folded = squeezed_text(plain_text(texts))
        hits = named(texts, folded) | self._hold_contacts(texts, CONTACT, PHONE)
        hits |= self._hold_last_digits(folded.cells())
        return mask_of(pyarrow.array(hits).take(encoded.indices))

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
            (RELATIVE, joined(names, pyarrow.scalar(ANYBODY))),
            (RELATIVE, joined(names, pc.coalesce(births, pyarrow.scalar(SOMEBODY_DATED)))),
        ]
        is_no_whole_name = pc.less(pc.utf8_length(pc.fill_null(names, "")), WHOLE_NAME)
        unnamed = where(is_no_whole_name, births)
        mask = self.in_names(whole(family["name"]))
        # Which of two words is a given name only the person's own row would tell.
        given, places = given_names(whole(family["name"]))[0]
        for home in households_of(holders):
            clues.append((BORN, joined(unnamed, home)))
            own = joined(given, home.take(pyarrow.array(places)))
            mask |= self._have_one(GIVEN, own, places, len(family))
        for kind, texts in clues:
            mask |= self.are(kind, texts)
        return mask

    def are(self, kind: str, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts that are remembered as being of this kind."""
        if not len(self.marks):
            return np.zeros(len(texts), bool)
        return is_among(digested(of_kind(kind, texts), self.digest), self.marks)

    def _have_one(
        self, kind: str, texts: pyarrow.Array, places: np.ndarray, count: int
    ) -> np.ndarray:
        """Mask of the cells at whose places one of the texts is remembered."""
        mask = np.zeros(count, bool)
        mask[places[self.are(kind, texts)]] = True
        return mask


NOBODY = Gone(np.array([], np.uint64), lambda texts: pyarrow.nulls(len(texts), pyarrow.uint64()))
"""Nobody is gone."""
