"""The gate: whoever objected, and everything that is theirs, does not go to that partner."""

import numpy as np
import pyarrow

from transforms.arrays import whole
from transforms.reading.folded_columns import fold_addresses, fold_names
from transforms.settling import spread_down
from transforms.spine import Spine
from transforms.verdicts import Disposition, Verdicts

OBJECTED = Disposition.OBJECTED

FAMILY_COLUMNS = ["linked_customer_id", "name", "birth_on"]


def gate_out(
    verdicts: Verdicts, spine: Spine, objectors: np.ndarray, relatives: np.ndarray
) -> None:
    """Take out objectors with their cars, visits, repairs, invoices, costs, pictures and names.

    Args:
        verdicts: one partner's own, changed here.
        spine: of the same snapshot.
        objectors: mask of the customer rows whose person objected.
        relatives: mask of the family rows that are about an objector.
    """
    verdicts.rule("customers", objectors, OBJECTED, "objected")
    verdicts.rule("family_members", relatives, OBJECTED, "names_objector")
    spread_down(verdicts, spine, OBJECTED)


def named_relatives(
    family: pyarrow.Table, holders: pyarrow.Table, objectors: pyarrow.Table
) -> np.ndarray:
    """Mask of family rows that are an objector by a name that no birth date denies.

    A given name alone counts where the objector lives at the customer's address or phone.

    Args:
        family: `FAMILY_COLUMNS` of all family members.
        holders: `IDENTITY_COLUMNS` of the customer each of them is entered under, null if there is none.
        objectors: `IDENTITY_COLUMNS` of the customers whose person objected.
    """
    mask = np.zeros(len(family), bool)
    known = _KnownNames(objectors)
    rows = family.select(["name", "birth_on"]).to_pylist() if known else []
    folded = fold_names(whole(family["name"])).to_pylist() if rows else []
    homes = _homes(holders) if rows else []
    for place, row in enumerate(rows):
        if known.is_meant(folded[place] or "", row["birth_on"], homes[place]):
            mask[place] = True
    return mask


class _KnownNames:
    """The objectors' names, with what tells one bearer from another."""

    def __init__(self, found: pyarrow.Table) -> None:
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

    def is_meant(self, name: str, birth_on: object, homes: list[tuple[str, str]]) -> bool:
        """Tell whether a family entry of a customer with these homes may be an objector."""
        births = self._births.get(name, set())
        if births and (birth_on is None or births & {None, birth_on}):
            return True
        if not name:
            return False
        neighbours = [full for home in homes for full in self._homes.get(home, ())]
        return any(full.endswith(name) and full != name for full in neighbours)


def _homes(customers: pyarrow.Table) -> list[list[tuple[str, str]]]:
    addresses = fold_addresses(whole(customers["address"])).to_pylist()
    phones = customers["phone"].to_pylist()
    return [
        [(kind, value) for kind, value in (("address", a), ("phone", p)) if value]
        for a, p in zip(addresses, phones, strict=True)
    ]
