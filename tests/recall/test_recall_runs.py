"""Every affected car goes to a partner or onto the shop's own list; a second run hands over the difference."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drops.verify import verify_drop
from flows.counter.disclosure import disclose
from flows.counter.lifting import Choice, lift
from flows.counter.owed import carried_by_hand
from flows.counter.recall_status import mark_cars, progress_of
from flows.pages import disclosure_text
from flows.recall.words import KEPT_TEXTS, MARK_TEXTS, REASON_TEXTS, Kept
from ledger.drop_book import DropBook
from ledger.recall_book import MARKS
from schemas.errors import ConfigurationError, RefusedError, SourceUnreadableError
from tests import factories
from tests.carrying.test_sealing import identity, sealed_to
from tests.command import joint_use, started
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    agreement,
    bytes_of,
    customer,
    delivered,
    desk,
    object_to,
    objection,
    toml,
    vehicle,
    write_shop,
    write_table,
)
from tests.recall.shops import (
    CARS,
    COLUMNS,
    FILE,
    FIRST,
    PAPERS,
    PEOPLE,
    SHARE,
    balanced,
    call_nobody_who_refused,
    car,
    listed,
    paper,
    release,
    run,
    shop_of,
    waiting,
    with_limit,
)
from transforms.recall.classes import Reason


def test_who_refuses_recalls_is_told_of_the_partner_that_holds_them_by_recalls_alone(told_shop):
    asked = ("--shop", told_shop, "--operator", PERSON, "--customer", "1", "--yes", "--json")
    said = ("--scope", "purpose", "--purpose", "5.recall", "--received", "2026-11-01")
    done = joint_use("object", *asked, *said, "--channel", "phone")
    assert json.loads(done.stdout)["held_by"] == ["lotas"]


def test_what_is_told_to_be_deleted_of_recalls_is_not_said_of_monthly_drops(tmp_path, ledger_place):
    shop = shop_of(tmp_path, ledger_place)
    factories.run(shop)
    run(shop)
    object_to(shop, "1", scope="purpose", purposes=("5.recall",), now=NOW + timedelta(minutes=1))
    told = run(shop, now=NOW + timedelta(minutes=2))
    assert told.outcomes[0].deleted
    found = disclose(desk(shop, NOW + timedelta(minutes=3)), "1").held
    states = {each.drop_id.partition("/")[2].partition("-")[0]: each.state for each in found}
    assert states == {"monthly": "same", "recall": "told_to_delete"}


def test_two_devices_of_one_number_are_both_told(shop):
    other = FILE.splitlines()[1].replace("制動装置", "燃料装置")
    (shop / "campaign.csv").write_text(FILE + other + "\n")
    told = delivered(run(shop))["recall_targets"]
    assert {row["device"] for row in told} == {"制動装置、燃料装置"}
    (shop / "campaign.csv").write_text(FILE + other.replace("リコール", "改善対策"))
    with pytest.raises(ConfigurationError, match=r"campaign\.csv, line 3 \(7001\).*two 区分"):
        run(shop)


@pytest.mark.parametrize("number", ["", "ZVW50-0000900"])
def test_a_deleted_paper_makes_no_car_a_partners_target(tmp_path, number):
    deleted = paper("V1", 150, issued_on="2024-01-01", is_deleted="1")
    living = [paper("V1", 900, issued_on="2020-01-01")] if number else []
    shop = shop_of(tmp_path, vehicles=[car("V1", "1", 900)], certificates=[*living, deleted])
    report = run(shop)
    assert report.outcomes[0].status == "nothing"
    assert report.call_list_cars == 1


def test_a_recall_of_no_customers_stops_like_a_month_of_none(told_shop):
    write_table(told_shop, "customers", [])
    with pytest.raises(SourceUnreadableError, match="customer records are empty"):
        run(told_shop, now=NOW + timedelta(hours=1))


def test_records_that_cannot_be_read_are_told(shop, prefect_server):
    for table in ("vehicles", "certificates"):
        path = shop / "records" / f"{table}.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[:-1], f"{lines[-1]},x,y", ""]))
    asked = ("--campaign", shop / "campaign.csv", "--shop", shop, "--operator", PERSON)
    done = started("recall", *asked, **prefect_server)
    assert "読めない記録が 2 件" in done.stderr
    assert run(shop, now=datetime.now(UTC)).unreadable == 2


class TestACarThePartnerWasToldOf:
    """It comes back to the shop's own list, or goes out again, when nobody would warn its driver."""

    def test_is_on_the_list_when_its_person_objects(self, told_shop):
        object_to(told_shop, "1")
        report = balanced(run(told_shop, now=NOW + timedelta(hours=1)))
        assert report.campaigns[0].kept["objected"] == 1
        assert "V1" in {row["車両番号"] for row in listed(report)}

    def test_is_told_of_again_when_somebody_else_keeps_it(self, told_shop):
        write_table(told_shop, "vehicles", [car("V1", "2", 100), *CARS[1:]])
        report = balanced(run(told_shop, now=NOW + timedelta(hours=1)))
        assert report.outcomes[0].account["recall_targets"].delivered == 1
        assert report.campaigns[0].handed == len(CARS)

    def test_is_told_of_again_when_the_partner_rejected_rows(self, told_shop):
        acknowledge(told_shop, FIRST, customers=[1])
        again = balanced(run(told_shop, now=NOW + timedelta(hours=1)))
        assert again.outcomes[0].account["recall_targets"].delivered == len(CARS)


