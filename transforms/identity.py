"""By what a person is recognised: numbers, and a name together with a contact or a home.

One person may stand in the records under several numbers, come back under a new one, or be named by a
number a spreadsheet spoilt. Two rows are taken for one person if name and mobile number, e-mail
address, birth date, home or telephone at home are the same, or its reading, or the birth date, and
mobile number or e-mail address; a home or its telephone only where no two birth dates tell namesakes
apart (docs/decisions/0002). A firm is the same with and without the word that tells so, and a name with
and without a remark, a second person or a firm around it. All comparisons are of keyed digests, so that
the same traits can be remembered without keeping anybody's data.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from schemas.staging import UNREAD
from transforms.arrays import is_among, mask_of, where, whole, without_empty
from transforms.number_texts import Digest, core_texts, digested, joined, number_texts
from transforms.reading.contacts import personal_numbers
from transforms.reading.earlier_folding import fold_addresses_as_before, fold_names_as_before
from transforms.reading.folded_columns import fold_homes, fold_names
from transforms.reading.own_names import own_names
from transforms.reading.passing_names import COMPANY
from transforms.spare_contacts import spare_contacts

IDENTITY_COLUMNS = [
    *("customer_id", "name", "name_kana", "address", *PHONE_COLUMNS, "email"),
    *("birth_on", UNREAD),
]
"""Columns by which a customer is recognised; also a cell that could not be read may tell a number."""

PEOPLE_COLUMNS = [*IDENTITY_COLUMNS, "merged_into_customer_id"]
"""Those, and what recorded merges make one person of."""

_UNTOLD = "-01-01$"
"""A birth date many systems put where none is known: it tells nobody from another."""

_SHORTEST_FIRM = 3
"""What is left of a firm's name must say whose."""

_SHORT_READING, _LONG_READING = 4, 6
"""Kana from which on a reading is a whole name's: written in two parts, and in one."""

NUMBER, DIGITS, IDENTITY, MATCHED = "number", "digits", "identity", "matched"
"""Kinds of traits: a customer number, the digits of a number that may be spoilt, a name with a contact; and
that somebody was found once."""


_SINGLE = ("number", "digits", "spare", "spare_rows", "before", "before_rows")
_ROWS = ("spare_rows", "before_rows")
_GROUPS = ("contacts", "home_marks", "home_clues")


