"""Customers' cards near objectors of whom nothing but digests is left; `near_cards` finds the others."""

from dataclasses import dataclass

import numpy as np
import pyarrow

from transforms.card_texts import (
    GIVEN_KANA,
    Card,
    births_of,
    cards_of,
    end_of,
    keys_beside,
    names_of,
)
from transforms.identity import own_contacts
from transforms.marks import CONTACT, NAME, NEAR
from transforms.near_marks import (
    ANYONE,
    BESIDE,
    BORN_WITH,
    END,
    MORE,
    READ,
    UNKNOWN,
    WITHIN,
    near_text,
    pairs_of_letters,
    places_beside,
)
from transforms.remembered import Gone


@dataclass(frozen=True)
class NearGone:
    """Finds the cards near people of whom nothing but digests is left."""

    gone: Gone

    def are_near(self, customers: pyarrow.RecordBatch) -> np.ndarray:
        """Mask of the customers whose card may be theirs.

        Args:
            customers: `IDENTITY_COLUMNS`.
        """
        mask = np.zeros(customers.num_rows, bool)
        names = names_of(customers)
        bears = np.flatnonzero(self.gone.are(NAME, names))
        few = customers.take(pyarrow.array(bears))
        births = births_of(few).to_pylist()
        for keys in keys_beside(few, names.take(pyarrow.array(bears))):
            for row, key, birth in zip(bears.tolist(), keys.to_pylist(), births, strict=True):
                mask[row] |= key is not None and self._are_born_alike(BESIDE, key, birth, ANYONE)
        contacts, rows = own_contacts(customers)
        shares = np.zeros(customers.num_rows, bool)
        shares[rows[self.gone.are(CONTACT, contacts)]] = True
        cards = cards_of(customers.filter(pyarrow.array(shares)))
        mask[shares] |= np.array([self._is_near(card) for card in cards], bool)
        return mask

    def _is_near(self, card: Card) -> bool:
        return any(self._is_near_by(contact, card) for contact in card.contacts)

    def _is_near_by(self, contact: str, card: Card) -> bool:
        """Tell whether a card with a contact in common may be theirs, as `Card.may_be` does."""
        end = end_of(card.name)
        read = {near_text(READ, contact, each) for each in (card.reading[-GIVEN_KANA:], UNKNOWN)}
        called_alike = read | ({near_text(END, contact, end)} if end else set())
        if not self._are_born_alike(BORN_WITH, contact, card.birth) or (
            card.reading and not self._have(called_alike)
        ):
            return False
        more = {near_text(MORE, contact, place) for place in places_beside(contact, card)}
        more |= {near_text(END, contact, two) for two in pairs_of_letters(card.name)}
        more |= {near_text(WITHIN, contact, end)} if end else set()
        return self._have(more)

    def _are_born_alike(self, kind: str, key: str, birth: str, unknown: str = "") -> bool:
        """Tell whether no two birth dates tell a card from who has the key; `unknown` stands for no date."""
        if not birth:
            return not unknown or self._have({near_text(kind, key, unknown)})
        return self._have({near_text(kind, key, each) for each in (birth, UNKNOWN)})

    def _have(self, texts: set[str]) -> bool:
        return bool(self.gone.are(NEAR, pyarrow.array(sorted(texts), pyarrow.string())).any())