def test_cars_nothing_could_find_are_counted(shop, prefect_server):
    write_table(shop, "vehicles", [*CARS, vehicle("V8", "1", chassis_number="不明")])
    report = balanced(run(shop))
    assert (report.blind, report.blind_cars) == (1, ("V8",))
    asked = ("--campaign", shop / "campaign.csv", "--shop", shop, "--operator", PERSON)
    told = started("recall", *asked, "--dry-run", **prefect_server)
    assert "\n  V8\n" in told.stderr


def test_a_campaign_no_car_can_be_held_against_is_refused_and_nothing_leaves(shop):
    (shop / "campaign.csv").write_text(FILE + "7002,2026/10/30,リコール,某,不明,なし,なし,x\n")
    with pytest.raises(ConfigurationError, match="7002: a row names neither"):
        run(shop)
    assert not list((shop / "drops").rglob("drop.json"))


def test_cars_of_a_drop_that_never_came_to_its_partner_are_on_the_list(tmp_path):
    shop = shop_of(tmp_path)
    terms = {**agreement(sealing=sealed_to(identity())), "recall": SHARE}
    (shop / "partners" / "lotas.toml").write_text(toml(terms))
    first = run(shop)
    assert listed(first) == []
    later = balanced(run(shop, now=NOW + timedelta(days=1)))
    assert later.campaigns[0].kept == {"not_delivered": 6}
    carried_by_hand(desk(shop), first.outcomes[0].drop_id)
    assert listed(run(shop, now=NOW + timedelta(days=1, hours=1))) == []


def test_who_refused_the_partner_that_is_not_asked_for_is_on_the_list(tmp_path):
    shop = shop_of(tmp_path)
    other = {**agreement("broadleaf"), "recall": SHARE}
    (shop / "partners" / "broadleaf.toml").write_text(toml(other))
    run(shop)
    object_to(shop, "1")
    report = balanced(run(shop, now=NOW + timedelta(hours=1), partners=("lotas",)))
    assert report.campaigns[0].kept == {"objected": 1}


def test_whom_the_partner_deleted_and_may_have_again_is_told_again(told_shop):
    refused = object_to(told_shop, "1", scope="purpose", purposes=("5.recall",))
    told = run(told_shop, now=NOW + timedelta(hours=1)).outcomes[0]
    assert told.deleted
    acknowledge(told_shop, told.drop_id, now=NOW + timedelta(hours=2))
    choice = Choice(refused[0], None, None, (), (), is_all=False)
    lift(desk(told_shop), choice, None, NOW.date(), None)
    report = balanced(run(told_shop, now=NOW + timedelta(hours=3)))
    assert report.outcomes[0].account["recall_targets"].delivered == 1


def test_a_drop_holds_the_affected_cars_and_nothing_else(shop):
    write_table(shop, "vehicles", [*CARS, car("V9", "1", 500)])
    write_table(shop, "certificates", [*PAPERS, paper("V9", 500)])
    report = balanced(run(shop))
    (outcome,) = report.outcomes
    assert (outcome.partner, outcome.drop_id) == ("lotas", FIRST)
    drop = verify_drop(Path(outcome.path)).drop
    assert (drop.kind, drop.purposes, drop.supersedes) == ("recall", ("5.recall",), None)
    tables = delivered(report)
    assert set(tables) == {"customers", "vehicles", "certificates", "recall_targets", "deleted"}
    assert [len(tables[name]) for name in ("customers", "vehicles", "recall_targets")] == [6, 6, 6]
    assert set(tables["vehicles"][0]) == {"vehicle_key", "customer_key"}
    assert "email" not in tables["customers"][0]
    assert (report.campaigns[0].in_range, report.campaigns[0].out) == (6, 1)
    assert listed(report) == []


