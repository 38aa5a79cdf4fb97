"""One file of a drop, read once and held against its description: header, types, codes, keys, parents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc

from drops.reading import TYPES, read_table
from schemas.catalog import CATALOG
from schemas.contracts import cell, contract
from schemas.datapackage import Constraints, FieldDescription, ForeignKey, Resource, TypeName
from schemas.partner_tables import DELETABLE
from transforms.arrays import plain
from transforms.checking import Contract
from transforms.key_forms import bytes_of_keys, keys_of_bytes, keys_of_texts
from transforms.linking import UNKNOWN, KeyIndex
from transforms.prefetching import prefetched
from transforms.repeated_numbers import RepeatedNumbers

_NOT_AS_DESCRIBED = (
    pyarrow.ArrowException,
    ValueError,
    OSError,
    AttributeError,
    LookupError,
    TypeError,
)

_POINTED_AT = frozenset(
    {*DELETABLE, *(to for table in CATALOG.values() for to in table.links.values())}
)
"""Tables whose keys are asked for by others; of the rest only whether a key stands twice."""

Rules = tuple[TypeName, Constraints]
"""What holds for the cells of a column."""


@dataclass(frozen=True)
class Keys:
    """The keys of a file that was checked, for the files whose rows point into it."""

    index: KeyIndex
    rules: Rules
    is_sound: bool

    def rows_of(self, cells: pyarrow.Array) -> np.ndarray:
        """Give the row whose key each cell is, below 0 where there is none."""
        if isinstance(cells, pyarrow.DictionaryArray):
            entries = np.append(self.rows_of(cells.dictionary), UNKNOWN)
            return entries[pc.fill_null(cells.indices, len(entries) - 1).to_numpy()]
        return self.index.positions(keys_of_texts(cells))

    def vouch_for(self, field: FieldDescription, rows: np.ndarray) -> bool:
        """Tell whether cells that were found at `rows` keep the rules of their own column too."""
        is_found = not len(rows) or bool(rows.min() >= 0)
        return is_found and self.is_sound and self.rules == _rules_of(field)


def _rules_of(field: FieldDescription) -> Rules:
    return field.type, field.constraints


class CheckedTable:
    """One file, read once and held against its resource description."""

    def __init__(self, resource: Resource) -> None:
        """Hold it against its description.

        Raises:
            ValueError, re.error: a rule of it makes no sense.
        """
        self._resource = resource
        self._primary = resource.table.primary_key
        self._by_name = {field.name: field for field in resource.fields}
        self._contract = Contract(_schema(resource.fields))
        self.rows = 0
        self.faults: list[str] = []
        self._own_keys = bytearray()
        self._numbers: RepeatedNumbers | None = None

    def checked(self, folder: Path, keys: dict[str, Keys]) -> Iterator[pyarrow.RecordBatch]:
        """Read and check the file; give the rows that have its header.

        Args:
            folder: of the drop.
            keys: of the files that were checked; this one's are added.
        """
        try:
            for batch in prefetched(read_table(folder, self._resource, encoded=True), len):
                if self._has_its_header(batch):
                    self._check(batch, keys)
                    yield batch
            self._finish(keys)
        except _NOT_AS_DESCRIBED as error:
            # Its text may quote a cell.
            self.faults.append(
                f"{self._resource.path} cannot be read as described ({type(error).__name__})"
            )

    def _has_its_header(self, batch: pyarrow.RecordBatch) -> bool:
        self.rows += batch.num_rows
        if batch.schema.names == [field.name for field in self._resource.fields]:
            return True
        self._fault("the header is not the one described")
        return False

    def _check(self, batch: pyarrow.RecordBatch, keys: Mapping[str, Keys]) -> None:
        links = {key.fields[0]: key for key in self._resource.table.foreign_keys}
        parents = {name: self._parent_rows(batch, key, keys) for name, key in links.items()}
        vouched_for = {
            name
            for name, rows in parents.items()
            if keys[links[name].reference.resource].vouch_for(self._by_name[name], rows)
        }
        failures = self._contract.failures(batch, vouched_for)
        if failures is not None:
            broken = failures[["column", "check"]].drop_duplicates().to_numpy()
            for column, check in broken:
                self._fault(f"{column}: {str(check).partition('(')[0]}")
        primary = self._primary
        if len(primary) == 1:
            own = keys_of_texts(plain(batch.column(primary[0])))
            if own.null_count:
                self._fault(f"{primary[0]}: str_matches")
            self._own_keys += bytes_of_keys(own.drop_null())
        elif primary and parents:
            self._refuse_repeated(batch.column(primary[1]), links[primary[0]], parents, keys)

    def _parent_rows(
        self, batch: pyarrow.RecordBatch, key: ForeignKey, keys: Mapping[str, Keys]
    ) -> np.ndarray:
        parent = key.reference.resource
        rows = keys[parent].rows_of(batch.column(key.fields[0]))
        if np.any(rows < 0):
            self._fault(f"a row's {parent} is not in this drop")
        return rows

    def _refuse_repeated(
        self,
        numbers: pyarrow.Array,
        link: ForeignKey,
        parents: Mapping[str, np.ndarray],
        keys: Mapping[str, Keys],
    ) -> None:
        """Refuse two rows of one parent with the same number."""
        if self._numbers is None:
            parent = keys[link.reference.resource]
            self._numbers = RepeatedNumbers(parent.index.row_count)
        given = pc.fill_null(numbers.cast(pyarrow.int64()), 0).to_numpy()
        if self._numbers.repeated(parents[link.fields[0]], given).any():
            self._fault("a key stands twice")

    def _finish(self, keys: dict[str, Keys]) -> None:
        self._numbers = None
        if len(self._primary) == 1:
            own, self._own_keys = keys_of_bytes(self._own_keys), bytearray()
            index = KeyIndex(own)
            if index.has_duplicates:
                self._fault("a key stands twice")
            if self._resource.name in _POINTED_AT:
                rules = _rules_of(self._by_name[self._primary[0]])
                keys[self._resource.name] = Keys(index, rules, is_sound=not self.faults)

    def _fault(self, text: str) -> None:
        line = f"{self._resource.path}: {text}"
        if line not in self.faults:
            self.faults.append(line)


@lru_cache(maxsize=64)
def _schema(fields: tuple[FieldDescription, ...]) -> pa.DataFrameSchema:
    """Give what holds for a file; drop after drop has the same."""
    return contract({field.name: _cell(field) for field in fields})


def _cell(field: FieldDescription) -> pa.Column:
    rules = field.constraints
    return cell(
        TYPES[field.type],
        is_required=rules.required,
        codes=rules.enum,
        pattern=rules.pattern,
        minimum=rules.minimum,
        maximum=rules.maximum,
    )
