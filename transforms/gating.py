"""The gate: whoever objected, and everything that is theirs, does not go to that partner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import where, whole
from transforms.called import Called, called
from transforms.identity import told_births
from transforms.mentions import Mentions, identities
from transforms.reading.folded_columns import fold_homes, fold_names, squeezed
from transforms.reading.given_names import WHOLE_NAME, by_cell, given_names
from transforms.reading.passing_names import without_remark
from transforms.ruling import spread_down
from transforms.spine import Spine
from transforms.verdicts import Disposition, Verdicts

OBJECTED = Disposition.OBJECTED

NAMES_OBJECTOR = "names_objector"
"""Why a row does not leave that is somebody else's, and may be about who objected, too."""

FAMILY_COLUMNS = ["linked_customer_id", "name", "birth_on"]

_GIVEN_IN_KANA = "^..+?[ァ-ヶ]"
_BEGINNING = 2
"""Characters of a name that are mostly the family's."""


def gate_out(
    verdicts: Verdicts,
    spine: Spine,
    objectors: np.ndarray,
    cards: np.ndarray,
    relatives: np.ndarray,
) -> None:
    """Take out objectors with their cars, visits, repairs, invoices, costs, pictures and names.

    Args:
        verdicts: one partner's own, changed here.
        spine: of the same snapshot.
        objectors: mask of the customer rows whose person objected.
        cards: mask of the customer rows that may be about an objector, too.
        relatives: mask of the family rows that are about an objector.
    """
    verdicts.rule("customers", objectors, OBJECTED, "objected")
    verdicts.rule("customers", cards, OBJECTED, NAMES_OBJECTOR)
    verdicts.rule("family_members", relatives, OBJECTED, NAMES_OBJECTOR)
    spread_down(verdicts, spine, OBJECTED)


def named_relatives(
    family: pyarrow.Table, holders: pyarrow.Table, objectors: pyarrow.Table
) -> np.ndarray:
    """Mask of family rows that are an objector by a name that no birth date denies.

    What may be a given name counts where the objector lives at the customer's address or phone, and so does
    a birth date without a whole name. A row that names an objector among others may be about them.

    Args:
        family: `FAMILY_COLUMNS` of all family members.
        holders: `IDENTITY_COLUMNS` of the customer each of them is entered under, null if there is none.
        objectors: `IDENTITY_COLUMNS` of the customers whose person objected.
    """
    mask = np.zeros(len(family), bool)
    if not len(objectors):
        return mask
    known = _KnownPeople(objectors)
    names, births = whole(family["name"]), whole(family["birth_on"])
    folded = squeezed(without_remark(fold_names(names)))
    places = np.flatnonzero(known.are_named(folded) | known.are_at_home(holders))
    few = pyarrow.array(places)
    mask[places] = [
        known.is_meant(name or "", given, birth, homes)
        for name, given, birth, homes in zip(
            folded.take(few).to_pylist(),
            _given(names.take(few)),
            births.take(few).to_pylist(),
            _homes(holders.take(few)),
            strict=True,
        )
    ]
    return mask | known.are_mentioned(names) | known.are_born_with(folded, births)


