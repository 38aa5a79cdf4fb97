"""Checking a drop as the partner can: with nothing but the folder.

The files are read back from disk by what `datapackage.json` says and held against it: header,
types, required values, codes, keys, parents. `drop.json` must agree with what is there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow
import pyarrow.compute as pc

from drops.bag import check_bag, read_manifest
from drops.checked_table import CheckedTable, Keys
from drops.folders import read_drop
from drops.reading import read_table, resources_of
from schemas.datapackage import Resource
from schemas.drop import Drop, DropTable
from schemas.errors import VerificationError
from schemas.partner_tables import DELETABLE, DELETED, PHOTOGRAPHS, deleted_table


@dataclass(frozen=True)
class Verified:
    """A drop that is what it says."""

    drop: Drop
    rows: Mapping[str, int]


Look = Callable[[Resource, pyarrow.RecordBatch], None]
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
        raise VerificationError(
            f"{folder.name}: そのような納品フォルダはありません。納品一つのフォルダを指定してください / "
            f"{folder.name}: no such drop folder; name the folder of one drop"
        )
    faults = check_bag(folder)
    if faults:
        raise VerificationError(_told(folder, faults))
    drop = read_drop(folder)
    resources = resources_of(folder)
    faults += _against_drop_json(folder, drop, resources)
    if faults:
        raise VerificationError(_told(folder, faults))
    keys: dict[str, Keys] = {}
    rows = {}
    for name, resource in resources.items():
        checked = _checked(folder, resource, keys, drop, look)
        faults += checked.faults
        rows[name] = checked.rows
    if not faults:
        faults += _deleted_and_delivered(folder, resources.get(DELETED), keys)
        faults += _photographs(folder, resources.get("vehicle_images"))
    faults += _of_the_account(drop, rows)
    if faults:
        raise VerificationError(_told(folder, faults))
    return Verified(drop, rows)


def _checked(
    folder: Path,
    resource: Resource,
    keys: dict[str, Keys],
    drop: Drop,
    look: Look | None,
) -> CheckedTable:
    """Check one file; `drop.json` names it, and the manifest vouches for it."""
    table = _described(folder, resource, drop)
    # What fails in the look is no fault of the drop.
    for batch in table.checked(folder, keys):
        if look is not None:
            look(resource, batch)
    return table


def _described(folder: Path, resource: Resource, drop: Drop) -> CheckedTable:
    try:
        if resource.path in {table.file for table in drop.files}:
            return CheckedTable(resource)
    except (ValueError, re.error):
        pass
    raise VerificationError(
        f"{folder.name}: datapackage.json がこの納品のファイルを正しく説明していません / "
        f"{folder.name}: datapackage.json does not describe the files of this drop"
    )


def _deleted_and_delivered(
    folder: Path, resource: Resource | None, keys: Mapping[str, Keys]
) -> list[str]:
    """Say if a key that must be deleted is delivered in the same drop."""
    if resource is None:
        return []
    if list(resource.headers) != [column.name for column in deleted_table().columns]:
        return [f"{resource.path}: not the columns of what is to be deleted"]
    is_both = any(
        keys[record]
        .rows_of(batch.column(1).filter(pc.equal(batch.column(0), record)))
        .max(initial=-1)
        >= 0
        for batch in read_table(folder, resource)
        for record in DELETABLE
        if record in keys
    )
    return [f"{resource.path}: a key to delete is delivered in the same drop"] if is_both else []


def _photographs(folder: Path, resource: Resource | None) -> list[str]:
    """Say if the photographs are not exactly those the rows name."""
    header = resource.headers.get("file") if resource else None
    batches = read_table(folder, resource, [header]) if resource and header else ()
    named = {name for batch in batches for name in batch.column(0).to_pylist()}
    there = {name for name in read_manifest(folder) if name.startswith(f"{PHOTOGRAPHS}/")}
    return [] if named == there else [f"{PHOTOGRAPHS}: not the photographs the rows name"]


def _of_the_account(drop: Drop, rows: Mapping[str, int]) -> Iterator[str]:
    """Say where the account does not balance, or the files have not the rows it tells."""
    for table in drop.tables:
        account = drop.account.get(table.name)
        if account is None or not account.is_balanced or account.delivered != table.rows:
            yield f"drop.json: the account of {table.name} does not balance"
    for table in drop.files:
        if rows.get(table.name) != table.rows:
            yield f"drop.json: {table.name} has {rows.get(table.name)} rows, not {table.rows}"


def _against_drop_json(
    folder: Path, drop: Drop, resources: Mapping[str, Resource]
) -> Iterator[str]:
    if folder.name != drop.drop_id.partition("/")[2] and not folder.name.startswith("."):
        yield f"drop.json: drop_id '{drop.drop_id}' is not the name of this folder"
    if {table.name for table in drop.files} != set(resources):
        yield "drop.json and datapackage.json do not list the same tables"
    digests = read_manifest(folder)
    for table in drop.files:
        if digests.get(table.file) != table.sha256:
            yield f"drop.json: the SHA-256 of {table.file} is another one"
        yield from _columns_against(table, resources.get(table.name))


def _columns_against(table: DropTable, resource: Resource | None) -> Iterator[str]:
    fields = [(field.title, field.type) for field in resource.fields] if resource else []
    if fields != [(column.title, column.type) for column in table.columns]:
        yield f"drop.json and datapackage.json do not list the same columns of {table.name}"


def _told(folder: Path, faults: list[str]) -> str:
    head = (
        f"{folder.name} は納品した時のままではありません。使わずに、もう一度もらってください / "
        f"{folder.name} is not a sound drop; do not use it, ask for it again:"
    )
    return "\n".join([head, *(f"  {fault}" for fault in faults)])
