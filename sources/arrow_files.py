"""Tables a run keeps in files of its own: Arrow's format, packed with LZ4, read piece by piece."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow
from pyarrow import ipc

_SMALL_BYTES = 256 * 1024
"""A file up to this size is read at once, by one thread: handing its columns to others takes longer."""

_PACKED = ipc.IpcWriteOptions(compression="lz4", use_threads=False)


def writing(path: Path, schema: pyarrow.Schema) -> ipc.RecordBatchFileWriter:
    """Write a table piece by piece, within `with`."""
    return ipc.new_file(str(path), schema, options=_PACKED)


def batches_in(
    path: Path, fields: list[int] | None = None, numbers: Iterable[int] | None = None
) -> Iterator[pyarrow.RecordBatch]:
    """Stream a table, or only some of its fields, or of its batches."""
    with _reading(path, fields) as reader:
        for number in range(reader.num_record_batches) if numbers is None else numbers:
            yield reader.get_batch(number)


def table_in(path: Path) -> pyarrow.Table:
    """Read a table as a whole."""
    with _reading(path) as reader:
        return reader.read_all()


@contextmanager
def _reading(path: Path, fields: list[int] | None = None) -> Iterator[ipc.RecordBatchFileReader]:
    with pyarrow.OSFile(str(path)) as file:
        is_small = file.size() <= _SMALL_BYTES
        options = ipc.IpcReadOptions(included_fields=fields, use_threads=not is_small)
        content = pyarrow.BufferReader(file.read_buffer()) if is_small else file
        with ipc.open_file(content, options=options) as reader:
            yield reader
