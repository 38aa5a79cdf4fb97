"""Objections are remembered: recorded, lifted, settled, imported; on SQLite and on PostgreSQL."""

from datetime import date, timedelta

import pytest

from flows.counter.lifting import Choice, lift
from flows.counter.objection_list import ENDED, IN_FORCE, TO_COME, listed, standing_on
from flows.counter.settling import settle
from ledger.objection_book import ObjectionBook
from schemas.errors import ConfigurationError, HeldError
from tests.command import joint_use
from tests.factories import (
    NOW,
    PERSON,
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
from transforms.objections import AsOf

PEOPLE = [customer("1"), customer("2"), customer("3")]
TODAY = date(2026, 11, 2)
LATER = NOW + timedelta(days=9)


@pytest.fixture
def shop(tmp_path):
    tables = {"customers": PEOPLE, "objections": [objection("3")]}
    return write_shop(tmp_path, tables, agreement(), agreement("broadleaf"))


def states(shop, day=TODAY, known_at=None):
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        book = ObjectionBook(connection, at_desk.ledger.references)
        found = listed(book, AsOf(day, known_at))
    return {each.objection_id: each.state for each in found}


def numbers(report, partner="lotas"):
    outcome = next(o for o in report.outcomes if o.partner == partner)
    return outcome.account["customers"].delivered


def lifted(shop, now=NOW, effective_on=None, **chosen):
    choice = {
        "objection": None,
        "customer": None,
        "scope": None,
        "partners": (),
        "purposes": (),
        "is_all": False,
        **chosen,
    }
    return lift(desk(shop, now), Choice(**choice), effective_on, TODAY, None).objection_ids


def test_an_objection_at_the_counter_is_obeyed_at_once_and_its_end_too(shop_anywhere):
    assert numbers(run(shop_anywhere)) == 2
    (name,) = object_to(shop_anywhere, "1")
    assert name == "K00002"
    assert numbers(run(shop_anywhere)) == 1
    assert lifted(shop_anywhere, customer="1") == (name,)
    assert numbers(run(shop_anywhere)) == 2


def test_each_partner_and_purpose_named_is_an_objection_of_its_own(shop_anywhere):
    object_to(shop_anywhere, "1", partners=("lotas",))
    both = object_to(shop_anywhere, "2", scope="purpose", purposes=("2.offers", "5.recall"))
    assert len(both) == 2
    report = run(shop_anywhere)
    assert (numbers(report), numbers(report, "broadleaf")) == (0, 1)
    with pytest.raises(ConfigurationError, match="several"):
        lifted(shop_anywhere, customer="2")
    assert lifted(shop_anywhere, customer="2", purposes=("2.offers",)) == both[:1]
    assert numbers(run(shop_anywhere)) == 1


def test_a_future_objection_waits_and_a_future_lift_does_not_end_it_yet(shop):
    (name,) = object_to(shop, "1", effective_on=TODAY + timedelta(days=5))
    assert states(shop)[name] == TO_COME
    assert numbers(run(shop)) == 2
    assert states(shop, TODAY + timedelta(days=5))[name] == IN_FORCE
    lifted(shop, objection=name, effective_on=TODAY + timedelta(days=8))
    assert states(shop, TODAY + timedelta(days=7))[name] == IN_FORCE
    assert states(shop, TODAY + timedelta(days=8))[name] == ENDED


def test_what_held_then_and_what_was_known_then_are_two_questions(shop_anywhere):
    (name,) = object_to(shop_anywhere, "1", now=LATER, received_on=TODAY, effective_on=TODAY)
    assert states(shop_anywhere, TODAY)[name] == IN_FORCE
    assert name not in states(shop_anywhere, TODAY, known_at=LATER - timedelta(hours=1))
    lifted(shop_anywhere, now=LATER + timedelta(days=1), customer="1")
    assert states(shop_anywhere, LATER.date() + timedelta(days=1))[name] == ENDED
    assert states(shop_anywhere, LATER.date() + timedelta(days=1), known_at=LATER)[name] == IN_FORCE


def test_a_lift_that_would_lift_nothing_is_refused(shop):
    (name,) = object_to(shop, "1")
    with pytest.raises(ConfigurationError, match="before that day"):
        lifted(shop, objection=name, effective_on=TODAY - timedelta(days=1))
    with pytest.raises(ConfigurationError, match="no such objection"):
        lifted(shop, customer="2")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"scope": "purpose"}, "say which"),
        ({"scope": "provision", "purposes": ("2.offers",)}, "all purposes"),
        ({"scope": "erasure", "partners": ("lotas",)}, "every partner"),
        ({"partners": ("lotus",)}, "not in the notice"),
        ({"scope": "purpose", "purposes": ("9.fun",)}, "not in the notice"),
        ({"received_on": date(2026, 11, 4)}, "in the future"),
        ({"number": "99"}, "nobody in the records"),
    ],
)
def test_an_objection_that_contradicts_itself_is_told_and_not_recorded(shop, said, told):
    with pytest.raises(ConfigurationError, match=told):
        object_to(shop, **{"number": "1", **said})
    assert states(shop) == {}


