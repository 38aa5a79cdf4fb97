"""Who refused and is erased from the records is still known where others' rows tell of them."""

import shutil
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.counter.reviewing import add_words
from flows.counter.settling import settle
from schemas.errors import ConfigurationError, RefusedError
from schemas.people import PHONE_COLUMNS
from tests.factories import (
    bytes_of,
    customer,
    delivered,
    desk,
    joined,
    object_to,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
)
from transforms.identity import IDENTITY_COLUMNS
from transforms.marks import marks_of
from transforms.mentions import Mentions, identities
from transforms.remembered import Gone

ERASED = {
    "name": "隠田 秘一",
    "name_kana": "オンダ ヒイチ",
    "address": "山形市秘密町9番地9",
    "phone": "023-699-9999",
    "mobile_phone": "090-9876-5432",
    "email": "hidden@example.jp",
    "birth_on": "1960-05-06",
}


def shops(tmp_path, erased=ERASED, **others):
    """Give a shop whose refuser was seen once, and is gone from the customers."""
    people = [customer(str(number)) for number in range(1, 5)]
    people[0] |= others.pop("first", {})
    tables = joined(
        {"customers": people, "vehicles": [vehicle("V1", "1")], **others}, slip("S1", "1", "V1")
    )
    gone = customer("9", **erased)
    shop = write_shop(tmp_path, joined(tables, {"customers": [gone]}))
    object_to(shop, "9")
    return write_shop(tmp_path, joined(tables, {"objections": [objection("77", scope="none")]}))


def test_what_tells_of_them_in_others_rows_leaves_nowhere(tmp_path):
    telling = [
        {"mobile_phone": "090-9876-5432"},
        {"phone": "090 9876 5432 / 023-600-0001"},
        {"email": "Hidden@example.jp"},
        {"email": "09098765432@docomo.ne.jp"},
        {"address": "山形市架空町1番地 隠田秘一様方"},
        {"address": "山形市架空町1番地1号隠田秘一方"},
        {"address": "山形市架空町1番地 電話09098765432"},
        {"name": "架空 花子・隠田 秘一"},
        {"name": "架空商会 代表 隠田秘一"},
        {"name_kana": "カクウ ハナコ / オンダ ヒイチ"},
        {"address": "山形市架空町1番地1号 023-699-9999"},
        {"address": "山形市架空町1番地1号（699-9999）"},
        {"replacement_intent": "隠田秘一様の紹介"},
    ]
    numbers = [f"1{place}" for place in range(len(telling))]
    cards = [customer(number, **cells) for number, cells in zip(numbers, telling, strict=True)]
    shop = shops(
        tmp_path,
        customers=[customer("1"), *cards],
        vehicles=[vehicle(f"V{number}", number) for number in ("1", *numbers)],
        **joined(*(slip(f"S{number}", number, f"V{number}") for number in numbers)),
    )
    report = run(shop)
    found = bytes_of(Path(report.outcomes[0].path)).decode("utf-8", "replace")
    rows = delivered(report)["customers"]
    told = [item for cells in telling for item in cells.items()]
    assert [cell for _, cell in told if cell in found] == []
    assert [cell for column, cell in told if cell in {row[column] for row in rows}] == []


def test_they_are_no_relative_of_anybody(tmp_path):
    relatives = [
        ({"address": "山形市秘密町９−９"}, {"name": "ヒイチ"}),
        ({"address": "山形市秘密町９−９"}, {"name": "秘一（夫）"}),
        ({}, {"name": "隠田 秘一"}),
        ({}, {"name": "オンダ ヒイチ"}),
        ({}, {"name": "隠田 秘一", "birth_on": "1960-05-06"}),
        ({}, {"name": "隠田秘一、隠田一子"}),
        ({"address": "山形市秘密町９−９"}, {"name": "秘一"}),
        ({"phone": "023-699-9999"}, {"name": "秘一"}),
        ({"phone": "023-699-9999"}, {"birth_on": "1960-05-06"}),
    ]
    holders = [customer(f"1{place}", **holder) for place, (holder, _) in enumerate(relatives)]
    family = [
        {"family_member_id": f"F1{place}", "customer_id": f"1{place}", **member}
        for place, (_, member) in enumerate(relatives)
    ]
    other = customer("2")
    stranger = {"customer_id": "2", "name": "架空 月子", "birth_on": "1999-01-01"}
    shop = shops(
        tmp_path,
        customers=[customer("1"), other, *holders],
        family_members=[*family, {"family_member_id": "F2", **stranger}],
    )
    tables = delivered(run(shop))
    homes = {row["customer_key"]: (row["address"], row["phone"]) for row in tables["customers"]}
    left = [
        (row["name"], row["birth_on"], *homes[row["customer_key"]])
        for row in tables["family_members"]
    ]
    assert left == [("架空 月子", "1999-01-01", other["address"], other["phone"])]


