"""Phone numbers and e-mail addresses in cells that hold more or other than one as it is written."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from schemas.staging import UNREAD
from transforms.arrays import whole
from transforms.reading.contacts import contacts_in
from transforms.reading.folding import DASH_CLASS
from transforms.reading.patterns import compact

CONTACT_COLUMNS = (*PHONE_COLUMNS, "email")

_PLAIN = r"^(?:0\d{1,4}-\d{1,4}-\d{4}|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+)$"
"""A number as it is written nationally, or an address (RE2)."""

_DIGIT, _BETWEEN = "[0-9０-９]", f"(?:[^0-9０-９\\p{{L}}]|{DASH_CLASS})*"
_TELLS = f"[@＠]|(?:{_DIGIT}{_BETWEEN}){{8}}{_DIGIT}"
"""What has fewer digits without words between is no whole number of anybody: one without its area code."""


def spare_contacts(people: pyarrow.Table | pyarrow.RecordBatch) -> tuple[pyarrow.Array, np.ndarray]:
    """Give contacts that do not stand as such in a cell of their own, each with its row.

    Two numbers in a cell that could not be read, a number a spreadsheet spoilt, `mailto:` before an address:
    such cells are few.

    Args:
        people: `CONTACT_COLUMNS` and `UNREAD`.
    """
    found = [contacts_within(whole(people[name])) for name in (*CONTACT_COLUMNS, UNREAD)]
    contacts, rows = zip(*found, strict=True)
    return pyarrow.concat_arrays(contacts), np.concatenate(rows)


def contacts_within(cells: pyarrow.Array) -> tuple[pyarrow.Array, np.ndarray]:
    """Give the contacts in cells that are not just one as it is written, each with its row."""
    found = [(contact, row) for row, contacts in _told(cells) for contact in contacts]
    contacts = pyarrow.array([contact for contact, _ in found], pyarrow.string())
    return contacts, np.array([row for _, row in found], np.int32)


def hold_one(cells: pyarrow.Array, wanted: frozenset[str]) -> np.ndarray:
    """Mask of the cells that hold one of these contacts beside other things, or written otherwise."""
    mask = np.zeros(len(cells), bool)
    mask[[row for row, contacts in _told(cells) if not wanted.isdisjoint(contacts)]] = True
    return mask


def _told(cells: pyarrow.Array) -> list[tuple[int, list[str]]]:
    if cells.null_count == len(cells):
        return []
    is_plain = pc.fill_null(pc.match_substring_regex(cells, _PLAIN), fill_value=True)
    rows = np.flatnonzero(~is_plain.to_numpy(zero_copy_only=False))
    if not len(rows):
        return []
    odd = cells.take(pyarrow.array(rows))
    tells = pc.match_substring_regex(odd, compact(_TELLS, odd)).to_numpy(zero_copy_only=False)
    told = zip(rows[tells].tolist(), odd.filter(pyarrow.array(tells)).to_pylist(), strict=True)
    return [(row, list(contacts_in(cell))) for row, cell in told]
