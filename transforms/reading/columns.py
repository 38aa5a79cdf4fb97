"""Reading a whole column: each distinct text once, typed columns as they are."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow
import pyarrow.compute as pc

from schemas.arrow_types import type_of
from schemas.columns import TEXTS, Column, Kind, Role
from transforms.arrays import as_texts, without_empty, without_nan
from transforms.reading import car_codes, contacts, days, deletion_marks, figures, texts
from transforms.reading.ascii_columns import are_plain_identifiers
from transforms.reading.values import UNREADABLE, Read

_READERS: dict[Kind, Callable[[str], Read[object]]] = {
    Kind.IDENTIFIER: car_codes.read_identifier,
    **dict.fromkeys((Kind.TEXT, Kind.PLACE), texts.read_text),
    **dict.fromkeys((Kind.NAME, Kind.ADDRESS), texts.read_name),
    Kind.FREE_TEXT: texts.read_text,
    Kind.CODE: texts.read_text,
    Kind.DAY: days.read_day,
    Kind.MONTH: days.read_month,
    Kind.WHOLE: figures.read_whole,
    Kind.MEASURE: figures.read_measure,
    Kind.QUANTITY: figures.read_quantity,
    Kind.FLAG: figures.read_flag,
    Kind.DELETION: deletion_marks.read_deletion,
    Kind.PHONE: contacts.read_phone,
    Kind.POSTAL_CODE: contacts.read_postal_code,
    Kind.EMAIL: contacts.read_email,
    Kind.PLATE: car_codes.read_plate,
    Kind.CHASSIS_NUMBER: car_codes.read_chassis_number,
    Kind.MODEL_CODE: car_codes.read_model_code,
    Kind.DIGITS: car_codes.read_digits,
}

_PLAIN_FORMS: dict[Kind, str] = {
    Kind.DAY: r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$",
    Kind.WHOLE: r"^(0|-?[1-9][0-9]{0,10})$",
    Kind.MEASURE: r"^(0|[1-9][0-9]{0,10})$",
    Kind.QUANTITY: r"^(0|-?[1-9][0-9]{0,10})(\.[0-9]{1,3})?$",
    Kind.PHONE: contacts.TYPICAL_MOBILE,
    Kind.POSTAL_CODE: r"^[0-9]{3}-[0-9]{4}$",
    Kind.CHASSIS_NUMBER: r"^[A-Z0-9]{2,10}-[0-9]{3,8}$",
    Kind.EMAIL: r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$",
}
"""Forms that Arrow reads as the reader of one text would, and many at a time (RE2)."""


_RUNNING_TEXT = TEXTS | {Kind.FREE_TEXT, Kind.EMAIL}
_KEPT_AS_WRITTEN = frozenset({Kind.CHASSIS_NUMBER, Kind.MODEL_CODE})
"""Without them a recall would not find the car."""

_RAISED = re.compile("[²³¹⁰⁴-⁹₀-₉①-⓿❶-➓㉑-㉟㊱-㊿⑴-⒛]")
"""Circled, raised and lowered figures: marks of notes, which Unicode folds into figures."""

_BINARY_TAIL = 1e-9
_EPOCH = date(1970, 1, 1)

_ARE_TIDY: dict[Kind, Callable[[pyarrow.Array], bool]] = {
    **dict.fromkeys((Kind.TEXT, Kind.PLACE, Kind.FREE_TEXT, Kind.CODE), texts.are_tidy),
    **dict.fromkeys((Kind.NAME, Kind.ADDRESS), texts.are_tidy_names),
}
"""Tell whether the reader of one text would take all texts of a column as they are."""


@dataclass(frozen=True)
class ColumnRead:
    """A column as read: values, and per row a reason code where the value is no good."""

    values: pyarrow.Array
    faults: pyarrow.Array | None
    """Reason per row, null where there is none; None if no row has one."""
    flags: Counter[str]
    """How many rows carry each mark that is told but sets nothing aside."""


def read_column(source: pyarrow.Array, column: Column) -> ColumnRead:
    """Read a source column, text or already typed, into the canonical type.

    Of a dictionary each entry is read, and the values come as a dictionary too. A day that programs write
    for none is none, whoever gave it.
    """
    read = _read_column(source, column)
    if column.kind is not Kind.DAY:
        return read
    return ColumnRead(_without_defaults(read.values), read.faults, read.flags)


def _read_column(source: pyarrow.Array, column: Column) -> ColumnRead:
    if isinstance(source, pyarrow.DictionaryArray):
        entries = _read_column(source.dictionary, column)
        if not entries.flags:
            return _spread(entries, source)
        source = source.dictionary_decode()
    source = without_nan(source)
    if not _is_text(source.type):
        typed = _cast_typed(source, column)
        if typed is not None:
            return ColumnRead(typed, None, Counter())
    source = without_empty(as_texts(source))
    are_tidy = _ARE_TIDY.get(column.kind)
    if are_tidy is not None and are_tidy(source):
        return ColumnRead(source, None, Counter())
    if column.kind is Kind.IDENTIFIER and are_plain_identifiers(source):
        return ColumnRead(source, None, Counter())
    pattern = _PLAIN_FORMS.get(column.kind)
    if pattern is None:
        return _read_distinct(source, column)
    return _read_plain(source, column, pattern)


def _without_defaults(values: pyarrow.Array) -> pyarrow.Array:
    """Turn the days that programs write for none into null; the others stay."""
    ends = pc.min_max(values)
    if not ends["min"].is_valid:
        return values
    first, last = max(days.FIRST_DEFAULTS), days.LAST_DEFAULT
    if first < ends["min"].as_py() <= ends["max"].as_py() < last:
        return values
    defaults = pyarrow.array([*days.FIRST_DEFAULTS, last], values.type)
    is_none = pc.is_in(values, value_set=defaults)
    return pc.if_else(is_none, pyarrow.scalar(None, values.type), values)


def _spread(entries: ColumnRead, source: pyarrow.DictionaryArray) -> ColumnRead:
    """Give what was read of the entries of a dictionary to its cells."""
    faults = None if entries.faults is None else entries.faults.take(source.indices)
    if pyarrow.types.is_string(entries.values.type) and not entries.values.null_count:
        values = pyarrow.DictionaryArray.from_arrays(source.indices, entries.values)
        return ColumnRead(values, faults, Counter())
    return ColumnRead(entries.values.take(source.indices), faults, Counter())


def _read_plain(source: pyarrow.Array, column: Column, pattern: str) -> ColumnRead:
    """Read texts of a plain form all at once, and the others one by one."""
    plain = pc.match_substring_regex(source, pattern)
    nothing = pyarrow.scalar(None, pyarrow.string())
    is_all_plain = pc.all(plain, skip_nulls=True).as_py()
    try:
        taken = pc.cast(
            source if is_all_plain else pc.if_else(plain, source, nothing), type_of(column)
        )
    except pyarrow.ArrowInvalid:  # a day the calendar has not
        return _read_distinct(source, column)
    if is_all_plain:
        return ColumnRead(taken, None, Counter())
    rest = _read_distinct(pc.if_else(plain, nothing, source), column)
    return ColumnRead(pc.coalesce(taken, rest.values), rest.faults, rest.flags)


def _is_text(kind: pyarrow.DataType) -> bool:
    value_type = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
    return bool(pyarrow.types.is_string(value_type) or pyarrow.types.is_large_string(value_type))


def _cast_typed(source: pyarrow.Array, column: Column) -> pyarrow.Array | None:
    """Cast losslessly within one family of types, or give None where the text must be read.

    Arrow would take a number for days since 1970, and 2 for true: that is no reading.
    """
    kind, wanted = source.type, type_of(column)
    if pyarrow.types.is_timestamp(kind) and kind.tz is not None:
        source = pc.local_timestamp(source.cast(pyarrow.timestamp(kind.unit, "Asia/Tokyo")))
    is_one_family = (
        (pyarrow.types.is_temporal(kind) and pyarrow.types.is_date(wanted))
        or (_is_number(kind) and _is_number(wanted))
        or kind == wanted
    )
    if not is_one_family:
        return None
    try:
        typed = pc.cast(source, wanted, safe=not pyarrow.types.is_timestamp(kind))
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        return None
    if pyarrow.types.is_floating(kind) and pyarrow.types.is_decimal(wanted):
        lost = pc.abs(pc.subtract(source, typed.cast(pyarrow.float64())))
        if not pc.all(pc.less(lost, _BINARY_TAIL), min_count=0).as_py():
            return None  # Arrow would round 0.12345 to 0.123
    return typed if not pyarrow.types.is_date(wanted) or _are_in_calendar(typed) else None


def _are_in_calendar(days: pyarrow.Array) -> bool:
    """Tell whether Python's calendar has all days: 9999-12-31T23:59Z is a day later in Japan."""
    numbers = days.cast(pyarrow.int32())
    first, last = ((day - _EPOCH).days for day in (date.min, date.max))
    is_in = pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last))
    return bool(pc.all(is_in, min_count=0).as_py())


