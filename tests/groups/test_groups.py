"""The shops of a group run side by side, each on its own; what dies is run again and nothing doubles."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from rich.console import Console

from flows.commands.export import command
from flows.commands.printing import print_group
from flows.deployments.group import GroupReport, GroupRequest, ShopEnding, shops_of, sorted_out
from flows.deployments.same_code import code_print
from flows.running.report import ExportReport
from flows.running.request import Runner, Workers
from schemas.errors import BusyError, ConfigurationError, JointUseError
from tests import factories
from tests.factories import customer, slip, vehicle, write_shop
from tests.groups.clusters import dying, workers

pytestmark = pytest.mark.flow

COMMAND = (sys.executable, "-m", "flows.command_line")
GOOD, BROKEN = ("akita", "sendai"), "fukushima"


def group(folder):
    """Two sound shops of different customers, and one whose notice is broken."""
    for number, name in enumerate((*GOOD, BROKEN)):
        own = str(number)
        write_shop(
            folder / name,
            {
                "customers": [customer(own), customer(f"9{own}")],
                "vehicles": [vehicle(f"V{own}", customer_id=own)],
                **slip(f"S{own}", own, f"V{own}", lines=3),
                "objections": [factories.objection(f"9{own}")],
            },
        )
    (folder / BROKEN / "notice.toml").write_text("no notice")
    return folder


def asked(folder, workers):
    return GroupRequest(
        group=str(folder),
        month="2026-10",
        operator=factories.PERSON,
        reason="試験",
        workers=workers,
    )


def plain_copy(folder, copy):
    """Run the sound shops without Prefect in a copy; the keys are given to the group's shops."""
    shutil.copytree(folder, copy)
    for name in GOOD:
        factories.run(copy / name)
        (folder / name / "state").mkdir(mode=0o700)
        shutil.copytree(copy / name / "state" / "keys", folder / name / "state" / "keys")
    return copy


def manifests(folder):
    found = sorted(folder.glob("*/drops/*/*/manifest-sha256.txt"))
    return {path.relative_to(folder): path.read_bytes() for path in found}


def all_runs():
    """The flow runs the server knows of."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        return client.read_flow_runs(limit=200, sort=FlowRunSort.START_TIME_DESC)


def runs_of(folder):
    """The flow runs of a group's shops."""
    asked = ((run, run.parameters.get("request", {})) for run in all_runs())
    return [run for run, request in asked if str(folder) in request.get("shop", "")]


def expect(report, folder, plain):
    """Every sound shop is delivered as without Prefect, once; the broken one says why."""
    endings = {shop.shop: shop for shop in report.shops}
    assert list(endings) == sorted((*GOOD, BROKEN))
    assert {name: endings[name].exit_code for name in GOOD} == dict.fromkeys(GOOD, 0)
    assert endings[BROKEN].exit_code == ConfigurationError.exit_code
    assert "notice.toml is not TOML" in endings[BROKEN].told
    assert manifests(folder) == manifests(plain)
    assert not list(folder.glob("*/drops/*/.*"))
    for name in GOOD:
        assert (folder / name / "state" / "ledger.db").exists()


def test_shops_run_side_by_side_and_a_broken_one_stops_only_itself(prefect_server, tmp_path):
    """In threads; processes below and Dask in `test_shared_storage`, where a worker is killed on top."""
    from flows.deployments.export_group import export_group

    folder = group(tmp_path / "group")
    plain = plain_copy(folder, tmp_path / "plain")
    with workers("threads") as two:
        report = export_group(asked(folder, two))
    expect(report, folder, plain)


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    prefect_server, tmp_path, monkeypatch
):
    """Of the worker processes; of Dask's in `test_shared_storage` and, with parts, `test_partitions`."""
    from flows.deployments.export_group import export_group

    folder = group(tmp_path / "group")
    plain = plain_copy(folder, tmp_path / "plain")
    died = dying(tmp_path, monkeypatch, "flows.stages.write", "seal_bag")
    with workers("processes") as two:
        report = export_group(asked(folder, two))
    assert died.exists()
    expect(report, folder, plain)
    states = [run.state_name for run in runs_of(folder) if not run.name.startswith(BROKEN)]
    assert states.count("Completed") == len(GOOD)
    assert set(states) == {"Completed", "Crashed"}


