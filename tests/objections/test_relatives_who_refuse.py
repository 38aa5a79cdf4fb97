"""A customer's relative who is no customer refuses by their own number, and is obeyed."""

from datetime import timedelta

import pytest

from flows.counter.lifting import Choice, lift
from schemas.errors import ConfigurationError
from tests.command import joint_use
from tests.factories import (
    NOW,
    PERSON,
    customer,
    delivered,
    desk,
    object_to,
    objection,
    run,
    write_shop,
    write_table,
)

HOME = {"address": "山形市緑町2-3-4", "phone": "023-600-0001", "mobile_phone": "090-1111-2222"}


def relative(number, name, **values):
    return {
        "family_member_id": number,
        "customer_id": "1",
        "relation": "妻",
        "name": name,
        **values,
    }


def shop_of(folder, *family):
    tables = {
        "customers": [customer("1", name="高橋 太郎", **HOME), customer("2", name="別の 人")],
        "family_members": family,
        "objections": [objection("99")],
        "vehicles": [{"vehicle_id": "V1", "customer_id": "1"}],
        "certificates": [
            {
                "vehicle_id": "V1",
                "model_code": "DAA-ZVW50",
                "user_name": "高橋 太郎",
                "user_address": HOME["address"],
            }
        ],
    }
    return write_shop(folder, tables)


def names(shop, **asked):
    return [row["name"] for row in delivered(run(shop, **asked)).get("family_members", [])]


@pytest.mark.parametrize(
    ("name", "birth_on"),
    [("高橋 花子", ""), ("高橋 花子", "1980-05-05"), ("花子", ""), ("花子", "1980-05-05")],
)
def test_a_relative_who_refused_does_not_leave_and_everybody_else_does(tmp_path, name, birth_on):
    own, other = relative("F1", name, birth_on=birth_on), relative("F2", "高橋 一郎")
    shop = shop_of(tmp_path, own, other)
    assert sorted(names(shop)) == sorted([name, "高橋 一郎"])
    object_to(shop, "F1")
    report = run(shop)
    assert [row["name"] for row in delivered(report)["family_members"]] == ["高橋 一郎"]
    assert report.outcomes[0].deleted == 1
    assert report.unsettled_objections == 1  # of 99, whom nobody is
    (holder, _) = delivered(report)["customers"]
    assert (holder["name"], holder["address"]) == ("高橋 太郎", HOME["address"])
    assert (holder["phone"], holder["mobile_phone"]) == (HOME["phone"], HOME["mobile_phone"])
    (paper,) = delivered(report)["certificates"]
    assert paper["user_address"] == HOME["address"]


def test_a_relative_who_refused_is_known_again_under_another_number(tmp_path):
    shop = shop_of(tmp_path, relative("F1", "高橋 花子", birth_on="1980-05-05"))
    object_to(shop, "F1")
    again = [relative("F7", "高橋　花子", birth_on="1980-05-05"), relative("F8", "高橋 恵")]
    write_table(shop, "family_members", again)
    assert names(shop) == ["高橋 恵"]


def test_a_relative_who_refused_is_not_named_on_anothers_card(tmp_path):
    shop = shop_of(tmp_path, relative("F1", "高橋 花子"))
    object_to(shop, "F1")
    people = [customer("1", name="高橋 太郎", **HOME), customer("3", name="甲 乙(高橋花子紹介)")]
    write_table(shop, "customers", people)
    assert [row["name"] for row in delivered(run(shop))["customers"]] == ["高橋 太郎"]


def test_a_relative_may_lift_the_refusal(tmp_path):
    shop = shop_of(tmp_path, relative("F1", "高橋 花子"))
    object_to(shop, "F1")
    assert names(shop) == []
    choice = Choice(None, "F1", None, (), (), is_all=False)
    later = NOW + timedelta(hours=1)
    lift(desk(shop, later), choice, None, NOW.date(), None)
    assert names(shop, now=later + timedelta(hours=1)) == ["高橋 花子"]


def test_the_command_takes_a_relatives_number_and_refuses_nobodys(tmp_path):
    shop = shop_of(tmp_path, relative("F1", "高橋 花子"))
    said = ("--scope", "provision", "--received", "2026-11-01", "--channel", "phone")
    asked = ("object", *said, "--shop", shop, "--operator", PERSON)
    done = joint_use(*asked, "--customer", "F1")
    assert done.returncode == 0
    assert "nobody" not in done.stderr
    refused = joint_use(*asked, "--customer", "F9")
    assert refused.returncode == ConfigurationError.exit_code
    assert "A relative who refuses is named by their own number" in refused.stderr
