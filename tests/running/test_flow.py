"""The Prefect flow does what the stages do, stores nothing personal, and is deployed as described."""

import csv
import hashlib
import os
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from flows.running.report_texts import markdown
from schemas.errors import ConfigurationError, QuarantineLimitError, RefusedError
from tests import factories
from tests.conftest import SAMPLE, copy_sample

pytestmark = pytest.mark.flow


def request(shop, **asked):
    from flows.running.request import ExportRequest

    return ExportRequest(
        shop=str(shop), month="2026-10", operator=factories.PERSON, reason="試験", **asked
    )


def test_the_flow_publishes_what_the_plain_stages_publish(prefect_server, tmp_path):
    from flows.deployments.export_monthly import export_monthly

    plain, flowing = copy_sample(tmp_path / "plain"), copy_sample(tmp_path / "flow")
    expected = factories.run(plain)
    import shutil

    (flowing / "state").mkdir(mode=0o700)
    shutil.copytree(plain / "state" / "keys", flowing / "state" / "keys")
    report = export_monthly(request(flowing))
    for one, other in zip(expected.outcomes, report.outcomes, strict=True):
        manifests = [(Path(o.path) / "manifest-sha256.txt").read_bytes() for o in (one, other)]
        assert manifests[0] == manifests[1]


def test_a_held_run_fails_and_publishes_nothing(prefect_server, sample_shop):
    from flows.deployments.export_monthly import export_monthly

    text = (sample_shop / "shop.toml").read_text()
    (sample_shop / "shop.toml").write_text(
        text.replace("max_quarantined_share = 0.05", "max_quarantined_share = 0.001")
    )
    with pytest.raises(QuarantineLimitError):
        export_monthly(request(sample_shop))
    assert not (sample_shop / "drops").exists()


def test_a_run_leaves_account_and_report_as_artifacts(prefect_server, sample_shop):
    from prefect.client.orchestration import get_client

    from flows.deployments.export_monthly import export_monthly

    export_monthly(request(sample_shop))
    with get_client(sync_client=True) as client:
        found = {artifact.key: artifact for artifact in client.read_artifacts(limit=200)}
    shop = hashlib.sha256("見本モータース".encode()).hexdigest()[:8]
    assert "customers" in str(found[f"export-{shop}-2026-10-lotas"].data)
    assert "| お客様情報 customers | 301 |" in str(found[f"export-{shop}-2026-10"].data)


