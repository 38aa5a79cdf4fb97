"""Objections are remembered: recorded, lifted, settled, imported; on SQLite and on PostgreSQL."""

from datetime import date, timedelta

import pytest

from flows.objecting import Choice, lift, settle
from flows.objection_list import ENDED, IN_FORCE, TO_COME, listed
from ledger.objection_book import ObjectionBook
from schemas.errors import ConfigurationError, HeldError
from tests.factories import (
    NOW,
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
from transforms.objections import Instant

PEOPLE = [customer("1"), customer("2"), customer("3")]
TODAY = date(2026, 11, 2)
LATER = NOW + timedelta(days=9)


@pytest.fixture
def shop(tmp_path, ledger_place):
    tables = {"customers": PEOPLE, "objections": [objection("3")]}
    return ledger_place(write_shop(tmp_path, tables, agreement(), agreement("broadleaf")))


def states(shop, day=TODAY, known_at=None):
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        book = ObjectionBook(connection, at_desk.ledger.references)
        found = listed(book, Instant(day, known_at))
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


def test_an_objection_at_the_counter_is_obeyed_at_once_and_its_end_too(shop):
    assert numbers(run(shop)) == 2
    (name,) = object_to(shop, "1")
    assert name == "K00002"
    assert numbers(run(shop)) == 1
    assert lifted(shop, customer="1") == (name,)
    assert numbers(run(shop)) == 2


def test_each_partner_and_purpose_named_is_an_objection_of_its_own(shop):
    object_to(shop, "1", partners=("lotas",))
    both = object_to(shop, "2", scope="purpose", purposes=("2.offers", "5.recall"))
    assert len(both) == 2
    report = run(shop)
    assert (numbers(report), numbers(report, "broadleaf")) == (0, 1)
    with pytest.raises(ConfigurationError, match="several"):
        lifted(shop, customer="2")
    assert lifted(shop, customer="2", purposes=("2.offers",)) == both[:1]
    assert numbers(run(shop)) == 1


def test_a_future_objection_waits_and_a_future_lift_does_not_end_it_yet(shop):
    (name,) = object_to(shop, "1", effective_on=TODAY + timedelta(days=5))
    assert states(shop)[name] == TO_COME
    assert numbers(run(shop)) == 2
    assert states(shop, TODAY + timedelta(days=5))[name] == IN_FORCE
    lifted(shop, objection=name, effective_on=TODAY + timedelta(days=8))
    assert states(shop, TODAY + timedelta(days=7))[name] == IN_FORCE
    assert states(shop, TODAY + timedelta(days=8))[name] == ENDED


def test_what_held_then_and_what_was_known_then_are_two_questions(shop):
    (name,) = object_to(shop, "1", now=LATER, received_on=TODAY, effective_on=TODAY)
    assert states(shop, TODAY)[name] == IN_FORCE
    assert name not in states(shop, TODAY, known_at=LATER - timedelta(hours=1))
    lifted(shop, now=LATER + timedelta(days=1), customer="1")
    assert states(shop, LATER.date() + timedelta(days=1))[name] == ENDED
    assert states(shop, LATER.date() + timedelta(days=1), known_at=LATER)[name] == IN_FORCE


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


def test_who_is_merged_renumbered_or_erased_and_imported_again_stays_an_objector(shop):
    object_to(shop, "1")
    one, two, three = PEOPLE
    renumbered = {**one, "customer_id": "10"}
    for people in (
        [{**one, "merged_into_customer_id": "2"}, two, three],
        [renumbered, two, three],
        [two, three],
        [{**renumbered, "customer_id": "77"}, two, three],
        [{**renumbered, "customer_id": "78", "phone": "", "email": ""}, two, three],
    ):
        write_table(shop, "customers", people)
        report = run(shop)
        account = report.outcomes[0].account["customers"]
        is_merged = "merged_into_customer_id" in people[0]
        assert account.delivered == (0 if is_merged else 1), people[0]


def test_the_number_of_somebody_erased_keeps_out_what_still_names_it(shop):
    write_table(shop, "vehicles", [vehicle("V1", "1"), vehicle("V2", "2")])
    object_to(shop, "1", scope="erasure")
    run(shop)
    write_table(shop, "customers", PEOPLE[1:])
    assert len(delivered(run(shop))["vehicles"]) == 1


def test_the_records_objections_are_read_once_and_only_a_lift_ends_them(shop):
    run(shop)
    before = states(shop)
    run(shop)
    assert states(shop) == before != {}
    write_table(shop, "objections", [objection("3", effective_on="2099-01-01")])
    assert run(shop).objections == 1
    write_table(shop, "objections", [objection("3", lifted_on="2026-11-01")])
    assert run(shop).objections == 0
    write_table(shop, "objections", [objection("3")])
    assert run(shop).objections == 1


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
