"""Reading phone numbers, postal codes and e-mail addresses."""

import re
from collections.abc import Iterator

import phonenumbers
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import where
from transforms.reading.folding import DASH_CLASS, nfkc
from transforms.reading.values import NOTHING, NULL_MARKS, UNREADABLE, Read

_PHONE = re.compile(r"\+?[\d() .-]*\d[\d() .-]*(?:(?:内線|#|EXT\.?) *\d+)?")
_AROUND_A_PHONE = re.compile(r"^(?:TEL|FAX|電話)[ :.]*|\s*(?:\(代表?\)|代表)$")
_POSTAL = re.compile(r"〒?(\d{3})-?(\d{4})")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[A-Za-z0-9-]{2,}")
_EMAIL_WITHIN = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}")

_DIGITS_AND_MARKS = re.compile(r"\+?[0-9][0-9() ._-]*")
_MOBILE = re.compile(r"0[5-9]0[0-9]{8}")
_AS_A_FRACTION = re.compile(r"^(\d{7}|\d{9,11})\.0+$")
"""A number a spreadsheet took for a fraction."""

_AS_TEXT = "'"
"""What tells a spreadsheet that a cell is text, and stays in some exports."""

_WITHOUT_ITS_ZERO = re.compile(r"[5-9]0[0-9]{8}")

_LONGEST = 11
"""Digits of a number within Japan (電気通信番号計画); what has more, and is no number, may be a card's."""

_PERSONAL_NUMBER = r"^0[5-9]0-"
"""A mobile or IP number (電気通信番号計画: 050, 060, 070, 080, 090): one person's, not a household's."""

LOCAL_DIGITS = 7
"""Digits of a number without its area code, at the most common."""

TYPICAL_MOBILE = r"^0[789]0-[1-9][0-9]{3}-[0-9]{4}$"
"""A mobile number as phonenumbers would write it: 070, 080 or 090 and a block that is in use."""


def read_phone(text: str) -> Read[str]:
    """Read a phone number and write it nationally, e.g. `023-643-8163`.

    A number without its area code, or one that no exchange has, is kept as written and flagged:
    digits are never invented.
    """
    written = nfkc(text).strip()
    folded = _AS_A_FRACTION.sub(r"\1", re.sub(DASH_CLASS, "-", written).upper())
    folded = _AROUND_A_PHONE.sub("", folded.removeprefix(_AS_TEXT)).replace("内線", "#")
    folded = folded.replace("・", "-")
    if folded in NULL_MARKS:
        return NOTHING
    if not _PHONE.fullmatch(folded):
        return UNREADABLE
    try:
        number = phonenumbers.parse(folded, "JP")
    except phonenumbers.NumberParseException:
        return UNREADABLE
    if not phonenumbers.is_valid_number(number):
        if len(re.sub(r"\D", "", folded)) > _LONGEST and "+" not in folded:
            return UNREADABLE
        return Read(
            written, flag="without_area_code" if folded[0] not in "0+(" else "no_such_number"
        )
    return Read(_written(number))


def _written(number: phonenumbers.PhoneNumber) -> str:
    """Write a number of Japan nationally, any other internationally."""
    is_domestic = number.country_code == phonenumbers.country_code_for_region("JP")
    forms = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(
        number, forms.NATIONAL if is_domestic else forms.INTERNATIONAL
    )


def personal_numbers(phones: pyarrow.Array) -> pyarrow.Array:
    """Keep the numbers, as read, that are one person's; the others become null."""
    is_personal = pc.match_substring_regex(phones, _PERSONAL_NUMBER)
    return where(is_personal, phones)


def contacts_in(text: str) -> Iterator[str]:
    """Find phone numbers, as `read_phone` writes them, and e-mail addresses, in small letters, in any text.

    So a cell that could not be read, for it holds two numbers, still tells whose row it is. A leading zero a
    spreadsheet took from a number of a mobile is put back: what is found here is compared, and never leaves.
    """
    folded = re.sub(DASH_CLASS, "-", nfkc(text))
    found = {_written(match.number) for match in phonenumbers.PhoneNumberMatcher(folded, "JP")}
    for run in _DIGITS_AND_MARKS.findall(folded):
        found.update(_numbers_of(re.sub(r"\.0+$", "", run)))
    yield from sorted(found)
    yield from (address.lower() for address in _EMAIL_WITHIN.findall(folded))


def _numbers_of(run: str) -> Iterator[str]:
    digits = re.sub(r"\D", "", run)
    digits = f"0{digits[2:]}" if run.startswith("+81") else digits
    whole = f"0{digits}" if _WITHOUT_ITS_ZERO.fullmatch(digits) else digits
    for each in (whole, *_MOBILE.findall(digits)):
        try:
            number = phonenumbers.parse(each, "JP")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield _written(number)


def read_postal_code(text: str) -> Read[str]:
    """Read a postal code and write it as `990-2385`."""
    folded = re.sub(DASH_CLASS, "-", re.sub(r"\s", "", nfkc(text)))
    folded = _AS_A_FRACTION.sub(r"\1", folded).removeprefix(_AS_TEXT)
    if folded in NULL_MARKS:
        return NOTHING
    match = _POSTAL.fullmatch(folded)
    return Read(f"{match[1]}-{match[2]}") if match else UNREADABLE


def read_email(text: str) -> Read[str]:
    """Read an e-mail address, its case as written."""
    folded = re.sub("^mailto:", "", nfkc(text).strip(), flags=re.IGNORECASE)
    if folded in NULL_MARKS:
        return NOTHING
    return Read(folded) if _EMAIL.fullmatch(folded) else UNREADABLE