@dataclass(frozen=True)
class Traits:
    """The traits of every customer row, a column of digests each (uint64, 0 where there is none).

    `marks` are what is remembered of a person, `clues` what is looked for in others; they differ in how
    birth dates count, and that others are looked for as earlier versions remembered them, too.
    """

    number: np.ndarray
    digits: np.ndarray
    contacts: tuple[np.ndarray, ...]
    home_marks: tuple[np.ndarray, ...]
    home_clues: tuple[np.ndarray, ...]
    spare: np.ndarray
    """Marks and clues of few rows: contacts in cells that could not be read, as where two numbers stand in
    one; firms without the word that tells so, and other names that a cell gives."""
    spare_rows: np.ndarray
    """Their rows."""
    before: np.ndarray
    """Contacts and homes as folded by earlier versions, where that differs: few, and not one a row."""
    before_rows: np.ndarray
    """Their rows."""

    @property
    def marks(self) -> tuple[np.ndarray, ...]:
        """What a person is remembered by."""
        return (*self.contacts, *self.home_marks)

    @property
    def clues(self) -> tuple[np.ndarray, ...]:
        """What tells that a row is a remembered person; so do `few_clues`."""
        return (*self.contacts, *self.home_clues)

    @property
    def few_clues(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """More clues, of few rows, each beside its row."""
        return (self.spare, self.spare_rows), (self.before, self.before_rows)

    def digests(self) -> np.ndarray:
        """Give all marks of all rows, each once."""
        every = np.unique(np.concatenate([*self.marks, self.spare]))
        return every[every != 0]

    def same_person(self, mask: np.ndarray) -> np.ndarray:
        """Mask of the rows that are taken for one person with a row of the mask."""
        spare = self.spare[mask[self.spare_rows]]
        return self.recognised(np.concatenate([*(mark[mask] for mark in self.marks), spare]))

    def recognised(self, remembered: np.ndarray) -> np.ndarray:
        """Mask of the rows that have one of the remembered marks."""
        wanted = np.unique(remembered[remembered != 0])
        found = np.zeros(len(self.number), bool)
        for clue in self.clues:
            found |= is_among(clue, wanted)
        for clue, rows in self.few_clues:
            found[rows[is_among(clue, wanted)]] = True
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """Give all columns by name, to be kept."""
        named = {name: getattr(self, name) for name in _SINGLE}
        for group in _GROUPS:
            named |= {
                f"{group}{place}": column for place, column in enumerate(getattr(self, group))
            }
        return named

    @classmethod
    def from_arrays(cls, named: Mapping[str, np.ndarray]) -> "Traits":
        """Take back what `arrays` gave."""
        groups = {
            group: tuple(named[name] for name in sorted(named) if name.startswith(group))
            for group in _GROUPS
        }
        return cls(
            number=named["number"],
            digits=named["digits"],
            contacts=groups["contacts"],
            home_marks=groups["home_marks"],
            home_clues=groups["home_clues"],
            spare=named["spare"],
            spare_rows=named["spare_rows"],
            before=named["before"],
            before_rows=named["before_rows"],
        )


def known_only(count: int, **columns: pyarrow.Array) -> pyarrow.Table:
    """Give people of whom nothing but these columns is known, as `IDENTITY_COLUMNS`."""
    nothing = pyarrow.nulls(count, pyarrow.string())
    return pyarrow.table({name: columns.get(name, nothing) for name in IDENTITY_COLUMNS})


def traits_of(customers: pyarrow.Table | pyarrow.RecordBatch, digest: Digest) -> Traits:
    """Give the traits of customers.

    Args:
        customers: `IDENTITY_COLUMNS`.
        digest: the keyed digest of the shop's ledger.
    """
    ids, written = whole(customers["customer_id"]), whole(customers["name"])
    names, addresses = without_empty(fold_names(written)), whole(customers["address"])
    readings = _whole_readings(whole(customers["name_kana"]))
    contacts = _contacts(customers)
    homes = fold_homes(addresses)
    places = (homes, *(each for each in _landlines(customers) if each.null_count < len(each)))
    births = whole(customers["birth_on"]).cast(pyarrow.string())

    made = partial(digested, digest=digest)

    def with_contacts(called: pyarrow.Array) -> tuple[np.ndarray, ...]:
        return tuple(made(joined("contact", called, each)) for each in contacts)

    at_home = [_homes(names, place, births, made) for place in places]
    earlier, earlier_homes = fold_names_as_before(written), fold_addresses_as_before(addresses)
    is_renamed = _differs(earlier, names)
    rows = np.flatnonzero(pc.or_(is_renamed, _differs(earlier_homes, homes)))
    few = pyarrow.array(rows)
    renamed = where(is_renamed.take(few), earlier.take(few))
    _, homes_before = _homes(earlier.take(few), earlier_homes.take(few), births.take(few), made)
    contacts_before = (made(joined("contact", renamed, each.take(few))) for each in contacts)
    before = np.stack([*contacts_before, *homes_before], axis=1)
    spare_contacts, spare_rows = _own_spare_contacts(customers)
    whose = pyarrow.array(spare_rows)
    called = (names.take(whose), readings.take(whose))
    spare = np.stack([made(joined("contact", each, spare_contacts)) for each in called], axis=1)
    others, other_rows = _called_otherwise(written, names)
    known_births = told_births(births)
    known = _Known((*contacts, known_births), places, births).by(others, other_rows, made)
    few_rows = np.concatenate([spare_rows[np.nonzero(spare)[0]], other_rows[np.nonzero(known)[0]]])
    return Traits(
        number=made(number_texts(ids)),
        digits=made(core_texts(ids)),
        contacts=_packed(
            (
                *with_contacts(names),
                *with_contacts(readings),
                *with_contacts(joined("born", births)),
                made(joined("contact", names, known_births)),
            )
        ),
        home_marks=_packed(tuple(marks for both, _ in at_home for marks in both)),
        home_clues=_packed(tuple(clues for _, both in at_home for clues in both)),
        spare=np.concatenate([spare[spare != 0], known[known != 0]]),
        spare_rows=few_rows.astype(np.int32),
        before=before[before != 0],
        before_rows=rows[np.nonzero(before)[0]].astype(np.int32),
    )


def told_births(births: pyarrow.Array) -> pyarrow.Array:
    """Give birth dates, ISO 8601, without those that many systems put where none is known."""
    return where(pc.invert(pc.match_substring_regex(births, _UNTOLD)), births)


def _called_otherwise(
    written: pyarrow.Array, names: pyarrow.Array
) -> tuple[pyarrow.Array, np.ndarray]:
    """Give further names of few rows, folded, each with its row: of firms, without the word that tells so."""
    firms = np.flatnonzero(mask_of(pc.match_substring_regex(names, COMPANY)))
    bare = pc.replace_substring_regex(names.take(pyarrow.array(firms)), COMPANY, "")
    bare = where(pc.greater_equal(pc.utf8_length(bare), _SHORTEST_FIRM), bare)
    others, rows = own_names(written)
    return pyarrow.concat_arrays([bare, others]), np.concatenate([firms, rows])


@dataclass(frozen=True)
class _Known:
    """All by which the people of a column are known together with a name."""

    contacts: tuple[pyarrow.Array, ...]
    places: tuple[pyarrow.Array, ...]
    births: pyarrow.Array

    def by(
        self,
        names: pyarrow.Array,
        rows: np.ndarray,
        made: Callable[[pyarrow.Array], np.ndarray],
    ) -> np.ndarray:
        """Give the marks and clues of rows by further names, a line per name."""
        few = pyarrow.array(rows)
        found = [made(joined("contact", names, each.take(few))) for each in self.contacts]
        for place in self.places:
            marks, clues = _homes(names, place.take(few), self.births.take(few), made)
            found += [*marks, *clues]
        return np.stack(found, axis=1)


def _filled(columns: Iterable[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Leave out the digests that nobody has."""
    return tuple(column for column in columns if column.any())


def _packed(columns: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Move the digests of each row into the first columns, and leave out those that nobody needs."""
    stacked = np.stack(columns, axis=1)
    first = np.argsort(stacked == 0, axis=1, kind="stable")
    packed = np.take_along_axis(stacked, first, axis=1)
    return _filled(column.copy() for column in packed.T)


def _whole_readings(written: pyarrow.Array) -> pyarrow.Array:
    """Fold the readings that are of a whole name: a family shares that of its name, and perhaps a mobile."""
    folded = without_empty(fold_names(written))
    has_parts = pc.match_substring_regex(written, r"\S[\s\x{3000}]+\S")
    is_whole = pc.or_(
        pc.and_(has_parts, pc.greater_equal(pc.utf8_length(folded), _SHORT_READING)),
        pc.greater_equal(pc.utf8_length(folded), _LONG_READING),
    )
    return where(is_whole, folded)


def _contacts(customers: pyarrow.Table | pyarrow.RecordBatch) -> tuple[pyarrow.Array, ...]:
    """Give the contacts that are one person's: numbers of mobiles, and the e-mail address."""
    phones = (personal_numbers(whole(customers[c])) for c in PHONE_COLUMNS)
    return (*phones, pc.utf8_lower(whole(customers["email"])))


def _landlines(customers: pyarrow.Table | pyarrow.RecordBatch) -> tuple[pyarrow.Array, ...]:
    """Give the numbers that are a household's or a firm's."""
    numbers = (whole(customers[column]) for column in PHONE_COLUMNS)
    return tuple(where(personal_numbers(each).is_null(), each) for each in numbers)


def _own_spare_contacts(
    customers: pyarrow.Table | pyarrow.RecordBatch,
) -> tuple[pyarrow.Array, np.ndarray]:
    """Give the spare contacts that are one person's, each with its row; others are null."""
    contacts, rows = spare_contacts(customers)
    is_address = pc.match_substring(contacts, "@")
    return pc.coalesce(personal_numbers(contacts), where(is_address, contacts)), rows


def own_contacts(
    customers: pyarrow.Table | pyarrow.RecordBatch,
) -> tuple[pyarrow.Array, np.ndarray]:
    """Give all contacts that are one person's, each with its row.

    Args:
        customers: `IDENTITY_COLUMNS`.
    """
    spare, spare_rows = _own_spare_contacts(customers)
    columns, every = _contacts(customers), np.arange(customers.num_rows)
    contacts = pyarrow.concat_arrays([*columns, spare])
    rows = np.concatenate([*([every] * len(columns)), spare_rows])
    is_given = contacts.is_valid()
    return contacts.filter(is_given), rows[is_given.to_numpy(zero_copy_only=False)]


def _homes(
    names: pyarrow.Array,
    addresses: pyarrow.Array,
    births: pyarrow.Array,
    made: Callable[[pyarrow.Array], np.ndarray],
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Digest names with their homes: as they are remembered, and as they are looked for."""
    homes = joined("home", names, addresses)
    is_born = births.is_valid().to_numpy(zero_copy_only=False)
    anyone, unborn = made(joined("anyone", homes)), made(joined("unborn", homes))
    born = made(joined("born", homes, births))
    marks = (np.where(is_born, born, anyone), np.where(is_born, unborn, np.uint64(0)))
    return marks, (anyone, np.where(is_born, born, unborn))


def _differs(one: pyarrow.Array, other: pyarrow.Array) -> pyarrow.Array:
    return pc.fill_null(pc.not_equal(one, other), fill_value=False)


def traits_of_all(customers: Iterable[pyarrow.RecordBatch], digest: Digest) -> Traits:
    """Give the traits of customers that come in batches, at least one: folded texts do not pile up."""
    parts = [traits_of(batch, digest).arrays() for batch in customers]
    starts = np.cumsum([0, *(len(part["number"]) for part in parts)])
    for part, start in zip(parts, starts, strict=False):
        part.update({name: part[name] + np.int32(start) for name in _ROWS})
    names = dict.fromkeys(name for part in parts for name in part)
    return Traits.from_arrays(
        {
            name: np.concatenate([part.get(name, np.zeros_like(part["number"])) for part in parts])
            for name in names
        }
    )


def same_people(mask: np.ndarray, persons: np.ndarray, traits: Traits) -> np.ndarray:
    """Grow a mask of customer rows to all rows of the same persons, merged or recognised.

    Args:
        mask: rows to begin with.
        persons: per row its person by recorded merges (`Merges.persons`).
        traits: of the same rows.
    """
    grown, known = is_among(persons, persons[mask]), 0
    while known < int(grown.sum()):
        known = int(grown.sum())
        grown = is_among(persons, persons[grown | traits.same_person(grown)])
    return grown
