"""Arrow columns as one array, and columns of texts that repeat as dictionaries."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute as pc

_FIRST_INEXACT = 2.0**53
"""From here on not every whole number has a double of its own."""


def whole(column: pyarrow.ChunkedArray | pyarrow.Array) -> pyarrow.Array:
    """Give a column as one array, whatever chunks it came in."""
    if isinstance(column, pyarrow.Array):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return (
        pyarrow.concat_arrays(column.chunks)
        if column.num_chunks
        else pyarrow.array([], column.type)
    )


def plain(cells: pyarrow.Array) -> pyarrow.Array:
    """Give a column as the values themselves, whether or not it came as a dictionary."""
    is_encoded = isinstance(cells, pyarrow.DictionaryArray)
    return cells.dictionary_decode() if is_encoded else cells


def plain_rows(rows: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """Give rows whose columns are all `plain`."""
    return pyarrow.RecordBatch.from_arrays([plain(c) for c in rows.columns], rows.schema.names)


def distinct(cells: pyarrow.Array) -> pyarrow.Array:
    """Give the different values of a column, and a null if it has one.

    Of a dictionary all entries count, used or not: they stand in the file too.
    """
    if not isinstance(cells, pyarrow.DictionaryArray):
        return pc.unique(cells)
    nothing = pyarrow.nulls(min(cells.null_count, 1), cells.dictionary.type)
    return pyarrow.concat_arrays([cells.dictionary, nothing])


def content_of(texts: pyarrow.Array) -> np.ndarray:
    """View the bytes of a column of texts (`string`), one cell behind the other."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return np.array([], np.uint8)
    first, last = _edges(texts, offsets)[[0, -1]]
    return np.frombuffer(content, np.uint8)[first:last]


def lengths_of(texts: pyarrow.Array) -> np.ndarray:
    """Give how many bytes each cell of a column of texts (`string`) has."""
    return np.diff(_edges(texts, texts.buffers()[1])) if len(texts) else np.array([], np.int32)


def without_empty(texts: pyarrow.Array) -> pyarrow.Array:
    """Give empty texts as nulls: files and databases differ in which of the two they write."""
    has_nothing = lengths_of(texts) == 0
    if texts.null_count:
        has_nothing &= texts.is_valid().to_numpy(zero_copy_only=False)
    if not has_nothing.any():
        return texts
    return pc.if_else(pyarrow.array(has_nothing), pyarrow.scalar(None, pyarrow.string()), texts)


def without_nan(cells: pyarrow.Array) -> pyarrow.Array:
    """Give fractions that are no number as nulls."""
    if not pyarrow.types.is_floating(cells.type):
        return cells
    wide = cells.cast(pyarrow.float32()) if pyarrow.types.is_float16(cells.type) else cells
    return pc.if_else(pc.is_nan(wide), pyarrow.scalar(None, wide.type), wide)


def as_texts(cells: pyarrow.Array) -> pyarrow.Array:
    """Give cells as texts; of fractions those that are whole with all of their digits."""
    cells = without_nan(cells)
    texts = cells.cast(pyarrow.string())
    if not pyarrow.types.is_floating(cells.type):
        return texts
    is_whole = pc.and_(pc.equal(cells, pc.floor(cells)), pc.less(pc.abs(cells), _FIRST_INEXACT))
    whole = pc.if_else(is_whole, cells, pyarrow.scalar(None, cells.type)).cast(pyarrow.int64())
    return pc.coalesce(whole.cast(pyarrow.string()), texts)


def where(mask: pyarrow.Array, texts: pyarrow.Array) -> pyarrow.Array:
    """Keep the texts of a mask; the others become null."""
    return pc.if_else(mask, texts, pyarrow.scalar(None, pyarrow.string()))


def _edges(texts: pyarrow.Array, offsets: pyarrow.Buffer) -> np.ndarray:
    return np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]


def are_ascii_words(texts: pyarrow.Array) -> bool:
    """Tell whether every text is of visible ASCII characters only, without spaces; false in doubt."""
    content = content_of(texts)
    return not len(content) or bool(content.min() > _SPACE and content.max() < _DELETE)


_SPACE, _DELETE = 0x20, 0x7F

_SAMPLE_ROWS = 1000


def mostly_differ(texts: pyarrow.Array) -> bool:
    """Tell whether more than half of the first texts differ: finding the distinct ones would not pay."""
    sample = texts[:_SAMPLE_ROWS]
    return len(pc.unique(sample)) > len(sample) / 2


_BYTES_A_CELL = 12


def texts_that_repeat(metadata: Any, names: Collection[str]) -> list[str]:  # noqa: ANN401 (`pyarrow.parquet.FileMetaData`)
    """Name those of the columns of a Parquet file that are texts worth reading as dictionaries.

    They are those that take so few bytes that the file must hold each text once in a row group.
    """
    if not metadata.num_row_groups:
        return []
    group, paths = metadata.row_group(0), metadata.schema.names
    columns = (group.column(number) for number, name in enumerate(paths) if name in names)
    return [
        column.path_in_schema
        for column in columns
        if column.physical_type == "BYTE_ARRAY"
        and column.has_dictionary_page
        and column.total_uncompressed_size < column.num_values * _BYTES_A_CELL
    ]


def is_among(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mask of the values that are among the wanted ones, by hashing (`numpy.isin` sorts both).

    The fewer of the two are hashed: of many wanted ones only those count that are among the values.
    """
    if len(wanted) > len(values):
        wanted = wanted[is_among(wanted, values)]
    value_set = pyarrow.array(wanted.astype(values.dtype, copy=False))
    return pc.is_in(pyarrow.array(values), value_set=value_set).to_numpy(zero_copy_only=False)


def mask_of(found: pyarrow.Array) -> np.ndarray:
    """Give truth values as a mask; null is false."""
    return np.asarray(pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False))