@pytest.mark.parametrize("state", ["Pending", "Running"])
def test_a_run_whose_worker_was_killed_at_any_moment_does_not_seem_to_go_on(prefect_server, state):
    """Also one that was killed before it began."""
    from prefect import states
    from prefect.client.orchestration import get_client

    from flows.deployments.burying import bury_tagged
    from flows.deployments.export_group import export_monthly

    with get_client(sync_client=True) as client:
        run = client.create_flow_run(
            export_monthly,
            parameters={"request": {"shop": "x"}},
            state=getattr(states, state)(),
            tags=["group 1"],
        )
        bury_tagged("group 1")
        assert client.read_flow_run(run.id).state_name == "Crashed"


def test_a_run_cut_off_with_its_worker_keeps_no_later_one_of_its_deployment_waiting(prefect_server):
    from prefect.client.orchestration import get_client
    from prefect.states import Running, Scheduled

    from flows.deployments.burying import bury_deployed
    from flows.deployments.export_monthly import export_monthly

    with get_client(sync_client=True) as client:
        deployed = client.create_deployment(client.create_flow(export_monthly), name="cut off")
        asked_for = {"request": {"shop": "x"}}
        run, later = (
            client.create_flow_run_from_deployment(deployed, parameters=asked_for, state=state)
            for state in (Running(), Scheduled())
        )
        by_command = client.create_flow_run(export_monthly, parameters=asked_for, state=Running())
        bury_deployed()
        names = [client.read_flow_run(each.id).state_name for each in (run, later, by_command)]
        for each in (later, by_command):
            client.delete_flow_run(each.id)
    assert names == ["Crashed", "Scheduled", "Running"]


def test_a_folder_nobody_may_open_stops_no_other_shop(tmp_path, monkeypatch):
    folder = group(tmp_path / "group")
    (folder / "lost+found").mkdir()
    look = Path.stat

    def closed(path, **how):
        if path.parent.name == "lost+found":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, **how)

    monkeypatch.setattr(Path, "stat", closed)
    fit, unfit = sorted_out(folder, {})
    assert {shop.name for shop in fit} == {*GOOD, BROKEN}
    assert [shop.name for shop in unfit] == ["lost+found"]


def test_names_with_brackets_are_told_as_they_are(capsys):
    endings = [ShopEnding(shop=name, exit_code=0) for name in ("osaka[old]", "osaka[/new]")]
    print_group(GroupReport(group="g", shops=tuple(endings)), Console(stderr=True))
    told = capsys.readouterr().err
    assert "osaka[old]" in told
    assert "osaka[/new]" in told


def test_each_shop_has_a_flow_run_of_its_own(prefect_server, tmp_path):
    from flows.deployments.export_group import export_group

    folder = group(tmp_path / "group")
    export_group(asked(folder, Workers(runner=Runner.THREADS, count=2)))
    names = [run.name for run in runs_of(folder)]
    assert sorted(names) == [f"{shop} 2026-10" for shop in sorted((*GOOD, BROKEN))]
    (own,) = (run for run in all_runs() if run.parameters["request"].get("group") == str(folder))
    assert own.name == "group 2026-10"


def test_a_scheduled_group_needs_no_name_and_exports_one_month_for_all(
    prefect_server, tmp_path, monkeypatch
):
    import flows.deployments.export_group as module

    shops = group(tmp_path / "shops")
    monkeypatch.setattr(module, "was_scheduled", lambda: True)
    monkeypatch.setattr(module, "scheduled_month", lambda: "2026-09")
    one = Workers(runner=Runner.THREADS, count=1)
    report = module.export_group(GroupRequest(group=str(shops), workers=one))
    assert [shop.exit_code for shop in report.shops] == [0, 2, 0]
    for name in GOOD:
        drop = shops / name / "drops" / "lotas" / "monthly-2026-09-r1" / "drop.json"
        assert json.loads(drop.read_text())["operator"] == "schedule"


