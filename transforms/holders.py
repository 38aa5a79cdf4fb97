"""Owner and user of a car: on the certificate, and in a drop only where they are the customer."""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import mask_of
from transforms.reading.folded_columns import fold_addresses, fold_names, squeezed
from transforms.reading.own_names import own_names

OWNER_COLUMNS = ("owner_name", "owner_address")
USER_COLUMNS = ("user_name", "user_address", "base_location")
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


def are_others(holders: pyarrow.Array, customers: pyarrow.Array) -> np.ndarray:
    """Mask of the rows whose paper names a holder that is not the customer, wherever either lives.

    Where a name is missing nothing tells. What stands beside the customer's name (様, 代表) is none of it.

    Args:
        holders: names on the papers.
        customers: names of the customers, row by row.
    """
    ours, theirs = (squeezed(fold_names(names)) for names in (holders, customers))
    mask = mask_of(pc.and_(pc.not_equal(ours, theirs), pc.match_substring_regex(ours, r"\p{L}")))
    rest = np.flatnonzero(mask)
    names, rows = own_names(customers.take(pyarrow.array(rest)))
    is_same = mask_of(pc.equal(names, ours.take(pyarrow.array(rest[rows]))))
    mask[rest[rows[is_same]]] = False
    return mask


def _equal(ours: pyarrow.Array, theirs: pyarrow.Array) -> np.ndarray:
    return mask_of(pc.equal(ours, theirs))


def _is_null(cells: pyarrow.Array) -> np.ndarray:
    return cells.is_null().to_numpy(zero_copy_only=False)
