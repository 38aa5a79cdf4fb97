"""Cells a spreadsheet would run as a formula."""

import pyarrow
import pyarrow.compute as pc

_RUNS = r"^([=+@＝＋＠]|-.)"
"""What a spreadsheet takes for a formula; a lone `-` and the full-width `－` only mean "nothing"."""


def defused(cells: pyarrow.Array) -> tuple[pyarrow.Array, int]:
    """Put an apostrophe before cells that start like a formula; also count them.

    Only for columns people type freely: phones, amounts and codes start with such marks rightly.
    """
    runs = pc.fill_null(pc.match_substring_regex(cells, _RUNS), fill_value=False)
    count = int(pc.sum(runs).as_py() or 0)
    return (pc.replace_substring_regex(cells, _RUNS, r"'\1") if count else cells), count
