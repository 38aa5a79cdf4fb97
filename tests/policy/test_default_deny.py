"""A value leaves only because something says it may; what nothing speaks of stays."""

import json
from pathlib import Path

import pytest

from flows.running.reasons import checked_reason
from schemas.errors import ConfigurationError, RefusedError
from tests import factories
from tests.factories import (
    agreement,
    customer,
    joined,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
)

SECRET = "この文字は外に出ない"


def add_column(path: Path, header: str, value: str) -> None:
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},{header}", *(f"{row},{value}" for row in rows)]) + "\n")


def one_of_everything(**values):
    return joined(
        {
            "customers": [customer("1", **values)],
            "vehicles": [vehicle("V1", "1")],
            "objections": [objection("99")],
        },
        slip("S1", "1", "V1"),
    )


def test_a_new_source_column_changes_no_byte_of_the_data(tmp_path):
    shop = write_shop(tmp_path, one_of_everything())
    before = run(shop).outcomes[0]
    for table in ("customers", "repair_lines", "invoices"):
        add_column(shop / "records" / f"{table}.csv", "LINEアカウント", SECRET)
    after = run(shop).outcomes[0]
    assert after.status == "unchanged"
    assert SECRET.encode() not in factories.bytes_of(Path(before.path))


def test_a_column_outside_the_agreement_is_not_written(tmp_path):
    terms = factories.agreement(tables={"customers": {"columns": ["name"]}})
    shop = write_shop(
        tmp_path, one_of_everything(occupation=SECRET, email="secret@example.jp"), terms
    )
    found = factories.bytes_of(Path(run(shop).outcomes[0].path))
    assert SECRET.encode() not in found
    assert b"secret@example.jp" not in found
    assert b"visits" not in found


def test_our_own_numbers_never_leave(tmp_path):
    tables = joined(
        {
            "customers": [customer("CUST-777")],
            "vehicles": [vehicle("CAR-888", "CUST-777")],
            "objections": [objection("99")],
        },
        slip("SLIP-999", "CUST-777", "CAR-888"),
    )
    shop = write_shop(
        tmp_path,
        tables,
        factories.agreement(),
        factories.agreement("broadleaf", delivery={"format": "parquet"}),
    )
    for found in factories.texts_of(run(shop)):
        for number in ("CUST-777", "CAR-888", "SLIP-999"):
            assert number not in found


def test_partners_cannot_link_their_keys_and_keep_them_from_month_to_month(tmp_path):
    shop = write_shop(
        tmp_path, one_of_everything(), factories.agreement(), factories.agreement("broadleaf")
    )
    first = run(shop)
    keys = [
        factories.delivered(first, p)["customers"][0]["customer_key"]
        for p in ("lotas", "broadleaf")
    ]
    again = factories.delivered(run(shop, month="2026-09"))["customers"][0]["customer_key"]
    assert keys[0] != keys[1]
    assert again == keys[0]


def test_a_lost_key_is_not_quietly_replaced(tmp_path):
    shop = write_shop(tmp_path, one_of_everything())
    run(shop)
    (shop / "state" / "keys" / "lotas.key").unlink()
    with pytest.raises(ConfigurationError, match="restore it from the backup"):
        run(shop, month="2026-09")


def test_a_month_before_the_notice_is_refused(tmp_path):
    shop = write_shop(tmp_path, one_of_everything())
    with pytest.raises(RefusedError, match="before the notice"):
        run(shop, month="2022-12")


def test_an_unknown_partner_is_refused(tmp_path):
    shop = write_shop(tmp_path, one_of_everything())
    with pytest.raises(RefusedError, match="no agreement"):
        run(shop, partners=("toyota",))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "admin",
        "ＡＤＭＩＮ",
        "Test",
        "受付",
        "スタッフ",
        " root ",
        "admin1",
        "test user",
        "admin@shop",
        "店長１",
        "オペレータ",
        "user-pc",
        *("アルバイト", "代表取締役", "店員Ａ", "front desk", "none", "x"),
    ],
)
def test_shared_names_are_refused(tmp_path, name):
    shop = write_shop(tmp_path, one_of_everything())
    with pytest.raises((RefusedError, ConfigurationError)):
        run(shop, operator=name)


@pytest.mark.parametrize(
    "reason", ["佐藤様のお申し出のため", "サトウさんから電話", "秘密太郎氏の件、至急", "渡辺さま"]
)
def test_a_reason_that_speaks_of_somebody_is_refused_without_being_repeated(tmp_path, reason):
    shop = write_shop(tmp_path, one_of_everything())
    with pytest.raises(ConfigurationError, match="様 behind a name") as refused:
        run(shop, reason=reason)
    assert reason[:2] not in str(refused.value)


@pytest.mark.parametrize(
    "reason",
    [
        "お客様のお申し出",
        "奥様からの電話",
        "保険屋さんの依頼",
        "ロータス同友会様のご依頼",
        "ご家族様から",
        "仕様の変更、同様の件",
        "たくさんの訂正",
        *(
            "修正さまざま",
            "旧氏併記への対応",
            "帳票様変更のため",
            "店舗君津の分",
            "色々様変わりした",
        ),
    ],
)
def test_a_reason_that_speaks_of_nobody_is_accepted(reason):
    assert checked_reason(reason) == reason


@pytest.mark.parametrize("reason", ["090-1234-5678 より依頼", "顧客 000123 の件", "a@example.jp"])
def test_a_reason_with_personal_data_is_refused(tmp_path, reason):
    shop = write_shop(tmp_path, one_of_everything())
    with pytest.raises(ValueError, match="reason"):
        run(shop, reason=reason)


def test_each_delivered_column_cites_its_items(tmp_path):
    outcome = run(write_shop(tmp_path, one_of_everything())).outcomes[0]
    drop = json.loads((Path(outcome.path) / "drop.json").read_text())
    for table in drop["tables"]:
        for column in table["columns"]:
            assert column["items"] or column["name"].endswith("_key")


def test_an_agreement_that_grows_under_its_old_version_is_refused_until_it_has_a_new_one(tmp_path):
    narrow = {"customers": {"columns": ["name"]}}
    wide = {"customers": {"columns": ["name", "birth_on"]}}
    people = {"customers": [customer("1"), customer("2")], "objections": [objection("9")]}
    assert run(write_shop(tmp_path, people, agreement(tables=narrow))).outcomes[0].path
    shop = write_shop(tmp_path, people, agreement(tables=wide))
    with pytest.raises(RefusedError, match=r"customers\.birth_on"):
        run(shop, month="2026-09")
    assert not list((shop / "drops" / "lotas").glob("monthly-2026-09*"))
    shop = write_shop(tmp_path, people, {**agreement(tables=wide), "version": "2"})
    assert run(shop, month="2026-09").outcomes[0].status == "published"


def test_an_agreement_that_shrinks_or_is_edited_without_more_columns_is_no_new_one(tmp_path):
    wide = {"customers": {"columns": ["name", "birth_on"]}}
    people = {"customers": [customer("1"), customer("2")], "objections": [objection("9")]}
    run(write_shop(tmp_path, people, agreement(tables=wide)))
    shop = write_shop(tmp_path, people, agreement(tables={"customers": {"columns": ["name"]}}))
    assert run(shop, month="2026-09").outcomes[0].status == "published"
