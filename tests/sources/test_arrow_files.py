"""Tables of a run come back as they were written, whatever their size."""

import pyarrow
import pytest

from sources.arrow_files import batches_in, table_in, writing


@pytest.mark.parametrize("count", [0, 3, 300_000])
def test_a_table_comes_back_whole_or_in_pieces(tmp_path, count):
    path = tmp_path / "table.arrow"
    numbers = pyarrow.array(range(count), pyarrow.int64())
    table = pyarrow.table({"number": numbers, "text": numbers.cast(pyarrow.string())})
    pieces = table.to_batches(max_chunksize=100_000) or [
        pyarrow.RecordBatch.from_pylist([], schema=table.schema)
    ]

    with writing(path, table.schema) as file:
        for piece in pieces:
            file.write_batch(piece)

    assert table_in(path).equals(table)
    assert list(batches_in(path)) == pieces
    texts = [batch["text"] for batch in batches_in(path, [1])]
    assert texts == [piece["text"] for piece in pieces]
    last = len(pieces) - 1
    assert list(batches_in(path, numbers=[last, 0])) == [pieces[last], pieces[0]]
