"""Reading the files of a drop by what its `datapackage.json` says of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from schemas.arrow_types import DECIMAL
from schemas.datapackage import DataPackage, Resource, TypeName
from schemas.errors import VerificationError
from transforms.arrays import texts_that_repeat

_BATCH_ROWS = 131_072
_ENCODINGS = {"utf-8-sig": "utf-8", None: "utf-8"}
"""Encodings as Arrow knows them."""

TYPES: Mapping[TypeName, pyarrow.DataType] = {
    "string": pyarrow.string(),
    "date": pyarrow.date32(),
    "integer": pyarrow.int64(),
    "number": DECIMAL,
    "boolean": pyarrow.bool_(),
}
"""Types of Table Schema as Arrow has them."""


def read_table(
    folder: Path,
    resource: Resource,
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
    path = folder / resource.path
    if resource.format == "parquet":
        metadata = parquet.read_metadata(path)
        repeat = texts_that_repeat(metadata, metadata.schema.names) if encoded else None
        file = parquet.ParquetFile(
            path, metadata=metadata, read_dictionary=repeat, pre_buffer=False
        )
        yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=columns)
        return
    reader = arrow_csv.open_csv(
        path,
        read_options=arrow_csv.ReadOptions(
            encoding=_ENCODINGS.get(resource.encoding) or resource.encoding, block_size=1 << 24
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types={f.name: TYPES[f.type] for f in resource.fields},
            include_columns=columns or [],
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from reader


def resources_of(folder: Path) -> dict[str, Resource]:
    """Read what a drop's `datapackage.json` says of its files, by name.

    Raises:
        VerificationError: it says it in no form that is ours.
    """
    try:
        package = DataPackage.model_validate_json((folder / "datapackage.json").read_bytes())
        return {resource.name: resource for resource in package.resources}
    except (OSError, ValueError):
        pass
    raise VerificationError(
        f"{folder.name}: datapackage.json がデータパッケージの形ではありません / "
        f"{folder.name}: datapackage.json is not a data package"
    )