def test_prefect_keeps_nothing_of_a_person(prefect_server, sample_shop):
    """Names, phones and plates of the sample are looked for in every file under Prefect's home."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_HOME

    from flows.deployments.export_monthly import export_monthly

    export_monthly(request(sample_shop))
    with (SAMPLE / "records" / "顧客.csv").open(encoding="cp932", newline="") as file:
        people = list(csv.DictReader(file))
    values = (
        {p["メールアドレス"] for p in people}
        | {p["携帯電話"] for p in people}
        | {p["氏名"] for p in people}
    )
    database = Path(PREFECT_API_DATABASE_CONNECTION_URL.value().partition(":///")[2])
    kept = b"".join(p.read_bytes() for p in Path(PREFECT_HOME.value()).rglob("*") if p.is_file())
    with sqlite3.connect(database) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        kept += repr(
            [connection.execute(f'SELECT * FROM "{t}"').fetchall() for t in tables]
        ).encode()
    connection.close()
    assert b"export-monthly" in kept
    assert [v for v in values if len(v) > 3 and v.encode() in kept] == []


def test_the_form_is_typed_and_refuses_before_a_run_exists():
    from prefect.utilities.callables import parameter_schema

    from flows.deployments.export_monthly import export_monthly

    schema = parameter_schema(export_monthly).model_dump()
    fields = schema["definitions"]["ExportRequest"]["properties"]
    assert list(fields) == [
        "shop",
        "month",
        "partners",
        "operator",
        "reason",
        "dry_run",
        "mode",
        "confirmed",
        "partitions",
        "workers",
    ]
    assert "pattern" in str(fields["month"])


def test_the_deployments_are_the_schedule_and_the_forms():
    content = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text())
    monthly, by_hand, recalls, release, dispose = content["deployments"]
    assert (release["name"], release["schedules"]) == ("release", [])
    assert dispose["schedules"][0]["cron"] == "0 4 * * 0"
    assert (recalls["name"], recalls["schedules"]) == ("recall-targets", [])
    assert monthly["schedules"][0] | {"slug": ""} == {
        "cron": "0 3 1 * *",
        "timezone": "Asia/Tokyo",
        "slug": "",
        "active": True,
    }
    assert monthly["concurrency_limit"]["limit"] == by_hand["concurrency_limit"]["limit"] == 1
    assert by_hand["schedules"] == []


def test_the_deployments_of_a_group_are_its_schedules_and_its_form():
    content = yaml.safe_load((Path(__file__).parents[2] / "prefect-group.yaml").read_text())
    found = {d["name"]: [s["cron"] for s in d["schedules"]] for d in content["deployments"]}
    assert found == {
        "group-monthly": ["0 3 1 * *"],
        "group-by-hand": [],
        "group-dispose": ["0 4 * * 0"],
    }
    assert {d["concurrency_limit"]["limit"] for d in content["deployments"]} == {1}


@pytest.mark.parametrize(
    ("instant", "month"),
    [
        (datetime(2026, 10, 31, 18, 0, tzinfo=UTC), "2026-10"),  # 03:00 on 1 November in Japan
        (datetime(2026, 10, 31, 14, 59, tzinfo=UTC), "2026-09"),
        (datetime(2026, 10, 31, 15, 0, tzinfo=UTC), "2026-10"),
        (datetime(2026, 12, 31, 18, 0, tzinfo=UTC), "2026-12"),
    ],
)
def test_the_month_before_is_told_by_the_clock_of_japan(instant, month):
    from transforms.period import Month

    assert str(Month.before(instant)) == month


def test_a_scheduled_run_exports_the_month_before_its_scheduled_start(
    prefect_server, sample_shop, monkeypatch
):
    import prefect.runtime

    import flows.deployments.export_monthly as module

    monkeypatch.setattr(
        prefect.runtime.flow_run,
        "scheduled_start_time",
        datetime(2026, 9, 30, 18, tzinfo=UTC),
        raising=False,
    )
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    monkeypatch.setattr(module, "was_scheduled", lambda: True)
    report = module.export_monthly(module.ExportRequest(shop=str(sample_shop), partners=("lotas",)))
    assert report.month == "2026-09"
    assert '"operator": "schedule"' in (Path(report.outcomes[0].path) / "drop.json").read_text()


def test_a_run_nobody_signs_is_refused_unless_the_scheduler_made_it(prefect_server, sample_shop):
    from flows.deployments.export_monthly import ExportRequest, export_monthly

    with pytest.raises(ConfigurationError, match="who does this"):
        export_monthly(ExportRequest(shop=str(sample_shop), month="2026-10"))


def limited(shop: Path) -> Path:
    with (shop / "shop.toml").open("a") as file:
        file.write('\n[carry_out]\nmax_persons = 100\ndata_managers = ["責任 花子"]\n')
    return shop


def test_a_run_that_waits_ends_in_state_waiting_and_the_form_releases_it(
    prefect_server, sample_shop
):
    from flows.deployments.export_monthly import export_monthly
    from flows.deployments.release_drop import ReleaseRequest, release_drop

    asked = request(limited(sample_shop), partners=("lotas",))
    state = export_monthly(asked, return_state=True)
    assert (state.name, state.is_completed()) == ("Waiting", True)
    assert state.result().outcomes[0].status == "waiting"
    drop = "lotas/monthly-2026-10-r1"
    with pytest.raises(RefusedError, match="only a data manager"):
        release_drop(ReleaseRequest(shop=str(sample_shop), drop=drop, operator=factories.PERSON))
    told = release_drop(ReleaseRequest(shop=str(sample_shop), drop=drop, operator="責任 花子"))
    assert told.endswith("monthly-2026-10-r1.tar.age")
    assert (sample_shop / "drops" / drop / "drop.json").exists()


def unreachable(shop: Path) -> Path:
    with (shop / "partners" / "lotas.toml").open("a") as file:
        file.write('\n[place]\nkind = "folder"\npath = "nowhere"\n')
    return shop


def test_a_run_whose_drop_reached_no_place_ends_in_a_state_that_says_so(
    prefect_server, sample_shop
):
    from flows.deployments.export_monthly import export_monthly

    asked = request(unreachable(sample_shop), partners=("lotas",))
    state = export_monthly(asked, return_state=True)
    assert (state.name, state.is_completed()) == ("NotHandedOver", True)
    assert (
        "lotas/monthly-2026-10-r1: 渡していません / not handed over: フォルダ nowhere"
        in state.message
    )
    assert "not handed over: フォルダ nowhere" in markdown(state.result())


def test_a_run_that_leaves_a_partner_out_ends_in_a_state_that_says_so(prefect_server, sample_shop):
    from flows.deployments.export_monthly import export_monthly

    agreed = sample_shop / "partners" / "broadleaf.toml"
    agreed.write_text(
        re.sub(r"^until = .*$", "until = 2026-01-31", agreed.read_text(), flags=re.MULTILINE)
    )
    state = export_monthly(request(sample_shop), return_state=True)
    assert (state.name, state.is_completed()) == ("NotHandedOver", True)
    assert "sealing.until (2026-01-31) is over" in state.message
    assert [outcome.partner for outcome in state.result().outcomes] == ["lotas"]


def test_a_released_drop_that_reached_no_place_ends_in_a_state_that_says_so(
    prefect_server, sample_shop
):
    from flows.deployments.release_drop import ReleaseRequest, release_drop

    shop = unreachable(limited(sample_shop))
    drop = factories.run(shop, partners=("lotas",)).outcomes[0].drop_id
    asked = ReleaseRequest(shop=str(shop), drop=drop, operator="責任 花子")
    state = release_drop(asked, return_state=True)
    assert (state.name, state.result()) == ("NotHandedOver", "released")
    assert "not handed over: フォルダ nowhere" in state.message


def test_disposal_deletes_runs_that_ended_long_ago_and_certifies_it(prefect_server, sample_shop):
    from prefect import flow, get_client, states

    import flows.deployments.dispose_weekly as module
    from flows.deployments.export_monthly import export_monthly

    @flow
    def of_somebody_else():
        pass

    export_monthly(request(sample_shop, dry_run=True))
    of_somebody_else()
    later = datetime(2099, 1, 1, tzinfo=UTC)
    with get_client(sync_client=True) as client:
        killed = client.create_flow_run(export_monthly, state=states.Running())
    asked = module.DisposalRequest(shop=str(sample_shop), operator=factories.PERSON)
    assert module.disposed(asked, lambda: later) >= 1
    (certificate,) = [
        p
        for p in (sample_shop / "state" / "disposals").glob("*.json")
        if "prefect_runs" in p.read_text()
    ]
    assert "retention.prefect_days = 180" in certificate.read_text()
    with get_client(sync_client=True) as client:
        left = client.read_flow_runs()
        names = {client.read_flow(run.flow_id).name for run in left}
    assert killed.id not in {run.id for run in left}
    assert "of-somebody-else" in names


def test_a_credential_can_be_a_prefect_secret(prefect_server, tmp_path):
    from prefect.blocks.system import Secret as SecretBlock

    from flows.carrying.credentials import credential_of
    from schemas.carrying import S3Place, Secret

    def place_with(block):
        return S3Place(kind="s3", bucket="b", secret=Secret(block=block))

    SecretBlock(value="open sesame").save("lotas-sftp", overwrite=True)
    assert credential_of(place_with("lotas-sftp"), tmp_path) == "open sesame"
    with pytest.raises(ConfigurationError, match="no Secret block"):
        credential_of(place_with("nothing"), tmp_path)