def test_namesakes_of_another_birth_date_and_their_household_leave(tmp_path):
    first = {"name": "隠田 秘一", "phone": "023-699-9999", "birth_on": "1999-01-01"}
    member = {"family_member_id": "F1", "customer_id": "2", "name": "隠田 秘一"}
    shop = shops(tmp_path, first=first, family_members=[{**member, "birth_on": "1999-01-01"}])
    tables = delivered(run(shop))
    assert {"隠田 秘一"} <= {row["name"] for row in tables["customers"]}
    assert "023-699-9999" in {row["phone"] for row in tables["customers"]}
    assert [row["name"] for row in tables["family_members"]] == ["隠田 秘一"]


@pytest.mark.parametrize(
    ("erased", "cells", "member"),
    [
        (
            {"name": "隠田さくらこ", "name_kana": "オンダヒイチロウ"},
            {"address": "山形市秘密町9-9"},
            {"name": "さくらこ"},
        ),
        (
            {"name_kana": "ワタナベ シュンイチロウ"},
            {"address": "山形市架空町1番地ワタナベシュンイチロウ様方"},
            {},
        ),
        (
            {"name": "クリストファー・ジョンソン"},
            {"address": "山形市1番地1 クリストファー・ジョンソン様方"},
            {},
        ),
    ],
)
def test_long_names_and_names_in_one_word_are_known(tmp_path, erased, cells, member):
    family = [{"family_member_id": "F1", "customer_id": "1", **member}] if member else []
    shop = shops(tmp_path, {**ERASED, **erased}, first=cells, family_members=family)
    tables = delivered(run(shop))
    assert tables["family_members"] == []
    if not member:
        assert cells["address"] not in {row["address"] for row in tables["customers"]}


def test_a_name_made_of_the_trades_words_leaves_in_no_line(tmp_path):
    tables = joined({"customers": [customer(str(n)) for n in range(1, 5)]}, slip("S1", "1", "V1"))
    tables = joined(tables, {"vehicles": [vehicle("V1", "1")]})
    tables["repair_lines"][0]["name"] = "平正 オイル交換"
    gone = customer("9", **{**ERASED, "name": "平 正", "name_kana": "タイラ タダシ"})
    write_shop(tmp_path, joined(tables, {"customers": [gone]}))
    object_to(tmp_path, "9")
    shop = write_shop(tmp_path, joined(tables, {"objections": [objection("77", scope="none")]}))
    assert [row["name"] for row in delivered(run(shop))["repair_lines"]] == ["", "オイル"]


def test_they_are_named_in_no_reason_and_are_no_word_of_the_trade(tmp_path):
    shop = shops(tmp_path)
    with pytest.raises(ConfigurationError, match="names a customer"):
        run(shop, reason="隠田秘一の消去のため")
    with pytest.raises(RefusedError, match="no word of the trade"):
        add_words(desk(shop), ["隠田秘一"])


def test_a_slip_of_the_pen_in_their_row_goes_with_its_correction(tmp_path):
    people = [customer(str(number)) for number in range(1, 4)]
    wrong = customer("9", **{**ERASED, "mobile_phone": people[1]["mobile_phone"]})
    refusal = {"objections": [objection("9")]}
    run(write_shop(tmp_path, {"customers": [*people, wrong], **refusal}))
    right = {**wrong, "mobile_phone": ERASED["mobile_phone"]}
    shop = write_shop(tmp_path, {"customers": [*people, right], **refusal})
    told = {row["mobile_phone"] for row in delivered(run(shop))["customers"]}
    assert told == {person["mobile_phone"] for person in people}


SPOUSE = {"name": "隠田 花子", "name_kana": "オンダ ハナコ", "mobile_phone": "090-1111-1111"}


@pytest.fixture(scope="module")
def with_their_row(tmp_path_factory):
    """A shop after the month in which their row is there, to be copied, and the others' rows."""
    people = [
        customer("1", mobile_phone=ERASED["mobile_phone"]),
        customer("2", address="山形市架空町1番地 隠田秘一様方"),
        *(customer(str(number)) for number in range(3, 8)),
    ]
    tables = {"customers": [*people, customer("9", **ERASED)], "objections": [objection("9")]}
    shop = write_shop(tmp_path_factory.mktemp("erased") / "shop", tables)
    run(shop)
    return shop, people