def test_an_objection_is_taken_even_if_the_records_cannot_be_read(shop):
    customers = shop / "records" / "customers.csv"
    kept = customers.read_bytes()
    customers.unlink()
    object_to(shop, "1")
    customers.write_bytes(kept)
    assert numbers(run(shop)) == 1


def test_who_is_renumbered_or_erased_and_imported_again_stays_an_objector(shop_anywhere):
    object_to(shop_anywhere, "1")
    one, two, three = PEOPLE
    renumbered = {**one, "customer_id": "10"}
    moved = {**customer("10"), "name": one["name"]}
    for first in (renumbered, moved, None, {**moved, "customer_id": "77"}, {**moved, "phone": ""}):
        write_table(shop_anywhere, "customers", [*([first] if first else []), two, three])
        assert numbers(run(shop_anywhere)) == 1, first


@pytest.mark.parametrize("after", [["2", "3"], ["1", "2", "3"]])
def test_who_is_merged_stays_an_objector_when_the_old_row_is_gone(shop, after):
    object_to(shop, "1")
    one, two, three = PEOPLE
    write_table(shop, "customers", [{**one, "merged_into_customer_id": "2"}, two, three])
    assert numbers(run(shop)) == 0
    write_table(shop, "customers", [p for p in PEOPLE if p["customer_id"] in after])
    assert numbers(run(shop)) == 0


def test_an_erased_objector_means_nobody_else_and_holds_no_run(tmp_path):
    erased, other = customer("A1"), customer("B1")
    shop = write_shop(
        tmp_path,
        {"customers": [erased, other], "objections": [objection("A1", scope="erasure")]},
        limits={"max_unmatched_objection_share": 0.1},
    )
    assert numbers(run(shop)) == 1
    write_table(shop, "customers", [other])
    report = run(shop)
    assert (numbers(report), report.unsettled_objections) == (1, 0)


def test_an_erased_objector_is_still_known_as_somebodys_relative(tmp_path):
    home = {"address": "山形市架空町7番地", "phone": "023-600-1111"}
    wife = customer("1", name="山田 花子", **home)
    husband = customer("2", name="山田 太郎", **home)
    family = [
        {"family_member_id": "F1", "customer_id": "2", "name": "山田　花子", "relation": "妻"}
    ]
    tables = {"customers": [wife, husband], "family_members": family}
    shop = write_shop(tmp_path, {**tables, "objections": [objection("1", scope="erasure")]})
    assert run(shop).outcomes[0].account["family_members"].objected == 1
    write_table(shop, "customers", [husband])
    assert run(shop).outcomes[0].account["family_members"].objected == 1


def test_a_refusal_that_comes_back_into_the_records_holds_again(shop):
    run(shop)
    lifted(shop, customer="3")
    assert numbers(run(shop)) == 3
    write_table(shop, "objections", [objection("3", received_on="2026-11-20")])
    later = NOW + timedelta(days=30)
    assert numbers(run(shop, now=later)) == 2


