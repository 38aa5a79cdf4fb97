"""What is remembered of refusers, to know them in others' rows when theirs are gone: keyed digests only.

Names, contacts that are one person's, telephone numbers, homes, and what tells a relative's row. Cars are
not: they get other keepers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from schemas.staging import UNREAD
from transforms.arrays import is_among, where, whole, without_empty
from transforms.identity import known_only, own_contacts
from transforms.meaning import Pairs
from transforms.near_marks import near_texts
from transforms.number_texts import Digest, digested, joined, number_texts
from transforms.objections import MENTIONS
from transforms.reading.contacts import LOCAL_DIGITS
from transforms.reading.folded_columns import (
    SHORTEST_PLOT,
    fold_homes,
    fold_names,
    plots_of,
    squeezed,
    squeezed_addresses,
)
from transforms.reading.given_names import WHOLE_NAME
from transforms.reading.mixed_names import mixed_names
from transforms.reading.own_names import own_names
from transforms.reading.passing_names import SHORTEST_NAME, SHORTEST_READING
from transforms.reading.texts import LONGEST_NAME

NAME, LENGTH, CONTACT, PHONE, LOCAL, HOME, RELATIVE, GIVEN, BORN, NEAR = (
    *("called", "length", "reached", "phone", "local", "lives"),
    *("relative", "given", "born", "near"),
)
"""What a digest is of: a name, and how long names are; an own contact, any telephone number, its last digits,
a home; a name with a birth date, what may be a given name or a birth date with a home; `near_marks`."""

_OF_NAME_AND_READING = 2
"""Groups of marks below are of the name and of its reading."""

_OF_HOME, _OF_MORE, _OF_NUMBERS = 6, 7, 8
"""The groups of homes, and of what is made of several columns; those below are of one column's own contacts.

Those from the last on are of its number, whosever it is: one that is nobody's own replaces none that is.
"""

ANYBODY, SOMEBODY_DATED = "any", "dated"
"""In place of a birth date: whose is not known, and whose is not asked."""

_AT_ONCE = 4096
"""People whose texts are made and digested at once: some 70 of each."""

_LONGEST_GIVEN_NAME = 60

LENGTHS = pyarrow.array([str(length) for length in range(1, LONGEST_NAME + 1)])

_Told = tuple[int, str, pyarrow.Array, np.ndarray]
"""The group of marks, what a text is of, texts, and the row of each."""


@dataclass(frozen=True)
class Marks:
    """Digests (uint64), the row each is of, and its group: from which column it is."""

    digests: np.ndarray
    rows: np.ndarray
    groups: np.ndarray


NO_MARKS = Marks(np.array([], np.uint64), np.array([], np.int64), np.array([], np.uint8))
"""Of nobody."""


def marks_of(people: pyarrow.Table, digest: Digest) -> Marks:
    """Give the digests by which people are known in others' rows.

    Args:
        people: `IDENTITY_COLUMNS`.
        digest: the keyed digest of the shop's ledger.
    """
    if not len(people):
        return NO_MARKS
    starts = range(0, len(people), _AT_ONCE)
    parts = [_marks_of_some(people.slice(start, _AT_ONCE), digest) for start in starts]
    return Marks(
        digests=np.concatenate([part.digests for part in parts]),
        rows=np.concatenate([part.rows + start for part, start in zip(parts, starts, strict=True)]),
        groups=np.concatenate([part.groups for part in parts]),
    )


def _marks_of_some(people: pyarrow.Table, digest: Digest) -> Marks:
    told = list(_told(people))
    texts = pyarrow.concat_arrays([of_kind(kind, each) for _, kind, each, _ in told])
    rows = np.concatenate([rows for *_, rows in told])
    groups = np.repeat(
        np.array([group for group, *_ in told], np.uint8), [len(texts) for *_, texts, _ in told]
    )
    is_there = texts.is_valid()
    mask = is_there.to_numpy(zero_copy_only=False)
    digests = digest(texts.filter(is_there)).to_numpy(zero_copy_only=False)
    return Marks(digests.astype(np.uint64), rows[mask], groups[mask])


def relative_mentions(
    objections: Sequence[str], relative: pyarrow.Table, digest: Digest
) -> pyarrow.Table:
    """Give what is to be remembered of a customer's relative who objected, as `MENTIONS`, in order.

    That is the name, if it is a whole one, and what tells the relative's row: name, birth date and household.
    What the household shares is the customer's, and no trace of the relative.

    Args:
        objections: ids of the relative's.
        relative: `IDENTITY_COLUMNS`, with the customer's home and its telephone.
        digest: the keyed digest of the shop's ledger.
    """
    marks = marks_of(relative, digest)
    names = pc.fill_null(squeezed(fold_names(whole(relative["name"]))), "")
    is_whole = pc.utf8_length(names).to_numpy() >= WHOLE_NAME
    is_name = (marks.groups < _OF_NAME_AND_READING) & is_whole[marks.rows]
    numbers = digested(number_texts(whole(relative["customer_id"])), digest)
    chosen = is_name | (marks.groups == _OF_MORE)
    told = pd.DataFrame(
        {
            "number": numbers[marks.rows[chosen]],
            "group": marks.groups[chosen],
            "digest": marks.digests[chosen],
        }
    )
    return _in_order(told.merge(pd.DataFrame({"objection_id": list(objections)}), how="cross"))


def _in_order(told: pd.DataFrame) -> pyarrow.Table:
    """Give marks as `MENTIONS`, each once, in order."""
    told = told[MENTIONS.names].drop_duplicates().sort_values(MENTIONS.names)
    return pyarrow.Table.from_pandas(told, MENTIONS, preserve_index=False)


def put_together(known: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Put marks (`group`, `digest`) of one customer number together with those its row has now.

    Old ones of a contact or home go only if the row bears one of the old names still, and has another there.
    Those of a row that bears another name now are somebody else's, and stay for good.
    """
    is_name, is_name_now = (each["group"] < _OF_NAME_AND_READING for each in (known, now))
    if np.isin(now["digest"][is_name_now], known["digest"][is_name]).any():
        is_there = np.isin(known["group"], now["group"])
        known = known[is_name | (known["group"] == _OF_MORE) | ~is_there]
    elif is_name_now.any():
        known = known.copy()
        known["group"] = _OF_MORE
    return np.unique(np.concatenate([known, now]))