def test_a_group_nobody_signs_is_refused_in_every_shop(prefect_server, tmp_path):
    from flows.deployments.export_group import export_group

    one = Workers(runner=Runner.THREADS, count=1)
    report = export_group(GroupRequest(group=str(group(tmp_path / "shops")), workers=one))
    assert [shop.exit_code for shop in report.shops] == [2, 2, 2]
    assert "who does this" in report.shops[0].told


def test_disposal_goes_through_all_shops_and_tells_which_failed(prefect_server, tmp_path):
    from flows.deployments.dispose_weekly import GroupDisposalRequest, dispose_group

    shops = group(tmp_path / "shops")
    old = {name: shops / name / "state" / "failures" / "old.txt" for name in (*GOOD, BROKEN)}
    for path in old.values():
        path.parent.mkdir(parents=True, mode=0o700)
        path.parent.parent.chmod(0o700)
        path.write_text("details")
        os.utime(path, (0, 0))
    with pytest.raises(JointUseError, match=f"nothing, or not all.*: {BROKEN}: notice.toml"):
        dispose_group(GroupDisposalRequest(group=str(shops), operator=factories.PERSON))
    assert [name for name, path in old.items() if path.exists()] == [BROKEN]
    for name in GOOD:
        assert list((shops / name / "state" / "disposals").glob("*.md"))


def test_the_command_tells_which_shop_needs_a_look(prefect_server, tmp_path):
    folder = group(tmp_path / "group")
    done = subprocess.run(
        [*COMMAND, "export", "--group", str(folder), "--month", "2026-10", "--json"],
        env=os.environ | prefect_server | {"JOINT_USE_OPERATOR": factories.PERSON},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ConfigurationError.exit_code
    report = GroupReport.model_validate(json.loads(done.stdout))
    assert [shop.exit_code for shop in report.shops] == [0, 2, 0]
    assert f"✗ 2 {BROKEN}" in done.stderr
    assert "1 of 3 shops need a look" in done.stderr


def test_a_group_ends_with_the_code_its_shops_agree_on():
    def code(*codes):
        shops = tuple(ShopEnding(shop="s", exit_code=each) for each in codes)
        return GroupReport(group="g", shops=shops).exit_code

    assert [code(0, 0), code(0, 4), code(4, 4), code(2, 4)] == [0, 4, 4, 1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "which shop"),
        (["--group", "{shop}"], "this is one shop"),
        (["--group", "{empty}"], "no shop in this folder"),
        (["--group", "{empty}", "--mode", "correct"], "for one shop"),
        (["--group", "{empty}", "--runner", "dask"], "dask needs one"),
        (["--group", "{empty}", "--partitions", "2"], "one large shop"),
        (["--group", "{empty}", "--runner", "dask", "--scheduler", "tcp://h:1"], "PREFECT_API_URL"),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(tmp_path, monkeypatch, arguments, told):
    for name in ("PREFECT_API_URL", "JOINT_USE_SHOP"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "shop.toml").touch()
    (tmp_path / "empty").mkdir()
    places = {name: str(tmp_path / name) for name in ("shop", "empty")}
    given = [argument.format(**places) for argument in arguments]
    with pytest.raises(ConfigurationError, match=told):
        CliRunner().invoke(
            command, [*given, "--operator", factories.PERSON], catch_exceptions=False
        )


def test_the_shops_of_a_group_are_its_folders_with_a_configuration(tmp_path):
    for name in ("b", "a", "notes", ".old", "state"):
        (tmp_path / name).mkdir()
    for name in ("b", "a", ".old", "state"):
        (tmp_path / name / "shop.toml").touch()
    (tmp_path / "away").symlink_to(tmp_path / "nowhere")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "run.log").touch()
    assert [path.name for path in shops_of(tmp_path)] == ["a", "b"]
    (tmp_path / "a" / "inner").mkdir()
    (tmp_path / "a" / "inner" / "shop.toml").touch()
    told = sorted_out(tmp_path, {})[1]
    assert sorted(path.name for path in told) == ["away", "inner", "notes", "state"]


