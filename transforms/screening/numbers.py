"""Numbers that must not travel: My Number, driving licence, payment cards; and those that reach a person."""

import re
from collections.abc import Iterator

from transforms.reading.folding import DASHES, nfkc

_RUNS = re.compile(rf"(?<!\d)\d(?:[\s・.{DASHES}-]?\d){{9,}}(?!\d)")
_BETWEEN = r"[^\d年月日時分kKm円¥台本個lL%]{0,3}"
"""Between groups of one number; a unit ends one."""

_GROUPS = re.compile(rf"(?<!\d)\d{{4}}(?:{_BETWEEN}\d{{4}}){{2,3}}(?:{_BETWEEN}\d{{1,3}})?(?!\d)")
_GROUPS_OF_THREE = re.compile(rf"(?<!\d)\d{{3}}(?:{_BETWEEN}\d{{3}}){{3}}(?!\d)")
"""Twelve digits and more, in groups of four or three with whatever stands between them."""

_BETWEEN_GROUPS = r"(?:[\W_]{0,2}の[\W_]{0,2}|[\W_]{1,3})"
_PHONE_IN_GROUPS = re.compile(
    rf"(?<!\d)0\d{{1,4}}{_BETWEEN_GROUPS}\d{{1,4}}{_BETWEEN_GROUPS}\d{{4}}(?!\d)"
)
_PHONE = re.compile(rf"(?<!\d)(?<!\d[./-])(?:\+81|0)(?:[\s()・.{DASHES}-]{{0,2}}\d){{9,10}}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+")

_DAY = re.compile(r"^(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}(?=\D)")
_DECIMALS = re.compile(r"\d{1,3}\.\d{1,2}(?:[^\d.]+\d{1,3}\.\d{1,2})+")
_GROUP, _MOST_GROUPS = 4, 5
"""How many digits a group of a number has, and how many groups at most."""

_MY_NUMBER_DIGITS = 12
_LICENCE_DIGITS = 12
_CARD_DIGITS = range(13, 20)
_PHONE_DIGITS = (10, 11)
_LICENCE_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_PREFECTURAL_POLICE = range(10, 98)


def holds_personal_number(text: str) -> bool:
    """Tell whether a text holds a My Number, a driving licence number or a payment card number."""
    return any(
        (len(digits) == _MY_NUMBER_DIGITS and is_my_number(digits))
        or (len(digits) == _LICENCE_DIGITS and is_licence(digits))
        or (len(digits) in _CARD_DIGITS and passes_luhn(digits))
        for digits in _digit_runs(nfkc(text))
    )


def holds_contact(text: str) -> bool:
    """Tell whether a text holds a telephone number or an e-mail address."""
    written = nfkc(text)
    in_groups = _PHONE_IN_GROUPS.search(written)
    is_phone = in_groups and len(re.sub(r"\D", "", in_groups[0])) in _PHONE_DIGITS
    return bool(is_phone or _PHONE.search(written) or _EMAIL.search(written))


def is_my_number(digits: str) -> bool:
    """Tell whether 12 digits end with the check digit of a 個人番号.

    行政手続における特定の個人を識別するための番号の利用等に関する法律施行規則5条: weights 2..7,2..6 from the
    right, modulo 11; remainders 0 and 1 give 0.
    """
    weights = [n + 1 if n <= 6 else n - 5 for n in range(1, 12)]  # noqa: PLR2004 (the rule's own bound)
    remainder = sum(int(d) * w for d, w in zip(reversed(digits[:-1]), weights, strict=True)) % 11
    return int(digits[-1]) == (0 if remainder <= 1 else 11 - remainder)


def is_licence(digits: str) -> bool:
    """Tell whether 12 digits can be a 運転免許証番号: police code, and a check digit at the 11th place."""
    if int(digits[:2]) not in _PREFECTURAL_POLICE:
        return False
    remainder = sum(int(d) * w for d, w in zip(digits, _LICENCE_WEIGHTS, strict=False)) % 11
    return int(digits[10]) == (0 if remainder <= 1 else 11 - remainder)


def passes_luhn(digits: str) -> bool:
    """Tell whether digits pass the check of payment card numbers (ISO/IEC 7812-1)."""
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0  # noqa: PLR2004 (digit sum)


def _digit_runs(text: str) -> Iterator[str]:
    for form in (_RUNS, _GROUPS, _GROUPS_OF_THREE):
        for run in form.finditer(text):
            written = _DAY.sub("", run[0])
            groups = re.findall(r"\d+", written)
            if sum(map(len, groups)) == _MY_NUMBER_DIGITS and not _are_readings(written, groups):
                yield "".join(groups)
            yield from _within(groups)


def _within(groups: list[str]) -> Iterator[str]:
    """Give what may be a number among groups of digits, by how people write one."""
    for start in range(len(groups)):
        digits = ""
        for end, group in enumerate(groups[start:], start + 1):
            digits += group
            if len(digits) >= _CARD_DIGITS.stop:
                break
            if len(digits) >= _MY_NUMBER_DIGITS and _are_of_one_number(groups[start:end]):
                yield digits


def _are_of_one_number(groups: list[str]) -> bool:
    """Tell whether people write a number in such groups; sizes and dates beside it come in others.

    As one, digit by digit, in threes, or in at most five groups of four and more, the last perhaps shorter.
    """
    lengths = [len(group) for group in groups]
    is_long = len(groups) <= _MOST_GROUPS and min(lengths[:-1], default=_GROUP) >= _GROUP
    are_alike = set(lengths) <= {1} or set(lengths) == {_GROUP - 1}
    is_short = sum(lengths) == _MY_NUMBER_DIGITS
    return (is_long or are_alike) and not (is_short and _repeat(groups))


def _are_readings(written: str, groups: list[str]) -> bool:
    """Tell whether figures are readings of an instrument: with decimals, or some of them equal."""
    return _repeat(groups) or _DECIMALS.fullmatch(written) is not None


def _repeat(groups: list[str]) -> bool:
    """Tell whether a reading stands twice (240/240/230/230), as groups of one number hardly ever do."""
    return len(set(groups)) < len(groups) and min(map(len, groups)) >= _GROUP - 1
