"""How Prefect is set up for a shop: its own home, loopback only, no telemetry, nothing personal kept."""

import json
import urllib.request
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ledger.private_files import private_folder
from schemas.errors import BusyError
from schemas.state_folder import Part

_SERVER_FILE = "server.json"
_LOCK = "serve.lock"

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_CLI_PROMPT": "false",
}


def set_up(state: Path, environment: MutableMapping[str, str], *others: Path) -> None:
    """Set Prefect's environment for a shop. Must come before Prefect is first imported.

    Args:
        state: the folder whose server is used, if one runs for it.
        environment: of the process that will run Prefect.
        others: other state folders, whose server is used if none runs for that one.
    """
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
    environment.setdefault("PREFECT_HOME", str((state / Part.PREFECT).resolve()))
    url = next(filter(None, map(running_server, (state, *others))), None)
    if url:
        environment.setdefault("PREFECT_API_URL", url)


def running_server(state: Path) -> str | None:
    """Give the API address of the shop's own server, if `joint-use serve` is running.

    What it noted is not believed by itself: after a break the address may be another shop's.
    """
    if not _is_serving(state):
        return None
    try:
        url = str(json.loads((state / _SERVER_FILE).read_text())["api"])
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 (our own file)
            return url if answer.status == 200 else None  # noqa: PLR2004
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def serving(state: Path) -> Iterator[None]:
    """Hold what tells that `joint-use serve` runs for a folder; the system lets go of it whenever it ends.

    Raises:
        BusyError: it runs already.
    """
    lock = FileLock(private_folder(state / Part.LOCKS) / _LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            "このフォルダの joint-use serve はもう動いています。その画面を使ってください / "
            "joint-use serve is already running for this folder; use its window"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _is_serving(state: Path) -> bool:
    path = state / Part.LOCKS / _LOCK
    if not path.exists():
        return False
    try:
        with FileLock(path, mode=0o600, timeout=0):
            return False
    except Timeout:
        return True


def note_server(state: Path, url: str) -> Path:
    """Remember where the shop's server answers."""
    path = state / _SERVER_FILE
    path.write_text(json.dumps({"api": url}))
    return path
