"""One command gives a shop with one PC its server, schedule and worker, on loopback only."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest

from flows.commands.serve import watch
from flows.running.orchestration import note_server, running_server
from flows.running.orchestration import serving as held_by_serve
from ledger.private_files import private_folder
from schemas.errors import BusyError, JointUseError
from tests.conftest import copy_sample
from tests.factories import PERSON
from tests.groups.test_groups import GOOD, group

pytestmark = pytest.mark.flow

ROOT = Path(__file__).parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, **body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def until(process, is_so):
    """Wait until something is so, as long as the command runs; at most some minutes."""
    for _ in range(600):
        if is_so():
            return
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
    raise AssertionError


def asked_until_free(process, url, **body):
    """Ask as Prefect's own clients do: again, while the server is too busy to answer."""
    answers = []

    def is_answered():
        try:
            answers.append(ask(url, **body))
        except TimeoutError:
            pass
        except urllib.error.HTTPError as error:
            with error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
        return bool(answers)

    until(process, is_answered)
    return answers[0]


@contextmanager
def serving(said, *arguments):
    """Run `joint-use serve` until what is inside is done; gives the process and the API's address."""
    port = free_port()
    variables = {
        k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "JOINT_USE_"))
    }
    command = [sys.executable, "-u", "-m", "flows.command_line", "serve", "--port", str(port)]
    with said.open("w") as output:
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=variables,
        )
        try:
            until(process, lambda: "Ctrl-C" in said.read_text())
            yield process, f"http://127.0.0.1:{port}/api"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def run_deployment(process, api, deployment, asked):
    """Start a deployment's run from its form; give how it ended."""
    url = f"{api}/deployments/{deployment['id']}/create_flow_run"
    wanted = {"parameters": {"request": asked}, "state": {"type": "SCHEDULED"}}
    run = asked_until_free(process, url, **wanted)

    def state():
        of_run = {"id": {"any_": [run["id"]]}}
        found = asked_until_free(process, f"{api}/flow_runs/filter", flow_runs=of_run)
        return found[0]["state_type"]

    until(process, lambda: state() in {"COMPLETED", "FAILED", "CRASHED"})
    return state()


def test_serve_deploys_the_schedule_runs_by_hand_and_stops_without_pausing(sample_shop, tmp_path):
    with serving(tmp_path / "said.txt", "--shop", sample_shop) as (process, api):
        deployments = {d["name"]: d for d in ask(f"{api}/deployments/filter")}
        assert deployments["monthly"]["paused"] is False
        assert [
            s["schedule"]["cron"] for s in deployments["monthly"]["schedules"] if s["active"]
        ] == ["0 3 1 * *"]
        asked = {
            "shop": str(sample_shop),
            "month": "2026-10",
            "operator": "見本 太郎",
            "reason": "試験",
        }
        assert run_deployment(process, api, deployments["by-hand"], asked) == "COMPLETED"
        assert (sample_shop / "drops" / "lotas" / "monthly-2026-10-r1" / "drop.json").is_file()
        url = f"{api}/deployments/{deployments['by-hand']['id']}/create_flow_run"
        with pytest.raises(urllib.error.HTTPError):
            ask(
                url,
                parameters={"request": asked | {"reason": "090-1234-5678"}},
                enforce_parameter_schema=True,
            )
        cut_off = ask(url, parameters={"request": asked}, state={"type": "RUNNING"})
    assert not (sample_shop / "state" / "server.json").exists()
    with serving(tmp_path / "again.txt", "--shop", sample_shop) as (process, api):
        (run,) = ask(f"{api}/flow_runs/filter", flow_runs={"id": {"any_": [cut_off["id"]]}})
        assert run["state_name"] == "Crashed"