def closed(shop):
    (shop / "partners").chmod(0o600)


def in_a_circle(shop):
    (shop / "loop").symlink_to("loop")
    with (shop / "shop.toml").open("a") as file:
        file.write('\n[places]\nstate = "loop"\n')


def of_no_name(shop):
    with (shop / "shop.toml").open("a") as file:
        file.write('\n[places]\nstate = "a\\u0000b"\n')


@pytest.mark.parametrize("how", [closed, in_a_circle, of_no_name])
def test_a_shop_that_cannot_even_be_looked_at_stops_no_other(
    prefect_server, tmp_path, monkeypatch, how
):
    from flows.deployments.export_group import export_group

    folder = group(tmp_path / "group")
    how(folder / "akita")
    if how is closed:  # root reads everything

        def refused(path, *_args):
            if path.parent.parent.name == "akita" and path.parent.name == "partners":
                raise PermissionError(13, "Permission denied", str(path))
            return _IS_FILE(path)

        monkeypatch.setattr(Path, "is_file", refused)
    report = export_group(asked(folder, Workers(runner=Runner.THREADS, count=1)))
    codes = {shop.shop: bool(shop.exit_code) for shop in report.shops}
    assert codes == {"akita": True, BROKEN: True, "sendai": False}


_IS_FILE = Path.is_file


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ({"url": "postgresql://h/x"}, {"url": "postgresql+psycopg://u:p@H:5432/x"}, True),
        ({"url": "postgresql://h/x"}, {"url": "postgresql://h:5433/x"}, False),
        ({"url": "postgresql:///x?host=a"}, {"url": "postgresql:///x?host=b"}, False),
        ({"url": "postgresql:///x?host=a"}, {"url": "postgresql://a:5432/x"}, True),
        ({"url_variable": "LEDGER"}, {"url_variable": "LEDGER"}, True),
        ({"url_variable": "LEDGER"}, {"url": "postgresql://u@h/y"}, True),
        ({"url_variable": "AWAY"}, {"url_variable": "AWAY"}, True),
    ],
)
def test_shops_with_one_ledger_are_told_however_it_is_named(tmp_path, one, other, is_shared):
    folder = group(tmp_path / "group")
    for shop, ledger in zip(("akita", "sendai"), (one, other), strict=True):
        with (folder / shop / "shop.toml").open("a") as file:
            (line,) = (f'{name} = "{value}"' for name, value in ledger.items())
            file.write(f"\n[ledger]\n{line}\n")
    unfit = sorted_out(folder, {"LEDGER": "postgresql://h/y"})[1]
    assert {"akita", "sendai"}.issubset({path.name for path in unfit}) is is_shared


def test_a_drops_folder_within_another_shops_is_told(tmp_path):
    folder = group(tmp_path / "group")
    for shop, drops in (("akita", "../../kept"), ("sendai", "../../kept/lotas")):
        with (folder / shop / "shop.toml").open("a") as file:
            file.write(f'\n[places]\ndrops = "{drops}"\n')
    unfit = sorted_out(folder, {})[1]
    assert {"akita", "sendai"}.issubset({path.name for path in unfit})


def test_a_shop_another_worker_is_still_at_is_tried_again(prefect_server, tmp_path, monkeypatch):
    from prefect import flow

    from flows.deployments import export_group

    folder, calls = group(tmp_path / "group"), []
    whole = export_group.export_monthly

    def busy_at_first(request):
        calls.append(request.shop)
        if len(calls) == 1:
            raise BusyError("another run")
        return whole(request)

    monkeypatch.setattr(export_group, "export_monthly", busy_at_first)
    patient = export_group._WITH_PATIENCE.with_options(retry_delay_seconds=0)
    request = asked(folder, Workers()).of_shop(folder / "akita", "2026-10")

    @flow
    def once():
        return patient(request, "group test", code_print(), is_scheduled=False)

    assert once().exit_code == 0
    assert len(calls) == 2