def test_a_row_that_was_taken_out_and_put_back_holds_again(tmp_path):
    many = [objection(str(n)) for n in range(90, 98)]
    shop = write_shop(tmp_path, {"customers": PEOPLE, "objections": [*many, objection("3")]})
    run(shop)
    lifted(shop, customer="3")
    write_table(shop, "objections", many)
    assert numbers(run(shop)) == 3
    write_table(shop, "objections", [*many, objection("3")])
    assert numbers(run(shop)) == 2
    assert numbers(run(shop)) == 2


def test_who_refuses_again_before_a_lift_takes_effect_stays(shop):
    write_table(shop, "objections", [objection("3", effective_on="2026-06-01")])
    assert numbers(run(shop)) == 2
    lifted(shop, customer="3", effective_on=date(2026, 11, 20))
    write_table(
        shop, "objections", [objection("3", received_on="2026-11-05", effective_on="2026-11-05")]
    )
    for days in (5, 30, 60):
        assert numbers(run(shop, now=NOW + timedelta(days=days))) == 2


def test_a_lift_to_come_is_not_undone_by_the_row_that_was_known(shop):
    write_table(shop, "objections", [objection("3", received_on="2026-11-01")])
    assert numbers(run(shop)) == 2
    lifted(shop, customer="3", effective_on=date(2026, 11, 20))
    assert [numbers(run(shop, now=NOW + timedelta(days=days))) for days in (5, 30)] == [2, 3]


def test_a_row_gone_when_it_was_lifted_and_back_before_the_next_run_holds_again(tmp_path):
    many = [objection(str(n)) for n in range(90, 98)]
    shop = write_shop(tmp_path, {"customers": PEOPLE, "objections": [*many, objection("3")]})
    assert numbers(run(shop)) == 2
    write_table(shop, "objections", many)
    lifted(shop, customer="3")
    write_table(shop, "objections", [*many, objection("3")])
    assert [numbers(run(shop)) for _ in range(2)] == [2, 2]
    lifted(shop, customer="3")
    assert [numbers(run(shop)) for _ in range(2)] == [3, 3]


@pytest.mark.parametrize("known", [{}, {"received_on": "2026-10-01"}])
def test_a_refusal_of_the_day_of_the_lift_holds(shop, known):
    write_table(shop, "objections", [objection("3", **known)])
    assert numbers(run(shop)) == 2
    lifted(shop, customer="3")
    assert numbers(run(shop)) == 3
    write_table(shop, "objections", [objection("3", received_on=f"{TODAY}")])
    assert [numbers(run(shop)) for _ in range(2)] == [2, 2]


def test_a_lift_on_the_day_of_the_refusal_holds(shop):
    write_table(shop, "objections", [objection("3", received_on=f"{TODAY}")])
    assert numbers(run(shop)) == 2
    lifted(shop, customer="3")
    assert [numbers(run(shop)) for _ in range(2)] == [3, 3]


def test_a_lift_moved_to_an_earlier_day_ends_it_and_to_a_later_one_puts_it_off(shop):
    for lifted_on, delivered_people in (
        ("2026-10-20", 3),
        ("2026-10-10", 3),
        ("2026-12-01", 2),
        ("2026-12-20", 2),
        ("2026-10-15", 3),
    ):
        write_table(shop, "objections", [objection("3", lifted_on=lifted_on)])
        assert numbers(run(shop)) == delivered_people, lifted_on


