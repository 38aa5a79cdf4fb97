"""The gate: whoever objected, and everything that is theirs, does not go to that partner."""

from collections.abc import Callable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG
from transforms.linking import KeyIndex
from transforms.reading.folding import fold_address, fold_email, fold_name
from transforms.settling import SPINE_TABLES, Spine
from transforms.verdicts import Disposition, Verdicts

OBJECTED = Disposition.OBJECTED

IDENTITY_COLUMNS = ["name", "address", "phone", "mobile_phone", "email", "birth_on"]
"""Customer columns by which one person under two numbers is recognised."""

FAMILY_COLUMNS = ["linked_customer_id", "name", "birth_on"]

_PERSONAL_NUMBER = r"^0[5789]0-"
"""A mobile or IP number: one person's, not a household's."""


def objected_customers(
    objection_rows: np.ndarray, customers: pyarrow.Table, spine: Spine
) -> np.ndarray:
    """Mask of the customer rows whose person objected.

    A person is every number merged into one, and every number with the same name that shares a
    mobile number or e-mail address, or birth date, address and phone number all at once.

    Args:
        objection_rows: customer rows of the objections in force; negative where none is known.
        customers: `IDENTITY_COLUMNS` of all customers.
        spine: of the same snapshot.
    """
    persons = spine.merges.persons
    mask = np.isin(persons, persons[objection_rows[objection_rows >= 0]])
    if mask.any():
        mask |= _same_person(customers, mask)
        mask = np.isin(persons, persons[mask])
    return mask


def gate(
    verdicts: Verdicts,
    spine: Spine,
    objectors: np.ndarray,
    family: pyarrow.Table,
    customers: pyarrow.Table,
) -> None:
    """Take out objectors with their cars, visits, repairs, invoices, costs, pictures and names.

    Args:
        verdicts: one partner's own, changed here.
        spine: of the same snapshot.
        objectors: mask of customer rows, from `objected_customers`.
        family: `FAMILY_COLUMNS` of all family members.
        customers: `IDENTITY_COLUMNS` of all customers.
    """
    verdicts.rule("customers", objectors, OBJECTED, "objected")
    verdicts.rule(
        "family_members",
        _names_objector(family, customers, spine, objectors),
        OBJECTED,
        "names_objector",
    )
    for table in SPINE_TABLES:
        for link, parents in CATALOG[table].links.items():
            for rows in (spine.rows(table, link), spine.raw_rows(table, link)):
                verdicts.inherit(table, parents, rows, OBJECTED)


def _same_person(customers: pyarrow.Table, objectors: np.ndarray) -> np.ndarray:
    """Mask of the rows whose name and personal contact are those of an objector."""
    found = np.zeros(len(objectors), bool)
    numbers = [_personal(customers[c]) for c in ("phone", "mobile_phone")]
    emails = pc.utf8_lower(customers["email"])
    for column, others in ((numbers[0], numbers), (numbers[1], numbers), (emails, [emails])):
        for other in others:
            found |= _agrees(customers, objectors, column, other, fold_name)
    landlines = pc.binary_join_element_wise(
        customers["birth_on"].cast(pyarrow.string()), customers["phone"], "|"
    )
    found |= _agrees(customers, objectors, landlines, landlines, fold_name, with_address=True)
    return found


def _personal(numbers: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    is_personal = pc.match_substring_regex(numbers, _PERSONAL_NUMBER)
    return pc.if_else(is_personal, numbers, pyarrow.scalar(None, pyarrow.string()))


def _agrees(  # noqa: PLR0913 (one comparison, told whole)
    customers: pyarrow.Table,
    objectors: np.ndarray,
    theirs: pyarrow.ChunkedArray,
    ours: pyarrow.ChunkedArray,
    fold: Callable[[str], str],
    *,
    with_address: bool = False,
) -> np.ndarray:
    """Mask of rows where `ours` and the folded name equal some objector's `theirs` and name."""
    found = np.zeros(len(objectors), bool)
    wanted = theirs.filter(pyarrow.array(objectors)).drop_null()
    shares = pc.and_kleene(pc.is_in(ours, value_set=pc.unique(wanted)), ours.is_valid())
    candidates = np.flatnonzero(shares.to_numpy() & ~objectors)
    if not len(candidates):
        return found
    known = {
        _identity(customers, int(row), theirs, fold, with_address=with_address)
        for row in np.flatnonzero(objectors & theirs.is_valid().to_numpy())
    }
    for row in candidates:
        found[row] = _identity(customers, int(row), ours, fold, with_address=with_address) in known
    return found


def _identity(
    customers: pyarrow.Table,
    row: int,
    contact: pyarrow.ChunkedArray,
    fold: Callable[[str], str],
    *,
    with_address: bool,
) -> tuple[str, str, str]:
    address = fold_address(customers["address"][row].as_py() or "") if with_address else ""
    return (
        fold(customers["name"][row].as_py() or ""),
        fold_email(contact[row].as_py() or ""),
        address,
    )


def _names_objector(
    family: pyarrow.Table, customers: pyarrow.Table, spine: Spine, objectors: np.ndarray
) -> np.ndarray:
    """Mask of family rows that are an objector: by link, or by a name that no birth date denies.

    A given name alone counts where the objector lives at the customer's address or phone.
    """
    ids = spine.column("customers", "customer_id")
    linked = KeyIndex(ids).positions(family["linked_customer_id"].combine_chunks())
    mask = np.zeros(len(linked), bool)
    mask[linked >= 0] = objectors[linked[linked >= 0]]
    known = _KnownNames(customers, objectors)
    holders = spine.raw_rows("family_members", "customer_id")
    rows = family.select(["name", "birth_on"]).to_pylist() if known.names else []
    folded = _folded_once([row["name"] for row in rows])
    for place, row in enumerate(rows):
        if known.is_meant(folded[row["name"]], row["birth_on"], int(holders[place])):
            mask[place] = True
    return mask


def _folded_once(names: list[str | None]) -> dict[str | None, str]:
    return {name: fold_name(name or "") for name in set(names)}


class _KnownNames:
    """The objectors' names, with what tells one bearer from another."""

    def __init__(self, customers: pyarrow.Table, objectors: np.ndarray) -> None:
        self._customers = customers
        self.names: dict[str, list[int]] = {}
        self._homes: dict[object, list[str]] = {}
        rows = np.flatnonzero(objectors)
        found = customers.take(pyarrow.array(rows)).to_pylist()
        self._births: dict[int, object] = {}
        for row, customer in zip(rows, found, strict=True):
            name = fold_name(customer["name"] or "")
            self.names.setdefault(name, []).append(int(row))
            self._births[int(row)] = customer["birth_on"]
            for home in _homes(customer):
                self._homes.setdefault(home, []).append(name)

    def is_meant(self, name: str, birth_on: object, holder: int) -> bool:
        """Tell whether a family entry under `holder` may be an objector."""
        for row in self.names.get(name, ()):
            if birth_on is None or self._births[row] is None or self._births[row] == birth_on:
                return True
        if not name or holder < 0 or not self._homes:
            return False
        homes = _homes(self._customers.slice(holder, 1).to_pylist()[0])
        return any(
            full.endswith(name)
            for home in homes
            for full in self._homes.get(home, ())
            if full != name
        )


def _homes(customer: dict[str, str | None]) -> list[tuple[str, str]]:
    address, phone = customer["address"], customer["phone"]
    homes = [("address", fold_address(address))] if address else []
    return homes + ([("phone", phone)] if phone else [])