@pytest.mark.parametrize(
    ("tables", "kept"),
    [
        ({"objections": [objection("1")]}, "objected"),
        ({"objections": [objection("1", scope="purpose", purpose="5.recall")]}, "objected"),
        ({"objections": [objection("1", scope="erasure")]}, "objected"),
        ({"vehicles": [{**CARS[0], "customer_id": "77"}, *CARS[1:]]}, "no_person"),
        ({"vehicles": [{**CARS[0], "released_on": "2026-05-01"}, *CARS[1:]]}, "sold"),
        ({"vehicles": [{**CARS[0], "is_deleted": "1"}, *CARS[1:]]}, "deleted"),
        ({"customers": [{**PEOPLE[0], "is_deleted": "1"}, *PEOPLE[1:]]}, "deleted"),
        ({"customers": [{**PEOPLE[0], "name": ""}, *PEOPLE[1:]]}, "set_aside"),
        (
            {
                "certificates": [
                    {**PAPERS[0], "owner_name": "山形オートファイナンス㈱"},
                    *PAPERS[1:],
                ]
            },
            "owned_by_another",
        ),
        (
            {"certificates": [{**PAPERS[0], "owner_name": PEOPLE[1]["name"]}, *PAPERS[1:]]},
            "owned_by_another",
        ),
        (
            {
                "customers": [
                    {"customer_id": "1", "kind": "individual", "name": "連絡先 なし"},
                    *PEOPLE[1:],
                ]
            },
            "no_contact",
        ),
        (
            # of an e-mail address the partner, by its agreement, hears nothing
            {
                "customers": [
                    {
                        "customer_id": "1",
                        "kind": "individual",
                        "name": "メールのみ",
                        "email": "a@example.jp",
                    },
                    *PEOPLE[1:],
                ]
            },
            "no_contact",
        ),
        (
            # the only number is of somebody who refuses: it does not leave
            {
                "customers": [
                    {
                        "customer_id": "1",
                        "kind": "individual",
                        "name": "番号 借用",
                        "phone": "090-7777-7777",
                    },
                    *PEOPLE[1:],
                    customer("99", mobile_phone="090-7777-7777"),
                ]
            },
            "no_contact",
        ),
        (
            {"certificates": [{**PAPERS[0], "model_code": "6AA-ZVW50"}, *PAPERS[1:]]},
            "undetermined",
        ),
    ],
)
def test_who_cannot_be_handed_over_is_on_the_shops_own_list(tmp_path, tables, kept):
    report = balanced(run(shop_of(tmp_path, **tables)))
    assert report.campaigns[0].kept == {kept: 1}
    assert report.campaigns[0].handed == 5
    (row,) = listed(report)
    assert row["車両番号"] == "V1"
    folder = Path(report.call_list)
    assert "V1" in (folder / "call-list.html").read_text()
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    assert str(tmp_path / "state") in str(folder)


def test_a_refusal_of_offers_alone_keeps_nobody_from_a_warning(tmp_path):
    refusal = objection("1", scope="purpose", purpose="2.offers")
    assert run(shop_of(tmp_path, objections=[refusal])).campaigns[0].handed == 6


def test_a_refuser_is_in_no_byte_of_the_drop_and_on_the_list_with_a_number_to_call(tmp_path):
    report = run(shop_of(tmp_path, objections=[objection("1")]))
    content = bytes_of(Path(report.outcomes[0].path))
    for value in (PEOPLE[0]["name"], PEOPLE[0]["mobile_phone"], "ZVW50-0000100"):
        assert value.encode() not in content
    assert listed(report)[0]["携帯"] == PEOPLE[0]["mobile_phone"]


def test_the_shop_may_decide_not_to_call_who_refused_all_use(tmp_path):
    refusals = [objection("1", scope="erasure"), objection("2")]
    shop = shop_of(tmp_path, objections=refusals)
    text = (shop / "shop.toml").read_text()
    (shop / "shop.toml").write_text(text + "\n[recall]\ncall_those_who_refused_all_use = false\n")
    rows = {row["車両番号"]: row for row in listed(balanced(run(shop)))}
    assert rows["V1"]["お名前"].startswith("連絡不可")
    assert (rows["V1"]["携帯"], rows["V2"]["携帯"]) == ("", PEOPLE[1]["mobile_phone"])