def test_a_row_whose_day_becomes_later_than_its_old_lift_holds_again(tmp_path):
    again = [
        {"received_on": "2026-10-20"},
        {"received_on": "2026-01-01", "effective_on": "2026-10-20"},
        {"received_on": "2026-10-20", "effective_on": "2026-01-01"},
        {"received_on": "2026-10-20", "effective_on": "2026-10-25"},
    ]
    old, new = "2026-02-01", "2026-11-01"
    people = [customer(f"C{place}") for place in range(len(again))]
    shop = write_shop(tmp_path, {"customers": [*people, customer("9")]})

    def left_twice(lifted_on, days):
        rows = [
            objection(person["customer_id"], lifted_on=lifted_on, **each)
            for person, each in zip(people, days, strict=True)
        ]
        write_table(shop, "objections", rows)
        return [numbers(run(shop)) for _ in range(2)]

    assert left_twice(old, [{"received_on": "2026-01-01"}] * len(again)) == [5, 5]
    assert left_twice(old, again) == [1, 1]
    assert left_twice(new, again) == [5, 5]


def test_a_lift_at_the_counter_ends_what_holds_although_its_row_bears_an_old_lift(tmp_path):
    row = objection("3", received_on="2026-05-01", lifted_on="2026-03-01")
    some = [objection(str(n)) for n in range(90, 94)]
    shop = write_shop(tmp_path, {"customers": PEOPLE, "objections": [row, *some]})
    assert numbers(run(shop)) == 2
    lifted(shop, customer="3")
    known = [numbers(run(shop)) for _ in range(3)]
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        count = len(ObjectionBook(connection, at_desk.ledger.references).register().events)
    assert (known, numbers(run(shop))) == ([3, 3, 3], 3)
    with at_desk.ledger.reading() as connection:
        again = ObjectionBook(connection, at_desk.ledger.references).register().events
    assert len(again) == count


def test_a_row_that_comes_back_with_a_later_day_and_its_old_lift_holds_again(tmp_path):
    many = [objection(str(n)) for n in range(90, 98)]
    shop = write_shop(tmp_path, {"customers": PEOPLE, "objections": many})
    lift = {"lifted_on": "2026-02-01"}
    for rows, delivered_people in (
        ([*many, objection("3", received_on="2026-01-01", **lift)], 3),
        (many, 3),
        ([*many, objection("3", received_on="2026-10-20", **lift)], 2),
    ):
        write_table(shop, "objections", rows)
        assert numbers(run(shop)) == delivered_people


def test_a_lift_before_the_request_or_before_the_law_lifts_nothing(tmp_path):
    cases = [("2026-02-01", {"effective_on": "2026-03-01"})] + [
        (day, {"received_on": "2026-10-20", "effective_on": "2026-01-01"})
        for day in ("2026-02-01", "1900-01-01", "1899-12-30", "1970-01-01")
    ]
    cases += [(day, {}) for day in ("1900-01-01", "1899-12-30", "1970-01-01")]
    people = [customer(f"C{place}") for place in range(len(cases))]
    rows = [
        objection(person["customer_id"], lifted_on=day, **days)
        for person, (day, days) in zip(people, cases, strict=True)
    ]
    tables = {"customers": [*people, customer("9")], "objections": rows}
    shop = write_shop(tmp_path, tables)
    assert [numbers(run(shop)) for _ in range(2)] == [1, 1]


def test_a_refusal_taken_back_before_its_day_comes_never_holds(shop):
    later = {"received_on": "2026-10-01", "effective_on": "2026-11-20"}
    write_table(shop, "objections", [objection("3", **later)])
    run(shop)
    write_table(shop, "objections", [objection("3", **later, lifted_on="2026-11-01")])
    assert numbers(run(shop)) == 3
    assert numbers(run(shop, now=NOW + timedelta(days=30))) == 3


def test_a_lift_at_the_counter_ends_today_what_the_records_end_later(shop):
    for lifted_on in ("2026-12-01", "2026-12-20"):
        write_table(shop, "objections", [objection("3", lifted_on=lifted_on)])
        run(shop)
    lifted(shop, customer="3")
    assert numbers(run(shop)) == 3
    assert numbers(run(shop, now=NOW + timedelta(days=40))) == 3


def test_a_renumbered_objector_can_take_it_back_under_the_new_number(shop):
    object_to(shop, "1")
    write_table(shop, "customers", [{**PEOPLE[0], "customer_id": "10"}, *PEOPLE[1:]])
    assert numbers(run(shop)) == 1
    lifted(shop, customer="10")
    assert numbers(run(shop)) == 2


