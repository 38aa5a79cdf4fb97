"""Running commands as an operator does, each in a process of its own."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]

_LOADED = ["flows.commands.disclose", "flows.commands.objections", "flows.commands.object"]
"""Take with them nearly all that commands load but Prefect."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(_LOADED)


def joint_use(*arguments, **environment) -> subprocess.CompletedProcess[str]:
    """Run a command that starts no flow: forked from a process that has loaded what most of them need."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        typed = ["joint-use", *map(str, arguments)]
        process = _FORKS.Process(target=_run, args=(typed, _variables(environment), said))
        process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(
            typed, process.exitcode, *(each.read_text(encoding="utf-8") for each in said)
        )


def started(*arguments, **environment) -> subprocess.CompletedProcess[str]:
    """Run a command from nothing, as a shell starts it."""
    return subprocess.run(
        [sys.executable, "-m", "flows.command_line", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=_variables(environment),
    )


def typed(*arguments, **environment) -> subprocess.CompletedProcess[str]:
    """Run a command of a document: from nothing if it starts a flow."""
    run = started if arguments[0] in {"export", "recall"} else joint_use
    return run(*arguments, **environment)


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a command: that of the tests, without what they tell Prefect and us."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "JOINT_USE_"))}
    return {**kept, **environment}


def _run(typed: Sequence[str], variables: Mapping[str, str], said: Sequence[Path]) -> None:
    """Be the command, in a process of its own."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(ROOT)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.argv = list(typed)
    from flows.command_line import main

    main()