def test_a_second_run_hands_over_only_the_difference(tmp_path, ledger_place):
    shop = shop_of(tmp_path, ledger_place)
    first = run(shop)
    again = run(shop, now=NOW + timedelta(hours=1))
    assert (again.outcomes[0].status, again.campaigns[0].handed) == ("nothing", 6)
    write_table(shop, "customers", [*PEOPLE, customer("7")])
    write_table(shop, "vehicles", [*CARS, car("V7", "7", 150)])
    write_table(shop, "certificates", [*PAPERS, paper("V7", 150)])
    later = balanced(run(shop, now=NOW + timedelta(hours=2)))
    assert len(delivered(later)["recall_targets"]) == 1
    assert later.outcomes[0].drop_id == "lotas/recall-2026-11-02-r2"
    assert delivered(later)["deleted"] == []
    cars = {each.vehicle: each for each in progress_of(desk(shop), "7001").cars}
    assert [name for name, each in cars.items() if each.is_new] == ["V7"]
    assert cars["V1"].handed == (first.outcomes[0].drop_id,)


def test_who_objects_after_being_handed_over_is_told_to_be_deleted(told_shop):
    object_to(told_shop, "1")
    report = balanced(run(told_shop, now=NOW + timedelta(hours=1)))
    assert sorted(row["record"] for row in delivered(report)["deleted"]) == [
        "customers",
        "vehicles",
    ]
    assert delivered(report)["recall_targets"] == []
    acknowledge(told_shop, report.outcomes[0].drop_id, now=NOW + timedelta(hours=2))
    assert run(told_shop, now=NOW + timedelta(hours=3)).outcomes[0].status == "nothing"


def test_the_monthly_drop_tells_of_them_too_but_only_of_who_may_not_be_warned(
    tmp_path, ledger_place
):
    refusals = [
        ({}, True),
        ({"scope": "erasure"}, True),
        ({"scope": "purpose", "purposes": ("5.recall",)}, False),
        ({"scope": "purpose", "purposes": ("2.offers",)}, False),
        ({"partners": ("broadleaf",)}, False),
    ]
    shop = shop_of(tmp_path, ledger_place)
    told = delivered(run(shop))
    for person, (refusal, _) in zip(PEOPLE, refusals, strict=False):
        object_to(shop, person["customer_id"], **refusal)
    deleted = delivered(factories.run(shop, partners=("lotas",)))["deleted"]
    keys = {row["name"]: row["customer_key"] for row in told["customers"]}
    cars = {row["customer_key"]: row["vehicle_key"] for row in told["vehicles"]}
    gone = [keys[p["name"]] for p, (_, is_told) in zip(PEOPLE, refusals, strict=False) if is_told]
    expected = [("customers", key) for key in gone] + [("vehicles", cars[key]) for key in gone]
    assert sorted((row["record"], row["key"]) for row in deleted) == sorted(expected)


def test_what_was_handed_by_a_stopped_drop_is_handed_again(tmp_path, ledger_place):
    shop = shop_of(tmp_path, ledger_place)
    first = run(shop).outcomes[0].drop_id
    at_desk = desk(shop)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, first)
    again = run(shop, now=NOW + timedelta(hours=1))
    assert len(delivered(again)["recall_targets"]) == 6
    assert verify_drop(Path(again.outcomes[0].path)).drop.discard == (first,)


def test_what_was_published_before_an_objection_came_is_told(tmp_path):
    content = {
        "customers": PEOPLE,
        "vehicles": CARS,
        "certificates": PAPERS,
        "objections": [objection("99")],
    }
    both = [{**agreement(name), "recall": SHARE} for name in ("broadleaf", "lotas")]
    shop = write_shop(tmp_path, content, *both)
    (shop / "campaign.csv").write_text(FILE)
    published = []

    def step(stage):
        def wrapped(*args):
            result = stage(*args)
            if stage.__name__ == "publish":
                published.append(result.drop_id)
                if len(published) == 1:
                    object_to(shop, "1")
            return result

        return wrapped

    report = balanced(run(shop, step=step))
    assert [outcome.drop_id for outcome in report.outcomes] == published
    assert [len(delivered(report, name)["recall_targets"]) for name in ("broadleaf", "lotas")] == [
        6,
        5,
    ]
    assert [row["車両番号"] for row in listed(report)] == ["V1"]


def test_what_waits_for_the_data_manager_outlasts_another_campaign(tmp_path, ledger_place):
    shop = with_limit(shop_of(tmp_path, ledger_place))
    (first,) = run(shop).outcomes
    assert (first.status, waiting(shop)) == ("waiting", [first.drop_id])
    (shop / "other.csv").write_text(FILE.replace("7001", "7002").replace("0199", "0101"))
    (other,) = run(shop, campaign=str(shop / "other.csv"), now=NOW + timedelta(hours=1)).outcomes
    assert (other.status, other.drop_id) == ("published", "lotas/recall-2026-11-02-r2")
    assert waiting(shop) == [first.drop_id]
    folder = release(shop, first.drop_id, NOW + timedelta(hours=2))
    assert verify_drop(Path(folder)).rows["recall_targets"] == 6
    assert run(shop, now=NOW + timedelta(hours=3)).outcomes[0].status == "nothing"


