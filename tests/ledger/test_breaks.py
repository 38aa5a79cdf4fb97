"""Killed at any instant, or with others at work: one whole drop, one chain, nothing lost or doubled."""

import os
import random
import shutil
import signal
import time
from datetime import timedelta

import pyarrow
import pytest

from drops.folders import published_folders
from drops.keys import PartnerKeys
from drops.verify import verify_drop
from flows.counter.adopting import resume
from flows.running.reconciling import examined, unknown_drops
from ledger import tables
from ledger.drop_book import DropBook
from ledger.holdings_book import HoldingsBook
from ledger.objection_book import ObjectionBook
from schemas.errors import LedgerDoubtfulError
from tests.conftest import new_database
from tests.factories import (
    NOW,
    agreement,
    customer,
    delivered,
    desk,
    object_to,
    objection,
    run,
    toml,
    vehicle,
    write_shop,
    write_table,
)
from tests.ledger import processes

KILLS = int(os.environ.get("JOINT_USE_KILLS", "15"))
"""How often a run is killed; 200 take some minutes."""


def known_drops(shop):
    with desk(shop).ledger.reading() as connection:
        return DropBook(connection).published()


def agree(shop):
    """Ledger, chain and drops folder agree, and nothing half-written is there."""
    folders = published_folders(shop / "drops")
    names = {f"{folder.parent.name}/{folder.name}" for folder in folders}
    at_desk = desk(shop)
    assert {each.drop.drop_id for each in known_drops(shop)} == names
    assert examined(at_desk.ledger, [shop / "drops"]) == []
    assert unknown_drops(at_desk.ledger, at_desk.folder) == []
    assert [p for p in (shop / "drops" / "lotas").iterdir() if p.name.startswith(".")] == []
    assert list((shop / "state" / "runs").iterdir()) == []


def test_a_clock_set_back_lets_no_objector_out(tmp_path):
    shop = write_shop(
        tmp_path, {"customers": [customer("1"), customer("2")], "objections": [objection("99")]}
    )
    object_to(shop, "1")
    yesterday = NOW - timedelta(days=1)
    with pytest.raises(LedgerDoubtfulError, match="the clock's day"):
        run(shop, now=yesterday)
    assert published_folders(shop / "drops") == []
    resume(desk(shop, now=yesterday))
    assert run(shop, now=yesterday).outcomes[0].status == "published"


def test_a_run_killed_at_any_instant_converges(tmp_path, ledger_place):
    people = [customer(str(n)) for n in range(12)]
    tables_of_shop = {
        "customers": people,
        "vehicles": [vehicle(f"V{n}", str(n)) for n in range(12)],
        "objections": [objection("99")],
    }
    shop = ledger_place(write_shop(tmp_path, tables_of_shop))
    run(shop)
    for _ in ("the process that others are forked from starts", "as it takes from now on"):
        began = time.monotonic()
        processes.start(processes.export, shop, "2026-10").join()
        usual = time.monotonic() - began
    moments, killed = random.Random(20261122), 0
    seen = set()
    for number in range(KILLS):
        people.append(customer(str(100 + number)))
        write_table(shop, "customers", people)
        process = processes.start(processes.export, shop, "2026-10")
        process.join(moments.uniform(0, usual * 1.3))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        for folder in published_folders(shop / "drops"):
            if folder not in seen:
                verify_drop(folder)
                seen.add(folder)
        outcome = run(shop).outcomes[0]
        assert outcome.account["customers"].delivered == len(people)
        assert outcome.drop_id == f"lotas/monthly-2026-10-r{number + 2}"
        agree(shop)
    assert killed


def test_an_objection_is_in_the_drop_it_is_before_or_a_tombstone_in_the_next(
    tmp_path, ledger_place
):
    people = [customer(str(n)) for n in range(14)]
    shop = ledger_place(
        write_shop(tmp_path, {"customers": people, "objections": [objection("99")]})
    )
    months = [f"2026-{month:02}" for month in range(1, 9)]
    exporting = processes.start(processes.export_months, shop, months)
    objecting = processes.start(processes.object_one_by_one, shop, [str(n) for n in range(12)])
    for process in (exporting, objecting):
        process.join()
        assert process.exitcode == 0
    run(shop, month="2026-09")
    agree(shop)
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        events = {row.objection_id: row for row in connection.execute(tables.objections.select())}
        published = {
            row.drop_sequence: row.audit_sequence
            for row in connection.execute(tables.publications.select())
        }
        drops = DropBook(connection).published()
        held = {d.sequence: HoldingsBook(connection).person_keys(d.sequence) for d in drops}
        told = {
            d.sequence: {t.key for t in DropBook(connection).tombstones(d.sequence)} for d in drops
        }
    keys = PartnerKeys(at_desk.ledger.key("lotas"))
    of_person = {at_desk.ledger.references.of(n): n for n in at_desk.people.numbers}
    assert len(events) == 13
    for row in events.values():
        number = of_person.get(row.person)
        if number is None:
            continue
        (key,) = _keys(keys, [number])
        was_held = False
        for drop in drops:
            if row.audit_sequence < published[drop.sequence]:
                assert key not in held[drop.sequence]
                assert (key in told[drop.sequence]) == was_held
            else:
                assert key in held[drop.sequence]
                was_held = True


def _keys(keys, numbers):
    return keys.of("customers", pyarrow.array(numbers, pyarrow.string())).to_pylist()


@pytest.fixture
def desks(tmp_path, postgresql):
    """Two desks with state folders of their own, one ledger, one drops folder."""
    url = new_database(postgresql)
    people = [customer(str(n)) for n in range(12)]
    shops = []
    for name in ("a", "b"):
        shop = tmp_path / name
        shop.mkdir()
        write_shop(shop, {"customers": people, "objections": [objection("99")]}, agreement())
        places = {"places": {"drops": str(tmp_path / "drops")}, "ledger": {"url": url}}
        text = (shop / "shop.toml").read_text()
        (shop / "shop.toml").write_text(text + "\n" + toml(places))
        shops.append(shop)
    run(shops[0], month="2026-01")
    (shops[1] / "state").mkdir(mode=0o700)
    shutil.copytree(shops[0] / "state" / "keys", shops[1] / "state" / "keys")
    return shops


def test_two_operators_and_the_schedule_at_once_lose_no_event_and_double_no_drop(desks):
    first, second = desks
    others = [
        processes.start(processes.export_until_free, first, "2026-10", "山形 太郎"),
        processes.start(processes.export_until_free, second, "2026-10", "伊藤 秀吉"),
        processes.start(processes.export_until_free, second, "2026-10", "佐藤 花子"),
        processes.start(processes.object_one_by_one, first, ["0", "1", "2"]),
        processes.start(processes.object_one_by_one, second, ["3", "4", "5"]),
    ]
    for process in others:
        process.join()
        assert process.exitcode == 0
    report = run(first)
    assert report.outcomes[0].account["customers"].delivered == 6
    at_desk = desk(second)
    with at_desk.ledger.reading() as connection:
        book = ObjectionBook(connection, at_desk.ledger.references)
        assert len(book.register().terms) == 7
        published = DropBook(connection).published()
    october = [each.drop for each in published if each.drop.period == "2026-10"]
    assert [drop.revision for drop in october] == list(range(1, len(october) + 1))
    contents = [tuple(file.sha256 for file in drop.files) for drop in october]
    assert len(set(contents)) == len(contents)
    assert examined(at_desk.ledger, [first.parent / "drops"]) == []
    object_to(second, "6")
    names = {row["name"] for row in delivered(run(second))["customers"]}
    assert len(names) == 5
