"""The columns a staged row carries besides its canonical ones. None of them ever leaves."""

from functools import cache

import pyarrow

from schemas.arrow_types import schema_of
from schemas.catalog import CATALOG

PART = "_part"
"""Which file or table the row came from (a number; the snapshot's report names it)."""

RECORD = "_record"
"""The row's number in that part, as a spreadsheet shows it."""

FAULT = "_fault"
"""Reason code why the row is set aside, null where it is not; `DELETED` is none of them."""

DELETED = "deleted"
"""In place of a fault: the shop's own system calls the row deleted."""

UNREAD = "_unread"
"""The cells that could not be read, as they were written."""


def row_of(link: str) -> str:
    """Name the column that holds the position of the parent row a link points at."""
    return f"_{link}_row"


@cache
def staged_schema(name: str) -> pyarrow.Schema:
    """Give the Arrow schema of a staged table."""
    table = CATALOG[name]
    places = [
        (PART, pyarrow.int16()),
        (RECORD, pyarrow.int64()),
        (FAULT, pyarrow.string()),
        (UNREAD, pyarrow.string()),
    ]
    links = [(row_of(link), pyarrow.int32()) for link in table.links]
    return pyarrow.schema([*schema_of(table), *places, *links])