def mentions_of(pairs: Pairs, marks: Marks, numbers: np.ndarray) -> pyarrow.Table:
    """Give what is to be remembered of the persons that objections mean, as `MENTIONS`, in order.

    Args:
        pairs: who is meant, for certain or perhaps.
        marks: of the rows of the pairs.
        numbers: digests of the customer numbers of all rows (`Traits.number`).
    """
    known = pd.DataFrame({"row": marks.rows, "group": marks.groups, "digest": marks.digests})
    whose = pd.DataFrame({"row": pairs.rows, "objection_id": pairs.objections.to_pylist()})
    told = whose.merge(known, on="row")
    return _in_order(told.assign(number=numbers[told["row"].to_numpy(np.int64)]))


def unseen(remembered: np.ndarray, theirs: np.ndarray, digest: Digest) -> np.ndarray:
    """Give the remembered marks that no row of today's refusers has; those rows are looked for plainly.

    Args:
        remembered: marks.
        theirs: marks of the refusers' rows.
        digest: that made the marks.
    """
    rest = np.unique(remembered[~is_among(remembered, theirs)])
    lengths = digest(of_kind(LENGTH, LENGTHS)).to_numpy().astype(np.uint64)
    # Which names are left is not known, and so all lengths stay.
    return np.union1d(rest, np.intersect1d(remembered, lengths)) if len(rest) else rest