@pytest.mark.flow
def test_a_recall_that_waits_ends_with_4_and_says_how_to_release_it(prefect_server, tmp_path):
    shop = with_limit(shop_of(tmp_path))
    asked = ("--shop", shop, "--campaign", shop / "campaign.csv", "--operator", PERSON)
    done = started("recall", *asked, **prefect_server)
    assert done.returncode == 4, done.stderr
    assert "joint-use release lotas/recall-" in done.stderr


def test_a_drop_that_tells_all_a_waiting_one_tells_takes_its_place(tmp_path):
    shop = with_limit(shop_of(tmp_path))
    run(shop)
    again = run(shop, now=NOW + timedelta(hours=1)).outcomes[0]
    assert waiting(shop) == [again.drop_id]
    release(shop, again.drop_id, NOW + timedelta(hours=2))
    assert not list((shop / "state" / "waiting").rglob("drop.json"))


def test_marks_are_kept_and_repaired_cars_leave_the_list(tmp_path):
    shop = shop_of(tmp_path, objections=[objection("1"), objection("2")])
    run(shop)
    mark_cars(desk(shop), "7001", ["V1"], "told")
    mark_cars(desk(shop), "7001", ["V2"], "repaired")
    with pytest.raises(ConfigurationError, match="not found to be about"):
        mark_cars(desk(shop), "7001", ["V99"], "told")
    report = balanced(run(shop, now=NOW + timedelta(hours=1)))
    assert [(row["車両番号"], row["記録"]) for row in listed(report)] == [("V1", "連絡済み")]
    assert report.campaigns[0].done == 1
    marks = {each.vehicle: each.marks for each in progress_of(desk(shop), "7001").cars}
    assert [mark.mark for mark in marks["V2"]] == ["repaired"]


@pytest.mark.parametrize("what", ["number", "campaign", "keeper", "nothing"])
def test_a_mark_speaks_of_the_number_and_the_ranges_it_was_made_of(tmp_path, what):
    shop = shop_of(tmp_path, objections=[objection(str(n)) for n in range(1, 5)])
    run(shop)
    marks = {"V1": "told", "V2": "repaired", "V3": "not_affected"}
    for vehicle_id, mark in marks.items():
        mark_cars(desk(shop), "7001", [vehicle_id], mark)
    if what == "number":
        others = [car(f"V{n}", str(n), 149 + n) for n in range(1, 4)]
        write_table(shop, "vehicles", [*others, *CARS[3:]])
        papers = [paper(f"V{n}", 149 + n) for n in range(1, 4)]
        write_table(shop, "certificates", [*papers, *PAPERS[3:]])
    elif what == "campaign":
        (shop / "campaign.csv").write_text(FILE.replace("0000199", "0000299"))
    elif what == "keeper":
        sold = [car(f"V{n}", "4", 99 + n) for n in range(1, 4)]
        write_table(shop, "vehicles", [*sold, *CARS[3:]])
    report = balanced(run(shop, now=NOW + timedelta(hours=1)))
    words = {row["車両番号"]: row["記録"] for row in listed(report)}
    for vehicle_id, mark in marks.items():
        stands = what == "nothing" or (what == "keeper" and mark != "told")
        assert (vehicle_id in words) == (mark == "told" or not stands)
        assert words.get(vehicle_id, "") == ("連絡済み" if stands and mark == "told" else "")


@pytest.mark.parametrize("values", [{"serial": 150}, {"serial": 100, "model_code": "6AA-ZVW50"}])
def test_a_car_told_by_another_number_is_told_again(tmp_path, values):
    shop = shop_of(tmp_path)
    (shop / "campaign.csv").write_text(FILE.replace("DAA-ZVW50", "ZVW50"))
    run(shop)
    serial = values.pop("serial")
    write_table(shop, "vehicles", [car("V1", "1", serial), *CARS[1:]])
    write_table(shop, "certificates", [paper("V1", serial, **values), *PAPERS[1:]])
    report = balanced(run(shop, now=NOW + timedelta(hours=1)))
    assert report.outcomes[0].status == "published"
    told = delivered(report)["recall_targets"]
    assert len(told) == 1


