"""By what a card near somebody is known, whatever its name: texts that are kept as keyed digests.

`near_cards` compares the cards of objectors with others' cell by cell. Of whom no card is left only digests
are: of everything that comparison asks for.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow

from transforms.card_texts import (
    GIVEN_KANA,
    GIVEN_LETTERS,
    Card,
    People,
    births_of,
    cards_of,
    end_of,
    keys_beside,
    names_of,
)

MORE, END, WITHIN, BORN_WITH, READ, BESIDE = (
    *("more", "end", "within"),
    *("born", "read", "beside"),
)
"""What a text is of: an own contact with another place, the end of a name, any two letters of it, a birth
date, the end of a reading; a name with part of a place, and a birth date."""

UNKNOWN, ANYONE = "any", "anyone"
"""In place of a birth date or a reading: that none is known, and whosever it is."""


def near_texts(people: People) -> tuple[pyarrow.Array, np.ndarray]:
    """Give what tells that a card is near one of these people, each with their row.

    Args:
        people: `IDENTITY_COLUMNS`.
    """
    told = [(text, row) for row, card in enumerate(cards_of(people)) for text in _of_contacts(card)]
    births = births_of(people).to_pylist()
    for keys in keys_beside(people, names_of(people)):
        for row, (key, birth) in enumerate(zip(keys.to_pylist(), births, strict=True)):
            if key:
                told += [(near_text(BESIDE, key, each), row) for each in (ANYONE, birth or UNKNOWN)]
    texts = pyarrow.array([text for text, _ in told], pyarrow.string())
    return texts, np.array([row for _, row in told], np.int64)


def _of_contacts(card: Card) -> Iterator[str]:
    end = end_of(card.name)
    for contact in card.contacts:
        yield from (near_text(MORE, contact, place) for place in places_beside(contact, card))
        yield from (near_text(WITHIN, contact, two) for two in pairs_of_letters(card.name))
        if end:
            yield near_text(END, contact, end)
        yield near_text(BORN_WITH, contact, card.birth or UNKNOWN)
        yield near_text(READ, contact, card.reading[-GIVEN_KANA:] or UNKNOWN)


def places_beside(contact: str, card: Card) -> Iterator[str]:
    """Give the other contacts of a card, and its home."""
    yield from card.contacts - {contact}
    if card.home:
        yield card.home


def pairs_of_letters(name: str) -> set[str]:
    """Give each letter of a name with the next."""
    return {name[n : n + GIVEN_LETTERS] for n in range(len(name) - GIVEN_LETTERS + 1)}


def near_text(kind: str, *parts: str) -> str:
    """Give a text of a kind."""
    return "|".join((kind, *parts))
