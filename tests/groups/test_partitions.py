"""A drop made in parts by workers has the bytes of one made in one piece."""

import errno
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.deployments.same_code import code_print
from flows.running.engine import stretches
from flows.running.request import Workers
from schemas.errors import ConfigurationError, JointUseError, UnexpectedError, WorkerLostError
from tests import factories
from tests.conftest import copy_sample
from tests.factories import customer, slip, vehicle, write_shop
from tests.groups.clusters import dying, workers

SLIPS, LINES = 100, 200


class Threads:
    """An engine of the standard library."""

    def __init__(self, parts, fewest_rows=1):
        self.parts, self.fewest_rows = parts, fewest_rows
        self._pool = ThreadPoolExecutor(2)

    def map(self, work, jobs):
        """Give the results in order."""
        return self._pool.map(work, jobs)


def manifests(shop):
    found = sorted(shop.glob("drops/*/*/manifest-sha256.txt"))
    return {path.relative_to(shop): path.read_text() for path in found}


def twins(folder, shop):
    """Copy a shop twice: one that was exported whole, and one with the same keys."""
    whole, split = folder / "whole", folder / "split"
    shutil.copytree(shop, whole)
    shutil.copytree(shop, split)
    report = factories.run(whole)
    (split / "state").mkdir(mode=0o700)
    shutil.copytree(whole / "state" / "keys", split / "state" / "keys")
    return whole, split, report


def accounts(report):
    return [(o.account, o.reasons, o.cells, o.deleted) for o in report.outcomes]


def in_two_parts(shop, workers):
    """What asks for an export of a shop in two parts."""
    from flows.running.request import ExportRequest

    return ExportRequest(
        shop=str(shop),
        month=factories.MONTH,
        operator=factories.PERSON,
        reason="試験",
        partitions=2,
        workers=workers,
    )


def large_shop(folder):
    """A shop with enough lines to be worth a split; one of its customers objected."""
    tables = {
        "customers": [customer("1"), customer("2"), customer("9")],
        "vehicles": [
            vehicle("V1", customer_id="1"),
            vehicle("V2", customer_id="2"),
            vehicle("V9", customer_id="9"),
        ],
        "objections": [factories.objection("9")],
    }
    for number in range(SLIPS):
        whose = "129"[number % 3]
        for name, rows in slip(f"S{number:04}", whose, f"V{whose}", lines=LINES).items():
            tables.setdefault(name, []).extend(rows)
    return write_shop(folder, tables)


@pytest.mark.parametrize("parts", [2, 3, 50])
def test_parts_merge_into_the_bytes_of_the_whole(tmp_path, parts):
    whole, split, expected = twins(tmp_path, copy_sample(tmp_path / "shop"))
    found = factories.run(split, engine=Threads(parts))
    assert manifests(split) == manifests(whole)
    assert accounts(found) == accounts(expected)
    assert list((split / "state" / "runs").iterdir()) == []


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 400))
def test_stretches_cover_every_row_once_in_order(parts, fewest, rows):
    found = stretches(Threads(parts, fewest), rows)
    covered = [row for each in found for row in range(each.start, each.stop)]
    assert covered == list(range(rows))
    assert len(found) <= parts
    assert len(found) == 1 or min(each.stop - each.start for each in found) >= fewest
    assert len(stretches(Threads(1), rows)) == 1


def test_an_objection_that_arrives_meanwhile_is_in_no_part(tmp_path, monkeypatch):
    """What workers remember of the first making must not go into the second."""
    tables = {
        "customers": [customer("1"), customer("2"), customer("9")],
        "objections": [factories.objection("9")],
    }
    shop = write_shop(tmp_path, tables)
    stated = [*tables["objections"], factories.objection("2")]
    arrives = factories.before("publish", lambda: factories.write_table(shop, "objections", stated))
    report = factories.run(shop, engine=Threads(parts=3), step=arrives)
    account = report.outcomes[0].account["customers"]
    assert (account.delivered, account.objected) == (1, 2)
    assert len(factories.delivered(report)["customers"]) == 1


@pytest.mark.flow
@pytest.mark.parametrize("runner", ["threads", "processes", "dask"])
def test_workers_of_a_flow_make_the_bytes_of_one_process(
    prefect_server, tmp_path, monkeypatch, runner
):
    """One of the workers is killed at its work; a thread can only die with its process."""
    from flows.deployments.export_monthly import export_monthly

    whole, split, expected = twins(tmp_path, large_shop(tmp_path / "shop"))
    died = dying(tmp_path, monkeypatch, "flows.making.shaped", "shape_part")
    with workers(runner) as two:
        found = export_monthly(in_two_parts(split, two))
    assert died.exists() == (runner != "threads")
    assert manifests(split) == manifests(whole)
    assert accounts(found) == accounts(expected)
    lines = found.outcomes[0].account["repair_lines"]
    assert (lines.delivered, lines.objected) == (67 * LINES, 33 * LINES)


def test_a_part_that_fails_quotes_no_data(prefect_server, tmp_path, monkeypatch):
    from prefect.client.orchestration import get_client

    import flows.making.shaped as module
    from flows.deployments.export_monthly import export_monthly

    real = module.shape

    def failing(rows, places, table, shaping):
        if table.name == "repair_lines":
            raise ValueError("could not convert 秘密 太郎")
        return real(rows, places, table, shaping)

    monkeypatch.setattr(module, "shape", failing)
    shop = large_shop(tmp_path / "shop")
    told = r"ValueError at test_partitions\.py:\d+"
    with workers("threads") as two, pytest.raises(UnexpectedError, match=told):
        export_monthly(in_two_parts(shop, two))
    with get_client(sync_client=True) as client:
        told = [run.state.message or "" for run in client.read_task_runs(limit=200) if run.state]
    assert any("one of the parts failed" in each for each in told)
    assert not any("秘密" in each for each in told)


def test_a_part_given_by_another_version_of_the_program_is_refused(prefect_server):
    from flows.deployments.side_by_side import do_part

    assert do_part.fn(str, 1, code_print()) == "1"
    with pytest.raises(ConfigurationError, match="another version of this program"):
        do_part.fn(str, 1, "0" * 64)


@pytest.mark.flow
def test_a_scheduler_that_does_not_answer_is_told_before_anything_is_begun(
    prefect_server, tmp_path, monkeypatch
):
    import flows.deployments.side_by_side as module
    from flows.deployments.export_monthly import export_monthly

    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 1)
    shop = large_shop(tmp_path / "shop")
    nowhere = Workers(runner="dask", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(
        WorkerLostError, match=r"the scheduler tcp://127\.0\.0\.1:9 does not answer"
    ):
        export_monthly(in_two_parts(shop, nowhere))
    assert not (shop / "drops").exists()


@pytest.mark.parametrize("failure", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_is_told_as_that_by_a_part_too(prefect_server, failure):
    from flows.deployments.side_by_side import do_part

    def fails(_):
        raise OSError(failure, "no space", "/somewhere/秘密 太郎")

    with pytest.raises(JointUseError, match="the disk is full") as told:
        do_part.fn(fails, 1, code_print())
    assert "秘密" not in str(told.value)
