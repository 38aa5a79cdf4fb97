"""Which objections keep a person out of which drop: on which day, and as it was known when."""

from datetime import UTC, date, datetime, timedelta

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drops.refusers import Refusals
from tests.factories import notice
from transforms.objections import (
    EVENTS,
    TERMS,
    TRAITS,
    AsOf,
    Recipient,
    Register,
    in_force,
    refusing,
    settled,
    standing,
)

TODAY = date(2026, 11, 2)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LOTAS = Recipient("lotas", ("2.offers",))
RECALL = Recipient("broadleaf", ("5.recall",))


def objection(number="1", scope="provision", partner=None, purpose=None):
    return {
        "objection_id": number,
        "person": f"P{number}",
        "scope": scope,
        "partner": partner,
        "purpose": purpose,
    }


def events(*happened):
    """Turn (objection, kind, day) into events that became known an hour apart, in this order."""
    rows = [
        {
            "sequence": place,
            "objection_id": number,
            "kind": kind,
            "effective_on": day,
            "known_at": BEGINNING + timedelta(hours=place),
            "person": None,
        }
        for place, (number, kind, day) in enumerate(happened, start=1)
    ]
    return pyarrow.Table.from_pylist(rows, EVENTS)


def register(objections, happened):
    terms = pyarrow.Table.from_pylist(list(objections), TERMS)
    return Register(terms, happened, TRAITS.empty_table(), head="")


def refuses(recipient=LOTAS, **terms):
    known = register([objection(**terms)], events(("1", "raised", TODAY)))
    return refusing(known, recipient, notice(), AsOf(TODAY)).to_pylist() == ["1"]


@pytest.mark.parametrize("scope", ["provision", "erasure", None, "要確認", "none"])
def test_provision_erasure_blank_and_unknown_scopes_keep_out_of_everything(scope):
    assert refuses(scope=scope)
    assert refuses(RECALL, scope=scope)


def test_provision_to_one_partner_leaves_the_other():
    assert refuses(partner="lotas")
    assert not refuses(RECALL, partner="lotas")


def test_erasure_is_for_every_partner():
    assert refuses(RECALL, scope="erasure", partner="lotas")


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [(("2.offers",), True), (("1.research", "2.offers"), True), (("5.recall",), False)],
)
def test_a_purpose_keeps_out_of_drops_that_serve_it(purposes, expected):
    recipient = Recipient("lotas", purposes)
    assert refuses(recipient, scope="purpose", purpose="2.offers") is expected


@pytest.mark.parametrize("field", ["partner", "purpose"])
def test_unknown_partners_and_purposes_mean_all(field):
    assert refuses(scope="purpose", **{field: "？"})
    assert refuses(RECALL, scope="purpose", **{field: "？"})


def test_a_refusal_of_provision_is_for_all_purposes():
    assert refuses(RECALL, purpose="2.offers")


def day(number):
    return date(2026, 11, number)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([("raised", 2)], True),
        ([("raised", 3)], False),
        ([("raised", 1), ("lifted", 2)], False),
        ([("raised", 1), ("lifted", 3)], True),
        ([("lifted", 1), ("raised", 2)], True),
        ([("raised", 2), ("lifted", 1)], True),
        ([("raised", 2), ("lifted", 2)], False),
        ([("lifted", 2), ("raised", 2)], True),
        ([("raised", 1), ("lifted", 1), ("raised", 2)], True),
        ([("raised", 1), ("lifted", 2), ("raised", 3)], False),
        ([("raised", 1), ("settled", 2)], True),
        ([("settled", 1)], False),
    ],
)
def test_the_last_to_take_effect_holds_and_of_one_day_the_last_recorded(happened, expected):
    known = events(*(("1", kind, day(number)) for kind, number in happened))
    assert bool(in_force(known, AsOf(TODAY))) is expected


def test_an_objection_never_lapses():
    known = events(("1", "raised", date.min))
    assert in_force(known, AsOf(date.max)).to_pylist() == ["1"]


