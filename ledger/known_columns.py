"""Which columns of the shop's files and tables nothing asks for, as they were when they were last read."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from ledger.private_files import write_private

_FILE = "columns.json"


def note_columns(state: Path, unread: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Count the columns that were not there the last time, and keep those that are there now.

    A new column changes nothing that leaves, and is told (invariant 1).

    Args:
        state: the shop's state folder.
        unread: by file or table, the headers nothing asks for.
    """
    path = state / _FILE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    found = {part: sorted(headers) for part, headers in sorted(unread.items()) if headers}
    if found != known:
        write_private(path, json.dumps(found, ensure_ascii=False, indent=2).encode())
    new = {part: len(set(headers) - set(known.get(part, ()))) for part, headers in found.items()}
    return {part: count for part, count in new.items() if count}
