"""The gate: whoever objected, and everything that is theirs, does not go to that partner."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import whole
from transforms.reading.folding import fold_addresses, fold_names
from transforms.settling import spread_down
from transforms.spine import Spine
from transforms.verdicts import Disposition, Verdicts

OBJECTED = Disposition.OBJECTED

IDENTITY_COLUMNS = ["name", "name_kana", "address", "phone", "mobile_phone", "email", "birth_on"]
"""Customer columns by which one person under two numbers, or in another's family, is recognised."""

FAMILY_COLUMNS = ["linked_customer_id", "name", "birth_on"]

_PERSONAL_NUMBER = r"^0[5789]0-"
"""A mobile or IP number: one person's, not a household's."""


def meant_customers(objected_ids: pyarrow.Array, customer_ids: pyarrow.Array) -> np.ndarray:
    """Mask of the customer rows an objection may mean.

    Every row with the number is meant. A number no customer has may be one that a spreadsheet
    spoilt (leading zeros lost, `.0` behind it), or several in one cell: until it is settled, it
    means everyone whose number has the same digits as any part of it.
    """
    mask = pc.fill_null(pc.is_in(customer_ids, value_set=objected_ids), fill_value=False)
    unmatched = objected_ids.filter(pc.invert(pc.is_in(objected_ids, value_set=customer_ids)))
    parts = pc.replace_substring_regex(unmatched.drop_null(), r"\.0+$", "")
    cores = pc.unique(_core(pc.list_flatten(pc.split_pattern_regex(parts, r"[^0-9A-Za-z]+"))))
    cores = pyarrow.concat_arrays([cores, pc.unique(_core(parts))])
    alike = pc.is_in(_core(customer_ids), value_set=cores.filter(pc.not_equal(cores, "")))
    return pc.or_(mask, alike).to_numpy(zero_copy_only=False)


