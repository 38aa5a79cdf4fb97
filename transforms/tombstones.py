"""What a partner must delete: what it holds and is no longer given.

Whoever was delivered and is not in this drop is deleted (objected, erased, sold, merged), except
whose row is only set aside until somebody mends it, who did not object and whose row names no objector: the
partner keeps what it has of them. Of families and cars it keeps that only together with their customer.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.spine import Spine, at
from transforms.verdicts import Disposition, Verdicts


@dataclass(frozen=True)
class Deletions:
    """Keys of one record the partner must delete, in order, and those of them that no row has."""

    keys: pyarrow.Array
    vanished: pyarrow.Array


def staying(record: str, spine: Spine, verdicts: Verdicts, objected: Verdicts) -> np.ndarray:
    """Mask of the rows whose key the partner keeps.

    Args:
        record: the table.
        spine: of the snapshot.
        verdicts: the partner's own.
        objected: what the gate rules on the same rows when nothing else does.
    """
    stays = _staying(record, verdicts, objected)
    if record == "customers":
        return stays
    return stays & at(_staying("customers", verdicts, objected), spine.rows(record, "customer_id"))


def staying_papers(verdicts: Verdicts) -> np.ndarray:
    """Mask of the certificates for which the partner keeps what it has of their car.

    One that is set aside, itself or with its car, is not among them: what the partner has may be of the
    keeper before. It is given again with the next drop once it is mended.
    """
    return np.asarray(verdicts.codes("certificates") == 0)


def _staying(record: str, verdicts: Verdicts, objected: Verdicts) -> np.ndarray:
    is_set_aside = verdicts.are(record, Disposition.QUARANTINED)
    is_objected = objected.are(record, Disposition.OBJECTED)
    return (verdicts.codes(record) == 0) | (is_set_aside & ~is_objected)


def deletions(
    held: pyarrow.Array, keys: pyarrow.Array, stays: np.ndarray, refused: np.ndarray
) -> Deletions:
    """Find what must be deleted of one record.

    Args:
        held: keys the partner holds.
        keys: the partner's key of each row of the record, null where there is none.
        stays: mask of the rows from `staying`.
        refused: mask of the rows of people who objected; their keys never stay.
    """
    theirs = keys.filter(pyarrow.array(refused)).drop_null()
    stay = keys.filter(pyarrow.array(stays)).drop_null()
    stay = stay.filter(pc.invert(pc.is_in(stay, value_set=theirs)))
    gone = pc.unique(held.filter(pc.invert(pc.is_in(held, value_set=stay))))
    is_known = pc.is_in(gone, value_set=keys.drop_null())
    return Deletions(gone.take(pc.sort_indices(gone)), gone.filter(pc.invert(is_known)))
