"""Checking a drop as the partner can: with nothing but the folder.

The files are read back from disk by what `datapackage.json` says and held against it: header,
types, required values, codes, keys, parents. `drop.json` must agree with what is there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from drops.bag import check_bag, read_manifest
from drops.folders import read_drop
from schemas.arrow_types import DECIMAL
from schemas.catalog import CATALOG
from schemas.contracts import cell, contract
from schemas.drop import Drop, DropTable
from schemas.errors import VerificationError
from schemas.partner_tables import DELETED, PHOTOGRAPHS, STANDING
from transforms.arrays import plain, texts_that_repeat
from transforms.checking import Contract
from transforms.key_forms import bytes_of_keys, keys_of_bytes, keys_of_texts
from transforms.linking import UNKNOWN, KeyIndex
from transforms.repeated_numbers import RepeatedNumbers
from transforms.working_ahead import ahead

_BATCH_ROWS = 131_072
_TYPES: Mapping[str, pyarrow.DataType] = {
    "string": pyarrow.string(),
    "date": pyarrow.date32(),
    "integer": pyarrow.int64(),
    "number": DECIMAL,
    "boolean": pyarrow.bool_(),
}

_NOT_AS_DESCRIBED = (
    pyarrow.ArrowInvalid,
    UnicodeDecodeError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
)

_POINTED_AT = frozenset(
    {*STANDING, *(to for table in CATALOG.values() for to in table.links.values())}
)
"""Tables whose keys are asked for by others; of the rest only whether a key stands twice."""


@dataclass(frozen=True)
class Verified:
    """A drop that is what it says."""

    drop: Drop
    rows: Mapping[str, int]


Look = Callable[[Mapping[str, Any], pyarrow.RecordBatch], None]
"""Looks at rows of a file, given its resource description."""


def verify_drop(folder: Path, look: Look | None = None) -> Verified:
    """Check a drop folder; files are read once.

    Args:
        folder: of the drop.
        look: is shown all rows as well, once the bag is sound.

    Raises:
        VerificationError: with every fault, a line each.
    """
    folder = folder.absolute()  # "." has no name
    if not folder.is_dir():
        raise VerificationError(f"{folder.name}: no such drop folder; name the folder of one drop")
    faults = check_bag(folder)
    if faults:
        raise VerificationError(_told(folder, faults))
    drop = read_drop(folder)
    resources = resources_of(folder)
    faults += _against_drop_json(folder, drop, resources)
    keys: dict[str, _Keys] = {}
    rows = {}
    for name, resource in resources.items():
        checked = _checked(folder, resource, keys, drop, look)
        faults += checked.faults
        rows[name] = checked.rows
    if not faults:
        faults += _deleted_and_delivered(folder, resources.get(DELETED), keys)
        faults += _photographs(folder, resources.get("vehicle_images"))
    for table in drop.tables:
        account = drop.account.get(table.name)
        if account is None or not account.is_balanced or account.delivered != table.rows:
            faults.append(f"drop.json: the account of {table.name} does not balance")
    for table in drop.files:
        if rows.get(table.name) != table.rows:
            faults.append(
                f"drop.json: {table.name} has {rows.get(table.name)} rows, not {table.rows}"
            )
    if faults:
        raise VerificationError(_told(folder, faults))
    return Verified(drop, rows)


def _checked(
    folder: Path,
    resource: Mapping[str, Any],
    keys: dict[str, "_Keys"],
    drop: Drop,
    look: Look | None,
) -> "_CheckedTable":
    """Check one file; only files the manifest of the drop vouches for are opened."""
    table = _described(folder, resource, drop)
    # What fails in the look is no fault of the drop.
    for batch in table.checked(folder, keys):
        if look is not None:
            look(resource, batch)
    return table


def _described(folder: Path, resource: Mapping[str, Any], drop: Drop) -> "_CheckedTable":
    try:
        if resource["path"] in {table.file for table in drop.files}:
            return _CheckedTable(resource)
    except (KeyError, TypeError, IndexError, AttributeError):
        pass
    raise VerificationError(
        f"{folder.name}: datapackage.json does not describe the files of this drop"
    )


def read_table(
    folder: Path,
    resource: Mapping[str, Any],
    columns: list[str] | None = None,
    *,
    encoded: bool = False,
) -> Iterator[pyarrow.RecordBatch]:
    """Stream a file of a drop as its data package describes it.

    Args:
        folder: of the drop.
        resource: the file's description.
        columns: to read; all unless given.
        encoded: whether texts that repeat may come as dictionaries.
    """
    path = folder / resource["path"]
    if resource["format"] == "parquet":
        metadata = parquet.read_metadata(path)
        repeat = texts_that_repeat(metadata) if encoded else None
        file = parquet.ParquetFile(
            path, metadata=metadata, read_dictionary=repeat, pre_buffer=False
        )
        yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=columns)
        return
    encoding = resource["encoding"]
    reader = arrow_csv.open_csv(
        path,
        read_options=arrow_csv.ReadOptions(
            encoding="utf-8" if encoding == "utf-8-sig" else encoding, block_size=1 << 24
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types={f["name"]: _TYPES[f["type"]] for f in resource["schema"]["fields"]},
            include_columns=columns or [],
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from reader


def resources_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the resources of a drop's `datapackage.json` by name."""
    try:
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        return {resource["name"]: resource for resource in package["resources"]}
    except (ValueError, KeyError, TypeError):
        pass
    raise VerificationError(f"{folder.name}: datapackage.json is not a data package")