def _told(people: pyarrow.Table) -> Iterator[_Told]:
    every = np.arange(len(people))
    for place, column in enumerate((*PHONE_COLUMNS, "email")):
        contacts, rows = own_contacts(known_only(len(people), **{column: whole(people[column])}))
        yield _OF_NAME_AND_READING + place, CONTACT, contacts, rows
        if column in PHONE_COLUMNS:
            numbers = whole(people[column])
            yield _OF_NUMBERS + place, PHONE, numbers, every
            yield _OF_NUMBERS + place, LOCAL, _last_digits(numbers), every
    contacts, rows = own_contacts(known_only(len(people), **{UNREAD: whole(people[UNREAD])}))
    yield _OF_MORE, CONTACT, contacts, rows
    for home in _homes(whole(people["address"])):
        yield _OF_HOME, HOME, home, every
    births = whole(people["birth_on"]).cast(pyarrow.string())
    households = households_of(people)
    for group, names, rows, shortest in _names(people):
        yield from _named(group, names, rows, shortest, births)
        whose = pyarrow.array(rows)
        for given in _endings(names):
            for household in households:
                yield _OF_MORE, GIVEN, joined(given, household.take(whose)), rows
    spelt, rows = mixed_names(whole(people["name"]), whole(people["name_kana"]))
    yield from _named(_OF_MORE, _at_least(spelt, WHOLE_NAME), rows, WHOLE_NAME, births)
    for household in households:
        yield _OF_MORE, BORN, joined(births, household), every
    near, rows = near_texts(people)
    yield _OF_MORE, NEAR, near, rows


def _names(
    people: pyarrow.Table,
) -> Iterator[tuple[int, pyarrow.Array, np.ndarray, int]]:
    """Give what people are called: the group, names squeezed, the row of each, how long a name must be."""
    every = np.arange(len(people))
    for group, (column, shortest) in enumerate(
        (("name", SHORTEST_NAME), ("name_kana", SHORTEST_READING))
    ):
        yield group, without_empty(squeezed(fold_names(whole(people[column])))), every, shortest
    others, rows = own_names(whole(people["name"]))
    yield _OF_MORE, others, rows, SHORTEST_NAME


def _named(
    group: int, names: pyarrow.Array, rows: np.ndarray, shortest: int, births: pyarrow.Array
) -> Iterator[_Told]:
    """Give a name, if it is long enough, as others' cells have it, and as a relative's row does."""
    own, long_enough = births.take(pyarrow.array(rows)), _at_least(names, shortest)
    yield group, NAME, long_enough, rows
    yield _OF_MORE, LENGTH, pc.utf8_length(long_enough).cast(pyarrow.string()), rows
    yield _OF_MORE, RELATIVE, joined(names, pc.coalesce(own, pyarrow.scalar(ANYBODY))), rows
    is_dated = pc.if_else(own.is_valid(), SOMEBODY_DATED, pyarrow.scalar(None, pyarrow.string()))
    yield _OF_MORE, RELATIVE, joined(names, is_dated), rows


def _last_digits(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give the last digits of numbers that have an area code before them."""
    digits = pc.replace_substring_regex(numbers, "[^0-9]", "")
    has_more = pc.greater(pc.utf8_length(digits), LOCAL_DIGITS)
    return where(has_more, pc.utf8_slice_codeunits(digits, -LOCAL_DIGITS))


def _endings(names: pyarrow.Array) -> Iterator[pyarrow.Array]:
    """Give all that may be the given name at the end of a name."""
    longest = int(pc.max(pc.utf8_length(names)).as_py() or 0)
    for length in range(1, min(longest, _LONGEST_GIVEN_NAME)):
        is_part = pc.greater(pc.utf8_length(names), length)
        yield where(is_part, pc.utf8_slice_codeunits(names, -length))


def households_of(customers: pyarrow.Table) -> tuple[pyarrow.Array, pyarrow.Array]:
    """Give by what people of one household are told: where they live, and its telephone."""
    return without_empty(fold_homes(whole(customers["address"]))), whole(customers["phone"])


def _homes(addresses: pyarrow.Array) -> Iterator[pyarrow.Array]:
    yield without_empty(squeezed_addresses(addresses))
    for plots in plots_of(fold_homes(addresses)):
        yield _at_least(plots, SHORTEST_PLOT)


def of_kind(kind: str, texts: pyarrow.Array) -> pyarrow.Array:
    """Give the texts whose digests are marks of a kind."""
    return joined(pyarrow.scalar(kind), texts)


def _at_least(texts: pyarrow.Array, length: int) -> pyarrow.Array:
    return where(pc.greater_equal(pc.utf8_length(texts), length), texts)