def test_a_wrong_decision_is_taken_back_by_the_next_one(shop_anywhere):
    write_table(shop_anywhere, "objections", [objection("3"), objection("00099")])
    run(shop_anywhere)
    at_desk = desk(shop_anywhere)
    with at_desk.ledger.reading() as connection:
        book = ObjectionBook(connection, at_desk.ledger.references)
        of = at_desk.ledger.references.of("00099")
        (name,) = (each.objection_id for each in listed(book, AsOf(TODAY)) if of in each.persons)
    settle(desk(shop_anywhere), name, "1")
    assert numbers(run(shop_anywhere)) == 1
    settle(desk(shop_anywhere), name, "2")
    report = run(shop_anywhere)
    assert PEOPLE[0]["name"] in {row["name"] for row in delivered(report)["customers"]}
    assert numbers(report) == 1


def test_what_means_somebody_for_certain_cannot_be_settled_away(shop):
    (name,) = object_to(shop, "1")
    with pytest.raises(ConfigurationError, match="nothing to settle"):
        settle(desk(shop), name, None)


def test_words_nobody_defined_are_not_kept(shop):
    secret = "山田花子様より090-1234-5678"
    row = objection("3", channel=secret, partner=secret, purpose=secret, scope=secret)
    write_table(shop, "objections", [row])
    assert numbers(run(shop)) == 2
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        book = ObjectionBook(connection, at_desk.ledger.references)
        (kept,) = listed(book, AsOf(TODAY))
    assert {kept.scope, kept.partner, kept.purpose, kept.channel} == {"?"}


def test_the_number_of_somebody_erased_keeps_out_what_still_names_it(shop):
    write_table(shop, "vehicles", [vehicle("V1", "1"), vehicle("V2", "2")])
    object_to(shop, "1", scope="erasure")
    run(shop)
    write_table(shop, "customers", PEOPLE[1:])
    assert len(delivered(run(shop))["vehicles"]) == 1


def test_the_records_objections_are_read_once_and_only_a_lift_ends_them(shop_anywhere):
    run(shop_anywhere)
    before = states(shop_anywhere)
    run(shop_anywhere)
    assert states(shop_anywhere) == before != {}
    write_table(shop_anywhere, "objections", [objection("3", effective_on="2099-01-01")])
    assert run(shop_anywhere).objections == 1
    write_table(shop_anywhere, "objections", [objection("3", lifted_on="2026-11-01")])
    assert run(shop_anywhere).objections == 0
    write_table(shop_anywhere, "objections", [objection("3")])
    assert run(shop_anywhere).objections == 1


def test_many_lifts_at_once_hold_the_run(tmp_path, ledger_place):
    people = [customer(str(n)) for n in range(20)]
    tables = {"customers": people, "objections": [objection(str(n)) for n in range(10)]}
    shop = ledger_place(write_shop(tmp_path, tables))
    run(shop)
    some = [objection(str(n), lifted_on="2026-11-01" if n < 5 else "") for n in range(10)]
    write_table(shop, "objections", some)
    with pytest.raises(HeldError, match="lift 5 of 10 objections at once"):
        run(shop)
    assert list(states(shop).values()) == [IN_FORCE] * 10


def test_a_shop_that_begins_with_many_lifts_is_told_and_can_go_on(tmp_path):
    said = [objection(str(n), lifted_on="2026-10-01" if n < 6 else "") for n in range(10)]
    people = [customer(str(n)) for n in range(20)]
    shop = write_shop(tmp_path, {"customers": people, "objections": said})
    with pytest.raises(HeldError, match="lift 6 of 10 objections at once"):
        run(shop)
    path = shop / "shop.toml"
    path.write_text(
        path.read_text().replace('["limits"]', '["limits"]\nmax_objection_lift_share = 1.0')
    )
    assert run(shop).objections == 4


