"""Remembering whom the objections mean, while it can be seen in the records."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow

from ledger.objection_book import ObjectionBook
from ledger.opening import Ledger
from transforms.marks import Marks, marks_of, mentions_of
from transforms.meaning import Meaning, Pairs
from transforms.number_texts import Digest
from transforms.remembered import Gone


def learn(
    book: ObjectionBook,
    meaning: Meaning,
    persons: np.ndarray,
    people: Callable[[np.ndarray], pyarrow.Table],
    digest: Digest,
) -> Marks:
    """Keep by what the persons meant are known here, if for certain, and in other people's rows.

    Gives the marks of the customer rows that are meant.

    Args:
        book: of a writing transaction.
        meaning: of its objections in today's records.
        persons: per customer row its person by recorded merges (`Merges.persons`).
        people: gives `IDENTITY_COLUMNS` of the customer rows of a mask.
        digest: the keyed digest of the shop's ledger.
    """
    certain, perhaps = meaning.certain(persons), meaning.perhaps(persons)
    pairs = Pairs(
        pyarrow.concat_arrays([certain.objections, perhaps.objections]),
        np.concatenate([certain.rows, perhaps.rows]),
    )
    is_meant = np.zeros(len(persons), bool)
    is_meant[pairs.rows] = True
    marks = marks_of(people(is_meant), digest)
    marks = replace(marks, rows=np.flatnonzero(is_meant)[marks.rows])
    book.remember(meaning.lessons(certain), mentions_of(pairs, marks, meaning.traits.number))
    return marks


def remembered(ledger: Ledger) -> Gone:
    """Give whoever ever objected, to be looked for in a text; whether they are in the records or not."""
    with ledger.reading() as connection:
        mentions = ObjectionBook(connection, ledger.references).mentions()
    return Gone(np.unique(mentions["digest"].to_numpy()), ledger.references.traits)
