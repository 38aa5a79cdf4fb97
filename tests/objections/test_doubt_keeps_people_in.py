"""Where it is doubtful whether somebody objected, or who is meant, nothing leaves."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from flows.counter.settling import settle
from ledger import tables
from schemas.errors import ConfigurationError, HeldError, ObjectionsUnreliableError, RefusedError
from tests import factories
from tests.factories import (
    NOW,
    bytes_of,
    customer,
    delivered,
    desk,
    object_to,
    objection,
    run,
    vehicle,
    write_shop,
    write_table,
)


def shop_of(tmp_path, people, *objections, **tables):
    return write_shop(tmp_path, {"customers": people, "objections": objections, **tables})


def objected(shop):
    return run(shop).outcomes[0].account["customers"].objected


@pytest.mark.parametrize(
    "number", ["1", "001", "c001", "C1", "Ｃ００１", "C001.0", "1.0", "C001,C777", "C001-1"]
)
def test_a_number_a_spreadsheet_spoilt_holds_back_everyone_it_may_mean(tmp_path, number):
    shop = shop_of(
        tmp_path, [customer("C001"), customer("C002")], objection(number), objection("C003")
    )
    assert objected(shop) == 1


def test_a_number_of_nobody_is_told_and_holds_back_nobody(tmp_path):
    report = run(shop_of(tmp_path, [customer("C001")], objection("C999")))
    assert report.unsettled_objections == 1
    assert report.outcomes[0].account["customers"].delivered == 1


def test_who_is_entered_later_under_a_number_settled_as_nobodys_stays(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")], objection("99"))
    (name,) = object_to(shop, "500", is_in_records=False)
    settle(desk(shop), name, None)
    write_table(shop, "customers", [customer("1"), customer("2"), customer("500")])
    assert objected(shop) == 1


@pytest.mark.parametrize("number", ["安孫子 清", "十一", "abiko"])
def test_an_objection_that_names_nobody_by_a_number_holds_the_run(tmp_path, number):
    people = [customer("ABIKO"), customer("2", name="安孫子 清"), customer("3")]
    shop = shop_of(tmp_path, people, *(objection(f"00{n}") for n in range(5, 9)), objection(number))
    with pytest.raises(ObjectionsUnreliableError, match="1 objections in the records name"):
        run(shop)
    write_table(shop, "objections", [objection("ABIKO"), objection("2")])
    assert objected(shop) == 2


@pytest.mark.parametrize(
    "written",
    [
        "090-1111-2222",
        "０９０１１１１２２２２",
        "023(600)1234",
        "山形 500 あ 1234",
        "a1@example.jp",
    ],
)
def test_an_objection_that_names_somebody_by_a_contact_holds_the_run_until_it_is_settled(
    tmp_path, written
):
    people = [customer("1", mobile_phone="090-1111-2222"), customer("2")]
    others = [objection(f"99{n}") for n in range(9)]
    shop = shop_of(tmp_path, people, objection(written), *others)
    with pytest.raises(ObjectionsUnreliableError, match="1 objections in the records name"):
        run(shop)
    write_table(shop, "objections", [objection("1"), *others])
    assert objected(shop) == 1


@pytest.mark.parametrize("written", ["0000012345", "12345678901", "A-0901", "客1"])
def test_a_number_that_only_resembles_a_contact_holds_no_run(tmp_path, written):
    shop = shop_of(tmp_path, [customer("1"), customer("2")], objection(written), objection("2"))
    assert objected(shop) >= 1


@pytest.mark.parametrize("form", ["0312345{:03d}", "022-0015-{:03d}", "会員{}か2", "顧{}の3"])
def test_where_customers_are_numbered_like_telephones_one_that_left_holds_no_run(tmp_path, form):
    people = [customer(form.format(n)) for n in range(1, 10)]
    told = [objection(form.format(n)) for n in (1, 800)]
    assert objected(shop_of(tmp_path, people, *told)) == 1


@pytest.mark.parametrize("written", ["090-7777-8888", "0237998888"])
def test_among_customers_numbered_like_telephones_a_telephone_still_holds_the_run(
    tmp_path, written
):
    people = [customer(f"02332210{n:02}") for n in range(12)]
    people += [customer(str(n), phone="0237-99-8888") for n in range(1, 30)]
    told = [objection(written), *(objection(f"02332210{n:02}") for n in range(9))]
    with pytest.raises(ObjectionsUnreliableError, match="1 objections in the records name"):
        run(shop_of(tmp_path, people, *told))


def test_a_row_with_nothing_but_a_remark_holds_the_run(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    path = shop / "records" / "objections.csv"
    header = path.read_text().splitlines()[0]
    empty = "," * header.count(",")
    path.write_text(f"{header},備考\nO1,1{empty[1:]},\n{empty},安孫子清様 提供停止の電話あり\n")
    with pytest.raises(ObjectionsUnreliableError, match="1 name no customer"):
        run(shop)


def test_what_a_form_is_printed_with_is_no_objection(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    path = shop / "records" / "objections.csv"
    header = path.read_text().splitlines()[0]
    empty = "," * header.count(",")
    printed = [f"{empty},{rest},,\n" for rest in ("", "3", "FALSE", "\u3000", "□")]
    path.write_text(f"{header},備考,,\nO1,1{empty[1:]},,,\n{''.join(printed)}")
    assert objected(shop) == 1  # a row taken for one is refused, and its place is told


def test_one_of_two_places_without_any_objection_holds_the_run(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")], objection("1"))
    (shop / "records" / "counter.csv").write_text("objection_id,customer_id\n")
    path = shop / "shop.toml"
    text = path.read_text().replace('["tables"."objections"]', '[["tables"."objections"]]')
    counter = (
        '\n[[tables.objections]]\nsource = "records"\ntable = "counter.csv"\n'
        'columns = { objection_id = "objection_id", customer_id = "customer_id" }\n'
    )
    path.write_text(text + counter)
    with pytest.raises(ObjectionsUnreliableError, match=r"counter\.csv holds no objection"):
        run(shop)
    path.write_text(text + counter + "may_be_empty = true\n")
    assert objected(shop) == 1


def test_a_day_no_paper_can_bear_does_not_put_an_objection_off(tmp_path):
    days = ["2924/05/01", "9999-12-31", "2099-12-31", "令和20年1月1日", "0001-01-01", "来年"]
    people = {day: customer(str(number)) for number, day in enumerate(days)}
    told = [objection(each["customer_id"], effective_on=day) for day, each in people.items()]
    report = run(shop_of(tmp_path, [*people.values()], *told))
    left = {row["name"] for row in delivered(report).get("customers", ())}
    assert [day for day, each in people.items() if each["name"] in left] == []
    assert report.outcomes[0].account["customers"].objected == len(days)


def test_an_objection_from_parquet_with_a_number_for_a_day_is_in_force(tmp_path):
    import pyarrow
    from pyarrow import parquet

    shop = shop_of(tmp_path, [customer("1")])
    columns = {
        "objection_id": ["1"],
        "customer_id": ["1"],
        "effective_on": pyarrow.array([20240101], pyarrow.int32()),
    }
    parquet.write_table(pyarrow.table(columns), shop / "records" / "objections.parquet")
    text = (shop / "shop.toml").read_text()
    start, end = text.index('["tables"."objections"]'), text.index('["tables"."family_members"]')
    table = '["tables"."objections"]\nsource = "p"\ntable = "objections.parquet"\ncolumns = { objection_id = "objection_id", customer_id = "customer_id", effective_on = "effective_on" }\n'
    (shop / "shop.toml").write_text(
        text[:start] + table + text[end:] + '\n[sources.p]\nkind = "parquet"\nfolder = "records"\n'
    )
    assert objected(shop) == 1


HOME = {"address": "山形市緑町1丁目2番3号", "phone": "023-600-0000"}


@pytest.mark.parametrize(
    "double",
    [
        {"name": "佐藤　一郎", "address": "山形県山形市緑町１－２－３"},
        {"name": "佐藤 一郎", **HOME, "birth_on": "1960-01-01"},
    ],
)
def test_one_name_in_one_home_is_one_person(tmp_path, double):
    people = [
        customer("1", name="佐藤一郎", birth_on="1960-01-01", **HOME),
        customer("2", **double),
        customer("3"),
    ]
    assert objected(shop_of(tmp_path, people, objection("1"))) == 2


def strangers_that_leave(folder, people):
    """Export threes of customers, a refuser, the same person again and a stranger: only strangers leave.

    Gives their rows, and how many rows were kept in as refusers'.
    """
    refusers, strangers = people[::3], people[2::3]
    shop = shop_of(folder, people, *(objection(row["customer_id"]) for row in refusers))
    report = run(shop)
    left = delivered(report)["customers"]
    assert [row["address"] for row in left] == [row["address"] for row in strangers]
    return left, report.outcomes[0].account["customers"].objected


def test_a_home_is_one_however_its_number_is_written(tmp_path):
    homes = [
        *("山形市緑町二丁目3番4号", "山形市緑町二ノ三ノ四", "山形市緑町2の3の4", "山形市緑町2,3,4"),
        *("山形市緑町2─3─4", "〒990-0001 山形市緑町2-3-4", "山形市緑町2-3-4 コーポ緑101"),
        *("山形市緑町2-3-4 佐藤様方", "山形県東村山郡山形市緑町2-3-4"),
        *("山形市緑町2-3-4-101", "山形市緑町2-3-4 101号"),
    ]
    people = [
        customer(f"{which}{town}", name="安孫子 清", address=home.replace("緑町", f"{town}町"))
        for town, written in zip("緑桜旭栄幸泉松梅竹柳宮", homes, strict=True)
        for which, home in enumerate(("山形市緑町2-3-4", written, "山形市緑町2-3-5"))
    ]
    left, kept_in = strangers_that_leave(tmp_path, people)
    assert kept_in == 2 * len(left)


@pytest.mark.parametrize(
    ("one", "other"), [("鶴ヶ島市脚折", "鶴が島市脚折"), ("札幌市北五条", "札幌市北5条")]
)
def test_a_place_is_one_however_it_is_written(tmp_path, one, other):
    people = [
        customer("1", name="安孫子 清", address=f"{one}十二番地"),
        customer("2", name="安孫子 清", address=f"{other}12"),
    ]
    assert objected(shop_of(tmp_path, people, objection("1"))) == 2


def test_a_name_is_one_however_it_is_written(tmp_path):
    pairs = [
        *(("瀨戸 淸", "瀬戸 清"), ("澁谷 實", "渋谷 実"), ("兒玉 圓", "児玉 円")),
        *(
            ("辻 太郎", "辻\U000e0100 太郎"),
            ("辻 太郎", "辻\u200b太郎"),
            ("さとう ゆき", "サトウ ユキ"),
        ),
        *(("安孫子 清", "安孫子 清※"), ("安孫子 清", "故 安孫子 清"), ("安孫子 清", "安孫子 清①")),
        *(("安孫子 清", "＊安孫子 清"), ("安孫子 清", "安孫子 清 2台目")),
        *(("(同)アビコ", "合同会社アビコ"), ("(有)安孫子商店", "安孫子商店(有)")),
    ]
    own = [
        ({column: written.format(number)}, pair)
        for number, pair in enumerate(pairs, start=10)
        for column, written in (("mobile_phone", "060-1111-22{}"), ("email", "a{}@example.jp"))
    ]
    people = [
        customer(f"{which}-{place}", name=name, **contact)
        for place, (contact, pair) in enumerate(own)
        for which, name in enumerate((*pair, "別の 人"))
    ]
    left, kept_in = strangers_that_leave(tmp_path, people)
    assert kept_in == 2 * len(left)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "グエン チャン"}, {"name": "グエン・ヴァン・ナム"}),
        (
            {"name": "佐藤 一郎", "name_kana": "サトウ"},
            {"name": "佐藤 花子", "name_kana": "サトウ様"},
        ),
        ({"name": "大和"}, {"name": "大和内科"}),
        ({"name": "江 太郎"}, {"name": "祖父江 太郎"}),
        ({"name": "別 人", "address": "姫路市12-甲"}, {"name": "別 人", "address": "姫路市12-乙"}),
    ],
)
def test_whoever_is_somebody_else_leaves(tmp_path, one, other):
    contact = {"mobile_phone": "090-1111-2222"} if one.get("name_kana") else {}
    people = [customer("1", **one, **contact), customer("2", **other, **contact)]
    account = run(shop_of(tmp_path, people, objection("1"))).outcomes[0].account["customers"]
    assert (account.delivered, account.objected, account.withheld) == (1, 1, 0)


def test_a_reading_or_a_name_written_in_kana_with_one_mobile_is_one_person(tmp_path):
    contact = {"mobile_phone": "090-1111-2222"}
    people = [
        customer("1", name="安孫子 清", name_kana="ｱﾋﾞｺ ｷﾖｼ", **contact),
        customer("2", name="アビコ　きよし", **contact),
        customer("3", name="安彦 喜代志", name_kana="アビコ キヨシ", fax="090-1111-2222"),
    ]
    assert objected(shop_of(tmp_path, people, objection("1"))) == 3


@pytest.mark.parametrize(
    ("name", "address"), [("兒玉 實", "山形市緑町2の3の4"), ("児玉 さくら", "山形市緑町二丁目3番")]
)
def test_who_was_remembered_by_an_earlier_version_is_still_known(
    tmp_path, monkeypatch, name, address
):
    from transforms import identity

    who = {"name": name, "address": address, "mobile_phone": "090-1111-2222"}
    shop = shop_of(tmp_path, [customer("1", **who), customer("2")], objection("1"))
    with monkeypatch.context() as before:
        before.setattr(identity, "fold_names", identity.fold_names_as_before)
        before.setattr(identity, "fold_homes", identity.fold_addresses_as_before)
        run(shop)
    for again in (who, {**who, "address": ""}, {**who, "mobile_phone": ""}):
        write_table(shop, "customers", [customer("11", **again), customer("2")])
        assert objected(shop) == 1


@pytest.mark.parametrize("number", ["2", "2.0", "０２"])
@pytest.mark.parametrize("objector", ["000001", "000002"])
def test_who_is_merged_by_a_number_a_spreadsheet_spoilt_is_one_person(tmp_path, number, objector):
    people = [
        customer("000001", merged_into_customer_id=number),
        customer("000002"),
        customer("000003"),
    ]
    account = run(shop_of(tmp_path, people, objection(objector))).outcomes[0].account["customers"]
    assert (account.delivered, account.quarantined, account.objected) == (1, 1, 1)


def test_a_contact_that_is_an_objectors_own_is_emptied_in_other_rows(tmp_path):
    is_kept = {
        ("mobile_phone", "090-5555-9999"): True,
        ("fax", "０９０５５５５９９９９"): True,
        ("phone", "090-5555-9999"): True,
        ("email", "Kiyoshi@example.jp"): True,
        ("email", "09055559999@docomo.ne.jp"): True,
        ("phone", "023-600-1111"): False,
        ("mobile_phone", "090-5555-9998"): False,
    }
    person = {
        "mobile_phone": "090-5555-9999",
        "email": "kiyoshi@example.jp",
        "phone": "023-600-1111",
    }
    others = {
        (column, value): customer(f"2{place}", **{column: value})
        for place, (column, value) in enumerate(is_kept)
    }
    people = [customer("1", name="安孫子 清", **person), *others.values()]
    report = run(shop_of(tmp_path, people, objection("1")))
    rows = {row["name"]: row for row in delivered(report)["customers"]}
    assert {
        (column, value): rows[other["name"]][column] == ""
        for (column, value), other in others.items()
    } == is_kept
    assert report.outcomes[0].cells == {"withheld:names_objector": 5}


@pytest.mark.parametrize(
    ("column", "written", "own"),
    [
        ("phone", "090-5555-9999 / 080-2222-3333", {"mobile_phone": "080-2222-3333"}),
        (
            "mobile_phone",
            "０９０ー５５５５ー９９９９、妻０８０２２２２３３３３",
            {"phone": "08022223333"},
        ),
        ("email", "a@example.jp, Kiyoshi@example.jp", {"email": "kiyoshi@example.jp"}),
    ],
)
class TestAContactInACellThatCannotBeRead:
    def test_still_tells_that_another_row_is_the_same_persons(self, tmp_path, column, written, own):
        broken = customer("1", name="安孫子 清", **{column: written})
        again = customer("2", name="安孫子　清", **own)
        shop = shop_of(tmp_path, [broken, again, customer("3")], objection("1"))
        account = run(shop).outcomes[0].account["customers"]
        assert (account.delivered, account.quarantined, account.objected) == (1, 1, 1)
        broken["customer_id"], again["customer_id"] = "2", "1"
        shop = shop_of(tmp_path, [broken, again, customer("3")], objection("1"))
        account = run(shop).outcomes[0].account["customers"]
        assert (account.delivered, account.quarantined, account.objected) == (1, 1, 1)

    def test_is_emptied_in_other_peoples_rows(self, tmp_path, column, written, own):
        people = [customer("1", name="安孫子 清", **{column: written}), customer("2", **own)]
        report = run(shop_of(tmp_path, people, objection("1")))
        (row,) = delivered(report)["customers"]
        assert [row[name] for name in own] == [""]


@pytest.mark.parametrize(
    "lost", [{"name": "?田 一郎"}, {"name_kana": "ナガ？ イチロウ"}, {"address": "山形市〓町1番地"}]
)
def test_who_cannot_be_recognised_for_a_lost_character_stays(tmp_path, lost):
    home = {"name": "永田 一郎", "address": "山形市緑町1番地"}
    people = [customer("1", **home), customer("2", **{**home, **lost}), customer("3")]
    shop = shop_of(tmp_path, people, objection("1"))
    account = run(shop).outcomes[0].account["customers"]
    assert (account.delivered, account.quarantined, account.objected) == (1, 1, 1)


def test_what_a_car_cost_before_its_keeper_had_it_does_not_leave(tmp_path):
    cost = {"vehicle_id": "V1", "cost_kind": "自賠責保険料", "amount_jpy": "100"}
    costs = [
        {**cost, "vehicle_cost_id": f"T{day}", "incurred_on": f"2026-10-{day}"} for day in (5, 20)
    ]
    shop = shop_of(
        tmp_path,
        [customer("1"), customer("2")],
        objection("1"),
        vehicles=[vehicle("V1", "2", acquired_on="2026-10-20")],
        vehicle_costs=[
            {**each, "incurred_on": each["incurred_on"].replace("-5", "-05")} for each in costs
        ],
    )
    outcome = run(shop).outcomes[0]
    assert outcome.account["vehicle_costs"].delivered == 1
    assert outcome.reasons["vehicle_costs"] == {"out_of_scope: former_keeper": 1}


def test_father_and_son_of_one_name_are_told_apart_by_birth(tmp_path):
    people = [
        customer("1", name="佐藤一郎", birth_on="1940-01-01", **HOME),
        customer("2", name="佐藤 一郎", birth_on="1970-01-01", **HOME),
    ]
    assert objected(shop_of(tmp_path, people, objection("1"))) == 1


def test_numbers_of_one_person_are_found_one_through_the_other(tmp_path):
    people = [
        customer("1", name="森 薫", mobile_phone="090-1111-2222"),
        customer("2", name="森　薫", mobile_phone="090-1111-2222", email="kaoru@example.jp"),
        customer("3", name="森薫", email="Kaoru@example.jp"),
    ]
    assert objected(shop_of(tmp_path, people, objection("1"))) == 3


def test_both_rows_of_a_doubled_number_are_the_objectors(tmp_path):
    people = [customer("1"), customer("9"), customer("9", name="安孫子 花代")]
    shop = shop_of(
        tmp_path, people, objection("9"), vehicles=[vehicle("V1", "1", usage="安孫子花代の送迎")]
    )
    report = run(shop)
    assert "安孫子花代".encode() not in bytes_of(Path(report.outcomes[0].path))
    assert report.unsettled_objections == 1


COMPANY = {
    "name": "株式会社山形運送",
    "name_kana": "ﾔﾏｶﾞﾀｳﾝｿｳ",
    "phone": "023-600-7777",
    "address": "山形市緑町1-2-3",
}


def test_a_company_is_recognised_however_its_mark_is_written(tmp_path):
    texts = [
        *("㈱山形運送様より入金", "(株)山形運送向け"),
        *("山形運送㈱ ヤマガタウンソウ", "電話600-7777へ"),
    ]
    shop = shop_of(
        tmp_path,
        [customer("1"), customer("9", **COMPANY)],
        objection("9"),
        vehicles=[vehicle(f"V{place}", "1", usage=text) for place, text in enumerate(texts)],
    )
    assert [row["usage"] for row in delivered(run(shop))["vehicles"]] == [""] * len(texts)


@pytest.mark.parametrize("refuser", ["株式会社山形運送", "山形運送株式会社"])
def test_a_refusing_firm_within_another_name_or_address_is_withheld_however_written(
    tmp_path, refuser
):
    named = [
        *("株式会社山形運送 山形支店", "（株）山形運送 山形支店", "㈱山形運送 山形支店"),
        *("山形運送㈱ 山形支店", "山形運送（株）社員寮", "有限会社朝日、（株）山形運送"),
        *("佐藤一郎（㈱山形運送）", "(有)朝日 (株)山形運送"),
    ]
    people = [
        *(customer(f"1{place}", name=name) for place, name in enumerate(named)),
        *(customer(f"2{place}", address=f"山形市緑町5 {name}") for place, name in enumerate(named)),
        customer("3", name="（株）山形運送機"),
    ]
    firm = customer("9", **{**COMPANY, "name": refuser, "name_kana": ""})
    report = run(shop_of(tmp_path, [*people, firm], objection("9")))
    told = {row["name"] for row in delivered(report)["customers"]}
    assert sorted(told & set(named)) == []
    assert "（株）山形運送機" in told
    assert {row["address"] for row in delivered(report)["customers"]} & {
        f"山形市緑町5 {name}" for name in named
    } == set()


@pytest.mark.parametrize(
    ("name", "text"), [("森 薫", "森薫さん紹介"), ("佐藤一郎様", "佐藤一郎さん紹介")]
)
def test_short_names_and_stored_honorifics_are_recognised(tmp_path, name, text):
    shop = shop_of(
        tmp_path,
        [customer("1"), customer("9", name=name)],
        objection("9"),
        vehicles=[vehicle("V1", "1", usage=text)],
    )
    assert delivered(run(shop))["vehicles"][0]["usage"] == ""


def test_a_name_in_passing_empties_an_address_and_withholds_a_name_with_its_row(tmp_path):
    people = [
        customer("1", address="山形市緑町5 佐藤一郎様方"),
        customer("2", name="鈴木花子（佐藤一郎の妻）"),
        customer("3", name="佐藤一郎太"),
        customer("9", name="佐藤 一郎"),
    ]
    outcome = run(
        shop_of(tmp_path, people, objection("9"), vehicles=[vehicle("V2", "2")])
    ).outcomes[0]
    assert outcome.account["customers"].withheld == outcome.account["vehicles"].withheld == 1
    assert outcome.account["customers"].delivered == 2
    assert "佐藤一郎様方".encode() not in bytes_of(Path(outcome.path))


_PASSING = (
    *(
        "佐藤花子（夫隠田秘一）",
        "佐藤花子(隠田秘一妻)",
        "佐藤花子（父隠田秘一）",
        "佐藤花子〔隠田秘一〕",
    ),
    *("隠田秘一→佐藤花子", "佐藤花子※隠田秘一", "佐藤花子－隠田秘一", "佐藤花子～隠田秘一"),
    *("佐藤花子＋隠田秘一", "佐藤花子 隠田秘一より", "隠田秘一と佐藤花子", "佐藤花子『隠田秘一』"),
    *(
        "㈲朝日 隠田秘一社長",
        "㈲朝日 専務隠田秘一",
        "㈲朝日 取締役隠田秘一",
        "担当隠田秘一",
        "紹介隠田秘一",
    ),
    *("佐藤花子|隠田秘一", "佐藤花子_隠田秘一", "隠田秘一部長", "佐藤花子*隠田 秘一*"),
    *("佐藤花子（オンダヒイチ）", "佐藤花子 090/9876/5432", "佐藤花子 090_9876_5432"),
    "佐藤花子 090、9876、5432",
)


def names_that_leave(tmp_path, names, *objectors):
    """The names of customers that leave, of those asked about and of nobody else."""
    people = [customer(f"1{place}", name=name) for place, name in enumerate(names)]
    told = [objection(each["customer_id"]) for each in objectors]
    shop = write_shop(tmp_path, {"customers": [*people, *objectors], "objections": told})
    return [row["name"] for row in delivered(run(shop)).get("customers", ())]


def test_a_name_with_anything_around_it_withholds_the_row_it_stands_in(tmp_path):
    objector = customer(
        "9", name="隠田 秘一", name_kana="オンダ ヒイチ", mobile_phone="090-9876-5432"
    )
    assert names_that_leave(tmp_path, [*_PASSING, "高橋 次郎"], objector) == ["高橋 次郎"]


def test_who_only_has_a_part_of_an_objectors_name_leaves(tmp_path):
    names = [
        "佐藤 和夫",
        "隠田 秘一郎",
        "小隠田 秘一",
        "隠田 秘二",
        "佐藤花子（妻）",
        "前隠田 秘一",
        "小野より子",
    ]
    objectors = [
        customer("7", name="小野"),
        customer("8", name="佐藤 和"),
        customer("9", name="隠田 秘一"),
    ]
    assert sorted(names_that_leave(tmp_path, names, *objectors)) == sorted(names)


def test_an_objectors_name_at_the_end_of_anothers_address_is_emptied(tmp_path):
    behind = [
        "C/O隠田秘一",
        "-A隠田秘一",
        "ハイツA101隠田秘一",
        "\n隠田秘一 様方",
        "一丁目隠田秘一",
    ]
    people = [
        customer(f"1{place}", address=f"山形市本町1-2-3{end}") for place, end in enumerate(behind)
    ]
    tables = {
        "customers": [*people, customer("9", name="隠田 秘一")],
        "objections": [objection("9")],
    }
    (outcome,) = run(write_shop(tmp_path, tables)).outcomes
    assert outcome.account["customers"].delivered == len(behind)
    assert "隠田".encode() not in bytes_of(Path(outcome.path))


def test_marks_nobody_sees_and_old_characters_hide_no_second_row(tmp_path):
    names = [
        *("衛藤 慎一", "\u202a衞藤 愼一\u202c", "衞藤\u2028愼一", "'衞藤 愼一", "×衞藤 愼一"),
        *("故衞藤愼一", "亡 衛藤慎一", "衞藤\u3164愼一", "衞藤\u2066愼一"),
    ]
    mobile = "090-9876-5432"
    people = [
        customer(f"1{place}", name=name, mobile_phone=mobile) for place, name in enumerate(names)
    ]
    objector = customer("9", name="衞藤 愼一", mobile_phone=mobile)
    tables = {"customers": [customer("1"), *people, objector], "objections": [objection("9")]}
    account = run(write_shop(tmp_path, tables)).outcomes[0].account["customers"]
    assert (account.delivered, account.objected) == (1, 1 + len(names))


def test_an_objectors_home_in_any_spelling_is_no_base_of_anothers_car(tmp_path):
    homes = ["2〜3〜4", "2~3~4", "2-03-04", "弐丁目参番四号", "2町目3-4", "ニ丁目3-4"]
    numbers = [f"V{place}" for place in range(len(homes))]
    objector = customer("9", name="隠田 秘一", address="山形市緑町2-3-4")
    tables = {
        "customers": [customer("1"), objector],
        "vehicles": [vehicle(number, "1") for number in numbers],
        "certificates": [
            {"vehicle_id": number, "base_location": f"山形市緑町{home}"}
            for number, home in zip(numbers, homes, strict=True)
        ],
        "objections": [objection("9")],
    }
    report = run(write_shop(tmp_path, tables))
    assert {row["base_location"] for row in delivered(report)["certificates"]} == {""}


@pytest.mark.parametrize("address", ["山形市緑町5 c/o 佐藤一郎", "山形市緑町5　佐藤 一郎"])
def test_an_address_with_a_name_behind_it_is_emptied(tmp_path, address):
    people = [customer("1", address=address), customer("9", name="佐藤 一郎")]
    outcome = run(shop_of(tmp_path, people, objection("9"))).outcomes[0]
    assert outcome.cells == {"withheld:names_objector": 1}
    assert "佐藤".encode() not in bytes_of(Path(outcome.path))


def test_a_family_name_alone_empties_nobodys_cell(tmp_path):
    people = [customer("1", name="佐藤 花子"), customer("9", name="佐藤")]
    assert (
        run(shop_of(tmp_path, people, objection("9"))).outcomes[0].account["customers"].delivered
        == 1
    )


def test_a_household_number_that_names_an_objector_among_others_is_withheld(tmp_path):
    names = [
        "佐藤一郎・花子",
        "佐藤一郎　他１名",
        "佐藤 一郎/花子",
        "佐藤一郎、花子",
        "花子（佐藤一郎内）",
        "佐藤一郎商店",
        "花子(佐藤一郎)",
        "有限会社サトウ 代表 佐藤一郎",
        "有限会社サトウ　佐藤 一郎",
        "佐藤花子（世帯主：佐藤一郎）",
    ]
    people = [
        *(customer(f"1{place}", name=name) for place, name in enumerate(names)),
        customer("2", name="小佐藤一郎"),
        customer("9", name="佐藤 一郎"),
    ]
    report = run(shop_of(tmp_path, people, objection("9")))
    assert [row["name"] for row in delivered(report)["customers"]] == ["小佐藤一郎"]
    account = report.outcomes[0].account["customers"]
    assert (account.withheld, account.delivered) == (len(names), 1)


def test_a_relative_written_in_kana_or_with_a_remark_is_recognised(tmp_path):
    names = [
        *(
            "ｻﾄｳ ｲﾁﾛｳ",
            "佐藤 一郎（別居）",
            "さとう いちろう",
            "佐藤 一郎（故）",
            "佐藤一郎、佐藤花子",
        ),
        *("父 佐藤 一郎", "佐藤一郎　他"),
    ]
    people = [customer("1"), customer("9", name="佐藤一郎", name_kana="サトウ　イチロウ")]
    family = [
        {"family_member_id": f"F{place}", "customer_id": "1", "name": name}
        for place, name in enumerate(names)
    ]
    report = run(shop_of(tmp_path, people, objection("9"), family_members=family))
    assert [row["name"] for row in delivered(report)["family_members"]] == []
    assert report.outcomes[0].account["family_members"].objected == len(names)


def test_a_relative_in_the_objectors_home_is_known_by_less(tmp_path):
    relatives = [
        *(("イチロウ", ""), ("一郎ちゃん", ""), ("一郎 (父)", ""), ("いちろう", "")),
        ("", "1940-05-05"),
    ]
    person = {"name": "佐藤一郎", "name_kana": "サトウ　イチロウ", "birth_on": "1940-05-05"}
    people = [
        customer("1", address="山形市緑町二丁目3番4号"),
        customer("2"),
        customer("9", **person, address="山形市緑町2-3-4"),
    ]
    family = [
        {"family_member_id": f"F{n}{place}", "customer_id": n, "name": name, "birth_on": birth_on}
        for n in ("1", "2")
        for place, (name, birth_on) in enumerate(relatives)
    ]
    report = run(shop_of(tmp_path, people, objection("9"), family_members=family))
    tables = delivered(report)
    homes = {row["customer_key"]: row["address"] for row in tables["customers"]}
    left = [
        (row["name"], row["birth_on"], homes[row["customer_key"]])
        for row in tables["family_members"]
    ]
    assert left == [(*each, people[1]["address"]) for each in relatives]
    assert report.outcomes[0].account["family_members"].objected == len(relatives)


def test_the_base_of_a_car_at_an_objectors_home_stays(tmp_path):
    people = [customer("1", name="甲", address="山形市西1-1"), customer("9", **HOME)]
    paper = {
        "vehicle_id": "V1",
        "user_name": "甲",
        "user_address": "山形市西1-1",
        "base_location": "山形市緑町1-2-3",
    }
    shop = shop_of(
        tmp_path, people, objection("9"), vehicles=[vehicle("V1", "1")], certificates=[paper]
    )
    (row,) = delivered(run(shop))["certificates"]
    assert (row["user_name"], row["base_location"]) == ("甲", "")


def test_a_former_keepers_paper_does_not_go_out_with_the_car(tmp_path):
    people = [customer("1"), customer("9")]
    cars = [
        vehicle("V1", "1", chassis_number="AA1-0000001", plate="山形500あ1"),
        vehicle(
            "V9", "9", chassis_number="AA1-0000001", plate="山形500あ9", released_on="2024-01-01"
        ),
    ]
    paper = {"plate": "山形500あ9", "chassis_number": "AA1-0000001"}
    outcome = run(
        shop_of(tmp_path, people, objection("9"), vehicles=cars, certificates=[paper])
    ).outcomes[0]
    assert outcome.account["certificates"].delivered == 0


def test_ordinary_records_beside_an_objectors_raise_no_false_alarm(tmp_path):
    pairs = [
        ({"address": "双葉町2丁目14番地"}, {"replacement_intent": "双葉町2丁目14番地へ引取"}),
        ({"email": "sato@example.jp"}, {"email": "a-sato@example.jp"}),
        (
            {"email": "Taro@Example.jp", "name": "佐藤 太郎"},
            {"email": "taro@example.jp", "name": "佐藤 花子"},
        ),
        ({"phone": "643-8163"}, {"phone": "023-643-8163"}),
        ({"address": "緑町"}, {"address": "山形市緑町7"}),
        ({"address": "山形市"}, {"replacement_intent": "山形市内引取"}),
        ({"address": "山形市緑町1-2"}, {"replacement_intent": "山形市緑町1-2-5へ配達"}),
        ({"mobile_phone": "", "phone": "023-600-0001"}, {"phone": "023-600-0001"}),
    ]
    refusers = [customer(f"9{place}", **theirs) for place, (theirs, _) in enumerate(pairs)]
    others = [customer(f"1{place}", **ours) for place, (_, ours) in enumerate(pairs)]
    told = [objection(each["customer_id"]) for each in refusers]
    outcome = run(shop_of(tmp_path, [*refusers, *others], *told)).outcomes[0]
    assert outcome.account["customers"].delivered == len(pairs)


def test_a_home_spelt_in_two_ways_raises_no_false_alarm(tmp_path):
    people = [
        customer("9", address="山形市緑町1-2-3"),
        customer("1", name="甲", address="山形県山形市緑町1丁目2番3号"),
    ]
    paper = {"vehicle_id": "V1", "owner_name": "甲", "owner_address": "山形市緑町1-2-3"}
    shop = shop_of(
        tmp_path, people, objection("9"), vehicles=[vehicle("V1", "1")], certificates=[paper]
    )
    assert delivered(run(shop))["certificates"][0]["owner_address"] == "山形市緑町1-2-3"


def test_a_namesake_at_another_address_is_somebody_else_on_a_certificate(tmp_path):
    people = [customer("1", name="甲野 太郎", address="山形市緑町1-2-3"), customer("9")]
    paper = {"vehicle_id": "V1", "owner_name": "甲野太郎", "owner_address": "米沢市大町9-8-7"}
    shop = shop_of(
        tmp_path, people, objection("9"), vehicles=[vehicle("V1", "1")], certificates=[paper]
    )
    (row,) = delivered(run(shop))["certificates"]
    assert (row["owner_name"], row["owner_address"]) == ("", "")


def test_a_short_home_is_still_known_as_the_base_of_a_car(tmp_path):
    people = [customer("9", address="双葉町2丁目14番地"), customer("1", name="甲")]
    paper = {"vehicle_id": "V1", "user_name": "甲", "base_location": "双葉町2-14"}
    shop = shop_of(
        tmp_path, people, objection("9"), vehicles=[vehicle("V1", "1")], certificates=[paper]
    )
    assert delivered(run(shop))["certificates"][0]["base_location"] == ""


def test_a_refusal_that_turns_into_consent_is_missed(tmp_path):
    people = [customer(str(n)) for n in range(10)]
    shop = shop_of(
        tmp_path, people, *[objection(str(n), scope="拒否" if n < 5 else "可") for n in range(10)]
    )
    text = (shop / "shop.toml").read_text()
    words = '["tables"."objections"."values"]\nscope = { "可" = "no_objection" }\n["tables"."family_members"]'
    (shop / "shop.toml").write_text(text.replace('["tables"."family_members"]', words))
    assert run(shop).outcomes[0].account["customers"].objected == 5
    write_table(shop, "objections", [objection(str(n), scope="可") for n in range(10)])
    with pytest.raises(HeldError, match="of 5 objections that stood in the records, 5 are gone"):
        run(shop)


def test_odd_chassis_numbers_and_plates_raise_no_false_alarm(tmp_path):
    cars = [
        vehicle("V9", "9", chassis_number="DAA-ZVW50", plate="あ10-01"),
        vehicle("V8", "9", chassis_number="100020"),
        vehicle("V1", "1", usage="あ10-01 DAA-ZVW50"),
    ]
    papers = [{"vehicle_id": "V1", "model_code": "DAA-ZVW50", "chassis_number": "ABC12-100020"}]
    shop = shop_of(
        tmp_path, [customer("1"), customer("9")], objection("9"), vehicles=cars, certificates=papers
    )
    assert run(shop).outcomes[0].account["vehicles"].delivered == 1


def test_a_register_without_objections_is_believed_only_if_the_shop_says_so(tmp_path):
    shop = write_shop(tmp_path, {"customers": [customer("1")]})
    with pytest.raises(ObjectionsUnreliableError, match="objections_may_be_empty"):
        run(shop)
    text = (
        (shop / "shop.toml")
        .read_text()
        .replace('["limits"]', '["limits"]\nobjections_may_be_empty = true')
    )
    (shop / "shop.toml").write_text(text)
    assert run(shop).outcomes[0].status == "published"


def test_people_swapped_or_lost_little_by_little_are_missed(tmp_path):
    shop = shop_of(
        tmp_path, [customer(str(n)) for n in range(40)], *[objection(str(n)) for n in range(20)]
    )
    run(shop)
    write_table(shop, "objections", [objection(str(n)) for n in range(5, 30)])
    with pytest.raises(HeldError, match="of 20 objections that stood in the records, 5 are gone"):
        run(shop)


def test_one_number_put_right_in_a_short_list_is_no_loss(tmp_path):
    people = [customer(f"00{n}") for n in range(5)]
    shop = shop_of(tmp_path, people, objection("001"), objection("2"), objection("003"))
    run(shop)
    write_table(shop, "objections", [objection("001"), objection("002"), objection("003")])
    assert objected(shop) == 3
    write_table(shop, "objections", [objection("001"), objection("002")])
    with pytest.raises(HeldError, match="of 3 objections that stood in the records, 1 are gone"):
        run(shop)


@pytest.mark.parametrize(
    "scope", ['values.scope = { "" = "no_objection" }', 'constants.scope = "no_objection"']
)
def test_blank_cannot_be_configured_to_mean_no_objection(tmp_path, scope):
    shop = shop_of(tmp_path, [customer("1")], objection("9"))
    text = (shop / "shop.toml").read_text()
    (shop / "shop.toml").write_text(
        text.replace('["tables"."objections"]\n', f'["tables"."objections"]\n{scope}\n')
    )
    with pytest.raises(ConfigurationError, match=r"widest refusal|cannot mean none"):
        run(shop)


def test_a_run_over_midnight_obeys_the_objections_of_the_new_day(tmp_path):
    shop = shop_of(
        tmp_path,
        [customer("1"), customer("2")],
        objection("1", effective_on="2026-11-03"),
        objection("99"),
    )
    before_midnight = datetime.fromisoformat("2026-11-02T23:59:50+09:00")

    def clock():
        is_written = list(shop.glob("drops/lotas/.*/drop.json"))
        struck.extend(is_written)
        return before_midnight + timedelta(minutes=bool(struck))

    struck = []
    outcome = run(shop, clock=clock).outcomes[0]
    assert outcome.account["customers"].objected == 1


@pytest.mark.parametrize("month", ["2026-11", "2031-01"])
def test_a_month_that_is_not_over_is_refused(tmp_path, month):
    with pytest.raises(RefusedError, match="not over"):
        run(shop_of(tmp_path, [customer("1")], objection("9")), month=month)


def test_an_older_certificate_does_not_stand_in_for_a_broken_newer_one(tmp_path):
    papers = [
        {"vehicle_id": "V1", "issued_on": "2024-01-01"},
        {"vehicle_id": "V1", "issued_on": "2026-01-01", "length_cm": "?"},
    ]
    shop = shop_of(
        tmp_path,
        [customer("1")],
        objection("9"),
        vehicles=[vehicle("V1", "1")],
        certificates=papers,
    )
    assert run(shop).outcomes[0].account["certificates"].delivered == 0


def test_rows_lost_to_an_encoding_are_kept_and_hold_the_run(tmp_path):
    terms = factories.agreement(delivery={"format": "csv", "encoding": "cp932"})
    people = [customer("1", name="🚗"), customer("2")]
    shop = write_shop(
        tmp_path,
        {"customers": people, "objections": [objection("9")]},
        terms,
        limits={"max_quarantined_share": 0.4},
    )
    with pytest.raises(HeldError, match="lotas: customers: 1 of 2"):
        run(shop)
    assert "unmappable_character" in (
        shop / "state" / "quarantine" / "lotas" / "customers.csv"
    ).read_text("utf-8-sig")


def test_a_stray_folder_blocks_nothing(tmp_path):
    shop = shop_of(tmp_path, [customer("1")], objection("9"))
    first = Path(run(shop).outcomes[0].path)
    (first / "manifest-sha256.txt").unlink()
    stray = first.with_name("monthly-2026-10-r2")
    stray.mkdir()
    (stray / "notes.txt").write_text("not a drop")
    assert run(shop).outcomes[0].drop_id == "lotas/monthly-2026-10-r3"


def test_a_damaged_drop_is_not_taken_for_what_the_partner_has(tmp_path):
    shop = shop_of(tmp_path, [customer("1")], objection("9"))
    first = Path(run(shop, now=NOW).outcomes[0].path)
    (first / "data" / "customers.csv").write_text("x")
    assert run(shop).outcomes[0].drop_id.endswith("-r2")


WRITTEN = {"name": "安孫子 花代", "mobile_phone": "090-8765-4321", "email": "hanayo@example.jp"}


def test_a_contact_written_in_any_way_tells_whose_row_it_is_and_leaves_with_nobody(tmp_path):
    phones = [
        *("TEL090-8765-4321", "M090-8765-4321", "090 8765 4321 080 1111 4321"),
        *("0908765432108011114321", "9087654321/8011114321", "90-8765-4321 妻", "090_8765_4321"),
    ]
    cases = [
        *({"phone": cell} for cell in phones),
        *({"mobile_phone": cell} for cell in ("9087654321.0", "090-8765-4321#2")),
        *({"email": f"{before}hanayo4321@example.jp"} for before in ("mailto:", "E:", "'")),
    ]
    people = []
    for place, (cells, given) in enumerate(zip(cases, "代子江美恵枝香奈乃菜音穂", strict=True)):
        own = {column: cell.replace("4321", f"43{place:02}") for column, cell in cells.items()}
        contact = {"phone": f"090-8765-43{place:02}"}
        if "email" in cells:
            contact = {"email": f"hanayo43{place:02}@example.jp"}
        people += [
            customer(f"1-{place}", name=f"安孫子 花{given}", **own),
            customer(f"2-{place}", name=f"安孫子　花{given}", **contact),
            customer(f"3-{place}", **contact),
        ]
    told, _ = strangers_that_leave(tmp_path, people)
    for row, cells in zip(told, cases, strict=True):
        assert row["email" if "email" in cells else "phone"] == "", cells


@pytest.mark.parametrize("number", ["123.0", "00123.00"])
def test_a_number_of_the_customers_that_a_spreadsheet_spoilt_is_still_meant(tmp_path, number):
    shop = shop_of(tmp_path, [customer(number), customer("1230"), customer("8")], objection("123"))
    assert objected(shop) == 1


@pytest.mark.parametrize("lost", ["安孫子 花?", "〓", "安孫子\ue000", ""])
def test_without_an_objectors_name_whoever_has_a_contact_or_home_of_theirs_stays(tmp_path, lost):
    theirs = {**WRITTEN, "address": "山形市緑町1-2-3"}
    again = {
        shared: customer(f"2{place}", name=WRITTEN["name"], **{shared: theirs[shared]})
        for place, shared in enumerate(("mobile_phone", "email", "address"))
    }
    people = [customer("1", **theirs | {"name": lost}), *again.values(), customer("3")]
    report = run(shop_of(tmp_path, people, objection("1")))
    left = {row["phone"] for row in delivered(report)["customers"]}
    assert [shared for shared, each in again.items() if each["phone"] in left] == []
    account = report.outcomes[0].account["customers"]
    assert (account.delivered, account.quarantined, account.objected) == (1, 1, len(again))


def test_a_record_without_cells_that_holds_an_objectors_number_still_tells_their_contacts(tmp_path):
    again = customer("2", name=WRITTEN["name"], mobile_phone=WRITTEN["mobile_phone"])
    shop = shop_of(
        tmp_path, [customer("000001", **WRITTEN), again, customer("3")], objection("000001")
    )
    path = shop / "records" / "customers.csv"
    header, first, *others = path.read_text().splitlines()
    path.write_text("\n".join([header, f"{first},x,y", *others, ""]))
    account = run(shop).outcomes[0].account["customers"]
    assert (account.delivered, account.quarantined, account.objected) == (1, 1, 1)


@pytest.mark.parametrize("number", ["9.0", "0009", "9、8"])
def test_a_relative_linked_by_a_spoilt_number_stays(tmp_path, number):
    relative = {"family_member_id": "F1", "customer_id": "1", "linked_customer_id": number}
    shop = shop_of(
        tmp_path,
        [customer("1"), customer("9")],
        objection("9"),
        family_members=[{**relative, "relation": "妻", "name": "安孫子 花代"}],
    )
    assert run(shop).outcomes[0].account["family_members"].objected == 1


def test_an_objectors_home_with_something_around_it_stays(tmp_path):
    bases = [
        "架空町9-8-7",
        "山形市架空町9-8-7 車庫",
        "山形県山形市架空町9-8-7 花ハイツ101",
        "山形市架空町9-8-7外1筆",
    ]
    me = customer("1", name="山田 太郎", address="山形市本町1-1")
    paper = {"user_name": "山田太郎", "user_address": "山形市本町1-1"}
    numbers = [f"V{place}" for place in range(len(bases))]
    shop = shop_of(
        tmp_path,
        [me, customer("9", address="山形市架空町九丁目8番7号")],
        objection("9"),
        vehicles=[vehicle(number, "1") for number in numbers],
        certificates=[
            {**paper, "vehicle_id": number, "base_location": base}
            for number, base in zip(numbers, bases, strict=True)
        ],
    )
    papers = delivered(run(shop))["certificates"]
    assert [row["base_location"] for row in papers] == [""] * len(bases)


def test_an_address_in_care_of_an_objector_stays(tmp_path):
    addresses = [
        *("山形市緑町5 安孫子花代方", "山形市緑町6 安孫子花代気付", "山形市緑町7 安孫子花代邸"),
        "山形市緑町8-101安孫子花代",
    ]
    people = [customer(f"1{place}", address=each) for place, each in enumerate(addresses)]
    shop = shop_of(tmp_path, [*people, customer("9", name=WRITTEN["name"])], objection("9"))
    rows = delivered(run(shop))["customers"]
    assert [row["address"] for row in rows] == [""] * len(addresses)


@pytest.mark.parametrize("cell", ["8\u30009", "8 9", "0008 0009", "8\t9"])
def test_all_who_stand_in_one_cell_of_an_objection_stay(tmp_path, cell):
    people = [customer(number) for number in ("1", "8", "9")]
    shop = shop_of(tmp_path, people, objection(cell))
    assert len(delivered(run(shop))["customers"]) == 1


@pytest.mark.parametrize("cell", ["8\x0b9", "8〜10", "8から10", "8.001E+03"])
def test_an_objection_that_names_nobody_for_sure_stops_the_run(tmp_path, cell):
    shop = shop_of(tmp_path, [customer("8"), customer("9")], objection(cell))
    with pytest.raises(ObjectionsUnreliableError, match="お客様番号のない申し出が 1 件"):
        run(shop)


def test_a_row_with_the_numbers_of_two_is_not_settled_as_ones_while_the_other_would_leave(tmp_path):
    people = [customer(number) for number in ("000101", "000102", "000103")]
    shop = shop_of(tmp_path, people, objection("000101、000102"))
    assert objected(shop) == 2
    with desk(shop).ledger.reading() as connection:
        (name,) = connection.scalars(select(tables.objections.c.objection_id))
    with pytest.raises(ConfigurationError, match="numbers of 1 other customers"):
        settle(desk(shop), name, "000101")
    assert objected(shop) == 2
    object_to(shop, "000102", partners=("broadleaf",))
    with pytest.raises(ConfigurationError, match="numbers of 1 other customers"):
        settle(desk(shop), name, "000101")
    later = NOW.date() + timedelta(days=200)
    object_to(shop, "000102", effective_on=later)
    for meant in ("000101", None):
        with pytest.raises(ConfigurationError, match="other customers"):
            settle(desk(shop), name, meant)
    object_to(shop, "000102")
    settle(desk(shop), name, "000101")
    assert objected(shop) == 2


def test_a_number_with_the_digits_of_two_is_settled_as_ones(tmp_path):
    shop = shop_of(tmp_path, [customer("0101"), customer("C101"), customer("2")], objection("101"))
    assert objected(shop) == 2
    with desk(shop).ledger.reading() as connection:
        (name,) = connection.scalars(select(tables.objections.c.objection_id))
    settle(desk(shop), name, "0101")
    assert objected(shop) == 1
