"""What the shop's records say of refusals: a row each, the strictest where several rows state one."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, cast

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from ledger.references import References
from schemas.notice import Notice
from schemas.objections import SCOPES, UNDEFINED
from schemas.people import CHANNELS
from schemas.shop import NO_OBJECTION
from transforms.objections import FURTHEST

STATEMENT_COLUMNS = [
    *("part", "objection_id", "customer_id", "scope", "partner", "purpose"),
    *("received_on", "effective_on", "lifted_on", "channel"),
]
"""What is read of each row of the objections: the file or table it stands in, and its columns."""

SINCE_ALWAYS = date.min
"""From when an objection without any day holds."""

_FIRST_LIFT = date(2005, 4, 1)
"""The Act on the Protection of Personal Information (個人情報保護法) binds businesses from this day on."""

_ID_OF_RECORDS = "R"
"""How the ids of objections begin that stand in the shop's records; those of commands begin with K."""

_CHANNELS = frozenset(
    {
        *CHANNELS,
        *("窓口", "店頭", "来店", "電話", "手紙", "郵便", "書面", "メール", "FAX"),
    }
)


class Statement(Protocol):
    """A row of what the records say (`statements_of`), beside what was known."""

    Index: str
    customer_id: str
    scope: str | None
    partner: str | None
    purpose: str | None
    begins_on: date
    ends_on: date
    known_begins_on: date | None
    known_ends_on: date | None
    known_lifts: tuple[date, ...]
    again_on: date | None
    received_on: date | None
    channel: str | None


def stated_ids(
    references: References, rows: pyarrow.Table, notice: Notice, today: date
) -> set[str]:
    """Name the objections that stand in the records at this moment (rows: `STATEMENT_COLUMNS`)."""
    return set(statements_of(rows, references, today, notice).index)


def statements_of(
    rows: pyarrow.Table, references: References, today: date, notice: Notice
) -> pd.DataFrame:
    """Give what the records say of refusals, a row each."""
    refusals = rows.filter(pc.fill_null(pc.not_equal(rows["scope"], NO_OBJECTION), fill_value=True))
    return _defined(_statements(refusals, references, today), notice)


def is_of_records(objection_id: str) -> bool:
    """Tell whether an objection stands in the shop's records, or did."""
    return objection_id.startswith(_ID_OF_RECORDS)


def each_of(statements: pd.DataFrame) -> Iterable[Statement]:
    """Give the rows one by one, by their names."""
    return cast("Iterable[Statement]", statements.itertuples())


def _statements(rows: pyarrow.Table, references: References, today: date) -> pd.DataFrame:
    """Give one row per objection, the strictest where several rows state it."""
    names = STATEMENT_COLUMNS[:6]
    texts = pc.binary_join_element_wise(
        *(rows[name] for name in names), "\x1f", null_handling="replace", null_replacement=""
    )
    digests = references.traits(pc.binary_join_element_wise("statement", texts, "\x1f"))
    frame = pd.DataFrame({name: rows[name].to_pylist() for name in STATEMENT_COLUMNS}, dtype=object)
    frame["id"] = [f"{_ID_OF_RECORDS}{digest:016x}" for digest in digests.to_pylist()]
    frame["begins_on"] = [
        effective
        if effective and effective <= (min(received, today) if received else today) + FURTHEST
        else (min(received, today) if received else SINCE_ALWAYS)
        for effective, received in zip(frame["effective_on"], frame["received_on"], strict=True)
    ]
    # A row that is not lifted outweighs one that is.
    frame["ends_on"] = [
        lifted if lifted and lifted >= _FIRST_LIFT else date.max for lifted in frame["lifted_on"]
    ]
    first = frame.drop_duplicates("id").set_index("id")
    repeated = frame[frame["id"].duplicated(keep=False)]
    if len(repeated):
        strictest = repeated.groupby("id").agg(
            {"begins_on": "min", "ends_on": "max", "received_on": _last_day}
        )
        first.loc[strictest.index, list(strictest)] = strictest
    return first


def _last_day(days: pd.Series) -> date | None:
    return max((day for day in days if day), default=None)


def _defined(statements: pd.DataFrame, notice: Notice) -> pd.DataFrame:
    """Keep the words that are defined; another may hold a person's data, and reads as the widest."""
    defined = {
        "scope": set(SCOPES),
        "partner": {partner.id for partner in notice.partners},
        "purpose": {purpose.id for purpose in notice.purposes},
        "channel": _CHANNELS,
    }
    for column, words in defined.items():
        is_defined = statements[column].isin(words) | statements[column].isna()
        statements[column] = statements[column].where(is_defined, UNDEFINED)
    return statements
