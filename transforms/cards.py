"""Customers' cards that may be an objector's as well: with the family's name alone, or of a couple."""

from collections.abc import Iterator

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import mask_of, whole
from transforms.called import Called, called
from transforms.reading.folded_columns import fold_homes, fold_names, squeezed
from transforms.reading.given_names import by_cell, given_names
from transforms.reading.passing_names import COMPANY
from transforms.reading.patterns import compact

_FAMILY = r"^\s*(?:\S{1,3}|[ァ-ヺー]{2,7}?)\s*(?:様|さん|氏|殿|方|宅)*\s*$"
_MARKED = r"[\p{L}]\s*[^\p{L}\p{M}\p{N}\s]\s*[\p{L}]|\S\S+\s*と\s*\S\S+|(?:^|[\s・(])(?:妻|夫)\S"
_SEVERAL = rf"{_MARKED}|\S\s+\S+\s+\S|[一-龥々ァ-ヶぁ-んー]{{4}}\s+\S"
"""What may be a family's name alone, and what may name several, with a mark between them or a blank (RE2)."""

_Place = tuple[str, str]
"""An address, a telephone number or an e-mail address, and which of them it is."""


def may_speak_of_others(names: pyarrow.Array) -> np.ndarray:
    """Mask of the names, as written, that are a family's alone or of several people: few."""
    normal = pc.utf8_normalize(names, form="NFKC")
    return mask_of(pc.match_substring_regex(normal, compact(f"{_FAMILY}|{_SEVERAL}", normal)))


def cards_of_objectors(customers: pyarrow.Table, objectors: pyarrow.Table) -> np.ndarray:
    """Mask of the customers whose card may be an objector's: it gives one of their places, and no other name.

    Args:
        customers: `IDENTITY_COLUMNS` of those who `may_speak_of_others`.
        objectors: the same of those who objected.
    """
    is_there = _share_a_place(customers, objectors)
    if is_there.any():
        is_there[is_there] = _may_be_theirs(customers.filter(pyarrow.array(is_there)), objectors)
    return is_there


def _may_be_theirs(customers: pyarrow.Table, objectors: pyarrow.Table) -> np.ndarray:
    """Mask of the customers, few, whose name may be an objector's who has a place with them."""
    theirs: dict[_Place, list[Called]] = {}
    places = list(_places(objectors))
    for each, row in called(objectors):
        for place in places[row]:
            theirs.setdefault(place, []).append(each)
    names = pc.utf8_normalize(whole(customers["name"]), form="NFKC")
    alone, of_words = (by_cell(found, len(names)) for found in given_names(names))
    written = squeezed(fold_names(names))
    is_firm = mask_of(pc.match_substring_regex(written, COMPANY))
    is_several = (
        mask_of(pc.match_substring_regex(names, compact(_SEVERAL, names))) & ~is_firm
    ).tolist()
    folded = written.to_pylist()
    return np.array(
        [
            any(
                each.may_be_of_family(folded[row] or "")
                or (
                    is_several[row]
                    and (
                        any(map(each.may_be_given, alone[row]))
                        or _is_of_family(each, folded[row] or "", of_words[row])
                    )
                )
                for place in own
                for each in theirs.get(place, ())
            )
            for row, own in enumerate(_places(customers))
        ],
        bool,
    )


def _is_of_family(each: Called, name: str, words: list[str]) -> bool:
    """Tell whether the last of several words is a given name, and the name begins with the family's."""
    return any(
        each.may_be_given(word) and name.startswith(each.full[: -len(word)])
        for word in words
        if name != each.full[: -len(word)] + word
    )


def _columns(people: pyarrow.Table) -> list[tuple[str, pyarrow.Array]]:
    """Give the columns of places, telephone numbers in whichever column they stand."""
    return [
        ("address", fold_homes(whole(people["address"]))),
        ("email", pc.utf8_lower(whole(people["email"]))),
        *(("phone", whole(people[column])) for column in PHONE_COLUMNS),
    ]


def _share_a_place(customers: pyarrow.Table, objectors: pyarrow.Table) -> np.ndarray:
    theirs: dict[str, list[pyarrow.Array]] = {}
    for kind, cells in _columns(objectors):
        theirs.setdefault(kind, []).append(cells.drop_null())
    mask = np.zeros(len(customers), bool)
    for kind, cells in _columns(customers):
        mask |= mask_of(pc.is_in(cells, value_set=pyarrow.concat_arrays(theirs[kind])))
    return mask


def _places(people: pyarrow.Table) -> Iterator[list[_Place]]:
    listed = [(kind, cells.to_pylist()) for kind, cells in _columns(people)]
    for row in range(len(people)):
        yield [(kind, cells[row]) for kind, cells in listed if cells[row]]