def test_a_mark_for_a_doubtful_model_ends_when_the_model_is_corrected(tmp_path):
    wrong = [paper("V1", 100, model_code="DAA-ZVW30"), *PAPERS[1:]]
    shop = shop_of(tmp_path, certificates=wrong)
    run(shop)
    mark_cars(desk(shop), "7001", ["V1"], "not_affected")
    write_table(shop, "certificates", PAPERS)
    report = balanced(run(shop, now=NOW + timedelta(hours=1)))
    assert len(delivered(report)["recall_targets"]) == 1


def test_the_order_of_a_files_rows_ends_no_mark(tmp_path):
    shop = shop_of(tmp_path, objections=[objection("1")])
    first, last = FILE.splitlines()[1:], ["7001,2026/10/30,リコール,某,DAA-ZVW51,,,制動装置"]
    (shop / "campaign.csv").write_text("\n".join([COLUMNS.strip(), *first, *last, ""]))
    run(shop)
    mark_cars(desk(shop), "7001", ["V1"], "repaired")
    (shop / "campaign.csv").write_text("\n".join([COLUMNS.strip(), *last, *first, ""]))
    assert balanced(run(shop, now=NOW + timedelta(hours=1))).campaigns[0].done == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--mark", "repaired", "--number", "7001", "--vehicle", "V1", "--dry-run"),
        ("--status", "7001", "--partner", "lotas"),
        ("--status", "7001", "--vehicle", "V1"),
    ],
)
def test_options_that_mean_nothing_are_refused_and_nothing_is_entered(told_shop, options):
    done = joint_use("recall", *options, "--shop", told_shop, "--operator", PERSON)
    assert done.returncode == 2
    assert not any(each.marks for each in progress_of(desk(told_shop), "7001").cars)


def test_a_paper_without_a_car_and_a_car_without_a_paper_are_not_lost(tmp_path):
    stray = {"chassis_number": "ZVW50-0000177", "model_code": "DAA-ZVW50", "plate": "山形 500 あ 1"}
    shop = shop_of(
        tmp_path,
        vehicles=[*CARS, car("V8", "2", 188), car("V9", "3", 999)],
        certificates=[*PAPERS, stray, paper("V9", 0, issued_on="2026-01-01")],
    )
    report = balanced(run(shop))
    assert report.campaigns[0].kept["no_person"] == 1
    assert "ZVW50-0000177" in {row["車台番号"] for row in listed(report)}
    assert report.campaigns[0].reasons["number_fits_model_unknown"] == 1


def test_whoever_can_be_reached_is_on_the_list_as_they_can_be(tmp_path):
    keeper = customer("7", phone="", mobile_phone="", fax="023-611-1111", email="seven@example.jp")
    stray = {"chassis_number": "ZVW50-0000177", "model_code": "DAA-ZVW50"}
    holders = [
        {"user_name": "持主 花子", "user_address": "山形市架空町7番地", "owner_name": "信販会社"},
        {"owner_name": "持主 太郎"},
    ]
    shop = shop_of(
        tmp_path,
        customers=[keeper],
        vehicles=[car("V7", "7", 170, released_on="2026-05-01")],
        certificates=[{**stray, **each} for each in holders],
    )
    rows = listed(run(shop))
    told = {(row["お名前"], row["FAX"], row["メール"], row["住所"]) for row in rows}
    assert told == {
        (keeper["name"], "023-611-1111", "seven@example.jp", keeper["address"]),
        ("持主 花子（車検証の使用者）", "", "", "山形市架空町7番地"),
        ("持主 太郎（車検証の所有者）", "", "", ""),
    }


@pytest.mark.parametrize("customer_id", ["1", ""])
def test_whoever_refused_all_use_and_is_erased_is_not_called(tmp_path, customer_id):
    holder = {"user_name": PEOPLE[0]["name"], "user_address": PEOPLE[0]["address"]}
    tables = {
        "vehicles": [{**CARS[0], "customer_id": customer_id}, *CARS[1:]],
        "certificates": [{**PAPERS[0], **holder}, *PAPERS[1:]],
        "objections": [objection("1", scope="erasure")],
    }
    shop = shop_of(tmp_path, **tables)
    call_nobody_who_refused(shop)
    run(shop)
    write_table(shop, "customers", PEOPLE[1:])
    rows = {row["車両番号"]: row for row in listed(run(shop, now=NOW + timedelta(hours=1)))}
    assert rows["V1"]["お名前"] == "連絡不可（すべての利用を拒否）"
    assert rows["V1"]["住所"] == ""