class _KnownPeople:
    """The objectors' names, with what tells one bearer from another."""

    def __init__(self, found: pyarrow.Table) -> None:
        self._births: dict[str, set[object]] = {}
        self._called_at: dict[_Home, list[tuple[Called, date | None]]] = {}
        self._births_at: dict[_Home, set[object]] = {}
        births, homes = found["birth_on"].to_pylist(), _homes(found)
        for each, row in called(found):
            self._births.setdefault(each.full, set()).add(births[row])
            for home in homes[row]:
                self._called_at.setdefault(home, []).append((each, births[row]))
        for birth, own in zip(births, homes, strict=True):
            for home in own if birth and not _is_untold(birth) else ():
                self._births_at.setdefault(home, set()).add(birth)
        self._mentions = Mentions(identities(found))
        names = squeezed(without_remark(fold_names(whole(found["name"]))))
        born = _born_of(names, whole(found["birth_on"]))
        self._born = born.drop_null().to_pylist()
        is_in_kana = pc.match_substring_regex(names, _GIVEN_IN_KANA)
        self._born_in_kana = where(is_in_kana, born).drop_null().to_pylist()

    def are_named(self, folded: pyarrow.Array) -> np.ndarray:
        """Mask of the names that are an objector's."""
        return _are_in(folded, self._births)

    def are_born_with(self, folded: pyarrow.Array, births: pyarrow.Array) -> np.ndarray:
        """Mask of those with an objector's birth date and family name, of whom one is written in kana."""
        own = _born_of(folded, births)
        in_kana = where(pc.match_substring_regex(folded, _GIVEN_IN_KANA), own)
        return _are_in(own, self._born_in_kana) | _are_in(in_kana, self._born)

    def are_at_home(self, customers: pyarrow.Table) -> np.ndarray:
        """Mask of the customers who live at an objector's address or phone."""
        mask = np.zeros(len(customers), bool)
        for kind, column in _homes_of(customers).items():
            mask |= _are_in(
                column, (v for k, v in (*self._called_at, *self._births_at) if k == kind)
            )
        return mask

    def are_mentioned(self, names: pyarrow.Array) -> np.ndarray:
        """Mask of the names in which an objector is named among others."""
        return self._mentions.in_names(names)

    def is_meant(
        self, name: str, given: "_Given", birth_on: date | None, homes: "list[_Home]"
    ) -> bool:
        """Tell whether a family entry of a customer with these homes may be an objector."""
        births = self._births.get(name, set())
        if births and (birth_on is None or births & {None, birth_on}):
            return True
        is_no_whole_name = len(name) < WHOLE_NAME and not given.of_words
        if is_no_whole_name and any(birth_on in self._births_at.get(home, ()) for home in homes):
            return True
        neighbours = [each for home in homes for each in self._called_at.get(home, ())]
        # A word of two may be of a whole name: then birth dates tell.
        return any(
            any(map(each.may_be_given, given.alone))
            or (not _differ(birth, birth_on) and any(map(each.may_be_given, given.of_words)))
            for each, birth in neighbours
        )


def _born_of(names: pyarrow.Array, births: pyarrow.Array) -> pyarrow.Array:
    """Give birth dates with how a name begins; null where either says nothing."""
    days = told_births(births.cast(pyarrow.string()))
    is_long = pc.greater(pc.utf8_length(names), _BEGINNING)
    begun = where(is_long, pc.utf8_slice_codeunits(names, 0, _BEGINNING))
    return pc.binary_join_element_wise(days, begun, "|")


@dataclass(frozen=True)
class _Given:
    """What may be given names in a cell: by themselves, and words of two that may be one name."""

    alone: list[str]
    of_words: list[str]


def _differ(one: date | None, other: date | None) -> bool:
    """Tell whether two birth dates are known and not the same."""
    return one is not None and other is not None and one != other


def _is_untold(birth_on: date) -> bool:
    """Tell whether many systems put this where no birth date is known."""
    return (birth_on.month, birth_on.day) == (1, 1)


def _given(names: pyarrow.Array) -> list[_Given]:
    """Give what may be given names in each cell."""
    return list(map(_Given, *(by_cell(found, len(names)) for found in given_names(names))))


_Home = tuple[str, str]
"""An address or a phone number, folded, and which of the two it is."""


def _homes_of(customers: pyarrow.Table) -> dict[str, pyarrow.Array]:
    return {
        "address": fold_homes(whole(customers["address"])),
        "phone": whole(customers["phone"]),
    }


def _homes(customers: pyarrow.Table) -> list[list[_Home]]:
    columns = [(kind, column.to_pylist()) for kind, column in _homes_of(customers).items()]
    return [
        [(kind, column[row]) for kind, column in columns if column[row]]
        for row in range(len(customers))
    ]


def _are_in(cells: pyarrow.Array, values: Iterable[str]) -> np.ndarray:
    wanted = pyarrow.array(sorted(set(values)), pyarrow.string())
    return pc.is_in(cells, value_set=wanted).to_numpy(zero_copy_only=False)
