"""Holding rows against their pandera contract; what comes back is row positions and rule names.

pandera's own errors quote the failing values, so they end here.

Every rule of our contracts speaks of one cell. So a batch keeps them if a few of its cells do: of each
column the smallest and largest value where there are only bounds, the distinct values else, and a
null if it has one. Cells that were found good need not be asked about again. Only a batch with a
fault is held against the contract row by row.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
from pandera.config import CONFIG

from schemas.catalog import CATALOG, Table
from schemas.contracts import contract_of
from schemas.errors import ConfigurationError, UnexpectedError
from transforms.arrays import content_of, distinct, plain, plain_rows

_RULES = {
    "not_nullable": "missing",
    "isin": "unknown_code",
    "greater_than_or_equal_to": "too_small",
    "less_than_or_equal_to": "too_large",
    "str_matches": "malformed",
}
_BOUNDS = frozenset({"greater_than_or_equal_to", "less_than_or_equal_to"})
_MOST_REMEMBERED = 4096
_SAMPLE_BYTES = 4096


def frame_of(rows: pyarrow.RecordBatch | pyarrow.Table) -> pd.DataFrame:
    """View Arrow rows as a pandas frame with Arrow-backed columns, without copying."""
    return rows.to_pandas(types_mapper=pd.ArrowDtype)


def broken_rows(rows: pyarrow.RecordBatch, table: Table) -> Iterator[tuple[int, str]]:
    """Give position and reason (`column:rule`) of each row that breaks the table's contract."""
    failures = _contract_of(table.name).failures(rows)
    if failures is None:
        return
    if failures["index"].isna().any():
        raise UnexpectedError(
            f"{table.name}: 行の列と型が契約と違います / "
            f"{table.name}: the rows do not have the contract's columns and types"
        )
    for column, check, row in failures.itertuples(index=False):
        rule = str(check).partition("(")[0]
        yield int(row), f"{column}:{_RULES.get(rule, rule)}"


class Contract:
    """A pandera contract, and the cells that are known to keep it."""

    def __init__(self, schema: pa.DataFrameSchema) -> None:
        """Know nothing yet.

        Args:
            schema: with rules for single cells only.
        """
        self._schema = schema
        self._columns = {name: _good(column) for name, column in schema.columns.items()}

    def failures(
        self, rows: pyarrow.RecordBatch, sound: Collection[str] = ()
    ) -> pd.DataFrame | None:
        """Give `column`, `check` and `index` of each failure; None if there is none.

        Args:
            rows: to be held against the contract; texts may come as dictionaries.
            sound: columns whose cells are known to keep it.
        """
        if not CONFIG.validation_enabled:
            raise ConfigurationError(
                "pandera の検査が止められています。環境変数 PANDERA_VALIDATION_ENABLED を消して、"
                "もう一度実行してください / "
                "pandera's checks are switched off (PANDERA_VALIDATION_ENABLED); unset it and run again"
            )
        if rows.schema.names != list(self._columns):
            return _failures(self._schema, plain_rows(rows))
        unknown = {
            name: plain(rows[name][:0]) if name in sound else good.unknown(rows[name])
            for name, good in self._columns.items()
        }
        unknown = {name: cells for name, cells in unknown.items() if len(cells)}
        if not unknown:
            return None
        longest = max(map(len, unknown.values()))
        few = [_filled(cells, longest) for cells in unknown.values()]
        asked = pa.DataFrameSchema({name: self._schema.columns[name] for name in unknown})
        if not _are_kept(asked, pyarrow.RecordBatch.from_arrays(few, list(unknown))):
            return _failures(self._schema, plain_rows(rows))
        for name, cells in unknown.items():
            self._columns[name].learn(cells)
        return None


def _are_kept(schema: pa.DataFrameSchema, rows: pyarrow.RecordBatch) -> bool:
    """Tell whether rows keep a contract; which they do not, `_failures` tells at greater length."""
    try:
        schema.validate(frame_of(rows))
    except pa.errors.SchemaError:
        return False
    return True


def _failures(schema: pa.DataFrameSchema, rows: pyarrow.RecordBatch) -> pd.DataFrame | None:
    try:
        schema.validate(frame_of(rows), lazy=True)
    except pa.errors.SchemaErrors as errors:
        return errors.failure_cases[["column", "check", "index"]]
    return None


@cache
def _contract_of(table: str) -> Contract:
    return Contract(contract_of(CATALOG[table]))


