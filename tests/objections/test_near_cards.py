"""A card with an objector's own telephone and home may be theirs, whatever name stands on it."""

import pytest

from tests.factories import (
    customer,
    delivered,
    joined,
    names_beside,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
    write_table,
)

CONTACTS = {"mobile_phone": "090-2100-0001", "address": "山形市紫町1-1", "email": "x@example.jp"}


def names_that_leave(folder, refuser, *others):
    """Who leaves beside somebody without any bond to the refuser."""
    people = [*others, customer("8", name="別の 人")]
    left = names_beside(folder, people, [customer("9", **refuser)])
    return [name for name in left if name != "別の 人"]


@pytest.mark.parametrize("shared", ["mobile_phone", "email"])
@pytest.mark.parametrize("is_turned", [False, True])
def test_another_name_with_their_own_contact_is_held_back(tmp_path, shared, is_turned):
    cases = [
        ("㈱大吉　営業部　今田 孝一", "今田 孝一"),
        ("ラーメン大吉 今田孝二", "今田 孝二"),
        ("カフェひまわり 山口次郎", "山口 次郎"),
        ("今本孝四→今田孝四", "今田 孝四"),
        ("今村一夫 名義 今田孝六", "今田 孝六"),
        ("高橋花枝(旧姓鈴木)", "鈴木花枝"),
        ("山口 孝八", "山ロ 孝八"),
        ("木ノ下 孝太", "木之下 孝太"),
        ("楳田 貞治", "梅田 貞治"),
    ]
    refusers, cards = [], []
    for place, case in enumerate(cases):
        own = {"mobile_phone": f"090-2100-{place:04}", "email": f"x{place}@example.jp"}[shared]
        refuser, card = reversed(case) if is_turned else case
        refusers.append(customer(f"9{place}", **{"name": refuser, shared: own}))
        cards.append(customer(f"2{place}", **{"name": card, shared: own}))
    assert names_beside(tmp_path, [*cards, customer("8", name="別の 人")], refusers) == ["別の 人"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("高橋 美智子", "高橋みちこ"),
        ("ジョン・スミス", "スミス ジョン"),
        ("高橋 英之", "TAKAHASHI HIDEYUKI"),
        ("高橋 花子", "佐藤 恵"),
    ],
)
def test_any_name_with_two_of_their_contacts_is_held_back(tmp_path, one, other):
    left = names_that_leave(
        tmp_path, {"name": one, **CONTACTS}, customer("2", name=other, **CONTACTS)
    )
    assert left == []


def test_a_family_told_apart_by_readings_or_birth_dates_leaves(tmp_path):
    refuser = {"name": "高橋 太郎", "name_kana": "タカハシ タロウ", "birth_on": "1950-02-03"}
    wife = {"name": "高橋 花子", "name_kana": "タカハシ ハナコ"}
    son = {"name": "高橋 一郎", "birth_on": "1980-02-03"}
    others = [customer(str(n), **each, **CONTACTS) for n, each in enumerate((wife, son), start=2)]
    left = names_that_leave(tmp_path, {**refuser, **CONTACTS}, *others)
    assert left == ["高橋 花子", "高橋 一郎"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("有限会社佐久間建設", "佐久間建設 山田太郎"), ("吉村石材㈱", "吉村石材 今野四郎")],
)
@pytest.mark.parametrize("place", [{"phone": "023-611-0010"}, {"address": "山形市東町1-1-10"}])
def test_a_firm_without_the_word_that_tells_so_is_known_at_its_place(tmp_path, one, other, place):
    card = customer("2", name=other, **place)
    assert names_that_leave(tmp_path, {"name": one, **place}, card) == []


@pytest.mark.parametrize(
    ("theirs", "card"),
    [
        ({"phone": "023-611-0050"}, {"phone": "611-0050"}),
        ({"phone": "023-611-0055"}, {"phone": "023-611-0055 内線12"}),
        ({"address": "山形市東町31-2"}, {"address": "山形市東町31-2 101号"}),
        ({"address": "山形市東町31-3"}, {"address": "東町31-3"}),
        ({"address": "東町31-3 205"}, {"address": "山形市東町三十一番地の3"}),
    ],
)
def test_the_same_name_beside_their_number_or_plot_is_held_back(tmp_path, theirs, card):
    again = customer("2", name="庄司 久美", **card)
    assert names_that_leave(tmp_path, {"name": "庄司久美", **theirs}, again) == []


