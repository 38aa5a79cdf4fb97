"""Nobody who objected is in any byte of a drop: not as customer, relative, owner, user, or in a text."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flows.making.objectors
from schemas.errors import ObjectionsMovedError, VerificationError
from tests import factories
from tests.conftest import SAMPLE, copy_sample
from tests.factories import (
    agreement,
    bytes_of,
    customer,
    delivered,
    joined,
    objection,
    run,
    slip,
    texts_of,
    vehicle,
    write_shop,
)

CANARIES = {
    "name": "隠田 秘一",
    "address": "山形市秘密町9番地9",
    "phone": "023-699-9999",
    "mobile_phone": "090-9876-5432",
    "email": "hidden@example.jp",
}


def hidden_in(folder: Path) -> list[str]:
    found = bytes_of(folder).decode("utf-8", "replace")
    plate_and_chassis = ["山形 599 ん 9876", "XXX99-9999999"]
    return [value for value in [*CANARIES.values(), *plate_and_chassis] if value in found]


def shop_with(tmp_path, *parts, **kwargs):
    objector = customer("9", **CANARIES)
    car = vehicle("V9", "9", plate="山形599ん98-76", chassis_number="XXX99-9999999")
    base = {
        "customers": [customer("1"), objector],
        "vehicles": [vehicle("V1", "1"), car],
        "objections": [objection("9")],
    }
    return write_shop(
        tmp_path, joined(base, slip("S1", "1", "V1"), slip("S9", "9", "V9"), *parts), **kwargs
    )


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("chassis_number", "TEL090-9876-5432"),
        ("model_code", "XXX99-9999999"),
        ("engine_model", "2ZR09098765432"),
    ],
)
def test_an_objectors_numbers_leave_in_no_code_of_another_car(tmp_path, column, cell):
    papers = [{"vehicle_id": "V1", "model_code": "DAA-ZVW50", column: cell}]
    shop = shop_with(tmp_path, {"certificates": papers})
    report = run(shop)
    assert report.outcomes[0].account["certificates"].delivered == 1
    for text in texts_of(report):
        assert cell not in text


def test_a_purpose_refused_today_holds_for_a_month_of_an_older_notice(tmp_path, monkeypatch):
    both = agreement(purposes=("2.offers", "4.advice"))
    refusal = objection("9", scope="purpose", purpose="4.advice")
    shop = write_shop(
        tmp_path,
        {"customers": [customer("1"), customer("9", **CANARIES)], "objections": [refusal]},
        both,
    )
    newest = (shop / "notice.toml").read_text()
    assert not hidden_in(Path(run(shop).outcomes[0].path))
    (shop / "notices").mkdir()
    older = newest.split("[[purposes]]")
    kept = [part for part in older if "4.advice" not in part]
    text = "[[purposes]]".join(kept)
    assert "4.advice" not in text
    (shop / "notices" / "2020.toml").write_text(_effective(text, "2020-01-01"))
    (shop / "notice.toml").write_text(_effective(newest, "2026-10-01"))
    assert not hidden_in(Path(run(shop, month="2026-09").outcomes[0].path))
    monkeypatch.setattr(flows.making.objectors, "gate_out", lambda *_: None)
    for month in ("2026-08", "2026-10"):
        with pytest.raises(VerificationError, match="belongs only to people who objected"):
            run(shop, month=month)


def _effective(notice: str, day: str) -> str:
    return re.sub(r"(?m)^effective_on = .*$", f"effective_on = {day}", notice, count=1)


def test_an_objector_leaves_with_cars_visits_repairs_lines_invoices_costs_and_family(tmp_path):
    more = {
        "visits": [
            {
                "visit_id": "N9",
                "customer_id": "9",
                "vehicle_id": "V9",
                "checked_in_on": "2026-10-05",
            }
        ],
        "certificates": [
            {"vehicle_id": "V9", "plate": "山形599ん98-76", "chassis_number": "XXX99-9999999"}
        ],
        "vehicle_costs": [
            {
                "vehicle_cost_id": "T9",
                "vehicle_id": "V9",
                "cost_kind": "税",
                "amount_jpy": "1",
                "incurred_on": "2026-10-01",
            }
        ],
        "family_members": [
            {"family_member_id": "F9", "customer_id": "9", "name": "隠田 花", "relation": "妻"}
        ],
    }
    report = run(shop_with(tmp_path, more))
    outcome = report.outcomes[0]
    assert hidden_in(Path(outcome.path)) == []
    assert {table: account.objected for table, account in outcome.account.items()} == {
        "customers": 1,
        "family_members": 1,
        "vehicles": 1,
        "certificates": 1,
        "visits": 1,
        "repairs": 1,
        "repair_lines": 2,
        "invoices": 1,
        "vehicle_costs": 1,
        "vehicle_images": 0,
    }
    assert [row["customer_key"] for row in delivered(report)["repairs"]] == [
        row["customer_key"] for row in delivered(report)["customers"]
    ]


@pytest.mark.parametrize(("old", "new"), [("9", "8"), ("8", "9")])
def test_an_objection_under_any_merged_number_covers_the_person(tmp_path, old, new):
    numbers = {
        "9": customer("9", **CANARIES),
        "8": customer("8", **{**CANARIES, "email": "other@example.jp"}),
    }
    numbers[old]["merged_into_customer_id"] = new
    tables = {"customers": [customer("1"), *numbers.values()], "objections": [objection("9")]}
    outcome = run(write_shop(tmp_path, tables)).outcomes[0]
    assert hidden_in(Path(outcome.path)) == []
    assert outcome.account["customers"].delivered == 1


def test_merges_in_a_circle_hide_nobody(tmp_path):
    circle = [
        customer("8", merged_into_customer_id="9"),
        customer("9", **CANARIES, merged_into_customer_id="8"),
    ]
    tables = {"customers": [customer("1"), *circle], "objections": [objection("8")]}
    outcome = run(write_shop(tmp_path, tables)).outcomes[0]
    assert hidden_in(Path(outcome.path)) == []
    assert outcome.account["customers"].quarantined == 2


def test_a_second_number_with_the_same_name_and_mobile_is_the_same_person(tmp_path):
    double = customer("7", name="隠田　秘一", mobile_phone="09098765432")
    tables = {
        "customers": [customer("1"), customer("9", **CANARIES), double],
        "objections": [objection("9")],
    }
    outcome = run(write_shop(tmp_path, tables)).outcomes[0]
    assert outcome.account["customers"].objected == 2
    assert outcome.account["customers"].delivered == 1


def test_namesakes_and_households_stay(tmp_path):
    namesake = customer("2", name=CANARIES["name"])
    wife = customer("3", address=CANARIES["address"], phone=CANARIES["phone"])
    report = run(shop_with(tmp_path, {"customers": [namesake, wife]}))
    assert {row["phone"] for row in delivered(report)["customers"]} >= {
        namesake["phone"],
        wife["phone"],
    }
    assert report.outcomes[0].account["customers"].delivered == 3


@pytest.mark.parametrize(
    "member",
    [
        {"name": "誰か", "linked_customer_id": "9"},
        {"name": CANARIES["name"]},
        {"name": "隠田秘一", "birth_on": "1961-05-17"},
    ],
)
def test_an_objector_is_no_relative_of_anybody(tmp_path, member):
    family = {
        "family_members": [
            {"family_member_id": "F1", "customer_id": "1", "relation": "父", **member}
        ]
    }
    outcome = run(shop_with(tmp_path, family)).outcomes[0]
    assert outcome.account["family_members"].objected == 1


def test_a_relative_with_the_same_name_but_another_birth_date_stays(tmp_path):
    tables = {
        "customers": [customer("1"), customer("9", **CANARIES, birth_on="1961-05-17")],
        "family_members": [
            {
                "family_member_id": "F1",
                "customer_id": "1",
                "name": CANARIES["name"],
                "birth_on": "1999-01-01",
            }
        ],
        "objections": [objection("9")],
    }
    assert run(write_shop(tmp_path, tables)).outcomes[0].account["family_members"].delivered == 1


def test_a_given_name_at_the_objectors_home_is_the_objector(tmp_path):
    wife = customer("3", address=CANARIES["address"])
    family = {
        "customers": [wife],
        "family_members": [
            {"family_member_id": "F1", "customer_id": "3", "name": "秘一", "relation": "夫"}
        ],
    }
    assert run(shop_with(tmp_path, family)).outcomes[0].account["family_members"].objected == 1


@pytest.mark.parametrize("holder", ["owner", "user"])
def test_an_objector_is_neither_owner_nor_user_of_anothers_car(tmp_path, holder):
    paper = {
        "vehicle_id": "V1",
        "plate": "山形500あ1",
        f"{holder}_name": CANARIES["name"],
        f"{holder}_address": CANARIES["address"],
        "base_location": CANARIES["address"],
    }
    report = run(shop_with(tmp_path, {"certificates": [paper]}))
    (row,) = delivered(report)["certificates"]
    assert row["plate"] == "山形 500 あ 1"
    assert row[f"{holder}_name"] == row[f"{holder}_address"] == row["base_location"] == ""
    assert hidden_in(Path(report.outcomes[0].path)) == []


def test_owner_and_user_leave_where_they_are_the_customer_however_spelt(tmp_path):
    person = customer("1", name="髙橋　一郎", address="山形市大字下反田31番地2")
    paper = {
        "vehicle_id": "V1",
        "owner_name": "高橋 一郎",
        "owner_address": "山形県山形市下反田３１－２",
        "user_name": "某ファイナンス",
        "user_address": "東京都",
    }
    tables = {
        "customers": [person],
        "vehicles": [vehicle("V1", "1")],
        "certificates": [paper],
        "objections": [objection("99")],
    }
    (row,) = delivered(run(write_shop(tmp_path, tables)))["certificates"]
    assert (row["owner_name"], row["user_name"]) == ("高橋 一郎", "")


@pytest.mark.parametrize(
    "text",
    [
        "隠田秘一様のご紹介",
        "連絡先 ０９０－９８７６－５４３２",
        "代車は山形599ん9876",
        "hidden＠example.jpへ送付",
        "引取先：山形市秘密町９－９",
        "XXX99ー9999999の部品取り",
    ],
)
def test_a_text_that_names_an_objector_goes_out_empty(tmp_path, text):
    tables = joined(slip("S2", "1", "V1"))
    tables["repairs"][0]["description"] = text
    tables["repair_lines"][0]["name"] = text
    report = run(shop_with(tmp_path, tables))
    assert hidden_in(Path(report.outcomes[0].path)) == []
    assert report.outcomes[0].cells["withheld:names_objector"] == 2
    assert len(delivered(report)["repair_lines"]) == 4


def test_who_objects_between_the_gate_and_the_writing_is_found_in_others_cells(tmp_path):
    tables = joined(slip("S2", "1", "V1"))
    tables["repairs"][0]["description"] = "隠田秘一様のご紹介"
    shop = shop_with(tmp_path, tables)
    factories.write_table(shop, "objections", [objection("99")])
    moved = iter([ObjectionsMovedError("once")])

    def arrive():
        factories.write_table(shop, "objections", [objection("9"), objection("99")])
        for error in moved:
            raise error

    report = run(shop, step=factories.before("write", arrive))
    assert hidden_in(Path(report.outcomes[0].path)) == []
    assert report.outcomes[0].cells["withheld:names_objector"] == 1


def test_a_rerun_of_an_old_month_obeys_the_objections_of_today(tmp_path):
    shop = shop_with(tmp_path, slip("S8", "9", "V9", booked_on="2025-03-03"))
    factories.write_table(shop, "objections", [objection("1", effective_on="2027-10-01")])
    first = run(shop, month="2025-03")
    assert first.outcomes[0].account["repairs"].delivered == 1
    factories.write_table(
        shop, "objections", [objection("1", effective_on="2027-10-01"), objection("9")]
    )
    again = run(shop, month="2025-03")
    assert again.outcomes[0].drop_id == "lotas/monthly-2025-03-r2"
    assert hidden_in(Path(again.outcomes[0].path)) == []


def test_one_partner_and_one_purpose_keep_out_of_that_drop_only(tmp_path):
    both = (
        factories.agreement("lotas"),
        factories.agreement("broadleaf", purposes=("1.research",)),
    )
    tables = {
        "customers": [customer("1"), customer("2"), customer("3")],
        "objections": [
            objection("2", partner="lotas"),
            objection("3", scope="purpose", purpose="1.research"),
        ],
    }
    report = run(write_shop(tmp_path, tables, *both))
    counts = {o.partner: o.account["customers"].objected for o in report.outcomes}
    assert counts == {"lotas": 1, "broadleaf": 1}
    assert {o.account["customers"].delivered for o in report.outcomes} == {2}


def test_the_sample_gives_no_trace_of_who_refused(sample_shop):
    report = run(sample_shop)
    import csv

    with (SAMPLE / "records" / "顧客.csv").open(encoding="cp932", newline="") as file:
        people = {row["顧客コード"]: row for row in csv.DictReader(file)}
    everyone = {
        "000011",
        "000014",
        "000015",
        "000017",
        "000018",
        "000019",
        "000020",
        "000022",
        "000031",
        "000033",
        "000042",
    }
    refusers = {
        "lotas": everyone | {"000012", "000013", "000029"},
        "broadleaf": everyone | {"000021"},
    }
    for outcome in report.outcomes:
        found = bytes_of(Path(outcome.path)).decode("utf-8", "replace")
        drop = json.loads((Path(outcome.path) / "drop.json").read_text())
        assert (
            drop["account"]["customers"]["objected"] == len(refusers[outcome.partner]) - 1
        )  # 000020 is merged
        for number in refusers[outcome.partner]:
            assert (
                people[number]["メールアドレス"] == ""
                or people[number]["メールアドレス"] not in found
            )
        assert "紹介により割引" not in found


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whoever_objects_in_any_way_is_in_no_byte(tmp_path_factory, data):
    """Any set of objections, merges, owners, relatives and texts: no refuser's own value is found."""
    count = 6
    numbers = [str(n) for n in range(count)]
    people = [customer(n) for n in numbers]
    for person in people:
        target = data.draw(st.sampled_from([None, None, None, *numbers]), label="merged")
        if target and target != person["customer_id"]:
            person["merged_into_customer_id"] = target
    cars = [vehicle(f"V{n}", data.draw(st.sampled_from(numbers))) for n in numbers]
    slips = [
        slip(
            f"S{n}",
            data.draw(st.sampled_from(numbers)),
            data.draw(st.sampled_from([c["vehicle_id"] for c in cars])),
        )
        for n in numbers
    ]
    papers = []
    for car in cars:
        owner = people[int(data.draw(st.sampled_from(numbers)))]
        papers.append(
            {
                "vehicle_id": car["vehicle_id"],
                "plate": car["plate"],
                "chassis_number": car["chassis_number"],
                "owner_name": owner["name"],
                "owner_address": owner["address"],
            }
        )
    tables = joined({"customers": people, "vehicles": cars, "certificates": papers}, *slips)
    for repair in tables["repairs"]:
        person = people[int(data.draw(st.sampled_from(numbers)))]
        repair["description"] = data.draw(
            st.sampled_from(["点検", f"{person['name']}様", f"TEL {person['mobile_phone']}"])
        )
    refusing = data.draw(st.sets(st.sampled_from(numbers)))
    tables["objections"] = [objection(n) for n in refusing] or [objection("99")]
    outcome = run(write_shop(tmp_path_factory.mktemp("shop"), tables)).outcomes[0]
    found = bytes_of(Path(outcome.path)).decode("utf-8", "replace")
    for person in people:
        if person["customer_id"] in refusing:
            for column in ("name", "address", "phone", "mobile_phone", "email"):
                assert person[column] not in found
            for car in cars:
                if car["customer_id"] == person["customer_id"]:
                    assert car["chassis_number"] not in found


