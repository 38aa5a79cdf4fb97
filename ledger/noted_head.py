"""The newest entry of the audit chain, noted beside the state folder: a restored backup of it shows.

Published drops bear witness only of entries before them. A refusal recorded after the last drop, and lost
because an older backup was restored, would be missed by nobody.
"""

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from ledger.chain import Head
from ledger.private_files import private_folder, write_whole
from schemas.state_folder import Part

_DAMAGE = (ValueError, KeyError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class NotedHead:
    """The newest entry at an instant (ISO 8601)."""

    head: Head
    at: str


def noted_head(state: Path) -> NotedHead | None:
    """Read what was noted last; None if nothing was, or nothing that can be read."""
    try:
        return _parsed(note_file(state).read_bytes())
    except (OSError, *_DAMAGE):
        return None


def damaged_note(state: Path) -> str:
    """Give the digest of a note that is there and cannot be read; empty if there is none, or a sound one.

    Such a note is a witness lost: it is not written over until somebody has answered for it.
    """
    try:
        content = note_file(state).read_bytes()
    except FileNotFoundError:
        return ""
    except OSError:
        return "unreadable"
    try:
        _parsed(content)
    except _DAMAGE:
        return sha256(content).hexdigest()
    return ""


def _parsed(content: bytes) -> NotedHead:
    told = json.loads(content)
    datetime.fromisoformat(told["at"])
    return NotedHead(Head(int(told["sequence"]), str(told["sha256"])), told["at"])


def note_head(state: Path, head: Head, *, anew: bool = False) -> None:
    """Note the newest entry, unless the note there is speaks of a later one.

    Args:
        state: the state folder.
        head: the newest entry, of a chain that has the noted one.
        anew: whether somebody has answered for what the older note shows.
    """
    file = note_file(state)
    at = datetime.now().astimezone().isoformat(timespec="microseconds")
    told = {"sequence": head.sequence, "sha256": head.digest, "at": at}
    # Whoever cannot write beside the state folder goes without this witness.
    with (
        contextlib.suppress(OSError),
        FileLock(private_folder(state / Part.LOCKS) / "head.lock", mode=0o600),
    ):
        known = noted_head(state)
        is_later = known is not None and known.head.sequence >= head.sequence
        if not anew and (is_later or damaged_note(state)):
            return
        write_whole(file, (json.dumps(told) + "\n").encode())


def note_file(state: Path) -> Path:
    """Give the place of the note: beside the state folder, for a restored folder must not bring it along."""
    return state.with_name(f"{state.name}.head.json")