@pytest.mark.parametrize("number", ["9940O1", "99400l", "９９４０Ｏ１"])
def test_a_letter_that_looks_like_a_figure_may_be_one(tmp_path, number):
    people = [customer("994001"), customer("1")]
    said = [objection(number)]
    report = run(write_shop(tmp_path, {"customers": people, "objections": said}))
    assert numbers(report) == 1


def test_one_that_means_nobody_or_several_is_work_and_holds_back_all_until_settled(
    tmp_path, ledger_place
):
    people = [customer("C0001"), customer("D0001"), customer("C0002")]
    shop = ledger_place(
        write_shop(tmp_path, {"customers": people, "objections": [objection("1"), objection("99")]})
    )
    report = run(shop)
    assert (report.unsettled_objections, numbers(report)) == (2, 1)
    unknown, spoilt = sorted(states(shop), key=lambda name: _digits(shop, name))
    settle(desk(shop), spoilt, "C0001")
    settle(desk(shop), unknown, None)
    report = run(shop)
    assert (report.unsettled_objections, numbers(report)) == (0, 2)


def _digits(shop, name):
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        terms = ObjectionBook(connection, at_desk.ledger.references).register().terms.to_pylist()
    person = next(row["person"] for row in terms if row["objection_id"] == name)
    return person == at_desk.ledger.references.of("1")


def test_a_decision_about_an_objection_nobody_made_is_refused(shop):
    with pytest.raises(ConfigurationError, match="no objection"):
        settle(desk(shop), "K00099", None)


def test_nothing_of_a_person_is_in_the_ledger(tmp_path):
    person = customer("C777123", name="秘密 花子", email="himitsu@example.jp")
    shop = write_shop(tmp_path, {"customers": [person, *PEOPLE], "objections": [objection("3")]})
    run(shop)
    object_to(shop, "C777123")
    run(shop)
    written = b"".join(path.read_bytes() for path in (shop / "state").glob("ledger.db*"))
    for value in ("C777123", "秘密", "himitsu", person["mobile_phone"], person["address"]):
        assert value.encode() not in written
    assert (shop / "state" / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_the_objections_of_one_customer_are_those_that_mean_or_may_mean_them(shop):
    (own,) = object_to(shop, "1")
    (other,) = object_to(shop, "2")
    write_table(shop, "customers", [PEOPLE[0], {**PEOPLE[2], "merged_into_customer_id": "1"}])
    run(shop)

    def of(number):
        overview = standing_on(desk(shop), AsOf(TODAY), customer=number)
        return {row.listed.objection_id for row in overview.rows}

    (written,) = of("3") - {own}
    assert of("1") == {own, written}
    assert of("2") == {other}  # whose card is gone
    with pytest.raises(ConfigurationError, match="in no objection and not in the records"):
        of("4")
    told = joint_use("objections", "--customer", "2", "--shop", shop, "--operator", PERSON)
    assert (told.stdout.split()[0], told.stderr.strip()) == (other, "1 件")


def test_a_merge_taken_back_lets_the_other_person_be_settled_out_and_lifts_nobodys_refusal(
    shop_anywhere,
):
    (name,) = object_to(shop_anywhere, "1")
    write_table(
        shop_anywhere, "customers", [PEOPLE[0], {**PEOPLE[1], "merged_into_customer_id": "1"}]
    )
    run(shop_anywhere)
    write_table(shop_anywhere, "customers", PEOPLE)
    assert numbers(run(shop_anywhere)) == 0
    at_desk = desk(shop_anywhere)
    meant = {
        row.listed.objection_id: row.customers for row in standing_on(at_desk, AsOf(TODAY)).rows
    }
    assert meant[name] == ("1", "2")
    with pytest.raises(ConfigurationError, match="taken under another customer's number"):
        lifted(shop_anywhere, customer="2")
    settle(desk(shop_anywhere), name, "1")
    assert numbers(run(shop_anywhere)) == 1
    assert lifted(shop_anywhere, customer="1") == (name,)
    assert numbers(run(shop_anywhere)) == 2