@pytest.mark.parametrize(
    "months",
    [
        [[customer("9")], [customer("9")]],
        [[customer("9", **ERASED), customer("9")], [customer("9")]],
        [[customer("9", **{**ERASED, **SPOUSE})], [customer("9", **{**ERASED, **SPOUSE})]],
        [[customer("9", name="＊＊＊", address="", phone="", mobile_phone="", email="")], []],
        [[customer("9", name="削除済", address="", phone="", mobile_phone="", email="")]] * 2,
        [[{"customer_id": "9", "kind": "individual"}], []],
        [[customer("9", **{**ERASED, "mobile_phone": ""})], []],
        [[customer("9", **{**ERASED, "mobile_phone": "000-0000-0000"})], []],
    ],
)
def test_whatever_becomes_of_their_row_does_not_hide_them(tmp_path, with_their_row, months):
    before, people = with_their_row
    shop = shutil.copytree(before, tmp_path / "shop")
    limits = {"max_quarantined_share": 0.5, "max_vanished_share": 1}
    for rows in months:
        tables = {"customers": [*people, *rows], "objections": [objection("9")]}
        report = run(write_shop(shop, tables, limits=limits))
    found = bytes_of(Path(report.outcomes[0].path)).decode("utf-8", "replace")
    assert ERASED["mobile_phone"] not in found
    assert "隠田秘一" not in found


def test_who_was_merged_by_mistake_gets_their_own_cells_back(tmp_path):
    people = [customer(str(number)) for number in range(1, 4)]
    refuser, refusal = customer("9", **ERASED), {"objections": [objection("9")]}
    merged = {**people[0], "merged_into_customer_id": "9"}
    run(write_shop(tmp_path, {"customers": [merged, *people[1:], refuser], **refusal}))
    shop = write_shop(tmp_path, {"customers": [*people, refuser], **refusal})
    told = {row["mobile_phone"] for row in delivered(run(shop))["customers"]}
    # Whom the merge made an objector stays one: only a person at the counter takes that back.
    assert told == {person["mobile_phone"] for person in people[1:]}


def test_settled_as_nobodys_after_erasure_they_are_still_known(tmp_path):
    people = [customer("1", mobile_phone=ERASED["mobile_phone"]), customer("2")]
    stated = {"objections": [objection(str(n), scope="none") for n in range(70, 75)]}
    shop = write_shop(tmp_path, {"customers": [*people, customer("0009", **ERASED)], **stated})
    (name,) = object_to(shop, "9", is_in_records=False)
    run(shop)
    write_shop(tmp_path, {"customers": people, **stated})
    settle(desk(shop), name, None)
    told = {row["mobile_phone"] for row in delivered(run(shop))["customers"]}
    assert told == {"", people[1]["mobile_phone"]}


def test_whoever_was_held_back_for_a_spoilt_number_is_known_when_gone(tmp_path):
    people = [customer("1", mobile_phone=ERASED["mobile_phone"]), customer("2")]
    objections = [
        {"objection_id": "R9", "customer_id": "9", "scope": "provision"},
        *(objection(str(n), scope="none") for n in range(70, 75)),
    ]
    stated = {"objections": objections}
    run(write_shop(tmp_path, {"customers": [*people, customer("0009", **ERASED)], **stated}))
    shop = write_shop(tmp_path, {"customers": people, **stated})
    told = {row["mobile_phone"] for row in delivered(run(shop))["customers"]}
    assert told == {"", people[1]["mobile_phone"]}


def _digest(texts):
    plain = [None if t is None else abs(hash(("secret", t))) for t in texts.to_pylist()]
    return pyarrow.array(plain, pyarrow.uint64())


_NAMES = ("隠田 秘一", "隠田秘一", "オンダ ヒイチ", "佐藤 一郎", "ワタナベシュンイチロウ")
_CONTACTS = (" 090-9876-5432 ", " hidden@example.jp ")
_AROUND = ("様", "方", "様方", "・", " ", "、", "代表", "他1名", "山形市秘密町9番地9", "１−２")
_PARTS = st.sampled_from([*_NAMES, *_CONTACTS, *_AROUND])


