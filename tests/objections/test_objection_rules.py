"""Which objections keep a person out of which drop, on which day."""

from datetime import date

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drops.objector_scan import Register
from schemas.catalog import CATALOG
from tests.factories import notice
from transforms.objections import Recipient, in_force

TODAY = date(2026, 11, 2)
EMPTY = dict.fromkeys(CATALOG["objections"].columns)


def holds(recipient="lotas", purposes=("2.offers",), /, **values):
    row = {**EMPTY, "objection_id": "1", "customer_id": "1", **values}
    table = pyarrow.Table.from_pylist([row], CATALOG["objections"].schema)
    return in_force(table, Recipient(recipient, purposes), notice(), TODAY).to_pylist()[0]


@pytest.mark.parametrize("scope", ["provision", "erasure", None, "要確認"])
def test_provision_erasure_blank_and_unknown_scopes_keep_out_of_everything(scope):
    assert holds(scope=scope)
    assert holds("broadleaf", ("5.recall",), scope=scope)


def test_only_an_explicit_statement_of_no_objection_is_none():
    assert not holds(scope="no_objection")
    assert holds(scope="none")


def test_provision_to_one_partner_leaves_the_other():
    assert holds("lotas", scope="provision", partner="lotas")
    assert not holds("broadleaf", scope="provision", partner="lotas")


def test_erasure_is_for_every_partner():
    assert holds("broadleaf", scope="erasure", partner="lotas")


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [(("2.offers",), True), (("1.research", "2.offers"), True), (("5.recall",), False)],
)
def test_a_purpose_keeps_out_of_drops_that_serve_it(purposes, expected):
    assert holds("lotas", purposes, scope="purpose", purpose="2.offers") is expected


@pytest.mark.parametrize("field", ["partner", "purpose"])
def test_unknown_partners_and_purposes_mean_all(field):
    assert holds(scope="purpose", **{field: "？"})
    assert holds("broadleaf", ("5.recall",), scope="purpose", **{field: "？"})


def test_a_refusal_of_provision_is_for_all_purposes():
    assert holds(scope="provision", purpose="5.recall")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"effective_on": date(2026, 11, 3)}, False),
        ({"effective_on": TODAY}, True),
        ({"effective_on": date(1990, 1, 1)}, True),
        ({"received_on": date(2026, 11, 30)}, True),
        ({"lifted_on": TODAY}, False),
        ({"lifted_on": date(2026, 11, 3)}, True),
        ({"effective_on": date(2026, 5, 1), "lifted_on": date(2026, 4, 1)}, True),
        ({"received_on": date(2026, 5, 1), "lifted_on": date(2026, 5, 1)}, False),
    ],
)
def test_effect_and_lift_count_from_their_day(dates, expected):
    assert holds(scope="provision", **dates) is expected


words = st.sampled_from([None, "lotas", "broadleaf", "?"])
days = st.sampled_from([None, *(date(2026, 11, day) for day in (1, 2, 3))])


@given(
    scope=st.sampled_from([None, "provision", "purpose", "erasure", "none", "no_objection", "?"]),
    partner=words,
    purpose=st.sampled_from([None, "2.offers", "5.recall", "?"]),
    received_on=days,
    effective_on=days,
    lifted_on=days,
    drop_partner=st.sampled_from(["lotas", "broadleaf"]),
    purposes=st.sampled_from([("2.offers",), ("1.research", "4.advice"), ("2.offers", "5.recall")]),
)
def test_gate_and_second_look_read_every_objection_the_same(drop_partner, purposes, **values):
    register = Register(
        objections=[{**EMPTY, "customer_id": "1", **values}],
        partner=drop_partner,
        purposes=purposes,
        partners=frozenset(p.id for p in notice().partners),
        all_purposes=frozenset(p.id for p in notice().purposes),
        day=TODAY,
    )
    assert holds(drop_partner, purposes, **values) == (register.refusers() == {"1"})
