"""Owner and user of a car: on the certificate, and in a drop only where they are the customer."""

from collections.abc import Callable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.reading.folding import fold_address, fold_name

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
    exact = _equal(names, customer_names)
    mask = exact & (_equal(addresses, customer_addresses) | _is_null(addresses))
    for row in np.flatnonzero(~mask & ~_is_null(names)).tolist():
        mask[row] = _same(names, customer_names, row, fold_name) and (
            not addresses[row].is_valid or _same(addresses, customer_addresses, row, fold_address)
        )
    return mask


def _equal(ours: pyarrow.Array, theirs: pyarrow.Array) -> np.ndarray:
    return pc.fill_null(pc.equal(ours, theirs), fill_value=False).to_numpy(zero_copy_only=False)


def _is_null(cells: pyarrow.Array) -> np.ndarray:
    return cells.is_null().to_numpy(zero_copy_only=False)


def _same(ours: pyarrow.Array, theirs: pyarrow.Array, row: int, fold: Callable[[str], str]) -> bool:
    return fold(ours[row].as_py() or "") == fold(theirs[row].as_py() or "")
