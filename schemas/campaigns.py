"""Recall campaigns (リコール届出): what a notification says, and the tables matching works on.

Source of the fields: the answer of the ministry's recall search (国土交通省, 自動車のリコール・不具合情報),
and the columns of the published 届出一覧表.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pyarrow

CAVEAT = (
    "対象車の含まれる車台番号の範囲には、対象とならない車両も含まれます。"
    "詳細については最寄りの販売店にお問い合わせください。"
)
"""What the ministry and the makers print under every list of ranges."""


class Category(StrEnum):
    """What kind of notification it is."""

    RECALL = "recall"
    IMPROVEMENT = "improvement"
    SERVICE = "service"


CATEGORY_TITLES = {
    Category.RECALL: "リコール",
    Category.IMPROVEMENT: "改善対策",
    Category.SERVICE: "サービスキャンペーン",
}


@dataclass(frozen=True)
class Range:
    """Chassis numbers from one to another, as written; both empty for all cars of the model."""

    first: str
    last: str


@dataclass(frozen=True)
class Model:
    """One 型式 of a campaign with its ranges; none means all cars of it."""

    maker: str
    code: str
    common_name: str
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Campaign:
    """One notification.

    Args:
        number: 届出番号, as text.
        printed_number: the other number series, where the source gives it.
        notified_on: 届出日.
        category: what kind it is.
        is_import: whether it is about imported cars.
        is_withdrawn: whether it was taken back.
        device: 不具合の部位.
        situation: 状況及びその原因.
        models: what it is about.
        place: where it stands: file and record.
    """

    number: str
    printed_number: str
    notified_on: date
    category: Category
    is_import: bool
    is_withdrawn: bool
    device: str
    situation: str
    models: tuple[Model, ...]
    place: str


RANGES = pyarrow.schema(
    [
        ("campaign", pyarrow.int32()),
        ("maker", pyarrow.string()),
        ("model_code", pyarrow.string()),
        ("first", pyarrow.string()),
        ("last", pyarrow.string()),
    ]
)
"""One row per range, and one with empty ends per model without; `campaign` is its position in a list."""


def ranges_of(campaigns: list[Campaign]) -> pyarrow.Table:
    """Give the ranges of campaigns as `RANGES`."""
    rows = [
        (place, model.maker, model.code, ends.first, ends.last)
        for place, campaign in enumerate(campaigns)
        for model in campaign.models
        for ends in model.ranges or (Range("", ""),)
    ]
    return pyarrow.Table.from_pylist(
        [dict(zip(RANGES.names, row, strict=True)) for row in rows], RANGES
    )
