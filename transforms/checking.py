"""Holding rows against their pandera contract; what comes back is row positions and rule names.

pandera's own errors quote the failing values, so they end here.
"""

from collections.abc import Iterator

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandera.config import CONFIG

from schemas.catalog import Table
from schemas.errors import ConfigurationError, UnexpectedError

_RULES = {
    "not_nullable": "missing",
    "isin": "unknown_code",
    "greater_than_or_equal_to": "too_small",
    "less_than_or_equal_to": "too_large",
    "str_matches": "malformed",
}


def frame_of(rows: pyarrow.RecordBatch | pyarrow.Table) -> pd.DataFrame:
    """View Arrow rows as a pandas frame with Arrow-backed columns, without copying."""
    return rows.to_pandas(types_mapper=pd.ArrowDtype)


def broken_rows(rows: pyarrow.RecordBatch, table: Table) -> Iterator[tuple[int, str]]:
    """Give position and reason (`column:rule`) of each row that breaks the table's contract."""
    if not CONFIG.validation_enabled:
        raise ConfigurationError(
            "pandera's checks are switched off (PANDERA_VALIDATION_ENABLED); unset it and run again"
        )
    try:
        table.model.validate(frame_of(rows), lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases[["column", "check", "index"]]
    else:
        return
    if failures["index"].isna().any():
        raise UnexpectedError(
            f"{table.name}: the rows do not have the contract's columns and types"
        )
    for column, check, row in failures.itertuples(index=False):
        rule = str(check).partition("(")[0]
        yield int(row), f"{column}:{_RULES.get(rule, rule)}"