@given(st.lists(st.lists(_PARTS, min_size=1, max_size=5).map("".join), max_size=20))
def test_the_remembered_are_found_wherever_those_in_the_records_are(cells):
    row = dict.fromkeys(IDENTITY_COLUMNS)
    row |= {name: ERASED[name] for name in ("name", "name_kana", "address", "email")}
    row[PHONE_COLUMNS[0]] = "090-9876-5432"
    people = pyarrow.table(
        {name: pyarrow.array([cell], pyarrow.string()) for name, cell in row.items()}
    )
    marks = marks_of(people, _digest)
    assert set(marks.rows.tolist()) == {0}
    seen, gone = Mentions(identities(people)), Gone(np.unique(marks.digests), _digest)
    texts = pyarrow.array(cells, pyarrow.string())
    # But for what has anything at all around it: of the remembered nothing but digests is kept.
    nothing_around = [
        patch.object(Mentions, within, lambda _, cells: np.zeros(len(cells), bool))
        for within in ("_stand_within", "_hold_homes")
    ]
    with nothing_around[0], nothing_around[1]:
        for by_records, by_marks in (
            (seen.in_names, gone.in_names),
            (seen.are_phones, gone.are_contacts),
            (seen.are_emails, gone.are_contacts),
            (seen.are_homes, gone.are_homes),
        ):
            missed = by_records(texts) & ~by_marks(texts)
            assert not texts.filter(pyarrow.array(missed)).to_pylist()
    # Homes in running texts are the screen's: no word it does not know passes.
    texts = texts.filter(pc.invert(pc.match_substring(texts, "秘密町")))
    missed = seen.in_free_text(texts) & ~gone.in_free_text(texts)
    assert not texts.filter(pyarrow.array(missed)).to_pylist()


def test_a_refuser_in_the_records_with_a_name_as_long_hides_nobody(tmp_path):
    people = [customer("1"), customer("2", name="林 実"), customer("3"), customer("4")]
    tables = joined(slip("S1", "1", "V1"), {"vehicles": [vehicle("V1", "1")]})
    tables["repair_lines"][0]["name"] = "平正 オイル交換"
    gone = customer("9", **{**ERASED, "name": "平 正", "name_kana": "タイラ タダシ"})
    write_shop(tmp_path, joined(tables, {"customers": [*people, gone]}))
    object_to(tmp_path, "9")
    object_to(tmp_path, "2")
    stated = {"customers": people, "objections": [objection("77", scope="none")]}
    shop = write_shop(tmp_path, joined(tables, stated))
    assert [row["name"] for row in delivered(run(shop))["repair_lines"]] == ["", "オイル"]


def test_who_bore_a_remark_is_known_without_it(tmp_path):
    cells = {"address": "山形市架空町1番地 隠田秘一様方"}
    shop = shops(tmp_path, {**ERASED, "name": "隠田秘一 DM不要"}, first=cells)
    assert cells["address"] not in {row["address"] for row in delivered(run(shop))["customers"]}


@pytest.mark.parametrize("base", ["山形市中央秘密町9番地9", "中央秘密町9-9"])
def test_their_home_is_no_base_of_anothers_car(tmp_path, base):
    holder = {"name": "架空 花子", "address": "山形市架空町1番地"}
    paper = {"vehicle_id": "V1", "user_name": holder["name"], "user_address": holder["address"]}
    erased = {**ERASED, "address": "山形市中央秘密町9番地9"}
    papers = [{**paper, "base_location": base}]
    (row,) = delivered(run(shops(tmp_path, erased, first=holder, certificates=papers)))[
        "certificates"
    ]
    assert (row["user_name"], row["base_location"]) == (holder["name"], "")


def test_what_a_row_without_a_number_told_is_known_beside_another(tmp_path):
    people = [customer("1", mobile_phone="090-1111-2222"), *(customer(n) for n in "234")]
    both = [customer("9", **ERASED), customer("", **{**ERASED, "mobile_phone": "090-1111-2222"})]
    limits = {"max_vanished_share": 1}
    write_shop(tmp_path, {"customers": [*people, *both]}, limits=limits)
    object_to(tmp_path, "9")
    stated = {"objections": [objection("77", scope="none")]}
    run(write_shop(tmp_path, {"customers": [*people, *both], **stated}, limits=limits))
    shop = write_shop(tmp_path, {"customers": [*people, customer("")], **stated}, limits=limits)
    phones = {row["mobile_phone"] for row in delivered(run(shop))["customers"]}
    assert "090-1111-2222" not in phones
