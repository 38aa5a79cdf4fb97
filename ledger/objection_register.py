"""How many objections there were at the last run: a register that suddenly shrinks is not trusted."""

import json
from pathlib import Path

from ledger.private_files import write_private
from schemas.errors import ObjectionsUnreliableError

_FILE = "objection_register.json"


def check_not_shrunken(state: Path, count: int, *, allowed_share: float) -> None:
    """Hold the run if more than the allowed share of the objections has gone.

    Raises:
        ObjectionsUnreliableError: saying both counts and what to do.
    """
    before = remembered_count(state)
    if before is not None and count < before * (1 - allowed_share):
        raise ObjectionsUnreliableError(
            f"there were {before} objections at the last run and there are {count} now; objections do "
            "not lapse. Restore the missing ones; if each was rightly removed, raise "
            "limits.max_objection_shrink_share in shop.toml for one run"
        )


def remembered_count(state: Path) -> int | None:
    """Give the number of objections at the last run, or None before the first."""
    path = state / _FILE
    if not path.exists():
        return None
    try:
        count = json.loads(path.read_text())["count"]
    except (ValueError, KeyError, TypeError):
        count = None
    if not isinstance(count, int):
        raise ObjectionsUnreliableError(f"{_FILE} in the state folder is damaged; restore it")
    return count


def remember_count(state: Path, count: int) -> None:
    """Keep the number of objections for the next run."""
    write_private(state / _FILE, json.dumps({"count": count}).encode())
