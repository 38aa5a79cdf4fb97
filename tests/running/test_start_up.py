"""Commands that only look something up answer at once: they load neither tables nor Prefect."""

import subprocess
import sys

import pytest

TABLES = ("pandas", "pandera", "prefect", "dask")
LOOK_UP = (
    *("acknowledge", "audit", "deliver", "dispose", "hold", "keys", "lawful_request"),
    *("status", "stop", "policy", "quarantine", "review"),
)
WITHOUT_ARROW = LOOK_UP[:9]


def loaded(commands):
    """Import commands as the command line does, and tell what else that loads."""
    program = (
        "import importlib, sys\n"
        f"for name in {commands!r}: importlib.import_module(f'flows.commands.{{name}}')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("commands", "libraries"), [(LOOK_UP, TABLES), (WITHOUT_ARROW, ("pyarrow", "numpy"))]
)
def test_commands_that_look_up_load_no_tables(commands, libraries):
    assert loaded(commands).isdisjoint(libraries)


def test_a_command_that_exports_loads_prefect_only_when_it_runs():
    assert "prefect" not in loaded(("export", "recall", "serve"))


def test_checking_a_folder_loads_neither_ledger_nor_ciphers():
    assert loaded(("verify",)).isdisjoint(("sqlalchemy", "cryptography", "pyrage", "prefect"))
