"""The forms in which the second look compares cells: addresses as codes, all else plain."""

from collections.abc import Iterable

import pyarrow
import pyarrow.compute as pc

from transforms.arrays import whole
from transforms.reading.folded_columns import fold_addresses
from transforms.reading.folding import DASHES


def strings(values: Iterable[str]) -> pyarrow.Array:
    """Give texts as a column, in order."""
    return pyarrow.array(sorted(values), pyarrow.string())


def pairs_of(rows: pyarrow.Table) -> set[tuple[str, str]]:
    """Give names with their addresses, each in its form, where both are there."""
    names, addresses = (form(column, rows[column]).to_pylist() for column in ("name", "address"))
    return {(n, a) for n, a in zip(names, addresses, strict=True) if n and a}


def form(
    column: str, cells: pyarrow.Array | pyarrow.ChunkedArray
) -> pyarrow.Array | pyarrow.ChunkedArray:
    """Give a column in the form it is compared in: addresses as codes, all else plain."""
    return fold_addresses(whole(cells)) if column == "address" else plain_form(cells)


def plain_form(cells: pyarrow.Array | pyarrow.ChunkedArray) -> pyarrow.Array | pyarrow.ChunkedArray:
    """Fold width, case, blanks and dashes."""
    if pc.all(pc.string_is_ascii(cells), min_count=0).as_py():
        return pc.replace_substring(pc.utf8_lower(cells), " ", "")
    folded = pc.utf8_lower(pc.utf8_normalize(cells, form="NFKC"))
    without_spaces = pc.replace_substring_regex(folded, r"[\s\x{3000}]", "")
    return pc.replace_substring_regex(without_spaces, f"[{DASHES}-]", "-")
