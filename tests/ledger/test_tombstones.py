"""Whoever was delivered and no longer may be is told to be deleted, until the partner says it is done."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drops.verify import verify_drop
from flows.counter.desk import customer_number
from flows.counter.disclosure import disclose
from flows.counter.lifting import Choice, lift
from ledger.answer_book import AnswerBook
from ledger.drop_book import DropBook
from ledger.holdings_book import HoldingsBook
from schemas.acknowledgement import Acknowledgement
from schemas.drop import DropKind
from schemas.errors import ConfigurationError, RecordsVanishedError
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    acknowledgement,
    agreement,
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

PEOPLE = [customer("1"), customer("2"), customer("3")]
CARS = [vehicle(f"V{n}", str(n)) for n in (1, 2, 3)]
FAMILY = [{"family_member_id": "F1", "customer_id": "1", "relation": "妻"}]
TABLES = {
    "customers": PEOPLE,
    "vehicles": CARS,
    "family_members": FAMILY,
    "objections": [objection("99")],
}


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path, TABLES)


def deleted(report, partner="lotas"):
    """The records a drop tells to delete."""
    return sorted(row["record"] for row in delivered(report, partner)["deleted"])


def keys(report, table):
    rows = delivered(report)[table]
    return {row[f"{table.removesuffix('s').removesuffix('_member')}_key"] for row in rows}


def month(shop, number, **asked):
    return run(shop, month=f"2026-{number:02}", **asked)


def test_an_objector_is_told_to_be_deleted_with_family_and_cars(shop_anywhere):
    before = run(shop_anywhere)
    object_to(shop_anywhere, "1")
    after = run(shop_anywhere)
    told = {(row["record"], row["key"]) for row in delivered(after)["deleted"]}
    gone = [row for row in delivered(before)["customers"] if row["name"] == PEOPLE[0]["name"]]
    assert ("customers", gone[0]["customer_key"]) in told
    assert sorted(record for record, _ in told) == ["customers", "family_members", "vehicles"]
    assert verify_drop(Path(after.outcomes[0].path))


def test_a_notice_that_was_not_followed_after_all_is_told_again(shop):
    run(shop)
    object_to(shop, "1")
    told = run(shop, kind=DropKind.NOTICES).outcomes[0].drop_id
    acknowledge(shop, told, now=NOW + timedelta(hours=1))
    acknowledge(shop, told, now=NOW + timedelta(hours=2), deleted=[1])
    assert deleted(month(shop, 9)) == ["customers"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: write_table(s, "customers", PEOPLE[1:]), ["customers"]),
        (
            lambda s: write_table(
                s, "customers", [{**PEOPLE[0], "merged_into_customer_id": "2"}, *PEOPLE[1:]]
            ),
            ["customers"],
        ),
        (
            lambda s: write_table(
                s, "vehicles", [{**CARS[0], "released_on": "2026-01-01"}, *CARS[1:]]
            ),
            ["vehicles"],
        ),
    ],
)
def test_who_is_erased_merged_or_whose_car_is_sold_is_told(shop, change, told):
    run(shop)
    change(shop)
    assert set(told) <= set(deleted(run(shop)))


def test_a_broken_row_waits_and_is_not_told_to_be_deleted(shop):
    run(shop)
    write_table(shop, "customers", [{**PEOPLE[0], "name": ""}, *PEOPLE[1:]])
    report = run(shop)
    assert report.outcomes[0].account["customers"].quarantined == 1
    assert deleted(report) == []
    object_to(shop, "1")
    assert "customers" in deleted(run(shop))


def test_a_partner_never_hears_of_a_refuser_it_never_held(shop):
    object_to(shop, "1")
    assert deleted(run(shop)) == []
    assert deleted(month(shop, 9)) == []


def test_it_is_told_again_until_the_partner_says_it_is_done(shop):
    run(shop)
    object_to(shop, "1")
    first = month(shop, 9)
    assert len(deleted(first)) == 3
    assert deleted(month(shop, 8)) == deleted(first)
    drop = first.outcomes[0].drop_id
    second_file_row = [2]
    acknowledge(shop, drop, now=NOW + timedelta(hours=1), deleted=second_file_row)
    assert len(deleted(month(shop, 7))) == 1
    acknowledge(shop, drop, now=NOW + timedelta(hours=2))
    assert deleted(month(shop, 6)) == []


def test_a_corrected_answer_takes_back_what_the_first_one_said(shop_anywhere):
    run(shop_anywhere)
    object_to(shop_anywhere, "1")
    told = run(shop_anywhere).outcomes[0].drop_id
    acknowledge(shop_anywhere, told, now=NOW + timedelta(hours=1))
    acknowledge(shop_anywhere, told, now=NOW + timedelta(hours=2), deleted=[1])
    assert deleted(month(shop_anywhere, 9)) == ["customers"]


def test_who_was_taken_in_after_the_deletion_is_told_again(shop):
    first = run(shop).outcomes[0].drop_id
    object_to(shop, "1")
    told = month(shop, 9).outcomes[0].drop_id
    acknowledge(shop, told, now=NOW + timedelta(hours=1))
    assert deleted(month(shop, 8)) == []
    acknowledge(shop, first, now=NOW + timedelta(hours=2))
    assert deleted(month(shop, 7)) == ["customers", "family_members", "vehicles"]


def test_a_relative_and_a_car_loaded_after_the_deletion_are_told_again(tmp_path):
    father = customer("1", name="川上 次郎", birth_on="1950-01-01")
    named = {"name": "川上 次郎", "birth_on": "1950-01-01"}
    kin = {"family_member_id": "F1", "customer_id": "2", "relation": "父", **named}
    cars = [vehicle("V1", "2"), vehicle("V2", "2")]
    tables = {"customers": [father, customer("2")], "family_members": [kin], "vehicles": cars}
    shop = write_shop(tmp_path, {**tables, "objections": [objection("99")]})
    first = run(shop).outcomes[0].drop_id
    object_to(shop, "1")
    write_table(shop, "vehicles", cars[:1])
    told = month(shop, 9).outcomes[0].drop_id
    acknowledge(shop, told, now=NOW + timedelta(hours=1))
    assert deleted(month(shop, 8)) == []
    acknowledge(shop, first, now=NOW + timedelta(hours=2))
    assert deleted(month(shop, 7)) == ["customers", "family_members", "vehicles"]


def test_a_paper_that_is_gone_is_told_to_be_deleted_and_its_car_stays(tmp_path):
    former = customer("1", name="川上 次郎", address="山形市桜町1番地")
    car = vehicle("V1", "1")
    paper = {
        **{name: car[name] for name in ("vehicle_id", "plate", "chassis_number")},
        "owner_name": former["name"],
        "owner_address": former["address"],
        "issued_on": "2024-05-01",
    }
    tables = {"customers": [former, customer("2")], "vehicles": [car], "certificates": [paper]}
    shop = write_shop(tmp_path, {**tables, "objections": [objection("99")]})
    month(shop, 8)
    since = {"customer_id": "2", "acquired_on": "2026-09-15"}
    write_table(shop, "vehicles", [{**car, **since}])
    write_table(shop, "certificates", [])
    object_to(shop, "1", now=NOW + timedelta(minutes=1))
    told = month(shop, 9, now=NOW + timedelta(minutes=2))
    assert deleted(told) == ["certificates", "customers"]
    assert verify_drop(Path(told.outcomes[0].path)).rows["vehicles"] == 1
    assert {e.state for e in disclose(desk(shop, NOW + timedelta(minutes=2)), "1").held} == {
        "told_to_delete"
    }
    acknowledge(shop, told.outcomes[0].drop_id, now=NOW + timedelta(minutes=3))
    with desk(shop).ledger.reading() as connection:
        held = HoldingsBook(connection).held_keys("lotas", "monthly", ["certificates", "vehicles"])
    assert {name: len(keys) for name, keys in held.items()} == {"certificates": 0, "vehicles": 1}
    assert deleted(month(shop, 10, now=NOW + timedelta(minutes=4))) == []


def test_a_paper_that_is_set_aside_may_be_of_the_keeper_before_and_comes_back(tmp_path):
    car = vehicle("V1", "1")
    paper = {name: car[name] for name in ("vehicle_id", "plate", "chassis_number")}
    tables = {"customers": PEOPLE, "vehicles": [car], "objections": [objection("99")]}
    shop = write_shop(tmp_path, {**tables, "certificates": [paper]})
    month(shop, 8)
    write_table(shop, "certificates", [{**paper, "issued_on": "昨日"}])
    assert deleted(month(shop, 9)) == ["certificates"]
    write_table(shop, "certificates", [paper])
    mended = month(shop, 10)
    assert deleted(mended) == []
    assert len(delivered(mended)["certificates"]) == 1


def say_nothing_is_held(shop, drop_id, now):
    at_desk = desk(shop, now)
    with at_desk.ledger.writing() as connection:
        entered = DropBook(connection).named(drop_id)
        count = entered.drop.deleted.rows
        answer = acknowledgement(entered.drop, now, deleted=list(range(1, count + 1)))
        for row in answer["tables"]["deleted"]["rejected"]:
            row["reason"] = "unknown_key"
        said = Acknowledgement.load(answer, where="ack.json")
        AnswerBook(connection).enter(at_desk.actor, entered, said)


def test_what_a_replaced_drop_brought_is_told_no_more_when_its_successor_is_answered(shop):
    run(shop)
    object_to(shop, "1", now=NOW + timedelta(minutes=1))
    second = run(shop, now=NOW + timedelta(minutes=2)).outcomes[0].drop_id
    say_nothing_is_held(shop, second, NOW + timedelta(minutes=3))
    assert deleted(month(shop, 9, now=NOW + timedelta(minutes=4))) == []


def test_what_was_told_before_is_no_mass_vanishing_when_a_late_answer_brings_it_back(tmp_path):
    people = [customer(str(n)) for n in range(1, 41)]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("99")]})
    first = run(shop).outcomes[0].drop_id
    write_table(shop, "customers", people[:33])
    told = month(shop, 9, now=NOW + timedelta(minutes=1)).outcomes[0]
    assert told.deleted == 7
    acknowledge(shop, told.drop_id, now=NOW + timedelta(minutes=2))
    write_table(shop, "customers", people[:26])
    more = month(shop, 8, now=NOW + timedelta(minutes=3)).outcomes[0]
    acknowledge(shop, more.drop_id, now=NOW + timedelta(minutes=4))
    acknowledge(shop, first, now=NOW + timedelta(minutes=5))
    again = month(shop, 7, now=NOW + timedelta(minutes=6))
    assert deleted(again) == ["customers"] * 14


@pytest.mark.parametrize("is_first_answered", [True, False])
def test_a_key_under_which_nothing_is_held_is_told_until_every_drop_is_answered(
    shop, is_first_answered
):
    first = run(shop).outcomes[0].drop_id
    if is_first_answered:
        acknowledge(shop, first, now=NOW + timedelta(minutes=1))
    object_to(shop, "1", now=NOW + timedelta(minutes=2))
    told = month(shop, 9, now=NOW + timedelta(minutes=3)).outcomes[0]
    say_nothing_is_held(shop, told.drop_id, NOW + timedelta(minutes=5))
    again = deleted(month(shop, 7, now=NOW + timedelta(minutes=6)))
    assert again == ([] if is_first_answered else ["customers", "family_members", "vehicles"])


def test_answers_may_be_entered_in_any_order(shop_anywhere):
    first = run(shop_anywhere).outcomes[0].drop_id
    object_to(shop_anywhere, "1")
    told = month(shop_anywhere, 9).outcomes[0].drop_id
    for hours, (drop_id, received) in enumerate([(first, 2), (told, 1)], start=3):
        at_desk = desk(shop_anywhere, NOW + timedelta(hours=hours))
        with at_desk.ledger.writing() as connection:
            book = DropBook(connection)
            entered = book.named(drop_id)
            answer = acknowledgement(entered.drop, NOW + timedelta(hours=received))
            said = Acknowledgement.load(answer, where="ack.json")
            AnswerBook(connection).enter(at_desk.actor, entered, said)
    told_again = deleted(month(shop_anywhere, 7, now=NOW + timedelta(hours=5)))
    assert told_again == ["customers", "family_members", "vehicles"]


def test_a_stop_swallows_no_deletion_in_silence(shop):
    run(shop)
    object_to(shop, "1", now=NOW + timedelta(minutes=1))
    second = run(shop, now=NOW + timedelta(minutes=2)).outcomes[0].drop_id
    at_desk = desk(shop, NOW + timedelta(minutes=3))
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, second)
    report = run(shop, now=NOW + timedelta(minutes=4))
    assert report.outcomes[0].status == "stopped"
    assert any(
        "3 keys that only a stopped drop told to delete" in each for each in report.attention
    )
    held = disclose(desk(shop, NOW + timedelta(minutes=5)), "1").held
    assert {each.state for each in held} == {"to_be_deleted"}
    told = run(shop, kind=DropKind.NOTICES, month="", now=NOW + timedelta(minutes=6))
    assert deleted(told) == ["customers", "family_members", "vehicles"]
    assert not told.attention


def test_who_refuses_again_is_told_again_with_the_same_month(shop):
    run(shop)
    object_to(shop, "1")
    told = run(shop)
    acknowledge(shop, told.outcomes[0].drop_id, now=NOW + timedelta(hours=1))
    everything = Choice(None, "1", None, (), (), is_all=True)
    lift(desk(shop), everything, None, NOW.date(), None)
    month(shop, 9)
    object_to(shop, "1")
    again = run(shop)
    assert again.outcomes[0].status == "published"
    assert deleted(again) == ["customers", "family_members", "vehicles"]


def test_who_was_merged_into_a_refuser_whose_row_is_gone_is_told(shop):
    run(shop)
    object_to(shop, "1")
    run(shop)
    rest = [{**PEOPLE[1], "merged_into_customer_id": "1"}, PEOPLE[2]]
    write_table(shop, "customers", rest)
    told = delivered(run(shop))["deleted"]
    assert [row["record"] for row in told].count("customers") == 2


def test_who_comes_back_is_delivered_and_told_no_more(shop):
    before = run(shop)
    write_table(shop, "customers", PEOPLE[1:])
    assert "customers" in deleted(run(shop))
    write_table(shop, "customers", PEOPLE)
    after = run(shop)
    assert deleted(after) == []
    assert keys(before, "customers") == keys(after, "customers")


def test_an_acknowledged_deletion_of_what_was_delivered_again_since_deletes_nothing(shop_anywhere):
    run(shop_anywhere)
    write_table(shop_anywhere, "customers", PEOPLE[1:])
    told = run(shop_anywhere).outcomes[0].drop_id
    write_table(shop_anywhere, "customers", PEOPLE)
    run(shop_anywhere)
    acknowledge(shop_anywhere, told, now=NOW + timedelta(hours=1))
    object_to(shop_anywhere, "1")
    assert "customers" in deleted(run(shop_anywhere))


def test_partners_are_told_only_of_what_they_hold(tmp_path, ledger_place):
    shop = ledger_place(write_shop(tmp_path, TABLES, agreement(), agreement("broadleaf")))
    run(shop, partners=("lotas",))
    object_to(shop, "1")
    report = run(shop)
    assert len(deleted(report)) == 3
    assert deleted(report, "broadleaf") == []


def test_a_table_taken_out_of_the_agreement_is_told_to_be_deleted(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    run(shop)
    narrower = agreement(tables={"customers": {"columns": ["name"]}})
    from tests.factories import toml

    (shop / "partners" / "lotas.toml").write_text(toml(narrower))
    assert deleted(run(shop)) == ["family_members", "vehicles", "vehicles", "vehicles"]


def test_records_that_vanish_in_numbers_hold_the_run(tmp_path):
    many = [customer(str(n)) for n in range(40)]
    shop = write_shop(tmp_path, {"customers": many, "objections": [objection("99")]})
    run(shop)
    write_table(shop, "customers", many[:30])
    with pytest.raises(RecordsVanishedError, match="10 are gone"):
        run(shop)


def test_a_notice_tells_at_once_what_to_delete_and_discard(shop_anywhere):
    first = run(shop_anywhere).outcomes[0].drop_id
    object_to(shop_anywhere, "1")
    at_desk = desk(shop_anywhere)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, first)
    outcome = run(shop_anywhere, kind=DropKind.NOTICES).outcomes[0]
    assert outcome.drop_id == "lotas/notices-2026-11-02-r1"
    drop = verify_drop(Path(outcome.path)).drop
    assert (drop.tables, drop.deleted.rows, drop.discard) == ((), 3, (first,))
    assert run(shop_anywhere, kind=DropKind.NOTICES).outcomes[0].status == "unchanged"
    acknowledge(shop_anywhere, outcome.drop_id, now=NOW + timedelta(hours=1))
    again = run(shop_anywhere, kind=DropKind.NOTICES, now=NOW + timedelta(days=1)).outcomes[0]
    assert (again.status, again.path) == ("nothing", "")


def test_a_stopped_drop_is_told_to_be_discarded_until_the_partner_knows(shop_anywhere):
    first = run(shop_anywhere).outcomes[0].drop_id
    at_desk = desk(shop_anywhere)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, first)
    assert run(shop_anywhere).outcomes[0].status == "stopped"
    mended = run(shop_anywhere, mode="correct", confirmed=True, reason="誤りを直した").outcomes[0]
    assert verify_drop(Path(mended.path)).drop.discard == (first,)
    acknowledge(shop_anywhere, mended.drop_id, now=NOW + timedelta(hours=1))
    later = month(shop_anywhere, 9).outcomes[0]
    assert verify_drop(Path(later.path)).drop.discard == ()
    with at_desk.ledger.writing() as connection, pytest.raises(ConfigurationError, match="already"):
        DropBook(connection).stop(at_desk.actor, first)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda said: said.update(drop_id="lotas/other"), "not of"),
        (lambda said: said.update(received_at="2026-01-01T00:00:00+09:00"), "before the drop"),
        (lambda said: said.update(received_at="2026-11-05"), "received_at"),
        (lambda said: said.update(received_at="2099-01-01T00:00:00+09:00"), "in the future"),
        (lambda said: said["tables"].pop("deleted"), "exactly these"),
        (lambda said: said["tables"]["customers"].update(accepted=1), "accounts for 1"),
        (
            lambda said: said["tables"]["customers"].update(
                accepted=2, rejected=[{"row": 9, "reason": "other"}]
            ),
            "no such row",
        ),
    ],
)
def test_an_answer_that_does_not_account_for_every_row_is_refused(tmp_path, change, told):
    from schemas.acknowledgement import Acknowledgement

    shop = write_shop(tmp_path, TABLES)
    drop = verify_drop(Path(run(shop).outcomes[0].path)).drop
    said = acknowledgement(drop, NOW + timedelta(hours=1))
    change(said)
    with pytest.raises(ConfigurationError, match=told):
        Acknowledgement.load(said, where="ack.json").hold_against(
            drop, NOW, NOW + timedelta(hours=2)
        )


actions = st.lists(
    st.tuples(
        st.sampled_from(["object", "lift", "erase", "return", "export", "acknowledge", "sell"]),
        st.sampled_from(["1", "2", "3"]),
    ),
    min_size=3,
    max_size=9,
)


class Partner:
    """A partner that does exactly what each drop says."""

    def __init__(self):
        self.held = set()
        self.ever_held = set()

    def take(self, tables):
        told = {(row["record"], row["key"]) for row in tables["deleted"]}
        given = {("customers", row["customer_key"]) for row in tables["customers"]}
        given |= {("vehicles", row["vehicle_key"]) for row in tables["vehicles"]}
        family = tables["family_members"]
        given |= {("family_members", row["family_member_key"]) for row in family}
        assert not told & given
        assert told <= self.ever_held
        self.held = (self.held - told) | given
        self.ever_held |= given
        return given


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions)
def test_a_partner_that_obeys_holds_exactly_who_may_be_held(tmp_path_factory, happened):
    from flows.counter.lifting import Choice, lift

    shop = write_shop(tmp_path_factory.mktemp("shop"), TABLES)
    partner, people, cars = Partner(), {"1", "2", "3"}, {"1", "2", "3"}
    objectors: set[str] = set()
    newest = None
    for hour, (action, number) in enumerate([*happened, ("export", "1")]):
        now = NOW + timedelta(hours=hour)
        if action == "object" and number in people - objectors:
            object_to(shop, number, now=now)
            objectors.add(number)
        if action == "lift" and number in objectors:
            choice = Choice(None, customer_number(number), None, (), (), is_all=True)
            lift(desk(shop, now), choice, None, now.date(), None)
            objectors.discard(number)
        if action in {"erase", "return"} and people != {number}:  # without anybody, runs are held
            (people.discard if action == "erase" else people.add)(number)
            write_table(shop, "customers", [p for p in PEOPLE if p["customer_id"] in people])
        if action == "sell":
            cars.discard(number)
            write_table(shop, "vehicles", [c for c in CARS if c["customer_id"] in cars])
        if action == "acknowledge" and newest:
            acknowledge(shop, newest, now=now)
        if action == "export":
            report = run(shop, now=now, operator=PERSON)
            newest = report.outcomes[0].drop_id
            given = partner.take(delivered(report))
            assert partner.held == given
            assert len([record for record, _ in given if record == "customers"]) == len(
                people - objectors
            )
