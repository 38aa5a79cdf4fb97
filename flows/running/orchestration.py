"""How Prefect is set up for a shop: its own home, loopback only, no telemetry, nothing personal kept."""

import json
import urllib.request
from collections.abc import MutableMapping
from pathlib import Path

from schemas.state_folder import Part

_SERVER_FILE = "server.json"

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_CLI_PROMPT": "false",
}


def set_up(state: Path, environment: MutableMapping[str, str]) -> None:
    """Set Prefect's environment for a shop. Must come before Prefect is first imported."""
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
    environment.setdefault("PREFECT_HOME", str((state / Part.PREFECT).resolve()))
    url = running_server(state)
    if url:
        environment.setdefault("PREFECT_API_URL", url)


def running_server(state: Path) -> str | None:
    """Give the API address of the shop's own server, if `joint-use serve` is running."""
    try:
        url = str(json.loads((state / _SERVER_FILE).read_text())["api"])
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 (our own file)
            return url if answer.status == 200 else None  # noqa: PLR2004
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_server(state: Path, url: str) -> Path:
    """Remember where the shop's server answers."""
    path = state / _SERVER_FILE
    path.write_text(json.dumps({"api": url}))
    return path
