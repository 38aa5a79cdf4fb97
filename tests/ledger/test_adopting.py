"""After the ledger is lost, the drops in the shop's folder are entered again as what they are."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from drops.folders import read_drop
from flows.counter.adopting import resume
from flows.counter.desk import open_desk
from flows.counter.disclosure import disclose
from flows.counter.releasing import decide
from flows.recall.recall import recall
from flows.recall.request import RecallRequest
from ledger.holdings_book import HoldingsBook
from schemas.drop import DropKind
from schemas.errors import ConfigurationError, VerificationError
from schemas.partner_tables import STANDING
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    agreement,
    customer,
    desk,
    object_to,
    objection,
    run,
    toml,
    vehicle,
    write_shop,
    write_table,
)

SHARE = {
    "purposes": ["5.recall"],
    "tables": {
        "customers": {"columns": ["name", "phone"]},
        "certificates": {"columns": ["plate", "chassis_number", "model_code"]},
    },
}
CAMPAIGN = (
    "届出番号,届出日,区分,車名,型式,車台番号_from,車台番号_to,装置\n"
    "7001,2026/10/30,リコール,某,DAA-ZVW50,ZVW50-0000001,ZVW50-0000002,制動装置\n"
    "7001,2026/10/30,リコール,某,DAA-ZVW51,ZVW51-0000001,ZVW51-0000009,制動装置\n"
)


@pytest.fixture
def shop(tmp_path):
    cars = [
        vehicle(f"V{n}", str(n), chassis_number=f"ZVW50-000000{n}", plate="") for n in (1, 2, 3)
    ]
    papers = [
        {
            "vehicle_id": f"V{n}",
            "chassis_number": f"ZVW50-000000{n}",
            "model_code": "DAA-ZVW50",
        }
        for n in (1, 2, 3)
    ]
    tables = {
        "customers": [customer(str(n)) for n in (1, 2, 3)],
        "vehicles": cars,
        "certificates": papers,
        "objections": [objection("99")],
    }
    shop = write_shop(tmp_path / "shop", tables, {**agreement(), "recall": SHARE})
    (shop / "campaign.csv").write_text(CAMPAIGN)
    return shop


def find(shop, hours):
    at = NOW + timedelta(hours=hours)
    request = RecallRequest(
        shop=str(shop), campaign=str(shop / "campaign.csv"), operator=PERSON, reason="試験"
    )
    return recall(request, clock=lambda: at, environment={}).outcomes[0]


def lose_the_ledger(shop):
    for path in (shop / "state").glob("ledger.db*"):
        path.unlink()


def held(shop):
    with desk(shop).ledger.reading() as connection:
        book = HoldingsBook(connection)
        return {
            (kind, record): len(keys)
            for kind in ("monthly", "recall")
            for record, keys in book.held_keys("lotas", kind, STANDING).items()
        }


def test_drops_of_every_kind_are_entered(shop):
    run(shop)
    assert find(shop, 1).status == "published"
    object_to(shop, "1")
    told = run(shop, kind=DropKind.NOTICES, now=NOW + timedelta(hours=2)).outcomes[0]
    assert (told.status, told.deleted) == ("published", 2)
    known = held(shop)
    lose_the_ledger(shop)
    object_to(shop, "1")
    assert sum("entered" in line for line in resume(desk(shop))) >= 3
    assert held(shop) == known
    drops = disclose(desk(shop), "2").drops
    assert [drop.drop_id for drop in drops] == [
        "lotas/monthly-2026-10-r1",
        "lotas/recall-2026-11-02-r1",
    ]
    assert [table.name for table in drops[1].tables] == ["customers", "vehicles", "certificates"]


def test_a_drop_of_people_who_are_gone_is_entered_beside_one_of_those_who_stay(shop):
    run(shop)
    assert find(shop, 1).status == "published"
    folder = shop / "drops" / "lotas" / "recall-2026-11-02-r1"
    people = [customer(str(n)) for n in (7, 8)]
    lose_the_ledger(shop)
    shutil.move(shop / "drops" / "lotas" / "monthly-2026-10-r1", shop)
    write_table(shop, "customers", people)
    with pytest.raises(ConfigurationError, match="is not the one they were made with"):
        resume(desk(shop))
    shutil.move(shop / "monthly-2026-10-r1", shop / "drops" / "lotas")
    write_table(shop, "customers", [customer("1"), *people])
    drop = read_drop(folder)
    assert any(drop.drop_id in line for line in resume(desk(shop)))


def test_who_was_to_be_deleted_by_a_drop_of_which_nothing_else_is_left_is_told_again(shop):
    first = run(shop).outcomes[0].drop_id
    object_to(shop, "1")
    assert run(shop, now=NOW + timedelta(hours=1)).outcomes[0].deleted == 2
    lose_the_ledger(shop)
    shutil.rmtree(shop / "drops" / first)
    with pytest.raises(ConfigurationError, match=r"no objection is recorded \(1\)"):
        resume(desk(shop))
    object_to(shop, "1")
    assert any("stay unknown" in line for line in resume(desk(shop)))
    later = NOW + timedelta(hours=2)
    (outcome,) = run(shop, kind=DropKind.NOTICES, month="", now=later).outcomes
    assert (outcome.status, outcome.deleted) == ("published", 2)


def test_a_car_that_was_handed_over_is_not_handed_over_again(shop):
    assert find(shop, 1).account["recall_targets"].delivered == 2
    lose_the_ledger(shop)
    resume(desk(shop))
    assert find(shop, 2).status == "nothing"


def test_what_a_recall_drop_told_to_delete_stays_held_from_monthly_drops(shop):
    run(shop)
    find(shop, 1)
    object_to(shop, "1", scope="purpose", purposes=("5.recall",))
    name = find(shop, 2).drop_id
    lose_the_ledger(shop)
    resume(desk(shop), is_nobody_forgotten=True)
    acknowledge(shop, name, now=NOW + timedelta(hours=3))
    assert held(shop)["monthly", "customers"] == 3
    assert held(shop)["recall", "customers"] == 1
    assert Path(shop / "drops" / name).is_dir()


@pytest.mark.parametrize("kind", ["monthly", "recall"])
def test_an_older_backup_takes_no_released_drop_away(shop, tmp_path, kind):
    terms = {"max_persons": 1, "data_managers": ["責任 花子"]}
    with (shop / "shop.toml").open("a") as file:
        file.write(f"\n[carry_out]\n{toml(terms)}")
    (made,) = run(shop).outcomes if kind == "monthly" else (find(shop, 0),)
    assert made.status == "waiting"
    shutil.copytree(shop / "state", tmp_path / "backup")
    manager = open_desk(shop, "責任 花子", "承諾", lambda: NOW, {})
    decide(manager, lambda: NOW, made.drop_id, refuse=False)
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    resume(desk(shop))
    assert (shop / "drops" / made.drop_id / "drop.json").exists()
    assert held(shop)[kind, "customers"] == {"monthly": 3, "recall": 2}[kind]
    object_to(shop, "1")
    (notice,) = run(shop, kind=DropKind.NOTICES).outcomes
    assert notice.deleted


def test_a_drop_that_is_not_whole_is_not_entered_and_can_be_restored(shop):
    folder = Path(run(shop).outcomes[0].path)
    file = folder / "data" / "customers.csv"
    whole = file.read_bytes()
    lose_the_ledger(shop)
    for content in (whole.splitlines(keepends=True)[0], whole[:-9], None):
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(
            VerificationError, match="restore lotas/monthly-2026-10-r1 from a backup"
        ):
            resume(desk(shop))
    file.write_bytes(whole)
    assert resume(desk(shop))
    assert held(shop)["monthly", "customers"] == 3


@pytest.mark.parametrize("partner", ["../../outside", "lotas"])
def test_a_folder_that_is_not_where_it_was_published_is_refused_by_its_place(shop, partner):
    folder = Path(run(shop).outcomes[0].path)
    copy = folder.with_name("写し")
    shutil.copytree(folder, copy)
    told = json.loads((copy / "drop.json").read_text())
    made_up = {"partner": partner, "drop_id": "lotas/monthly-2026-10-r9"}
    (copy / "drop.json").write_text(json.dumps({**told, **made_up}))
    with pytest.raises(ConfigurationError, match="drops/lotas/写し is not where it was published"):
        resume(desk(shop))
    assert not list(shop.parent.rglob("outside*"))