def _is_number(kind: pyarrow.DataType) -> bool:
    return bool(
        pyarrow.types.is_integer(kind)
        or pyarrow.types.is_floating(kind)
        or pyarrow.types.is_decimal(kind)
    )


def _read_distinct(source: pyarrow.Array, column: Column) -> ColumnRead:
    encoded = source.dictionary_encode()
    read_one = _READERS[column.kind]
    reads = [
        _lenient(_read_one(read_one, text, column), text, column)
        for text in encoded.dictionary.to_pylist()
    ]
    values = pyarrow.array([read.value for read in reads], type_of(column)).take(encoded.indices)
    faults = None
    if any(read.fault for read in reads):
        faults = pyarrow.array([read.fault for read in reads], pyarrow.string()).take(
            encoded.indices
        )
    return ColumnRead(values, faults, _count_flags(reads, encoded))


def _read_one(read_one: Callable[[str], Read[Any]], text: str | None, column: Column) -> Read[Any]:
    """Read one text; a mark like ① or ² beside a figure is no figure, though folding makes it one."""
    if text is None or column.kind in _RUNNING_TEXT or not _RAISED.search(text):
        return read_one(text)  # type: ignore[arg-type]
    if column.kind in _KEPT_AS_WRITTEN:
        read = read_one(_RAISED.sub("", text))
        return Read(read.value, read.fault, "unusual")
    return UNREADABLE


def _lenient(read: Read[object], text: str, column: Column) -> Read[object]:
    """Keep a number used only for matching even where its form is unknown: it decides no row."""
    if read.fault and column.role is Role.DECIDES and column.kind is Kind.PLATE:
        return Read(text.strip(), flag="unusual")
    return read


def _count_flags(reads: list[Read[object]], encoded: pyarrow.DictionaryArray) -> Counter[str]:
    if not any(read.flag for read in reads):
        return Counter()
    flags = pyarrow.array([read.flag for read in reads], pyarrow.string()).take(encoded.indices)
    counted = pc.value_counts(flags.drop_null())
    return Counter({entry["values"]: entry["counts"] for entry in counted.to_pylist()})