def test_the_same_name_next_door_or_born_on_another_day_leaves(tmp_path):
    refuser = {"name": "庄司 久美", "address": "山形市東町31-2", "birth_on": "1950-02-03"}
    others = [
        customer("2", name="庄司 久美", address="山形市東町31-4"),
        customer("3", name="庄司 久美", address="山形市東町31-2 101号", birth_on="1990-02-03"),
    ]
    assert names_that_leave(tmp_path, refuser, *others) == ["庄司 久美", "庄司 久美"]


def test_cars_and_slips_of_such_a_card_stay_with_it(tmp_path):
    card = customer("2", name="今田 孝二", **CONTACTS)
    tables = {
        "customers": [customer("9", name="ラーメン大吉 今田孝二", **CONTACTS), card],
        "vehicles": [vehicle("V2", "2")],
        "objections": [objection("9")],
    }
    shop = write_shop(tmp_path, joined(tables, slip("S2", "2", "V2")))
    account = run(shop).outcomes[0].account
    assert [account[name].objected for name in ("customers", "vehicles", "repairs")] == [2, 1, 1]


def test_a_number_that_many_refusers_have_is_nobodys_own(tmp_path):
    placeholder = {"mobile_phone": "090-0000-0001", "address": "山形市紫町1-1"}
    refusers = [customer(str(n), name=f"申{n}出 花子", **placeholder) for n in range(100, 121)]
    tables = {
        "customers": [*refusers, customer("2", name="佐藤 花子", **placeholder)],
        "objections": [objection(each["customer_id"]) for each in refusers],
    }
    rows = delivered(run(write_shop(tmp_path, tables)))["customers"]
    assert [row["name"] for row in rows] == ["佐藤 花子"]


def names_that_leave_once_gone(folder, *cases):
    """Export with the rows of refusers, take them out of the records, and export with others' cards."""
    rest = customer("8", name="別の 人")
    refusers = [customer(f"1-{place}", **theirs) for place, (theirs, _) in enumerate(cases)]
    cards = [customer(f"2-{place}", **card) for place, (_, card) in enumerate(cases)]
    refusals = [objection(row["customer_id"]) for row in refusers]
    limits = {"max_unmatched_objection_share": 1, "max_vanished_share": 1}
    tables = {"customers": [*refusers, rest], "objections": refusals}
    shop = write_shop(folder, tables, limits=limits)
    run(shop)
    write_table(shop, "customers", [*cards, rest])
    return [row["name"] for row in delivered(run(shop))["customers"]]


def test_a_card_near_who_is_gone_is_held_back(tmp_path):
    pairs = [
        ("今田 孝二", "ラーメン大吉 今田孝二"),
        ("高橋花枝(旧姓鈴木)", "鈴木花枝"),
        ("木ノ下 孝太", "木之下 孝太"),
    ]
    cases = [
        ({"name": theirs, column: own}, {"name": card, column: own})
        for place, (theirs, card) in enumerate(pairs)
        for column, own in (
            ("mobile_phone", f"090-1111-222{place}"),
            ("email", f"a{place}@example.jp"),
        )
    ]
    assert names_that_leave_once_gone(tmp_path, *cases) == ["別の 人"]


@pytest.mark.parametrize(
    ("theirs", "card"),
    [
        ({"name": "高橋 花子", **CONTACTS}, {"name": "佐藤 恵", **CONTACTS}),
        ({"name": "庄司久美", "phone": "023-611-0050"}, {"name": "庄司 久美", "phone": "611-0050"}),
        (
            {"name": "庄司久美", "address": "山形市東町31-2"},
            {"name": "庄司 久美", "address": "山形市東町31-2 101号"},
        ),
    ],
)
def test_a_card_with_places_of_who_is_gone_is_held_back(tmp_path, theirs, card):
    assert names_that_leave_once_gone(tmp_path, (theirs, card)) == ["別の 人"]


@pytest.mark.parametrize(
    ("theirs", "card"),
    [
        (
            {"name": "高橋 太郎", "birth_on": "1950-02-03", **CONTACTS},
            {"name": "高橋 一郎", "birth_on": "1980-02-03", **CONTACTS},
        ),
        (
            {"name": "高橋 太郎", "name_kana": "タカハシ タロウ", **CONTACTS},
            {"name": "高橋 花子", "name_kana": "タカハシ ハナコ", **CONTACTS},
        ),
    ],
)
def test_the_family_of_who_is_gone_leaves_if_told_apart(tmp_path, theirs, card):
    assert names_that_leave_once_gone(tmp_path, (theirs, card)) == [card["name"], "別の 人"]
