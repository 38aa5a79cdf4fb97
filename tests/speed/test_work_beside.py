"""What a helper process has begun is what the run would have made itself, or the run makes it itself."""

import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from drops.bag import read_manifest
from flows.making import begun_early
from flows.running.begun_work import BegunWork
from ledger.references import References
from sources.shop_folder import load_shop
from sources.staging import take_snapshot
from tests.conftest import copy_sample
from tests.factories import object_to, run


@pytest.fixture
def work() -> Iterator[BegunWork]:
    begun = BegunWork()
    yield begun
    begun.close()


def done(work: BegunWork, name: str) -> object:
    """Wait until a helper has done it; whoever asks before it has begun does it himself."""
    return work._begun[name].result()


def die() -> None:
    os._exit(1)


def test_what_was_begun_is_done_elsewhere_and_given_once(work):
    work.begin("x", os.getpid)
    done(work, "x")
    first, second = work.result("x", os.getpid), work.result("x", os.getpid)
    assert first != os.getpid()
    assert second == os.getpid()


def test_one_helper_does_what_is_begun_in_its_order(work):
    for name in ("x", "y"):
        work.begin(name, os.getpid)
    assert done(work, "y") == done(work, "x") > 0


def test_work_begun_anew_takes_the_place_of_what_was_begun_before(work):
    work.begin("x", partial(pow, 2, 3))
    work.begin("x", partial(pow, 3, 3))
    assert work.result("x", partial(pow, 3, 3)) == 27


def test_what_a_helper_fails_at_is_done_here_and_its_failure_is_met_here(work):
    work.begin("x", partial(divmod, 1, 0))
    work.begin("y", os.getpid)
    with pytest.raises(ZeroDivisionError):
        work.result("x", partial(divmod, 1, 0))
    assert done(work, "y") != os.getpid(), "the next job has a helper again"


def test_what_a_helper_dies_of_is_done_here(work):
    work.begin("x", die)
    assert work.result("x", os.getpid) == os.getpid()


def test_a_helper_that_is_killed_at_its_work_is_no_harm(work):
    work.begin("first", os.getpid)
    helper = done(work, "first")
    work.begin("x", partial(time.sleep, 600))
    os.kill(helper, 9)
    assert work.result("x", os.getpid) == os.getpid()


def test_closing_stops_a_helper_at_its_work(work):
    work.begin("first", os.getpid)
    done(work, "first")
    helper = work._helper
    work.begin("x", partial(time.sleep, 600))
    work.begin("y", partial(time.sleep, 600))
    work.close()
    assert helper.returncode is not None
    assert work._helper is None


def test_closing_at_once_waits_for_no_work(work):
    work.begin("x", partial(time.sleep, 600))
    work.close()
    assert work._helper is None


def test_work_that_cannot_be_sent_is_done_here(work):
    work.begin("x", lambda: 1)
    work.begin("y", os.getpid)
    assert work.result("x", lambda: 2) in {1, 2}
    assert done(work, "y") != os.getpid()


def test_what_a_helper_prints_is_no_answer(work):
    work.begin("x", partial(os.write, 1, b"I7\n."))
    assert done(work, "x") == 4


def test_nothing_begun_starts_no_process(work):
    assert work.result("x", os.getpid) == os.getpid()
    assert work._helper is None


def test_a_helper_is_told_the_secret_by_its_pipe_only(work):
    references = References(b"not for the list of processes")
    work.begin("x", partial(references.of, "C1"))
    assert done(work, "x") == references.of("C1")
    assert not any("secret" in each or "not for" in each for each in work._helper.args)


def test_a_snapshot_goes_to_a_helper_also_after_it_was_looked_at_here(tmp_path, work):
    shop = load_shop(copy_sample(tmp_path / "shop"))
    (tmp_path / "staged").mkdir()
    snapshot = take_snapshot(shop, tmp_path / "staged", {}, ["customers", "vehicles"])
    rows = snapshot.spine.rows("vehicles", "customer_id")
    digest = References(b"secret").traits
    asked = partial(begun_early._traits, snapshot, digest)
    work.begin("traits", asked)
    there, here = done(work, "traits").arrays(), asked().arrays()
    assert {n: c.tolist() for n, c in there.items()} == {n: c.tolist() for n, c in here.items()}
    assert len(rows)


@pytest.fixture
def everything_begun(monkeypatch):
    """Have a helper begin, for the smallest shop, what it begins for the largest; tell what was begun."""
    begun: list[str] = []
    begin = BegunWork.begin

    def noted(self, name, work):
        begun.append(name)
        begin(self, name, work)

    def switch():
        monkeypatch.setattr(begun_early, "_WORTH_A_PROCESS", 0)
        monkeypatch.setattr(BegunWork, "begin", noted)
        return begun

    return switch


def shown(shop: Path) -> list[object]:
    run(shop)
    object_to(shop, "000001")
    report = run(shop, month="2026-09")
    return [
        (each.drop_id, each.account, read_manifest(shop / "drops" / each.drop_id))
        for each in report.outcomes
    ]


def test_the_drops_of_the_sample_do_not_depend_on_who_did_the_work(
    tmp_path, everything_begun, monkeypatch
):
    shops = {name: copy_sample(tmp_path / name) for name in ("here", "helped", "left alone")}
    by_itself = shown(shops["here"])
    for name in ("helped", "left alone"):
        (shops[name] / "state").mkdir(mode=0o700)
        shutil.copytree(shops["here"] / "state" / "keys", shops[name] / "state" / "keys")
    begun = everything_begun()
    assert shown(shops["helped"]) == by_itself
    assert set(begun) == {"traits", "everybody", "suspects lotas", "suspects broadleaf"}

    by_helper = BegunWork._by_helper
    monkeypatch.setattr(BegunWork, "_by_helper", lambda self, _work: by_helper(self, die))
    assert shown(shops["left alone"]) == by_itself
