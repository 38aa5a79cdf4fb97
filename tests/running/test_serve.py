"""One command gives a shop with one PC its server, schedule and worker, on loopback only."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

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


def test_serve_deploys_the_schedule_runs_by_hand_and_stops_without_pausing(sample_shop, tmp_path):
    port = free_port()
    variables = {
        k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "JOINT_USE_"))
    }
    command = [
        sys.executable,
        "-u",
        "-m",
        "flows.command_line",
        "serve",
        "--shop",
        str(sample_shop),
        "--port",
        str(port),
    ]
    said = tmp_path / "said.txt"
    output = said.open("w")
    process = subprocess.Popen(
        command,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=variables,
    )
    try:
        until(process, lambda: "Ctrl-C" in said.read_text())
        api = f"http://127.0.0.1:{port}/api"
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
        url = f"{api}/deployments/{deployments['by-hand']['id']}/create_flow_run"
        run = ask(url, parameters={"request": asked}, state={"type": "SCHEDULED"})

        def state():
            return ask(f"{api}/flow_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})[0][
                "state_type"
            ]

        until(process, lambda: state() in {"COMPLETED", "FAILED", "CRASHED"})
        assert state() == "COMPLETED"
        assert (sample_shop / "drops" / "lotas" / "monthly-2026-10-r1" / "drop.json").is_file()
        with pytest.raises(urllib.error.HTTPError):
            ask(
                url,
                parameters={"request": asked | {"reason": "090-1234-5678"}},
                enforce_parameter_schema=True,
            )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        output.close()
    assert not (sample_shop / "state" / "server.json").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


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
