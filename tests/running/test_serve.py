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


def until(process, text):
    """Read until the command says `text`, wherever its lines are wrapped; a failed run says otherwise."""
    said, wanted = "", "".join(text.split())
    for line in process.stdout:
        said += "".join(line.split())
        if wanted in said:
            return
        assert "FinishedinstateFailed" not in said
    raise AssertionError(text)


def test_serve_deploys_the_schedule_runs_by_hand_and_stops_without_pausing(sample_shop):
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
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=variables,
    )
    try:
        until(process, "Ctrl-C")
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
        until(process, f"Flow run '{run['name']}' - Finished in state Completed()")
        assert (sample_shop / "drops" / "lotas" / "monthly-2026-10-r1" / "drop.json").is_file()
        with pytest.raises(urllib.error.HTTPError):
            ask(
                url,
                parameters={"request": asked | {"reason": "090-1234-5678"}},
                enforce_parameter_schema=True,
            )
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.stdout.close()
        process.wait()
    assert not (sample_shop / "state" / "server.json").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
