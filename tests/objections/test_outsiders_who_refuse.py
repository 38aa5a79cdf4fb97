"""Whoever has no number at all refuses by what they say of themselves, and is obeyed (policy §6: anyone)."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from flows.counter.held_in_doubt import held_in_doubt
from flows.counter.lifting import Choice, lift
from flows.counter.objecting import Refusal, record
from flows.counter.objection_list import standing_on
from flows.counter.outsiders import QUESTIONS, outsider, read_answer
from flows.counter.settling import settle
from flows.running.reconciling import examined
from ledger.chain import Damage
from schemas.errors import ConfigurationError, LedgerDoubtfulError
from tests.conftest import ROOT
from tests.factories import (
    NOW,
    PERSON,
    agreement,
    bytes_of,
    customer,
    delivered,
    desk,
    objection,
    run,
    write_shop,
    write_table,
)
from transforms.objections import AsOf

SELF = {
    "name": "芦野 千代子",
    "phones": "090-1234-5678",
    "email": "Chiyoko@example.jp",
    "address": "山形県山形市緑町二丁目3番4号",
    "birth_on": "昭和55年5月5日",
}
HOME = "山形市緑町2-3-4"


def one_who_says(**answers):
    return outsider({q: read_answer(q, answers.get(q, ""), NOW.date()) for q in QUESTIONS})


def object_to(shop, *, now=NOW, **said):
    """Record what an outsider says; `SELF` unless other answers are given."""
    answers = {question: said.pop(question) for question in QUESTIONS if question in said} or SELF
    terms = {"scope": "provision", "partners": (), "purposes": (), **said}
    refusal = Refusal(
        customer="",
        received_on=now.date(),
        effective_on=now.date(),
        channel="phone",
        is_in_records=True,
        **terms,
    )
    return record(desk(shop, now), refusal, one_who_says(**answers))


def shop_of(folder, *others, **tables):
    rows = {
        "customers": [customer("1", name="高橋 太郎", address=HOME), *others],
        "vehicles": [{"vehicle_id": "V1", "customer_id": "1"}],
        "objections": [objection("99")],
        **tables,
    }
    return write_shop(folder, rows, agreement(), agreement("broadleaf", purposes=("1.research",)))


def people(report, partner="lotas"):
    return {row["name"]: row for row in delivered(report, partner)["customers"]}


def test_what_is_theirs_in_anothers_row_stays_here(tmp_path):
    others = [
        customer("2", name="別の 人", mobile_phone="090-1234-5678"),
        customer("3", name="又別の 人", email="chiyoko@example.jp"),
        customer("4", name="甲 乙(芦野千代子紹介)"),
    ]
    shop = shop_of(tmp_path, *others)
    before = people(run(shop))
    assert before["別の 人"]["mobile_phone"] == "090-1234-5678"
    assert len(before) == 4
    object_to(shop)
    after = people(run(shop))
    assert set(after) == {"高橋 太郎", "別の 人", "又別の 人"}
    assert after["別の 人"]["mobile_phone"] == after["又別の 人"]["email"] == ""
    assert after["高橋 太郎"]["address"] == HOME, "who lives there too has refused nothing"


def bases(report):
    return sorted(row["base_location"] for row in delivered(report)["certificates"])


def test_a_car_kept_at_their_home_tells_no_base_but_the_customers_own(tmp_path):
    paper = {"model_code": "DAA-ZVW50", "base_location": HOME}
    own, others = (
        {"user_name": name, "user_address": address}
        for name, address in (("高橋 太郎", HOME), ("別の 人", "山形市架空町1番地"))
    )
    shop = shop_of(
        tmp_path,
        customer("2", name="別の 人", address=others["user_address"]),
        vehicles=[
            {"vehicle_id": "V1", "customer_id": "1"},
            {"vehicle_id": "V2", "customer_id": "2"},
        ],
        certificates=[
            {"vehicle_id": "V1", **paper, **own},
            {"vehicle_id": "V2", **paper, **others},
        ],
    )
    assert bases(run(shop)) == [HOME, HOME]
    object_to(shop)
    assert bases(run(shop)) == ["", HOME]


@pytest.mark.parametrize(
    ("name", "birth_on"), [("芦野 千代子", ""), ("芦野 千代子", "1980-05-05"), ("芦野千代子", "")]
)
def test_their_row_among_a_customers_family_does_not_leave(tmp_path, name, birth_on):
    family = [
        {"family_member_id": "F1", "customer_id": "1", "name": name, "birth_on": birth_on},
        {"family_member_id": "F2", "customer_id": "1", "name": "高橋 一郎"},
    ]
    shop = shop_of(tmp_path, family_members=family)
    object_to(shop)
    assert [row["name"] for row in delivered(run(shop))["family_members"]] == ["高橋 一郎"]


def test_a_relative_of_their_name_with_another_birth_date_leaves(tmp_path):
    row = {"family_member_id": "F1", "customer_id": "1", "name": "芦野 千代子"}
    shop = shop_of(tmp_path, family_members=[{**row, "birth_on": "2001-01-02"}])
    object_to(shop)
    assert len(delivered(run(shop))["family_members"]) == 1


def test_who_turns_out_to_be_a_customer_does_not_leave_and_that_is_told(tmp_path):
    shared = {
        "2": {"mobile_phone": "090-1234-5678"},
        "3": {"email": "chiyoko@example.jp"},
        "4": {"birth_on": "1980-05-05"},
        "5": {"address": HOME},
    }
    cards = [customer(number, name="芦野　千代子", **own) for number, own in shared.items()]
    shop = shop_of(tmp_path, *cards)
    taken = object_to(shop)
    assert taken.recognised == ("2", "3", "4", "5")
    assert set(people(run(shop))) == {"高橋 太郎"}


def test_who_becomes_a_customer_later_is_known(tmp_path):
    shop = shop_of(tmp_path)
    assert object_to(shop).recognised == ()
    run(shop)
    came = customer("7", name="芦野 千代子", mobile_phone="090-1234-5678")
    write_table(shop, "customers", [customer("1", name="高橋 太郎", address=HOME), came])
    assert set(people(run(shop))) == {"高橋 太郎"}


def test_a_namesake_leaves(tmp_path):
    shop = shop_of(tmp_path, customer("2", name="芦野 千代子"))
    assert object_to(shop).recognised == ()
    assert set(people(run(shop))) == {"高橋 太郎", "芦野 千代子"}


def test_nothing_but_keyed_digests_is_kept(tmp_path):
    shop = shop_of(tmp_path)
    object_to(shop)
    kept = b"\n".join(
        path.read_bytes() for path in sorted((shop / "state").rglob("*")) if path.is_file()
    )
    for value in ("芦野", "千代子", "5678", "12345678", "chiyoko", "Chiyoko", "緑町", "1980-05-05"):
        assert value.encode() not in kept
        assert value.encode("cp932") not in kept
    report = run(shop)
    for outcome in report.outcomes:
        assert "千代子".encode() not in bytes_of(shop / "drops" / outcome.drop_id)


def test_nobody_is_to_be_settled_and_the_month_is_not_held_up(tmp_path):
    shop = shop_of(tmp_path)
    taken = object_to(shop)
    assert taken.held.is_certain
    assert taken.held.perhaps == 0
    assert run(shop).unsettled_objections == 1  # of 99, whom nobody is
    with pytest.raises(ConfigurationError, match="nothing to settle"):
        settle(desk(shop), taken.objection_ids[0], "1")


def test_a_decision_cannot_make_forget_what_they_said(tmp_path):
    twice = [customer(n, name="芦野 千代子", mobile_phone="090-1234-5678") for n in ("2", "3")]
    other = customer("4", name="別の 人", mobile_phone="090-1234-5678")
    shop = shop_of(tmp_path, *twice, other)
    taken = object_to(shop)
    assert taken.recognised == ("2", "3")
    for chosen in ("3", None):
        with pytest.raises(ConfigurationError, match="without a number"):
            settle(desk(shop), taken.objection_ids[0], chosen)
    left = people(run(shop))
    assert set(left) == {"高橋 太郎", "別の 人"}
    assert left["別の 人"]["mobile_phone"] == ""


NEVER_BORN = {**SELF, "birth_on": ""}
BOTH = {"mobile_phone": "090-1234-5678", "address": HOME}


def numbered(cards):
    """Give cards as customers 2, 3 and so on."""
    return [customer(str(number), **card) for number, card in enumerate(cards, start=2)]


@pytest.mark.parametrize(
    ("said", "cards"),
    [
        (
            NEVER_BORN,
            [
                {"name": "芦野 ちよこ", **BOTH},
                {"name": "アシノ チヨコ", **BOTH},
                {"name": "高橋 恵", **BOTH},
                {"name": "高橋 千代子", "mobile_phone": "090-1234-5678"},
                {"name": "ラーメン大吉 芦野千代子", "email": "chiyoko@example.jp"},
                {"name": "恵", "mobile_phone": "090-1234-5678", "email": "chiyoko@example.jp"},
            ],
        ),
        (
            {**NEVER_BORN, "name": "旧姓芦野 高橋千代子"},
            [{"name": "芦野", "mobile_phone": "090-1234-5678"}],
        ),
        (
            {"name": "芦野 千代子", "phones": "023-643-8163"},
            [
                {"name": "芦野 千代子", "phone": "643-8163"},
                {"name": "芦野千代子", "phone": "023-643-8163 内線12"},
            ],
        ),
        (
            {"name": "芦野 千代子", "address": HOME},
            [{"name": "芦野 千代子", "address": "緑町2-3-4"}],
        ),
    ],
)
def test_a_card_near_them_is_held_back_as_near_a_customer(tmp_path, said, cards):
    near = numbered(cards)
    shop = shop_of(tmp_path, *near)
    object_to(shop, **said)
    assert set(people(run(shop))) == {"高橋 太郎"}
    held = {("customers", card["customer_id"]): ("broadleaf", "lotas") for card in near}
    assert held_in_doubt(desk(shop)) == held


@pytest.mark.parametrize(
    ("said", "cards"),
    [
        (
            SELF,
            [
                {"name": "高橋 花子", "birth_on": "1955-01-01", **BOTH},
                {"name": "高橋 恵", "mobile_phone": "090-1234-5678"},
                {"name": "芦野 千代子", "address": "緑町2-3-4", "birth_on": "2001-02-03"},
                {"name": "芦野 一郎", "address": HOME},
            ],
        ),
        (
            {**NEVER_BORN, "name_kana": "アシノ チヨコ"},
            [{"name": "芦野 一郎", "name_kana": "アシノ イチロウ", **BOTH}],
        ),
        (
            {"name": "芦野 千代子", "address": HOME},
            [{"name": "芦野 千代子", "address": "緑町2-3-6"}],
        ),
    ],
)
def test_a_family_or_a_namesake_told_apart_leaves(tmp_path, said, cards):
    shop = shop_of(tmp_path, *numbered(cards))
    object_to(shop, **said)
    assert set(people(run(shop))) == {"高橋 太郎", *(card["name"] for card in cards)}


def test_a_card_near_them_is_found_among_several_outsiders(tmp_path):
    near = customer("2", name="高橋 千代子", mobile_phone="090-1234-5678")
    shop = shop_of(tmp_path, near, customer("3", name="別の 人"))
    object_to(shop, name="今田 孝二", phones="080-8765-4321")
    object_to(shop, **NEVER_BORN)
    assert set(people(run(shop))) == {"高橋 太郎", "別の 人"}


def test_their_reading_in_care_of_does_not_leave(tmp_path):
    care_of = customer("2", name="別の 人", address="山形市架空町9番地 アシノ チヨコ様方")
    shop = shop_of(tmp_path, care_of)
    object_to(shop, **SELF, name_kana="アシノ チヨコ")
    assert people(run(shop))["別の 人"]["address"] == ""


def test_who_refuses_again_with_the_same_words_is_told_so(tmp_path):
    shop = shop_of(tmp_path)
    (first,) = object_to(shop).objection_ids
    again = object_to(shop)
    assert again.standing == (first,)
    later = NOW + timedelta(hours=1)
    choice = Choice(first, None, None, (), (), is_all=False)
    lifted = lift(desk(shop, later), choice, None, NOW.date(), None)
    assert lifted.standing == again.objection_ids


@pytest.mark.parametrize(
    "lost",
    [
        "DELETE FROM objection_mentions WHERE objection_id = 'K00001'",
        "DELETE FROM objection_traits WHERE objection_id = 'K00001' AND kind = 'identity'",
        "UPDATE objection_mentions SET marks = substr(marks, 10) WHERE objection_id = 'K00001'",
    ],
)
def test_marks_that_are_lost_stop_the_run_and_the_audit_says_so(tmp_path, lost):
    shop = shop_of(tmp_path)
    object_to(shop)
    ledger = shop / "state" / "ledger.db"
    with closing(sqlite3.connect(ledger)) as connection, connection:
        assert connection.execute(lost).rowcount
    with pytest.raises(LedgerDoubtfulError):
        run(shop)
    found = examined(desk(shop).ledger, [])
    assert [each.damage for each in found] == [Damage.CHANGED]


def test_marks_learned_later_are_no_damage(tmp_path):
    shop = shop_of(tmp_path, customer("", name="芦野 千代子", mobile_phone="090-1234-5678"))
    object_to(shop)
    assert set(people(run(shop))) == {"高橋 太郎"}
    assert examined(desk(shop).ledger, []) == []


def test_a_refusal_to_one_partner_concerns_only_that_one(tmp_path):
    shop = shop_of(tmp_path, customer("2", name="別の 人", mobile_phone="090-1234-5678"))
    taken = object_to(shop, partners=("lotas",))
    assert len(taken.objection_ids) == 1
    report = run(shop)
    assert people(report, "lotas")["別の 人"]["mobile_phone"] == ""
    assert people(report, "broadleaf")["別の 人"]["mobile_phone"] == "090-1234-5678"


def test_each_of_several_partners_gets_an_objection_of_its_own(tmp_path):
    shop = shop_of(tmp_path, customer("2", name="別の 人", mobile_phone="090-1234-5678"))
    taken = object_to(shop, partners=("lotas", "broadleaf"))
    assert len(taken.objection_ids) == 2
    later = NOW + timedelta(hours=1)
    choice = Choice(taken.objection_ids[0], None, None, (), (), is_all=False)
    lift(desk(shop, later), choice, None, NOW.date(), None)
    report = run(shop, now=later + timedelta(hours=1))
    assert people(report, "lotas")["別の 人"]["mobile_phone"] == "090-1234-5678"
    assert people(report, "broadleaf")["別の 人"]["mobile_phone"] == ""


def test_two_who_have_no_number_are_two(tmp_path):
    others = [
        customer("2", name="別の 人", mobile_phone="090-1234-5678"),
        customer("3", name="又別の 人", mobile_phone="080-8765-4321"),
    ]
    shop = shop_of(tmp_path, *others)
    first = object_to(shop)
    second = object_to(shop, name="今田 孝二", phones="080-8765-4321")
    assert second.standing == ()
    assert first.objection_ids != second.objection_ids
    every = standing_on(desk(shop), AsOf(NOW.date())).rows
    (one, other) = (r for r in every if r.listed.objection_id.startswith("K"))
    assert set(one.listed.persons).isdisjoint(other.listed.persons)
    left = people(run(shop))
    assert left["別の 人"]["mobile_phone"] == left["又別の 人"]["mobile_phone"] == ""


def test_records_that_cannot_be_read_hold_no_refusal_up(tmp_path):
    shop = shop_of(tmp_path, customer("2", name="別の 人", mobile_phone="090-1234-5678"))
    records = shop / "records" / "customers.csv"
    away = records.rename(shop / "away.csv")
    taken = object_to(shop)
    assert not taken.are_records_read
    away.rename(records)
    assert people(run(shop))["別の 人"]["mobile_phone"] == ""


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("name", ""),
        ("name", "千代子"),
        ("name", "芦野?代子"),
        ("name", "氏名 不明"),
        ("name", "090-1234 5678"),
        ("name", "\udc88\udcb0 \udc96\udcec"),
        ("phones", "1234-5678"),
        ("phones", "夜だけ"),
        ("phones", "090-1234-5678 023-600-0001 023-600-0002 023-600-0003"),
        ("birth_on", "2050-01-01"),
        ("email", "chiyoko.example.jp"),
        ("birth_on", "去年"),
    ],
)
def test_an_answer_that_tells_nobody_is_refused_and_not_repeated(question, written):
    with pytest.raises(ConfigurationError) as refused:
        read_answer(question, written, NOW.date())
    assert not written or written not in str(refused.value)


def test_a_short_name_in_two_parts_is_a_whole_one():
    assert read_answer("name", "林 修", NOW.date()).to_pylist() == ["林 修"]


def command(shop, answers, *more):
    said = ("--scope", "provision", "--received", "2026-11-01", "--channel", "phone", *more)
    return subprocess.run(
        [
            *(sys.executable, "-m", "flows.command_line", "object", *said),
            *("--shop", str(shop), "--operator", PERSON),
        ],
        input="\n".join(answers) + "\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


ANSWERS = ["芦野 千代子", "", "090-1234-5678", "", "", ""]


def test_the_command_asks_who_it_is_and_repeats_nothing(tmp_path):
    shop = shop_of(tmp_path, customer("2", name="芦野 千代子", mobile_phone="090-1234-5678"))
    done = command(shop, ANSWERS, "--person")
    assert done.returncode == 0
    assert done.stdout.strip() == "K00001"
    assert "氏名" in done.stderr
    assert "お客様番号 2" in done.stderr
    for value in ("千代子", "5678"):
        assert value not in done.stdout + done.stderr


def test_the_command_records_nothing_of_an_answer_it_cannot_read(tmp_path):
    shop = shop_of(tmp_path)
    broken = command(shop, [*ANSWERS[:2], "5678", *ANSWERS[3:]], "--person")
    cut_off = command(shop, ANSWERS[:2], "--person")
    both = command(shop, ANSWERS, "--person", "--customer", "1")
    idle = command(shop, ANSWERS, "--person", "--not-in-records")
    neither = command(shop, ANSWERS)
    nowhere = command(shop, [], "--person", "--partner", "nosuch")
    every = (broken, cut_off, both, idle, neither, nowhere)
    assert [each.returncode for each in every] == [2, 1, 2, 2, 2, 2]
    assert "氏名" not in nowhere.stderr
    assert "nothing was recorded" in broken.stderr
    assert "--person" in both.stderr
    assert "--person" in neither.stderr
    rows = standing_on(desk(shop), AsOf(NOW.date()), with_ended=True).rows
    assert [row for row in rows if row.listed.objection_id.startswith("K")] == []


def test_bytes_of_another_encoding_and_a_closed_input_are_told(tmp_path):
    shop = shop_of(tmp_path)
    asked = [
        *(sys.executable, "-m", "flows.command_line", "object", "--person", "--scope", "provision"),
        *("--received", "2026-11-01", "--channel", "phone", "--shop", str(shop)),
        *("--operator", PERSON),
    ]
    strange = "\n".join(ANSWERS).encode("cp932") + b"\n"
    of_bytes = subprocess.run(asked, input=strange, capture_output=True, check=False, cwd=ROOT)
    assert of_bytes.returncode == ConfigurationError.exit_code
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *asked], capture_output=True, check=False, cwd=ROOT
    )
    assert closed.returncode == 1
    for done in (of_bytes, closed):
        assert b"Error in" not in done.stderr
