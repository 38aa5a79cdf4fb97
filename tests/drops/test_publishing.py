"""Readers see a whole drop or none, one run at a time, and an objection is never overtaken."""

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow
import pytest
from sqlalchemy.exc import OperationalError

import flows.making.objectors
import flows.stages.publish
import flows.stages.write
from drops.keys import PartnerKeys
from drops.objector_scan import ObjectorScan, Traces
from drops.refusers import Refusals
from drops.suspects import Known, suspects_of
from drops.verify import verify_drop
from flows.running.workspace import workspace
from ledger.drop_book import DropBook
from ledger.locks import held
from schemas.errors import (
    BusyError,
    JointUseError,
    LedgerUnavailableError,
    ObjectionsMovedError,
    UnexpectedError,
    VerificationError,
)
from schemas.staging import UNREAD, staged_schema
from tests import factories
from tests.factories import (
    NOW,
    before,
    customer,
    object_to,
    objection,
    release_texts,
    run,
    write_shop,
    write_table,
)

TABLES = {
    "customers": [customer("1", name="秘密 太郎"), customer("2")],
    "objections": [objection("99"), objection("98")],
}


def visible(shop):
    folder = shop / "drops" / "lotas"
    return (
        sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if folder.exists()
        else []
    )


def test_a_second_run_for_the_same_partner_is_busy(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    with held(shop / "state", ["lotas-monthly"]), pytest.raises(BusyError) as caught:
        run(shop)
    assert caught.value.exit_code == 5
    assert visible(shop) == []


def test_an_objection_that_arrives_before_publishing_starts_the_run_over(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    stated = [*TABLES["objections"], objection("2")]
    arrives = before("publish", lambda: write_table(shop, "objections", stated))
    outcome = run(shop, step=arrives).outcomes[0]
    assert outcome.account["customers"].objected == 1
    assert outcome.account["customers"].delivered == 1


def test_objections_that_never_come_to_rest_publish_nothing(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    stated = list(TABLES["objections"])

    def one_more():
        stated.append(objection(str(100 + len(stated))))
        write_table(shop, "objections", stated)

    with pytest.raises(ObjectionsMovedError) as caught:
        run(shop, step=before("publish", one_more))
    assert caught.value.exit_code == 4
    assert visible(shop) == []


_KILLED = """
import os, signal, sys
import {module} as module
from tests import factories
kept = module.{name}
def dies(*args, **kwargs):
    if {after}:
        kept(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
module.{name} = dies
factories.run(__import__("pathlib").Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("module", "name", "after"),
    [
        ("sources.snapshot", "staged_schema", False),
        ("flows.stages.screen", "keep", True),
        ("flows.stages.register", "take_in", True),
        ("flows.making.objectors", "gate_out", False),
        ("flows.stages.write", "write_all", True),
        ("flows.stages.write", "seal_bag", False),
        ("flows.stages.write", "seal_bag", True),
        ("flows.making.second_look", "suspects", True),
        ("flows.stages.publish", "show", False),
        ("flows.stages.publish", "show", True),
    ],
)
def test_a_run_killed_at_any_stage_shows_nothing_half_and_converges(tmp_path, module, name, after):
    shop = write_shop(tmp_path, TABLES)
    script = _KILLED.format(module=module, name=name, after=after)
    killed = subprocess.run(
        [sys.executable, "-c", script, str(shop)],
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert killed.returncode == -signal.SIGKILL
    for drop in visible(shop):
        verify_drop(shop / "drops" / "lotas" / drop)
    later = factories.NOW + timedelta(days=2)
    run(shop, now=later)
    assert visible(shop) == ["monthly-2026-10-r1"]
    with factories.desk(shop, later).ledger.reading() as connection:
        (entered,) = DropBook(connection).published()
    assert entered.published_at == datetime.fromisoformat(entered.drop.as_of)
    verify_drop(shop / "drops" / "lotas" / "monthly-2026-10-r1")
    assert [p.name for p in (shop / "drops" / "lotas").iterdir()] == ["monthly-2026-10-r1"]
    assert list((shop / "state" / "runs").iterdir()) == []


def test_a_programs_failure_tells_no_value_and_keeps_the_details_private(tmp_path, monkeypatch):
    shop = write_shop(tmp_path, TABLES)

    def fails(*_):
        raise ValueError("秘密 太郎")

    monkeypatch.setattr(flows.stages.publish, "read_drop", fails)
    with pytest.raises(UnexpectedError) as caught:
        run(shop)
    assert "秘密" not in str(caught.value)
    assert caught.value.__context__ is None
    (details,) = (shop / "state" / "failures").iterdir()
    assert "秘密 太郎" in details.read_text()
    assert details.stat().st_mode & 0o077 == 0


def test_the_run_leaves_no_personal_data_outside_quarantine(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    run(shop)
    left = [
        p for p in (shop / "state").rglob("*") if p.is_file() and "秘密".encode() in p.read_bytes()
    ]
    assert left == []


@pytest.mark.parametrize(
    ("traces", "where"),
    [
        (Traces(contacts={"023-600-0001"}), "customers.phone"),
        (Traces(addresses={"山形市甲1"}), "customers.address"),
        (Traces(pairs={("秘密太郎", "山形市甲1")}), r"customers.name\+address|name\+address"),
        (Traces(contacts={"zzz-9999999"}), "customers.occupation"),
    ],
)
def test_the_second_look_finds_what_the_gate_would_have_missed(tmp_path, traces, where):
    person = customer(
        "1",
        name="秘密　太郎",
        address="山形市甲１番地",
        phone="0236000001",
        occupation="部品 ＺＺＺ－９９９９９９９ 係",
    )
    shop = write_shop(tmp_path, {"customers": [person], "objections": [objection("99")]})
    run(shop)
    release_texts(shop)
    drop = Path(run(shop).outcomes[0].path)
    with pytest.raises(VerificationError, match=where):
        scan(drop, traces)


def test_a_piece_of_a_longer_number_is_no_find(tmp_path):
    person = customer("1", occupation="部品 ＺＺＺ－９９９９９９９１ 係")
    shop = write_shop(tmp_path, {"customers": [person], "objections": [objection("99")]})
    run(shop)
    release_texts(shop)
    drop = Path(run(shop).outcomes[0].path)
    scan(drop, Traces(contacts={"zzz-9999999"}))
    with pytest.raises(VerificationError, match=r"customers\.occupation"):
        scan(drop, Traces(contacts={"zzz-99999991"}))


def test_a_gate_that_lets_an_objector_through_is_stopped_by_the_second_look(tmp_path, monkeypatch):
    monkeypatch.setattr(flows.making.objectors, "gate_out", lambda *_: None)
    shop = write_shop(
        tmp_path, {"customers": [customer("1"), customer("2")], "objections": [objection("2")]}
    )
    with pytest.raises(VerificationError, match="belongs only to people who objected"):
        run(shop)
    assert visible(shop) == []


def test_the_second_look_knows_what_an_objectors_unreadable_cell_tells():
    cells = [
        "電話=023-600-0001／０９０ー５５５５ー９９９９",
        "メール=a@example.jp; Kiyoshi@example.jp",
    ]
    rows = [
        {"customer_id": "1", "mobile_phone": "080-1111-2222", UNREAD: " / ".join(cells)},
        {"customer_id": "2", UNREAD: "電話=023-600-0002 023-600-0003"},
    ]
    read = {
        name: partial(pyarrow.Table.select, pyarrow.Table.from_pylist(found, staged_schema(name)))
        for name, found in (("customers", rows), ("vehicles", []), ("certificates", []))
    }
    objection_ = {"objection_id": "O1", "person": "1", "scope": "erasure"}
    raised = {"objection_id": "O1", "kind": "raised", "effective_on": NOW.date(), "sequence": 1}
    refusals = Refusals(
        [{**objection_, "partner": None, "purpose": None}],
        [raised],
        "lotas",
        (),
        frozenset(),
        frozenset(),
        NOW.date(),
    )
    known = Known(**read, keys=PartnerKeys(b"k" * 32), references_of=list)
    nobody = {"customers": pyarrow.array([], pyarrow.binary(16))}
    traces = suspects_of(refusals, known).traces({**nobody, "vehicles": nobody["customers"]})
    assert traces.contacts == {
        *("023-600-0001", "090-5555-9999", "080-1111-2222"),
        *("a@example.jp", "kiyoshi@example.jp"),
    }


def test_no_run_takes_the_folder_of_another_for_that_of_a_killed_one(tmp_path):
    def works(_):
        with workspace(tmp_path) as own:
            return own.exists()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(works, range(400)))
    assert list((tmp_path / "runs").iterdir()) == []


def test_what_a_worker_left_of_a_run_that_was_stopped_is_cleared_by_the_next(tmp_path):
    with workspace(tmp_path) as gone:
        pass
    left = gone / "parts" / "0"
    left.mkdir(parents=True)
    with workspace(tmp_path) as own, workspace(tmp_path):
        assert own.exists()
        assert not gone.exists()


def test_two_partners_at_once_do_not_disturb_each_other(tmp_path):
    both = (factories.agreement("lotas"), factories.agreement("broadleaf"))
    broken = {**TABLES, "customers": [*TABLES["customers"], customer("3", name="")]}
    shop = write_shop(tmp_path, broken, *both)
    for round_ in range(3):
        write_table(shop, "customers", [*broken["customers"], customer(str(10 + round_))])
        with ThreadPoolExecutor() as pool:
            runs = [
                pool.submit(run, shop, partners=(partner,)) for partner in ("lotas", "broadleaf")
            ]
        assert {run_.result().outcomes[0].status for run_ in runs} == {"published"}


def test_a_secret_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    import ledger.private_files
    from ledger.key_files import load_key

    def breaks(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger.private_files.os, "fsync", breaks)
    with pytest.raises(KeyboardInterrupt):
        load_key(tmp_path, "lotas", None)
    assert not (tmp_path / "keys" / "lotas.key").exists()


def test_a_failure_is_told_even_if_nothing_can_be_kept(tmp_path, monkeypatch):
    import flows.running.guarding

    def fails(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(flows.stages.publish, "read_drop", fails)
    monkeypatch.setattr(flows.running.guarding, "write_private", fails)
    with pytest.raises(UnexpectedError, match=r"publish.*Input/output error"):
        run(write_shop(tmp_path, TABLES))


def test_an_interrupted_file_lets_no_other_be_gone_on_with(tmp_path, monkeypatch):
    shop, whole = write_shop(tmp_path / "shop", TABLES), flows.stages.write._DropWriter._noted
    ended = []

    def noted(self, pieces, cells, records):
        if not ended:
            ended.append(self)
            raise KeyboardInterrupt
        assert self.stopped.wait(60)
        yield from whole(self, pieces, cells, records)

    monkeypatch.setattr(flows.stages.write._DropWriter, "_noted", noted)
    with pytest.raises(KeyboardInterrupt):
        run(shop)
    assert ended
    assert not list((shop / "drops" / "lotas").iterdir())
    assert not list((shop / "state" / "runs").glob("*/*"))


def test_a_full_disk_is_told_as_that(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(flows.stages.publish, "read_drop", full)
    with pytest.raises(JointUseError, match="ディスクがいっぱい"):
        run(write_shop(tmp_path, TABLES))


def test_a_drop_is_kept_by_a_disk_that_keeps_only_what_was_opened_to_be_written(
    tmp_path, monkeypatch
):
    keep = os.fsync

    def as_windows_does(handle):
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        if not is_folder and fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        keep(handle)

    monkeypatch.setattr(os, "fsync", as_windows_does)
    assert run(write_shop(tmp_path, TABLES)).outcomes[0].status == "published"


def test_a_file_that_cannot_be_opened_is_named_with_what_to_do(tmp_path, monkeypatch):
    def closed(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("sources.csv_files.encoding_of", closed)
    with pytest.raises(JointUseError, match=r"customers\.csv を開けないか.*Excel"):
        run(write_shop(tmp_path, TABLES))


@pytest.mark.parametrize("stuck", ["all", ".all.new"])
def test_a_quarantine_open_in_a_spreadsheet_is_told_as_that_and_loses_nothing(
    tmp_path, monkeypatch, stuck
):
    shop = write_shop(tmp_path, TABLES)
    run(shop)
    folder = shop / "state" / "quarantine" / "all"
    move = Path.rename

    def as_windows_does(path, target):
        if path == folder.with_name(stuck):
            raise PermissionError(errno.EACCES, "used by another process", str(path))
        return move(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", as_windows_does)
        with pytest.raises(JointUseError, match="quarantine フォルダの CSV"):
            run(shop, month="2026-09")
    assert [path.name for path in folder.parent.iterdir()] == ["all"]
    assert run(shop, month="2026-09").outcomes[0].status == "published"


def test_a_ledger_that_fails_at_the_last_moment_tells_of_the_drop_that_stands_there(
    tmp_path, monkeypatch
):
    shop = write_shop(tmp_path, TABLES)

    def full(*_):
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("ledger.drop_book.DropBook.publish", full)
        with pytest.raises(LedgerUnavailableError, match="lotas/monthly-2026-10-r1 stands in"):
            run(shop)
    assert (shop / "drops" / "lotas" / "monthly-2026-10-r1" / "drop.json").exists()
    assert run(shop).outcomes[0].drop_id == "lotas/monthly-2026-10-r1"


def scan(drop, traces):
    search = ObjectorScan(traces)
    verify_drop(drop, search.look)
    search.refuse()


def arriving(shop, *, by_records):
    """Run the stages, and let an objection arrive before the first publishing."""
    raised = []

    def arrive():
        if by_records:
            write_table(shop, "objections", [objection("99"), objection("1")])
        elif not raised:
            raised.append(object_to(shop, "1"))

    return factories.before("publish", arrive)


@pytest.mark.parametrize("by_records", [True, False])
def test_an_objection_that_arrives_while_nothing_changed_starts_the_run_over(tmp_path, by_records):
    people = [customer("1"), customer("2")]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("99")]})
    run(shop)
    (outcome,) = run(shop, step=arriving(shop, by_records=by_records)).outcomes
    assert (outcome.status, outcome.account["customers"].objected) == ("published", 1)


@pytest.mark.parametrize("by_records", [True, False])
def test_a_drop_an_objection_overtakes_does_not_wait(tmp_path, by_records):
    people = [customer("1"), customer("2")]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("99")]})
    with (shop / "shop.toml").open("a") as file:
        file.write('\n[carry_out]\nmax_persons = 0\ndata_managers = ["責任 花子"]\n')
    (outcome,) = run(shop, step=arriving(shop, by_records=by_records)).outcomes
    assert (outcome.status, outcome.account["customers"].objected) == ("waiting", 1)