def test_what_was_known_then_is_not_what_is_known_now():
    known = events(("1", "raised", day(1)), ("1", "lifted", day(1)), ("2", "raised", day(1)))
    states = [
        sorted(in_force(known, AsOf(TODAY, BEGINNING + timedelta(hours=h))).to_pylist())
        for h in range(4)
    ]
    assert states == [[], ["1"], [], ["2"]]


def test_the_last_decision_whom_it_means_holds_whatever_its_day():
    known = events(("1", "settled", day(5)), ("1", "settled", day(1)), ("2", "raised", day(1)))
    assert settled(known, AsOf(TODAY))["sequence"].to_pylist() == [2]


days = st.sampled_from([day(number) for number in range(1, 5)])
kinds = st.sampled_from(["raised", "lifted"])
histories = st.lists(st.tuples(st.sampled_from("123"), kinds, days), max_size=14)
terms = st.builds(
    objection,
    number=st.just("?"),
    scope=st.sampled_from([None, "provision", "purpose", "erasure", "none", "?"]),
    partner=st.sampled_from([None, "lotas", "broadleaf", "?"]),
    purpose=st.sampled_from([None, "2.offers", "5.recall", "?"]),
)
recipients = st.builds(
    Recipient,
    st.sampled_from(["lotas", "broadleaf"]),
    st.sampled_from([("2.offers",), ("1.research", "4.advice"), ("2.offers", "5.recall")]),
)


@given(st.tuples(terms, terms, terms), histories, recipients, days)
def test_gate_and_second_look_read_every_history_the_same(several, happened, recipient, today):
    objections = [
        {**each, "objection_id": number, "person": f"P{number}"}
        for number, each in zip("123", several, strict=True)
    ]
    known = register(objections, events(*happened))
    second = Refusals(
        objections=objections,
        events=known.events.to_pylist(),
        partner=recipient.partner,
        purposes=recipient.purposes,
        partners=frozenset(p.id for p in notice().partners),
        all_purposes=frozenset(p.id for p in notice().purposes),
        day=today,
    )
    found = refusing(known, recipient, notice(), AsOf(today)).to_pylist()
    assert {f"P{number}" for number in found} == second.refusers()


@given(histories, st.randoms(use_true_random=False), days)
def test_the_order_of_arrival_decides_nothing_but_ties_of_one_day(happened, random, today):
    first_of_each_day = list(
        {(number, on): (number, kind, on) for number, kind, on in happened}.values()
    )
    shuffled = list(first_of_each_day)
    random.shuffle(shuffled)
    states = [
        sorted(in_force(events(*order), AsOf(today)).to_pylist())
        for order in (first_of_each_day, shuffled)
    ]
    assert states[0] == states[1]


@given(histories, days, st.integers(0, 14))
def test_the_future_and_the_unknown_change_no_state(happened, today, count):
    known = events(*happened)
    then = AsOf(today, BEGINNING + timedelta(hours=count))
    early = events(*((n, k, on) for n, k, on in happened[:count] if on <= today))
    assert sorted(in_force(known, then).to_pylist()) == sorted(
        in_force(early, AsOf(today)).to_pylist()
    )


@given(histories, days)
def test_what_stands_is_in_force_on_some_day_from_today_on(happened, today):
    known = events(*happened)
    ahead = (in_force(known, AsOf(today + timedelta(days=count))) for count in range(5))
    expected = {number for each in ahead for number in each.to_pylist()}
    assert set(standing(known, AsOf(today)).to_pylist()) == expected


@given(histories, days)
def test_one_objection_never_changes_the_state_of_another(happened, today):
    whole = set(in_force(events(*happened), AsOf(today)).to_pylist())
    for number in "123":
        alone = events(*(each for each in happened if each[0] == number))
        assert (number in whole) == bool(in_force(alone, AsOf(today)))
