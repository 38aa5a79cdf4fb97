"""Whether what stands for a customer number in an objection is a telephone, a plate or an address."""

from collections.abc import Callable

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from transforms.arrays import mask_of, whole
from transforms.reading.patterns import compact

_A_CONTACT = (
    r"@|[\p{Han}] *[0-9]{1,3} *[\p{Hiragana}] *[0-9・.-]+"
    r"|^0[1-9][0-9]{8,9}$|^0[1-9][0-9]{0,3}[-( ][0-9]{1,4}[-) ][0-9]{3,4}$"
)
"""What hardly a customer number looks like (RE2)."""

_ARE_NUMBERED_SO = 0.1
"""If so many customers' numbers look like that, the shop numbers them so."""

NUMBERED_BY = ("customer_id", *PHONE_COLUMNS)
"""Columns of customers that are asked for."""


def are_contacts(stated: pyarrow.Array, customers: Callable[[], pyarrow.Table]) -> np.ndarray:
    """Mask of the numbers that read like a telephone, a plate or a mail address.

    Where customers have numbers of the same form, that tells nothing, unless it is somebody's telephone.

    Args:
        stated: what stands in objections for customer numbers.
        customers: gives `NUMBERED_BY` of everybody; hardly ever asked for.
    """
    mask = mask_of(pc.match_substring_regex(stated, compact(_A_CONTACT, stated)))
    if mask.any():
        people = customers()
        is_usual = pc.is_in(_forms(stated), value_set=_usual_forms(whole(people["customer_id"])))
        phones = pyarrow.concat_arrays([whole(people[column]) for column in PHONE_COLUMNS])
        is_phone = pc.is_in(_digits(stated), value_set=_digits(phones))
        mask &= ~mask_of(is_usual) | mask_of(is_phone)
    return mask


def _usual_forms(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give the forms that so many customers' numbers have that the shop numbers them so."""
    forms = pc.value_counts(_forms(numbers).drop_null())
    is_usual = pc.greater(forms.field("counts"), len(numbers) * _ARE_NUMBERED_SO)
    return forms.field("values").filter(is_usual)


def _forms(numbers: pyarrow.Array) -> pyarrow.Array:
    """Give what numbers look like: of how many figures, with what between them; 会員1か2 of any."""
    forms = pc.replace_substring_regex(numbers, "[0-9]", "0")
    has_words = pc.match_substring_regex(forms, compact(r"[\p{Han}]", forms))
    return pc.if_else(has_words, pc.replace_substring_regex(forms, "0+", "0"), forms)


def _digits(numbers: pyarrow.Array) -> pyarrow.Array:
    return pc.replace_substring_regex(numbers, "[^0-9]", "")
