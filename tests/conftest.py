"""Settings that must stand before Prefect is imported, and the shops tests share."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_PREFECT_HOME = tempfile.mkdtemp(prefix="joint-use-prefect-")
os.environ |= {
    "PREFECT_HOME": _PREFECT_HOME,
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "XDG_RUNTIME_DIR": _PREFECT_HOME,
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"


def pytest_unconfigure() -> None:
    """Take Prefect's home of the test run away."""
    shutil.rmtree(_PREFECT_HOME, ignore_errors=True)


def copy_sample(folder: Path) -> Path:
    """Copy the sample shop without what running it left behind."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("state", "drops"))
    return folder


@pytest.fixture
def sample_shop(tmp_path: Path) -> Path:
    """A fresh copy of the sample shop."""
    return copy_sample(tmp_path / "shop")
