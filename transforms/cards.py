"""Customers' cards that may be an objector's as well: with the family's name alone, or of a couple."""

from collections.abc import Iterator

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import whole
from transforms.reading.folded_columns import fold_homes, fold_names, squeezed
from transforms.reading.given_names import given_names
from transforms.reading.own_names import own_names

_FAMILY = r"^\s*(?:\S{1,3}|[ァ-ヺーｦ-ﾟ]{2,7}?)\s*(?:様|さん|氏|殿|方|宅)*\s*$"
_MARKED = r"[^\p{L}\p{M}\p{N}\s]|と|妻|夫"
_SEVERAL = rf"{_MARKED}|\S\s+\S+\s+\S|[一-龥々ァ-ヶぁ-んー]{{4}}\s+\S"
"""What may be a family's name alone, and what may name several, with a mark between them or a blank (RE2)."""

_Place = tuple[str, str]
"""An address, a telephone number or an e-mail address, and which of them it is."""


def may_speak_of_others(names: pyarrow.Array) -> np.ndarray:
    """Mask of the names, as written, that are a family's alone or of several people: few."""
    return _mask(pc.match_substring_regex(names, f"{_FAMILY}|{_SEVERAL}"))


def cards_of_objectors(customers: pyarrow.Table, objectors: pyarrow.Table) -> np.ndarray:
    """Mask of the customers whose card may be an objector's: it gives one of their places, and no other name.

    Args:
        customers: `IDENTITY_COLUMNS` of those who `may_speak_of_others`.
        objectors: the same of those who objected.
    """
    is_there = _share_a_place(customers, objectors)
    is_there[is_there] = _may_be_theirs(customers.filter(pyarrow.array(is_there)), objectors)
    return is_there


def _may_be_theirs(customers: pyarrow.Table, objectors: pyarrow.Table) -> np.ndarray:
    """Mask of the customers, few, whose name may be an objector's who has a place with them."""
    called: dict[_Place, set[str]] = {}
    places = list(_places(objectors))
    for name, row in _names(objectors):
        for place in places[row]:
            called.setdefault(place, set()).add(name)
    names = whole(customers["name"])
    given: list[list[str]] = [[] for _ in range(len(names))]
    texts, rows = given_names(names)
    for text, row in zip(texts.to_pylist(), rows.tolist(), strict=True):
        given[row].append(text)
    is_several, is_marked = (
        _mask(pc.match_substring_regex(names, each)).tolist() for each in (_SEVERAL, _MARKED)
    )
    folded = squeezed(fold_names(names)).to_pylist()
    return np.array(
        [
            any(
                _is_family(full, folded[row])
                or (
                    is_several[row]
                    and _is_given(full, folded[row], given[row], is_marked=is_marked[row])
                )
                for place in own
                for full in called.get(place, ())
            )
            for row, own in enumerate(_places(customers))
        ],
        bool,
    )


def _is_family(full: str, name: str | None) -> bool:
    """Tell whether a name is no more than the beginning of another."""
    return bool(name) and full != name and full.startswith(name or "")


def _is_given(full: str, name: str | None, given: list[str], *, is_marked: bool) -> bool:
    """Tell whether one of several in a name is the end of another: behind a mark, or of the same family."""
    ends = [each for each in given if full.endswith(each) and full != each]
    return any(is_marked or (name or "").startswith(full[: -len(each)]) for each in ends)


def _names(people: pyarrow.Table) -> Iterator[tuple[str, int]]:
    every = range(len(people))
    others, rows = own_names(whole(people["name"]))
    folded = (squeezed(fold_names(whole(people[column]))) for column in ("name", "name_kana"))
    for names, places in (*((each, every) for each in folded), (others, rows.tolist())):
        yield from ((n, row) for n, row in zip(names.to_pylist(), places, strict=True) if n)


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
        mask |= _mask(pc.is_in(cells, value_set=pyarrow.concat_arrays(theirs[kind])))
    return mask


def _places(people: pyarrow.Table) -> Iterator[list[_Place]]:
    listed = [(kind, cells.to_pylist()) for kind, cells in _columns(people)]
    for row in range(len(people)):
        yield [(kind, cells[row]) for kind, cells in listed if cells[row]]


def _mask(found: pyarrow.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False))