def _deleted_and_delivered(
    folder: Path, resource: Mapping[str, Any] | None, keys: Mapping[str, "_Keys"]
) -> list[str]:
    """Say if a key that must be deleted is delivered in the same drop."""
    if resource is None:
        return []
    is_both = any(
        keys[record]
        .rows_of(batch.column(1).filter(pc.equal(batch.column(0), record)))
        .max(initial=-1)
        >= 0
        for batch in read_table(folder, resource)
        for record in STANDING
        if record in keys
    )
    return [f"{resource['path']}: a key to delete is delivered in the same drop"] if is_both else []


def _photographs(folder: Path, resource: Mapping[str, Any] | None) -> list[str]:
    """Say if the photographs are not exactly those the rows name."""
    fields = resource["schema"]["fields"] if resource else ()
    headers = [field["name"] for field in fields if field["joint-use:column"] == "file"]
    batches = read_table(folder, resource, headers) if resource and headers else ()
    named = {name for batch in batches for name in batch.column(0).to_pylist()}
    there = {name for name in read_manifest(folder) if name.startswith(f"{PHOTOGRAPHS}/")}
    return [] if named == there else [f"{PHOTOGRAPHS}: not the photographs the rows name"]


def _against_drop_json(
    folder: Path, drop: Drop, resources: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    if folder.name != drop.drop_id.partition("/")[2] and not folder.name.startswith("."):
        yield f"drop.json: drop_id '{drop.drop_id}' is not the name of this folder"
    if {table.name for table in drop.files} != set(resources):
        yield "drop.json and datapackage.json do not list the same tables"
    digests = read_manifest(folder)
    for table in drop.files:
        if digests.get(table.file) != table.sha256:
            yield f"drop.json: the SHA-256 of {table.file} is another one"
        yield from _columns_against(table, resources.get(table.name, {}))


def _columns_against(table: DropTable, resource: Mapping[str, Any]) -> Iterator[str]:
    fields = [(f["title"], f["type"]) for f in resource.get("schema", {}).get("fields", ())]
    if fields != [(column.title, column.type) for column in table.columns]:
        yield f"drop.json and datapackage.json do not list the same columns of {table.name}"


@dataclass(frozen=True)
class _Keys:
    """The keys of a file that was checked, for the files whose rows point into it."""

    index: KeyIndex
    rules: Mapping[str, Any]
    is_sound: bool

    def rows_of(self, cells: pyarrow.Array) -> np.ndarray:
        """Give the row whose key each cell is, below 0 where there is none."""
        if isinstance(cells, pyarrow.DictionaryArray):
            entries = np.append(self.rows_of(cells.dictionary), UNKNOWN)
            return entries[pc.fill_null(cells.indices, len(entries) - 1).to_numpy()]
        return self.index.positions(keys_of_texts(cells))

    def vouch_for(self, field: Mapping[str, Any], rows: np.ndarray) -> bool:
        """Tell whether cells that were found at `rows` keep the rules of their own column too."""
        is_found = not len(rows) or bool(rows.min() >= 0)
        return is_found and self.is_sound and self.rules == _rules_of(field)


def _rules_of(field: Mapping[str, Any]) -> dict[str, Any]:
    rules = field.get("constraints", {})
    return {"type": field["type"], **{n: rule for n, rule in rules.items() if n != "unique"}}


class _CheckedTable:
    """One file, read once and held against its resource description."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self._resource = resource
        self._schema = resource["schema"]
        self._fields = self._schema["fields"]
        self._by_name = {field["name"]: field for field in self._fields}
        self._contract = _contract(self._fields)
        self.rows = 0
        self.faults: list[str] = []
        self._own_keys = bytearray()
        self._numbers: RepeatedNumbers | None = None

    def checked(self, folder: Path, keys: dict[str, _Keys]) -> Iterator[pyarrow.RecordBatch]:
        """Read and check the file; give the rows that have its header.

        Args:
            folder: of the drop.
            keys: of the files that were checked; this one's are added.
        """
        try:
            for batch in ahead(read_table(folder, self._resource, encoded=True)):
                if self._has_its_header(batch):
                    self._check(batch, keys)
                    yield batch
            self._finish(keys)
        except _NOT_AS_DESCRIBED as error:
            # Its text may quote a cell.
            self.faults.append(
                f"{self._resource['path']} cannot be read as described ({type(error).__name__})"
            )

    def _has_its_header(self, batch: pyarrow.RecordBatch) -> bool:
        self.rows += batch.num_rows
        if batch.schema.names == [field["name"] for field in self._fields]:
            return True
        self._fault("the header is not the one described")
        return False

    def _check(self, batch: pyarrow.RecordBatch, keys: Mapping[str, _Keys]) -> None:
        links = {key["fields"][0]: key for key in self._schema.get("foreignKeys", ())}
        parents = {name: self._parent_rows(batch, key, keys) for name, key in links.items()}
        vouched_for = {
            name
            for name, rows in parents.items()
            if keys[links[name]["reference"]["resource"]].vouch_for(self._by_name[name], rows)
        }
        failures = self._contract.failures(batch, vouched_for)
        if failures is not None:
            broken = failures[["column", "check"]].drop_duplicates().to_numpy()
            for column, check in broken:
                self._fault(f"{column}: {str(check).partition('(')[0]}")
        primary = self._schema.get("primaryKey", [])
        if len(primary) == 1:
            own = keys_of_texts(plain(batch.column(primary[0])))
            if own.null_count:
                self._fault(f"{primary[0]}: str_matches")
            self._own_keys += bytes_of_keys(own.drop_null())
        elif primary and parents:
            self._refuse_repeated(batch.column(primary[1]), links[primary[0]], parents, keys)

    def _parent_rows(
        self, batch: pyarrow.RecordBatch, key: Mapping[str, Any], keys: Mapping[str, _Keys]
    ) -> np.ndarray:
        parent = key["reference"]["resource"]
        rows = keys[parent].rows_of(batch.column(key["fields"][0]))
        if np.any(rows < 0):
            self._fault(f"a row's {parent} is not in this drop")
        return rows

    def _refuse_repeated(
        self,
        numbers: pyarrow.Array,
        link: Mapping[str, Any],
        parents: Mapping[str, np.ndarray],
        keys: Mapping[str, _Keys],
    ) -> None:
        """Refuse two rows of one parent with the same number."""
        if self._numbers is None:
            parent = keys[link["reference"]["resource"]]
            self._numbers = RepeatedNumbers(parent.index.row_count)
        given = pc.fill_null(numbers.cast(pyarrow.int64()), 0).to_numpy()
        if self._numbers.repeated(parents[link["fields"][0]], given).any():
            self._fault("a key stands twice")

    def _finish(self, keys: dict[str, _Keys]) -> None:
        self._numbers = None
        primary = self._schema.get("primaryKey", ())
        if len(primary) == 1:
            own, self._own_keys = keys_of_bytes(self._own_keys), bytearray()
            index = KeyIndex(own)
            if index.has_duplicates:
                self._fault("a key stands twice")
            if self._resource["name"] in _POINTED_AT:
                rules = _rules_of(self._by_name[primary[0]])
                keys[self._resource["name"]] = _Keys(index, rules, is_sound=not self.faults)

    def _fault(self, text: str) -> None:
        line = f"{self._resource['path']}: {text}"
        if line not in self.faults:
            self.faults.append(line)


def _contract(fields: list[Mapping[str, Any]]) -> Contract:
    return Contract(contract({field["name"]: _cell(field) for field in fields}))


def _cell(field: Mapping[str, Any]) -> pa.Column:
    rules = field.get("constraints", {})
    return cell(
        _TYPES[field["type"]],
        is_required=rules.get("required", False),
        codes=rules.get("enum", ()),
        pattern=rules.get("pattern"),
        minimum=rules.get("minimum"),
        maximum=rules.get("maximum"),
    )


def _told(folder: Path, faults: list[str]) -> str:
    return f"{folder.name} is not a sound drop; do not use it, ask for it again:\n" + "\n".join(
        f"  {fault}" for fault in faults
    )