class _Good:
    """The cells that are known to keep the rules of a column."""

    def __init__(self, column: pa.Column) -> None:
        rules = {check.name for check in column.checks}
        self._has_bounds_only = bool(rules) and rules <= _BOUNDS
        self._has_no_rules = not rules
        self._has_class_only = bool(rules) and all(_is_class(check) for check in column.checks)
        self._values = pyarrow.array([])

    def unknown(self, cells: pyarrow.Array) -> pyarrow.Array:
        """Give the cells that stand for all and are not known to be good."""
        if _holds_nothing(cells) and (not len(cells) or self._values.null_count):
            return cells[:0]
        few = self._standing_for(cells)
        if self._values.type != few.type:
            self._values = pyarrow.array([], few.type)
        if not self._has_bounds_only or not len(self._values):
            return few.filter(pc.invert(pc.is_in(few, value_set=self._values)))
        known = pc.min_max(self._values)
        is_inside = pc.and_(pc.greater_equal(few, known["min"]), pc.less_equal(few, known["max"]))
        is_known_null = pc.and_(few.is_null(), self._values.null_count > 0)
        return few.filter(pc.invert(pc.coalesce(is_inside, is_known_null)))

    def learn(self, cells: pyarrow.Array) -> None:
        """Remember good cells."""
        if len(cells) and len(self._values) + len(cells) <= _MOST_REMEMBERED:
            self._values = pc.unique(pyarrow.concat_arrays([self._values, cells]))
            if self._has_bounds_only:
                self._values = _ends(self._values)

    def _standing_for(self, cells: pyarrow.Array) -> pyarrow.Array:
        if isinstance(cells, pyarrow.DictionaryArray):
            cells = distinct(cells)
        if self._has_bounds_only:
            return _ends(cells)
        if self._has_class_only:
            return _of_each_length_and_character(cells)
        if not self._has_no_rules:
            return pc.unique(cells)
        # Whatever is there may be; whether nothing may is all there is to ask.
        filled = cells[:0] if len(self._values) > self._values.null_count else cells.drop_null()[:1]
        return pyarrow.concat_arrays([filled, pyarrow.nulls(min(cells.null_count, 1), cells.type)])


def _holds_nothing(cells: pyarrow.Array) -> bool:
    """Tell whether a column is empty; a dictionary's entries stand in the file, used or not."""
    return not isinstance(cells, pyarrow.DictionaryArray) and cells.null_count == len(cells)


def _good(column: pa.Column) -> _Good:
    """Give what is known of cells under a column's rules, by whatever column it was learnt."""
    rules = tuple((check.name, repr(check.statistics)) for check in column.checks)
    if all(check.statistics for check in column.checks):
        return _GOOD.setdefault((str(column.dtype), column.nullable, rules), _Good(column))
    return _Good(column)


_GOOD: dict[tuple[object, ...], _Good] = {}


def _is_class(check: pa.Check) -> bool:
    """Tell whether a rule asks for so many characters of one class, and nothing else."""
    pattern = (check.statistics or {}).get("pattern")
    text = getattr(pattern, "pattern", pattern)
    return isinstance(text, str) and bool(re.fullmatch(r"\^\[[0-9a-zA-Z-]+\]\{\d+\}\$", text))


def _of_each_length_and_character(cells: pyarrow.Array) -> pyarrow.Array:
    """Make texts of every length and every character that the cells have.

    They are of one class and width only if all the cells are.
    """
    there = cells.drop_null()
    if not pc.all(pc.string_is_ascii(there), min_count=0).as_py():
        return pc.unique(cells)
    lengths = pc.unique(pc.binary_length(there)).to_pylist()
    characters = _ascii_characters(there)
    texts = [
        "".join(characters[(start + n) % len(characters)] for n in range(length))
        for length in lengths
        for start in range(0, max(len(characters), 1), max(length, 1))
    ]
    return pyarrow.array([*texts, *[None] * min(cells.null_count, 1)], cells.type)


def _ascii_characters(cells: pyarrow.Array) -> str:
    """Give the different characters of cells without nulls."""
    text = content_of(cells).tobytes()
    beginning = bytes(set(text[:_SAMPLE_BYTES]))
    return (beginning + bytes(set(text.translate(None, beginning)))).decode()


def _ends(cells: pyarrow.Array) -> pyarrow.Array:
    """Give the smallest and the largest value, and a null if there is one."""
    bounds = pc.min_max(cells)
    ends = [bounds[end].as_py() for end in ("min", "max") if bounds[end].is_valid]
    ends += [None] * min(cells.null_count, 1)
    return pyarrow.array(ends, cells.type)


def _filled(cells: pyarrow.Array, length: int) -> pyarrow.Array:
    """Bring cells to a length with the first of them."""
    rest = cells.take(pyarrow.array([0] * (length - len(cells)), pyarrow.int64()))
    return pyarrow.concat_arrays([cells, rest])