def _core(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give the digits of numbers without leading zeros, letters and marks."""
    return pc.replace_substring_regex(numbers, r"^[^0-9]*0*|[^0-9]", "")


def objected_customers(meant: np.ndarray, customers: pyarrow.Table, spine: Spine) -> np.ndarray:
    """Mask of the customer rows whose person objected.

    A person is every number merged into one, and every number with the same name and the same
    mobile number, e-mail address or home (unless birth dates tell two namesakes apart); and so on
    from each number so found.

    Args:
        meant: mask of the customer rows that objections name, from `meant_customers`.
        customers: `IDENTITY_COLUMNS` of all customers.
        spine: of the same snapshot.
    """
    persons = spine.merges.persons
    mask, known = np.isin(persons, persons[meant]), 0
    identities = _Identities(customers) if mask.any() else None
    while identities is not None and known < int(mask.sum()):
        known = int(mask.sum())
        mask = np.isin(persons, persons[mask | identities.same_person(mask)])
    return mask


def gate_out(
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
    spread_down(verdicts, spine, OBJECTED)


class _Identities:
    """Names and contacts of all customers, folded once."""

    def __init__(self, customers: pyarrow.Table) -> None:
        names = fold_names(whole(customers["name"]))
        homes = fold_addresses(whole(customers["address"]))
        phones = [_personal(whole(customers[c])) for c in ("phone", "mobile_phone")]
        emails = pc.utf8_lower(whole(customers["email"]))
        self._births = whole(customers["birth_on"])
        self._homes = _pair(names, homes)
        self._contacts = [_pair(names, contact) for contact in (*phones, emails)]

    def same_person(self, objectors: np.ndarray) -> np.ndarray:
        """Mask of the rows whose name and contact, or name and home, are those of an objector."""
        wanted = pyarrow.array(objectors)
        contacts = pyarrow.concat_arrays([pairs.filter(wanted) for pairs in self._contacts])
        found = np.zeros(len(objectors), bool)
        for pairs in self._contacts:
            found |= _among(pairs, contacts)
        shares_home = np.flatnonzero(_among(self._homes, self._homes.filter(wanted)) & ~objectors)
        for row in shares_home.tolist():
            found[row] = found[row] or self._may_be_one(row, objectors)
        return found

    def _may_be_one(self, row: int, objectors: np.ndarray) -> bool:
        """Tell whether no birth date denies that a namesake in the same home is an objector."""
        bearers = pc.equal(self._homes, self._homes[row]).to_numpy(zero_copy_only=False) & objectors
        mine = self._births[row].as_py()
        theirs = [self._births[other].as_py() for other in np.flatnonzero(bearers).tolist()]
        return mine is None or any(birth is None or birth == mine for birth in theirs)


def _pair(names: pyarrow.Array, contacts: pyarrow.Array) -> pyarrow.Array:
    return pc.binary_join_element_wise(names, contacts, "|", null_handling="emit_null")


def _among(pairs: pyarrow.Array, wanted: pyarrow.Array) -> np.ndarray:
    found = pc.is_in(pairs, value_set=wanted.drop_null())
    return found.to_numpy(zero_copy_only=False)


def _personal(numbers: pyarrow.Array) -> pyarrow.Array:
    is_personal = pc.match_substring_regex(numbers, _PERSONAL_NUMBER)
    return pc.if_else(is_personal, numbers, pyarrow.scalar(None, pyarrow.string()))


def _names_objector(
    family: pyarrow.Table, customers: pyarrow.Table, spine: Spine, objectors: np.ndarray
) -> np.ndarray:
    """Mask of family rows that are an objector: by link, or by a name that no birth date denies.

    A given name alone counts where the objector lives at the customer's address or phone.
    """
    ids = spine.column("customers", "customer_id")
    linked = whole(family["linked_customer_id"])
    mask = meant_customers(ids.filter(pyarrow.array(objectors)), linked)
    known = _KnownNames(customers, objectors)
    holders = spine.raw_rows("family_members", "customer_id")
    rows = family.select(["name", "birth_on"]).to_pylist() if known else []
    folded = fold_names(whole(family["name"])).to_pylist() if rows else []
    for place, row in enumerate(rows):
        if known.is_meant(folded[place] or "", row["birth_on"], int(holders[place])):
            mask[place] = True
    return mask


class _KnownNames:
    """The objectors' names, with what tells one bearer from another."""

    def __init__(self, customers: pyarrow.Table, objectors: np.ndarray) -> None:
        self._customers = customers
        found = customers.filter(pyarrow.array(objectors))
        self._births: dict[str, set[object]] = {}
        self._homes: dict[object, list[str]] = {}
        births = found["birth_on"].to_pylist()
        for column in ("name", "name_kana"):
            for name, birth in zip(
                fold_names(whole(found[column])).to_pylist(), births, strict=True
            ):
                if name:
                    self._births.setdefault(name, set()).add(birth)
        names = fold_names(whole(found["name"])).to_pylist()
        for name, homes in zip(names, _homes(found), strict=True):
            for home in homes:
                self._homes.setdefault(home, []).append(name or "")

    def __bool__(self) -> bool:
        """Tell whether there is any objector."""
        return bool(self._births)

    def is_meant(self, name: str, birth_on: object, holder: int) -> bool:
        """Tell whether a family entry under `holder` may be an objector."""
        births = self._births.get(name, set())
        if births and (birth_on is None or births & {None, birth_on}):
            return True
        if not name or holder < 0 or not self._homes:
            return False
        (homes,) = _homes(self._customers.slice(holder, 1))
        neighbours = [full for home in homes for full in self._homes.get(home, ())]
        return any(full.endswith(name) and full != name for full in neighbours)


def _homes(customers: pyarrow.Table) -> list[list[tuple[str, str]]]:
    addresses = fold_addresses(whole(customers["address"])).to_pylist()
    phones = customers["phone"].to_pylist()
    return [
        [(kind, value) for kind, value in (("address", a), ("phone", p)) if value]
        for a, p in zip(addresses, phones, strict=True)
    ]
