"""Remembering whom the objections mean, while it can be seen in the records."""

from collections.abc import Callable

import numpy as np
import pyarrow

from ledger.objection_book import ObjectionBook
from transforms.identity import Digest
from transforms.meaning import Meaning
from transforms.remembered import mentions_of


def learn(
    book: ObjectionBook,
    meaning: Meaning,
    persons: np.ndarray,
    people: Callable[[np.ndarray], pyarrow.Table],
    digest: Digest,
) -> None:
    """Keep by what the persons meant for certain are known, here and in other people's rows.

    Args:
        book: of a writing transaction.
        meaning: of its objections in today's records.
        persons: per customer row its person by recorded merges (`Merges.persons`).
        people: gives `IDENTITY_COLUMNS` of the customer rows of a mask.
        digest: the keyed digest of the shop's ledger.
    """
    pairs = meaning.certain(persons)
    is_meant = np.zeros(len(persons), bool)
    is_meant[pairs.rows] = True
    book.remember(meaning.lessons(pairs), mentions_of(pairs, people(is_meant), digest))