@pytest.mark.parametrize("is_erased", [False, True])
def test_who_drives_a_car_is_called_though_its_owner_refused(tmp_path, is_erased):
    holders = {
        "owner_name": PEOPLE[0]["name"],
        "owner_address": PEOPLE[0]["address"],
        "user_name": "別人 花子",
        "user_address": "山形市別町1",
    }
    stray = {"chassis_number": "ZVW50-0000177", "model_code": "DAA-ZVW50", **holders}
    shop = shop_of(
        tmp_path, certificates=[*PAPERS, stray], objections=[objection("1", scope="erasure")]
    )
    call_nobody_who_refused(shop)
    run(shop)
    if is_erased:
        write_table(shop, "customers", PEOPLE[1:])
    rows = listed(run(shop, now=NOW + timedelta(hours=1)))
    (row,) = (row for row in rows if row["車台番号"] == "ZVW50-0000177")
    assert row["お名前"] == "別人 花子（車検証の使用者）"


def test_an_objection_that_may_mean_several_silences_nobody(tmp_path):
    people = [customer("0001"), customer("01"), *PEOPLE[1:]]
    cars = [car("V1", "0001", 100), car("V7", "01", 150), *CARS[1:]]
    papers = [paper("V7", 150), *PAPERS]
    stated = [
        objection("1", scope="erasure"),
        *(objection(str(n), scope="none") for n in range(50, 60)),
    ]
    shop = shop_of(
        tmp_path, customers=people, vehicles=cars, certificates=papers, objections=stated
    )
    call_nobody_who_refused(shop)
    rows = {row["車両番号"]: row for row in listed(run(shop))}
    assert {rows[name]["お名前"] for name in ("V1", "V7")} == {people[0]["name"], people[1]["name"]}


def test_there_are_words_for_every_reason():
    assert set(KEPT_TEXTS) == set(Kept)
    assert set(REASON_TEXTS) == set(Reason)
    assert set(MARK_TEXTS) == set(MARKS)


def test_cars_of_one_number_are_listed_and_hold_nobody_else_up(tmp_path):
    shop = shop_of(tmp_path, vehicles=[*CARS, car("V1", "2", 150)])
    stray = {"chassis_number": "ZVW50-0000177", "model_code": "DAA-ZVW50"}
    write_table(shop, "certificates", [*PAPERS, stray, stray])
    report = balanced(run(shop))
    assert report.campaigns[0].handed == 5
    assert [row["車両番号"] for row in listed(report)] == ["V1", "V1", "", ""]
    assert [each.vehicle for each in progress_of(desk(shop), "7001").cars].count("V1") == 1


def test_what_the_records_say_in_another_place_or_form_is_no_car_lost(tmp_path):
    cases = [
        ("ZVW50-0000150", [{"chassis_number": "ZVW50-9000150"}], "another_paper_or_record_says_so"),
        (
            "",
            [
                {"chassis_number": "ZVW50-0000150", "issued_on": "2023-01-01"},
                {"chassis_number": "ZVW50-9000150", "issued_on": "2025-01-01"},
            ],
            "another_paper_or_record_says_so",
        ),
        (
            "",
            [
                {"model_code": "DAA-ZVW50", "issued_on": "2023-01-01"},
                {"model_code": "", "issued_on": "2025-01-01"},
            ],
            "another_paper_or_record_says_so",
        ),
        ("", [{"model_code": "DAA-ZVW50-AHXEB"}], "no_chassis_number"),
        ("", [{"model_code": "*DAA-ZVW50"}], "no_chassis_number"),
        ("", [{"model_code": "DAA─ZVW50改造"}], "no_chassis_number"),
        ("車台番号ZVW50_0000150(打刻)", [], "number_written_in_no_known_form"),
        ("ZVW5O-0000150", [], "number_written_in_no_known_form"),
        ("ZVW50─0000150", [], "number_fits_model_unknown"),
        ("DAA-ZVW50-0000150", [], "number_written_in_no_known_form"),
    ]
    cars, papers = [], []
    for n, (own, said, _) in enumerate(cases):
        of_own = f"000{150 + n:04}"  # two cars of one number would be another matter
        written = own.replace("0000150", of_own)
        cars.append(vehicle(f"V{n}", str(n % 6 + 1), chassis_number=written))
        for each in said:
            number = {k: v.replace("000150", of_own[1:]) for k, v in each.items()}
            papers.append({"vehicle_id": f"V{n}", "model_code": "DAA-ZVW50", **number})
    (found,) = balanced(run(shop_of(tmp_path, vehicles=cars, certificates=papers))).campaigns
    assert (found.reasons, found.out) == (Counter(reason for *_, reason in cases), 0)


