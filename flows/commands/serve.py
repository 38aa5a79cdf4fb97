"""`joint-use serve`: Prefect server, schedule and worker on one PC, for a shop or for a group of shops."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from flows.commands.flow_runs import when_ended
from flows.commands.once import Command
from flows.commands.options import (
    group_option,
    neither_shop_nor_group,
    refuse_both,
    shop_or_group_option,
)
from flows.deployments.group import STATE, shops_of
from flows.deployments.names import POOL
from flows.running.orchestration import note_server, running_server, serving, set_up
from ledger.private_files import private_folder
from schemas.errors import BusyError, JointUseError
from sources.shop_folder import load_shop

_PATIENCE_SECONDS = 180
_ENDING_SECONDS = 20
_LOOK_SECONDS = 0.5
_HOME = Path(__file__).resolve().parents[2]


@click.command(cls=Command, name="serve")
@shop_or_group_option
@group_option(
    "店舗フォルダを集めたフォルダ。全店の予定実行 / a folder of shops: the schedule of all of them"
)
@click.option(
    "--port", default=4200, show_default=True, help="画面のポート / port of the user interface"
)
@click.pass_context
def command(context: click.Context, /, shop: Path | None, group: Path | None, port: int) -> None:
    """予定実行と画面を動かす / Run server, schedule and worker until Ctrl-C; loopback only.

    Stopping it does not pause the schedule: a run that fell due meanwhile starts late.
    """
    refuse_both(context)
    served = _served(shop, group)
    state = private_folder(served.state)
    with serving(state):
        _serve(served, state, port)


def _serve(served: "_Served", state: Path, port: int) -> None:
    environment = dict(os.environ)
    set_up(state, environment)
    _refuse_busy_port(port)
    when_ended(_stop, "SIGTERM", "SIGHUP")
    url = f"http://127.0.0.1:{port}/api"
    environment |= {
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PYTHONUTF8": "1",  # Prefect reads its files in the system's encoding, which Windows has another of
        "JOINT_USE_HOME": str(_HOME),
        served.variable: str(served.home.resolve()),
    }
    with _running(
        ["server", "start", "--host", "127.0.0.1", "--port", str(port)], environment
    ) as server:
        note = note_server(state, url)
        try:
            _wait_for(state, server)
            _run([sys.executable, "-m", "flows.deployments.preparing"], environment)
            deployments = str(_HOME / served.deployments)
            _run(_command(["deploy", "--all", "--prefect-file", deployments]), environment)
            click.echo(f"http://127.0.0.1:{port}  (Ctrl-C で終了 / to stop)")
            with _running(["worker", "start", "--pool", POOL], environment) as worker:
                watch(server, worker)
        except KeyboardInterrupt:
            click.echo("終了します / stopping", err=True)
        finally:
            note.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Served:
    """What the deployments are for."""

    home: Path
    state: Path
    deployments: str
    """File of Prefect's deployments."""
    variable: str
    """Names the folder in them."""


def _served(shop: Path | None, group: Path | None) -> _Served:
    if group is not None:
        shops_of(group)
        return _Served(group, group / STATE, "prefect-group.yaml", "JOINT_USE_GROUP")
    if shop is not None:
        return _Served(shop, load_shop(shop).state, "prefect.yaml", "JOINT_USE_SHOP")
    raise neither_shop_nor_group()


def watch(*processes: "subprocess.Popen[bytes]") -> None:
    """Wait until one of them ends, which none does by itself.

    Raises:
        JointUseError: so that whoever looks after services starts it again.
    """
    while all(process.poll() is None for process in processes):
        time.sleep(_LOOK_SECONDS)
    raise JointUseError(
        "Prefect のサーバーか作業係が止まりました。もう一度 joint-use serve を実行してください / "
        "Prefect's server or worker has ended; start joint-use serve again"
    )


def _stop(_signal: int, _frame: object) -> None:
    """End as Ctrl-C does, so that server and worker are ended too."""
    raise KeyboardInterrupt


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "prefect", *arguments]


def _refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise BusyError(
                f"ポート {port} は使われています（別の店かもしれません）。--port "
                "で別の番号を指定してください / "
                f"port {port} is in use, perhaps by another shop; choose one with --port"
            )


@contextmanager
def _running(
    arguments: list[str], environment: dict[str, str]
) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(  # noqa: S603 (our own words)
        _command(arguments),
        env=environment,
        cwd=_HOME,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            # Prefect's worker can miss the signal when a flow run ends at the same moment.
            process.kill()
            process.wait()
        finally:
            _end_group(process.pid)


def _end_group(leader: int) -> None:
    """End what a program started and left behind, as a worker does with the runs it was at."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _run(command: list[str], environment: dict[str, str]) -> None:
    # What Prefect advises (to start a worker, to run a deployment) is done here, or means nothing to a shop.
    done = subprocess.run(  # noqa: S603 (our own words)
        command,
        env=environment,
        cwd=_HOME,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        click.echo(done.stdout, err=True)
        raise JointUseError(
            f"{' '.join(command[2:4])} が失敗しました。理由は上の行にあります / "
            f"{' '.join(command[2:4])} failed; its own lines above say why"
        )


def _wait_for(state: Path, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not running_server(state):
        if server.poll() is not None or time.monotonic() > deadline:
            raise JointUseError(
                "Prefect のサーバーが起動しません。ポートが使われていれば --port "
                "で別の番号を指定してください / "
                "the Prefect server did not start; is the port in use? choose another with --port"
            )
        time.sleep(_LOOK_SECONDS)
