"""Owner and user of a car: on the certificate, and in a drop only where they are the customer."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of
from transforms.reading.folded_columns import fold_addresses, fold_names, squeezed
from transforms.reading.own_names import own_names
from transforms.reading.passing_names import COMPANY

OWNER_COLUMNS = ("owner_name", "owner_address")
USER_COLUMNS = ("user_name", "user_address", "base_location")
_SHORTEST_NAME = 4
"""From so many characters on a name in front of more is a whole one."""

_NO_NAME = r"^\P{L}*$|^(同上|同ジ|使用者|所有者|本人|不明|ナシ|無シ)"
"""What stands for a name on a paper, folded, and is none (RE2)."""

HOLDER_COLUMNS = (*OWNER_COLUMNS, *USER_COLUMNS)


def is_customer(
    names: pyarrow.Array,
    addresses: pyarrow.Array,
    customer_names: pyarrow.Array,
    customer_addresses: pyarrow.Array,
) -> np.ndarray:
    """Mask of the rows whose holder is the customer: same name, and no other address.

    A namesake at another address is somebody else; so is, in doubt, a customer who moved.
    """
    has_same_name = _equal(names, customer_names)
    has_same_address = _equal(addresses, customer_addresses) | _is_null(addresses)
    mask = has_same_name & has_same_address
    # Most papers spell as the records do; only the others are folded.
    rest = np.flatnonzero(~mask & ~_is_null(names))
    if len(rest):
        rows = pyarrow.array(rest)
        same = _equal(fold_names(names.take(rows)), fold_names(customer_names.take(rows)))
        ours, theirs = (
            fold_addresses(addresses.take(rows)),
            fold_addresses(customer_addresses.take(rows)),
        )
        mask[rest] = same & (_equal(ours, theirs) | _is_null(ours))
    return mask


def are_others(
    holders: pyarrow.Array, customers: pyarrow.Array, readings: pyarrow.Array
) -> np.ndarray:
    """Mask of the rows whose paper names a holder that is not the customer, wherever either lives.

    Where a name is missing, or only says that it is the same, nothing tells. What stands beside one of
    the names (様, 代表, 外1名, ㈱, a branch) is none of it.

    Args:
        holders: names on the papers.
        customers: names of the customers, row by row.
        readings: how those are read.
    """
    ours, theirs, read = (_bare(names) for names in (holders, customers, readings))
    is_told = pc.invert(pc.match_substring_regex(ours, _NO_NAME))
    mask = mask_of(pc.and_(is_told, pc.not_equal(ours, theirs))) & ~_equal(ours, read)
    rest = np.flatnonzero(mask)
    few = pyarrow.array(rest)
    ours, theirs = ours.take(few), theirs.take(few)
    is_same = _begin_with(ours, theirs) | _begin_with(theirs, ours)
    names, rows = own_names(customers.take(few))
    is_same[rows[_equal(names, ours.take(pyarrow.array(rows)))]] = True
    mask[rest[is_same]] = False
    return mask


def _bare(names: pyarrow.Array) -> pyarrow.Array:
    """Fold names, without the word for a firm and without others (外1名)."""
    folded = squeezed(fold_names(names))
    alone = pc.replace_substring_regex(folded, "[外他ホカ]+[0-9一二三四五]*名.*$", "")
    return pc.replace_substring_regex(alone, COMPANY, "")


def _begin_with(names: pyarrow.Array, beginnings: pyarrow.Array) -> np.ndarray:
    """Mask of the names that begin with what is a whole name itself."""
    longer, shorter = (
        np.array(pc.fill_null(each, "").to_pylist(), np.dtypes.StringDType())
        for each in (names, beginnings)
    )
    is_whole = np.strings.str_len(shorter) >= _SHORTEST_NAME
    return is_whole & np.strings.startswith(longer, shorter)


def _equal(ours: pyarrow.Array, theirs: pyarrow.Array) -> np.ndarray:
    return mask_of(pc.equal(ours, theirs))


def _is_null(cells: pyarrow.Array) -> np.ndarray:
    return cells.is_null().to_numpy(zero_copy_only=False)