def test_a_range_whose_end_is_written_in_short_loses_no_car(tmp_path):
    shop = shop_of(
        tmp_path, vehicles=[vehicle("V1", "1", chassis_number="ZVW50-0000150")], certificates=[]
    )
    (shop / "campaign.csv").write_text(FILE.replace(",ZVW50-0000199", ",0000199"))
    assert balanced(run(shop)).campaigns[0].possible == 1


def test_a_paper_of_no_car_without_a_number_is_listed(tmp_path):
    stray = {"model_code": "DAA-ZVW50", "plate": "山形 500 あ 1"}
    shop = shop_of(tmp_path, vehicles=[], certificates=[stray, {**stray, "plate": "山形 500 あ 2"}])
    report = balanced(run(shop))
    assert report.campaigns[0].kept == {"no_person": 2}
    assert len(listed(report)) == 2


def test_nobody_to_tell_without_an_agreement_and_all_are_listed(tmp_path):
    shop = shop_of(tmp_path)
    (shop / "partners" / "lotas.toml").write_text(factories.toml(agreement()))
    report = balanced(run(shop))
    assert (report.outcomes, report.campaigns[0].kept) == ((), {"no_partner": 6})
    with pytest.raises(RefusedError, match="no section"):
        run(shop, partners=("lotas",))


def test_a_partner_nothing_may_be_made_for_keeps_no_car_from_the_list(tmp_path):
    lapsed = {"seal": "none", "reason": "試験のため", "until": "2026-10-31"}
    shop = shop_of(tmp_path, sealing=lapsed)
    report = balanced(run(shop))
    assert (report.outcomes, report.exit_code) == ((), RefusedError.exit_code)
    assert "sealing.until (2026-10-31) is over" in report.left_out["lotas"]
    assert len(listed(report)) == 6
    with pytest.raises(RefusedError, match="is over"):
        run(shop, partners=("lotas",))


def test_a_dry_run_leaves_nothing_behind(tmp_path):
    shop = shop_of(tmp_path)
    report = run(shop, dry_run=True)
    assert (report.outcomes[0].status, report.call_list) == ("dry_run", "")
    assert not (shop / "state" / "recall").exists()
    assert len(delivered(run(shop))["recall_targets"]) == 6


def test_a_disclosure_tells_of_recall_drops(told_shop):
    told = disclose(desk(told_shop), "1")
    assert [drop.drop_id for drop in told.drops] == [FIRST]
    assert [purpose.id for purpose in told.drops[0].purposes] == ["5.recall"]
    assert "車検証" in disclosure_text(told)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({**SHARE, "purposes": ["5.recall", "2.offers"]}, "serves"),
        ({**SHARE, "tables": {"customers": {"columns": ["birth_on"]}}}, "not needed"),
        ({**SHARE, "tables": {"visits": {"columns": ["odometer_km"]}}}, "not needed"),
        ({**SHARE, "tables": {"certificates": {"columns": ["plate"]}}}, "without customers"),
    ],
)
def test_a_recall_section_takes_no_more_than_it_needs(section, told):
    from schemas.agreement import Agreement

    with pytest.raises(ConfigurationError, match=told):
        Agreement.load({**agreement(), "recall": section}, where="partners/lotas.toml")


def test_an_owner_who_is_the_customer_written_otherwise_is_told_by_the_partner(tmp_path):
    cases = [
        ("朝日運輸", "株式会社朝日運輸"),
        ("株式会社朝日運輸 山形営業所", "㈱朝日運輸"),
        ("㈱朝日運輸 代表 高橋花子", "株式会社朝日運輸"),
        ("高橋 花子", "高橋花子 外1名"),
        ("高橋 花子", "ﾀｶﾊｼ ﾊﾅｺ"),
        *(
            ("高橋 花子", other)
            for other in ("同上", "使用者に同じ", "本人", "＊＊＊", "髙橋花子様", "")
        ),
    ]
    numbers = range(1, len(cases) + 1)
    people = [
        {**customer(str(n)), "name": name, "name_kana": "タカハシ ハナコ"}
        for n, (name, _) in zip(numbers, cases, strict=True)
    ]
    papers = [
        {**paper(f"V{n}", 99 + n), "owner_name": owner}
        for n, (_, owner) in zip(numbers, cases, strict=True)
    ]
    cars = [car(f"V{n}", str(n), 99 + n) for n in numbers]
    shop = shop_of(tmp_path, customers=people, vehicles=cars, certificates=papers)
    (found,) = balanced(run(shop)).campaigns
    assert (found.handed, found.kept) == (len(cases), {})