def copied(folder):
    factories.run(folder / "akita")
    shutil.copytree(folder / "akita", folder / "akita - コピー")


def linked(folder):
    (folder / "akita - コピー").symlink_to(folder / "akita")


def sharing(folder):
    copied(folder)
    shutil.rmtree(folder / "akita - コピー" / "state")
    with (folder / "akita - コピー" / "shop.toml").open("a") as file:
        file.write(f'\n[places]\nstate = "{folder / "akita" / "state"}"\n')


def at_one_place(folder):
    factories.run(folder / "akita")
    shutil.copytree(folder / "akita", folder / "akita - コピー")
    for name in ("state", "drops"):
        shutil.rmtree(folder / "akita - コピー" / name)
    (folder.parent / "inbox").mkdir()
    for shop in ("akita", "akita - コピー"):
        with (folder / shop / "partners" / "lotas.toml").open("a") as file:
            file.write(f'\n[place]\nkind = "folder"\npath = "{folder.parent / "inbox"}"\n')


@pytest.mark.parametrize("how", [copied, linked, sharing, at_one_place])
def test_shops_with_what_is_anothers_are_not_run_and_stop_no_other(prefect_server, tmp_path, how):
    from flows.deployments.dispose_weekly import GroupDisposalRequest, dispose_group
    from flows.deployments.export_group import export_group

    folder = group(tmp_path / "group")
    how(folder)
    before = manifests(folder)
    report = export_group(asked(folder, Workers(runner=Runner.THREADS, count=1)))
    codes = {shop.shop: shop.exit_code for shop in report.shops}
    assert codes == {"akita": 2, "akita - コピー": 2, BROKEN: 2, "sendai": 0}
    assert all("copies of one shop" in shop.told for shop in report.shops[:2])
    new = [path for path in manifests(folder) if path not in before]
    assert {path.parts[0] for path in new} == {"sendai"}
    with pytest.raises(JointUseError, match="copies of one shop"):
        dispose_group(GroupDisposalRequest(group=str(folder), operator=factories.PERSON))


_PARENT = """
import multiprocessing, os, signal, sys, time
from flows.deployments.side_by_side import end_with_parent

def child(is_watched):
    end_with_parent()
    is_watched.set()
    while True:
        time.sleep(60)

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    is_watched = spawn.Event()
    worker = spawn.Process(target=child, args=(is_watched,))
    worker.start()
    is_watched.wait()
    print(worker.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_with_whoever_started_it(tmp_path):
    (tmp_path / "parent.py").write_text(_PARENT)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "parent.py")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=300,
    )
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(done.stdout)).wait(timeout=300)


def test_worker_processes_use_the_server_of_the_run(prefect_server, monkeypatch):
    from flows.deployments.side_by_side import SideBySide

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with SideBySide(Workers(count=1)):
        assert os.environ["PREFECT_API_URL"] == prefect_server["PREFECT_API_URL"]
    assert "PREFECT_API_URL" not in os.environ


def test_a_group_names_what_is_left_to_do_in_each_shop(capsys):
    report = ExportReport(
        shop="秋田",
        month="2026-10",
        as_of="2026-11-02T09:00:00+09:00",
        objections=0,
        unsettled_objections=1,
        quarantined={},
        texts_waiting=2,
        flags={},
        outcomes=(),
        attention=("lotas: 返事が遅れています",),
    )
    ending = ShopEnding(shop="akita", exit_code=0, report=report)
    print_group(GroupReport(group="g", shops=(ending,)), Console(width=200))
    told = capsys.readouterr().out
    assert "texts to review: 2" in told
    assert "objections to settle: 1" in told
    assert "lotas: 返事が遅れています" in told
