"""Somebody without any number who objected: what is kept of what they said, and which cards are near it.

All of it is keyed digests. Cards are compared as `near_cards` compares them with those of objectors, as far
as digests can tell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow

from schemas.objections import OF_SELF, SAID, reference_of
from transforms.arrays import is_among
from transforms.card_texts import (
    GIVEN_KANA,
    GIVEN_LETTERS,
    Card,
    births_of,
    cards_of,
    keys_beside,
    names_of,
)
from transforms.identity import own_contacts, traits_of
from transforms.marks import ANYBODY, CONTACT, NAME, in_order, marks_of, of_kind
from transforms.number_texts import Digest, digested
from transforms.objections import MENTIONS

_NEAR, _MORE, _END, _WITHIN, _BORN, _READ, _BESIDE = (
    *("near", "near more", "near end", "near within"),
    *("near born", "near read", "near beside"),
)
"""What a digest is of: that anybody is to be looked for at all; of an own contact with another place, the
end of a name, any two letters of it, a birth date, the end of a reading; of a name with part of a place."""

_OF_NEAR = 7
"""The group of marks that are made of several answers."""

_ANYONE = "anyone"
_PIECE = np.dtype([("group", "u1"), ("digest", "<u8")])


@dataclass(frozen=True)
class Said:
    """What somebody said of themselves, as marks: `group` and `digest`, sorted, each once."""

    marks: np.ndarray

    @classmethod
    def of(cls, outsider: pyarrow.Table, digest: Digest) -> "Said":
        """Digest what somebody said.

        Args:
            outsider: `IDENTITY_COLUMNS`, one row.
            digest: the keyed digest of the shop's ledger.
        """
        known = marks_of(outsider, digest)
        own = traits_of(outsider, digest).digests()
        near = digested(pyarrow.array(list(_near_texts(outsider)), pyarrow.string()), digest)
        groups = [known.groups, np.full(len(own), OF_SELF), np.full(len(near), _OF_NEAR)]
        marks = np.empty(len(known.digests) + len(own) + len(near), _PIECE)
        marks["group"] = np.concatenate(groups)
        marks["digest"] = np.concatenate([known.digests, own, near])
        return cls(np.unique(marks))

    @property
    def reference(self) -> str:
        """By what the objection names them, which vouches for all marks."""
        return reference_of(self.marks.tobytes())

    @property
    def identity(self) -> list[int]:
        """The marks by which a customer's row is known to be theirs."""
        return [int(mark) for mark in self.marks["digest"][self.marks["group"] == OF_SELF]]

    def mentions(self, objections: Sequence[str]) -> pyarrow.Table:
        """Give what is to be remembered, as `MENTIONS`, in order."""
        columns = {
            "objection_id": np.repeat(np.array(objections, object), len(self.marks)),
            "number": np.full(len(objections) * len(self.marks), SAID, np.uint64),
            "group": np.tile(self.marks["group"], len(objections)),
            "digest": np.tile(self.marks["digest"].astype(np.uint64), len(objections)),
        }
        return in_order(pyarrow.table(columns, MENTIONS).to_pandas())


def _near_texts(outsider: pyarrow.Table) -> Iterator[str]:
    """Give what tells that a card is near somebody."""
    (card,) = cards_of(outsider)
    yield _text(_NEAR, _ANYONE)
    for contact in card.contacts:
        for place in _places_beside(contact, card):
            yield _text(_MORE, contact, place)
        yield from (_text(_WITHIN, contact, two) for two in _pairs_of_letters(card.name))
        if _end_of(card.name):
            yield _text(_END, contact, _end_of(card.name))
        yield _text(_BORN, contact, card.birth or ANYBODY)
        yield _text(_READ, contact, card.reading[-GIVEN_KANA:] or ANYBODY)
    for keys in keys_beside(outsider, names_of(outsider)):
        for key in keys.drop_null().to_pylist():
            yield _text(_BESIDE, key, _ANYONE)
            yield _text(_BESIDE, key, card.birth or ANYBODY)


@dataclass(frozen=True)
class NearOutsiders:
    """Finds the cards near outsiders.

    Args:
        marks: of all of them (uint64), and perhaps of others.
        digest: the keyed digest of the shop's ledger.
    """

    marks: np.ndarray
    digest: Digest

    @cached_property
    def are_any(self) -> bool:
        """Whether there is anybody to look for."""
        return self._have({_text(_NEAR, _ANYONE)})

    def are_near(self, customers: pyarrow.RecordBatch) -> np.ndarray:
        """Mask of the customers whose card may be an outsider's.

        Args:
            customers: `IDENTITY_COLUMNS`.
        """
        mask = np.zeros(customers.num_rows, bool)
        names = names_of(customers)
        bears = np.flatnonzero(self._are(of_kind(NAME, names)))
        few = customers.take(pyarrow.array(bears))
        births = births_of(few).to_pylist()
        for keys in keys_beside(few, names.take(pyarrow.array(bears))):
            for row, key, birth in zip(bears.tolist(), keys.to_pylist(), births, strict=True):
                mask[row] |= key is not None and self._are_born_alike(_BESIDE, key, birth, _ANYONE)
        contacts, rows = own_contacts(customers)
        shares = np.zeros(customers.num_rows, bool)
        shares[rows[self._are(of_kind(CONTACT, contacts))]] = True
        cards = cards_of(customers.filter(pyarrow.array(shares)))
        mask[shares] |= np.array([self._is_near(card) for card in cards], bool)
        return mask

    def _is_near(self, card: Card) -> bool:
        return any(self._is_near_by(contact, card) for contact in card.contacts)

    def _is_near_by(self, contact: str, card: Card) -> bool:
        """Tell whether a card with a contact in common may be an outsider's, as `Card.may_be` does."""
        end = _end_of(card.name)
        read = {_text(_READ, contact, each) for each in (card.reading[-GIVEN_KANA:], ANYBODY)}
        called_alike = read | ({_text(_END, contact, end)} if end else set())
        if not self._are_born_alike(_BORN, contact, card.birth) or (
            card.reading and not self._have(called_alike)
        ):
            return False
        more = {_text(_MORE, contact, place) for place in _places_beside(contact, card)}
        more |= {_text(_END, contact, two) for two in _pairs_of_letters(card.name)}
        more |= {_text(_WITHIN, contact, end)} if end else set()
        return self._have(more)

    def _are_born_alike(self, kind: str, key: str, birth: str, unknown: str = "") -> bool:
        """Tell whether no two birth dates tell a card from who has the key; `unknown` stands for no date."""
        if not birth:
            return not unknown or self._have({_text(kind, key, unknown)})
        return self._have({_text(kind, key, each) for each in (birth, ANYBODY)})

    def _have(self, texts: set[str]) -> bool:
        return bool(self._are(pyarrow.array(sorted(texts), pyarrow.string())).any())

    def _are(self, texts: pyarrow.Array) -> np.ndarray:
        return is_among(digested(texts, self.digest), self.marks)


def _places_beside(contact: str, card: Card) -> Iterator[str]:
    """Give the other contacts of a card, and its home."""
    yield from card.contacts - {contact}
    if card.home:
        yield card.home


def _pairs_of_letters(name: str) -> set[str]:
    return {name[n : n + GIVEN_LETTERS] for n in range(len(name) - GIVEN_LETTERS + 1)}


def _end_of(name: str) -> str:
    """Give the last letters of a name, mostly the given one; nothing if there are too few."""
    end = name[-GIVEN_LETTERS:]
    return end if len(end) == GIVEN_LETTERS and end.isalpha() else ""


def _text(kind: str, *parts: str) -> str:
    return "|".join((kind, *parts))