def test_serve_runs_the_schedule_of_a_group_whose_command_uses_its_server(tmp_path):
    shops = group(tmp_path / "shops")
    with serving(tmp_path / "said.txt", "--group", shops) as (process, api):
        deployments = {d["name"]: d for d in ask(f"{api}/deployments/filter")}
        assert set(deployments) == {"group-monthly", "group-by-hand", "group-dispose"}
        defaults = deployments["group-monthly"]["parameters"]["request"]
        assert defaults == {"group": str(shops.resolve())}
        asked = {"group": str(shops), "month": "2026-10", "operator": PERSON, "reason": "試験"}
        assert run_deployment(process, api, deployments["group-by-hand"], asked) == "COMPLETED"
        assert running_server(shops / "state") == api
        flows = ask(f"{api}/flow_runs/filter", flows={"name": {"any_": ["export-monthly"]}})
        assert {run["state_type"] for run in flows} == {"COMPLETED", "FAILED"}
    assert (shops / GOOD[0] / "drops" / "lotas" / "monthly-2026-10-r1" / "drop.json").is_file()


_DEAF = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_program_that_does_not_hear_the_end_is_ended_all_the_same(monkeypatch, tmp_path):
    from flows.commands import serve

    said = tmp_path / "said.txt"
    monkeypatch.setattr(serve, "_ENDING_SECONDS", 0.1)
    program = f"import sys; sys.stdout = open({str(said)!r}, 'w')\n{_DEAF}"
    monkeypatch.setattr(serve, "_command", lambda _: [sys.executable, "-c", program])
    with serve._running([], dict(os.environ)) as process:
        until(process, lambda: said.exists() and "ready" in said.read_text())
    assert process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def one_shop(tmp_path_factory):
    """The sample shop, for one serve after the other: only the first has to make Prefect's database."""
    return copy_sample(tmp_path_factory.mktemp("served") / "shop")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_serve_leaves_no_program_behind_however_it_is_ended(one_shop, tmp_path, ending):
    with serving(tmp_path / "said", "--shop", one_shop) as (process, _):
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        process.wait(timeout=300)
        _, left = psutil.wait_procs(children, timeout=60)
    assert not left


def test_serve_ends_with_a_code_when_its_server_has_died(one_shop, tmp_path):
    with serving(tmp_path / "said", "--shop", one_shop) as (process, _):
        children = psutil.Process(process.pid).children()
        (own,) = (child for child in children if "server" in child.cmdline())
        own.kill()
        assert process.wait(timeout=300) == JointUseError.exit_code
    assert "server or worker has ended" in (tmp_path / "said").read_text()


def test_a_command_that_is_killed_leaves_no_server(sample_shop, tmp_path):
    asked = ("--shop", sample_shop, "--month", "2026-10", "--operator", PERSON)
    command = [sys.executable, "-m", "flows.command_line", "export", *asked]
    environment = {n: v for n, v in os.environ.items() if n != "PREFECT_API_URL"}
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(command, stderr=said, stdout=said, cwd=ROOT, env=environment)
    own = psutil.Process(process.pid)

    def servers():
        return [child for child in own.children() if "uvicorn" in child.cmdline()]

    until(process, servers)
    children = own.children(recursive=True)
    process.kill()
    process.wait()
    _, left = psutil.wait_procs(children, timeout=60)
    assert not left


@pytest.mark.parametrize("ended", [0, 1])
def test_whichever_of_its_programs_ends_serve_says_so(ended):
    lasting = [sys.executable, "-c", "input()"]
    programs = [subprocess.Popen(lasting, stdin=subprocess.PIPE) for _ in range(2)]
    try:
        programs[ended].kill()
        with pytest.raises(JointUseError, match="server or worker has ended"):
            watch(*programs)
    finally:
        for program in programs:
            program.kill()
            program.communicate()


def test_what_an_ended_serve_noted_is_not_believed(tmp_path):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{other.server_port}/api"
        note_server(private_folder(tmp_path / "state"), url)
        assert running_server(tmp_path / "state") is None
        with held_by_serve(tmp_path / "state"):
            assert running_server(tmp_path / "state") == url
            with pytest.raises(BusyError), held_by_serve(tmp_path / "state"):
                pass
        assert running_server(tmp_path / "state") is None
        other.shutdown()