def test_copying_the_sample_leaves_state_behind(tmp_path):
    assert not (copy_sample(tmp_path / "s") / "state").exists()


@pytest.mark.parametrize(
    ("objectors", "theirs", "member"),
    [
        # a relative of no birth date, of an objector who has one
        (
            [{"name": "佐藤 花子", "birth_on": "1960-05-06"}],
            {},
            {"name": "佐藤 花子"},
        ),
        # a given name, of an objector whose card bears a remark
        (
            [{"name": "佐藤一郎 DM不要", "phone": "023-699-9999"}],
            {"phone": "023-699-9999"},
            {"name": "一郎"},
        ),
    ],
)
def test_a_relative_who_may_be_the_objector_does_not_leave(tmp_path, objectors, theirs, member):
    people = [customer("1", **theirs), *(customer("9", **each) for each in objectors)]
    family = [{"family_member_id": "F1", "customer_id": "1", **member}]
    tables = {"customers": people, "objections": [objection("9")], "family_members": family}
    assert delivered(run(write_shop(tmp_path, tables)))["family_members"] == []


def test_a_card_of_a_home_with_two_objectors_may_be_of_either(tmp_path):
    home = {"address": "山形市中央秘密町9番地9"}
    names = {"1": "佐藤", "8": "佐藤 一郎", "9": "高橋 花子"}
    people = [customer(number, name=name, **home) for number, name in names.items()]
    tables = {
        "customers": [*people, customer("4")],
        "objections": [objection("8"), objection("9")],
    }
    assert len(delivered(run(write_shop(tmp_path, tables)))["customers"]) == 1


def test_the_plate_on_the_paper_of_their_car_does_not_leave_with_anothers(tmp_path):
    plate = "山形 500 は 12-34"
    other = {"vehicle_id": "V1", "plate": plate, "model_code": "DAA-ZVW30"}
    tables = {
        "customers": [customer("1"), customer("9")],
        "objections": [objection("9")],
        "vehicles": [vehicle("V1", "1"), vehicle("V9", "9", plate="", chassis_number="")],
        "certificates": [{"vehicle_id": "V9", "plate": plate}, other],
    }
    (row,) = delivered(run(write_shop(tmp_path, tables)))["certificates"]
    assert (row["plate"], row["model_code"]) == ("", "DAA-ZVW30")


def test_the_second_look_knows_who_objected_since_the_month(tmp_path, monkeypatch):
    refusal = objection("9", received_on="2026-11-01", effective_on="2026-11-01")
    people = [customer("1"), customer("9", **CANARIES)]
    shop = write_shop(tmp_path, {"customers": people, "objections": [refusal]})
    monkeypatch.setattr(flows.making.objectors, "gate_out", lambda *_: None)
    with pytest.raises(VerificationError, match="belongs only to people who objected"):
        run(shop)
