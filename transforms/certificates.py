"""Reading a 電子車検証 record as the ministry's viewer app exports it.

Keys and their spellings are those of the app's files (車検証情報取込ファイル仕様書); values are
padded full-width text. 備考 (`NoteInfo`) and the security code are never looked at.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

import pyarrow
import pyarrow.compute as pc

_TEXTS = MappingProxyType(
    {
        "plate": ("EntryNoCarNo", "TwodimensionCodeInfoEntryNoCarNo"),
        "chassis_number": ("CarNo", "TwodimensionCodeInfoCarNo"),
        "model_code": ("Model", "TwodimensionCodeInfoModel"),
        "type_designation_number": ("ModelSpecifyNo",),
        "category_number": ("ClassifyAroundNo",),
        "maker_name": ("CarName",),
        "vehicle_class": ("CarKind",),
        "use": ("Use",),
        "private_or_business": ("PrivateBusiness",),
        "body_shape": ("CarShape",),
        "engine_model": ("EngineModel", "TwodimensionCodeInfoEngineModel"),
        "fuel": ("FuelClass",),
        "displacement": ("Displacement",),
        "seating_capacity": ("Cap",),
        "max_load_kg": ("Maxloadage",),
        "weight_kg": ("CarWgt",),
        "gross_weight_kg": ("CarTotalWgt",),
        "length_cm": ("Length",),
        "width_cm": ("Width",),
        "height_cm": ("Height",),
        "front_front_axle_weight_kg": ("FfAxWgt",),
        "front_rear_axle_weight_kg": ("FrAxWgt",),
        "rear_front_axle_weight_kg": ("RfAxWgt",),
        "rear_rear_axle_weight_kg": ("RrAxWgt",),
    }
)
"""Canonical column → keys that hold it, the first that is filled."""

_CAR_CLASSES = frozenset({"01", "02"})
"""`RegistCarLightCar`: 01 a registered car, 02 a kei car."""

_SAME_AS_BEFORE = re.compile(r"[*＊]+")
_EMPTY = re.compile(r"[\s\u3000]*[-－]*[\s\u3000]*")

CERTIFICATE_CELLS = (
    *_TEXTS,
    *("first_registered_in", "issued_on", "valid_until_on"),
    *("owner_name", "owner_address", "user_name", "user_address", "base_location"),
)


class UnknownCertificateError(ValueError):
    """The record is not a certificate of a class the published format knows."""


def _text(value: object) -> str:
    """Give a value as text; some programs write figures without quotation marks."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def certificate_cells(record: Mapping[str, object]) -> dict[str, str]:
    """Give the canonical cells of one record as text, still to be read column by column.

    `＊＊＊` is resolved: a user so marked is the owner, an address so marked the one before it.

    Raises:
        UnknownCertificateError: the car class is neither 01 nor 02.
    """
    texts = {key: _text(value) for key, value in record.items()}
    if _cell(texts, "RegistCarLightCar") not in _CAR_CLASSES:
        raise UnknownCertificateError
    cells = {
        column: next((cell for key in keys if (cell := _cell(texts, key))), "")
        for column, keys in _TEXTS.items()
    }
    first_key = "Firstregistdate" if _cell(texts, "FirstregistdateY") else "Firstexamdate"
    cells["first_registered_in"] = _date(texts, first_key, with_day=False)
    cells["issued_on"] = _date(texts, "Grantdate") or _date(texts, "ElectCertPublishdate")
    cells["valid_until_on"] = _date(texts, "ValidPeriodExpirdate")
    return cells | _holders(texts)


def _holders(record: Mapping[str, str]) -> dict[str, str]:
    owner, owner_address = _name(record, "Owner"), _address(record, "OwnerAddress")
    user, user_address = _name(record, "User"), _address(record, "UserAddress")
    user_is_owner = _is_mark(user)
    user_address = owner_address if user_is_owner or _is_mark(user_address) else user_address
    base = _address(record, "Useheadqrter")
    return {
        "owner_name": "" if _is_mark(owner) else owner,
        "owner_address": "" if _is_mark(owner_address) else owner_address,
        "user_name": ("" if _is_mark(owner) else owner) if user_is_owner else user,
        "user_address": "" if _is_mark(user_address) else user_address,
        "base_location": ("" if _is_mark(user_address) else user_address)
        if _is_mark(base)
        else base,
    }


def _cell(record: Mapping[str, str], key: str) -> str:
    value = record.get(key, "").strip().strip("\u3000")
    return "" if _EMPTY.fullmatch(value) else value


def _name(record: Mapping[str, str], holder: str) -> str:
    # The low-level field writes 〓 for characters it cannot hold; the high-level one has them.
    low, high = (
        _cell(record, f"{holder}nameLowLevelChar"),
        _cell(record, f"{holder}nameHighLevelChar"),
    )
    return high if (not low or "〓" in low) and high else low


def _address(record: Mapping[str, str], place: str) -> str:
    return _cell(record, f"{place}Char") + _cell(record, f"{place}NumValue")


def _date(record: Mapping[str, str], key: str, *, with_day: bool = True) -> str:
    era, year, month, day = (_cell(record, f"{key}{part}") for part in "EYMD")
    if not (year or month or day):
        return ""
    return f"{era}{year}年{month}月" + (f"{day}日" if with_day else "")


def _is_mark(text: str) -> bool:
    return bool(_SAME_AS_BEFORE.fullmatch(text))


SAME_AS_OWNER = ("同上", "〃", "同じ", "所有者と同じ", "所有者に同じ", "***", "＊＊＊")
"""What ledgers write for a user who is the owner, or an address that is the one before."""


def with_users(rows: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """Resolve users, and their addresses, that are written as the same as the owner."""
    for column, owner in (
        ("user_name", "owner_name"),
        ("user_address", "owner_address"),
        ("base_location", "user_address"),
    ):
        place = rows.schema.get_field_index(column)
        is_same = pc.is_in(rows.column(place), value_set=pyarrow.array(SAME_AS_OWNER))
        cells = pc.if_else(is_same, rows.column(owner), rows.column(place))
        rows = rows.set_column(place, rows.schema.field(place), cells)
    return rows
