"""Every row read is in exactly one place, and nothing leaves by halves."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.drop import DISPOSITIONS
from schemas.errors import (
    HeldError,
    ObjectionsUnreliableError,
    QuarantineLimitError,
    UnbalancedAccountError,
)
from tests import factories
from tests.factories import (
    customer,
    delivered,
    joined,
    objection,
    run,
    slip,
    vehicle,
    whys,
    write_shop,
    write_table,
)
from transforms.account import account_of
from transforms.verdicts import DELIVER, Disposition, Verdict


def one_car(*parts):
    base = {
        "customers": [customer("1")],
        "vehicles": [vehicle("V1", "1")],
        "objections": [objection("99")],
    }
    return joined(base, *parts)


def reasons(report, table):
    return report.quarantined.get(table, {})


def test_an_account_that_does_not_balance_is_an_error():
    with pytest.raises(UnbalancedAccountError):
        account_of("visits", 3, 1, Counter({DELIVER: 1, Verdict(Disposition.OBJECTED, "x"): 1}))
    with pytest.raises(UnbalancedAccountError):
        account_of("visits", 2, 2, Counter({DELIVER: 1, Verdict(Disposition.OBJECTED, "x"): 1}))


def test_a_broken_row_takes_its_whole_slip_with_it_and_no_other(tmp_path):
    cases = [
        ("repair_lines", {"quantity": "-1"}, "quantity:negative_outside_reversal"),
        ("repair_lines", {"amount_jpy": "一万"}, "amount_jpy:unreadable"),
        ("repair_lines", {"line_kind": "?"}, "line_kind:unknown_code"),
        ("repair_lines", {"line_number": "2"}, "line_number:duplicate"),
        ("invoices", {"booked_on": "2026/10/32"}, "booked_on:unreadable"),
        ("invoices", {"billed_jpy": "12,34"}, "billed_jpy:unreadable"),
        ("repairs", {"status": "？"}, "status:unknown_code"),
        ("repairs", {"done_on": "26/10/1"}, "done_on:unreadable"),
    ]
    slips = []
    for place, (table, change, _) in enumerate(cases):
        broken = slip(f"S{place}", "1", "V1")
        broken[table][0].update(change)
        slips += [broken, slip(f"W{place}", "1", "V1")]
    shop = write_shop(tmp_path, one_car(*slips))
    report = run(shop)
    parts = ("repairs", "repair_lines", "invoices")
    found = {}
    for place, (table, change, reason) in enumerate(cases):
        of_slip = {part: whys(shop, part, f"S{place}") for part in parts}
        counts = [len(of_part) for of_part in of_slip.values()]
        found[f"{table} {change}"] = (reason in of_slip[table], counts)
    assert found == {f"{table} {change}": (True, [1, 2, 1]) for table, change, _ in cases}
    assert all(reasons(report, table)[reason] for table, _, reason in cases)
    rows = delivered(report)
    whole = len(cases)
    assert [len(rows[part]) for part in parts] == [whole, 2 * whole, whole]


def test_a_row_without_its_parent_or_its_values_is_set_aside_with_the_reason(tmp_path):
    visit = {"customer_id": "1", "vehicle_id": "V1", "checked_in_on": "2026-10-01"}
    person = {"kind": "individual", "name": "某"}
    cases = [
        ("visits", {"visit_id": "N1", **visit, "customer_id": "77"}, "customer_id:unknown"),
        ("visits", {"visit_id": "N2", **visit, "vehicle_id": "V77"}, "vehicle_id:unknown"),
        ("visits", {"visit_id": "N3", **visit, "customer_id": ""}, "customer_id:missing"),
        ("visits", {"visit_id": "N4", **visit, "checked_in_on": ""}, "checked_in_on:missing"),
        ("visits", {"visit_id": "N5", **visit, "odometer_km": "9999999"}, "odometer_km:too_large"),
        (
            "repair_lines",
            {"repair_id": "S77", "line_number": "1", "line_kind": "part"},
            "repair_id:unknown",
        ),
        (
            "invoices",
            {"invoice_id": "D1", "repair_id": "S77", "customer_id": "1"},
            "repair_id:unknown",
        ),
        ("vehicles", {"vehicle_id": "V2", "customer_id": "77"}, "customer_id:unknown"),
        ("customers", {"customer_id": "22", **person, "name": ""}, "name:missing"),
        (
            "customers",
            {"customer_id": "23", **person, "merged_into_customer_id": "77"},
            "merged_into_customer_id:unknown",
        ),
    ]
    shop = write_shop(tmp_path, one_car(*({table: [row]} for table, row, _ in cases)))
    report = run(shop)
    numbers = [next(iter(row.values())) for _, row, _ in cases]
    assert {
        (table, number): whys(shop, table, number)
        for (table, _, _), number in zip(cases, numbers, strict=True)
    } == {
        (table, number): [reason] for (table, _, reason), number in zip(cases, numbers, strict=True)
    }
    assert report.quarantined == {
        table: Counter(reason for name, _, reason in cases if name == table)
        for table in {table for table, _, _ in cases}
    }


def test_both_copies_of_a_doubled_key_are_set_aside_with_what_hangs_on_them(tmp_path):
    twice = {"customers": [customer("2"), customer("2")], "vehicles": [vehicle("V2", "2")]}
    report = run(write_shop(tmp_path, one_car(twice, slip("S2", "2", "V2"))))
    assert reasons(report, "customers") == {"customer_id:duplicate": 2}
    assert reasons(report, "vehicles") == {"customer_id:set_aside": 1}
    assert len(delivered(report)["customers"]) == 1
    assert delivered(report)["repair_lines"] == []


def test_mending_the_source_delivers_the_rows(tmp_path):
    tables = one_car(slip("S1", "1", "V1"))
    tables["invoices"][0]["billed_jpy"] = "?"
    shop = write_shop(tmp_path, tables)
    assert run(shop).outcomes[0].account["repair_lines"].quarantined == 2
    write_table(shop, "invoices", slip("S1", "1", "V1")["invoices"])
    mended = run(shop).outcomes[0]
    assert mended.drop_id.endswith("-r2")
    assert mended.supersedes == "lotas/monthly-2026-10-r1"
    assert mended.account["repair_lines"].delivered == 2


def test_what_is_set_aside_is_kept_with_place_and_words_for_the_owner_only(tmp_path):
    tables = one_car(slip("S1", "1", "V1"))
    tables["invoices"][0]["billed_jpy"] = "一万円"
    shop = write_shop(tmp_path, tables)
    run(shop)
    kept = shop / "state" / "quarantine" / "all" / "invoices.csv"
    (row,) = kept.read_text("utf-8-sig").splitlines()[1:]
    why = '"「請求金額」が読めません","billed_jpy:unreadable","請求金額=一万円"'
    assert row.startswith(f'"invoices.csv",2,{why},')
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0


def test_what_is_set_aside_runs_as_no_formula_where_it_is_opened(tmp_path):
    broken = customer("2", name="=cmd|'/c calc'!A1", birth_on="@SUM(1)", phone="+81 23 600 0001")
    tables = {"customers": [customer("1"), broken], "objections": [objection("9")]}
    shop = write_shop(tmp_path, tables)
    run(shop)
    path = shop / "state" / "quarantine" / "all" / "customers.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["氏名"] == "'=cmd|'/c calc'!A1"
    assert not any(cell.startswith(("=", "@")) for cell in row.values())
    assert row["電話番号"] == "023-600-0001"


def test_too_many_broken_rows_hold_the_run_and_publish_nothing(tmp_path):
    tables = one_car(slip("S1", "1", "V1"), slip("S2", "1", "V1"))
    tables["invoices"][0]["billed_jpy"] = "?"
    shop = write_shop(tmp_path, tables, limits={"max_quarantined_share": 0.4})
    with pytest.raises(QuarantineLimitError, match="1 of 2 rows are broken"):
        run(shop)
    assert not (shop / "drops").exists()
    assert (shop / "state" / "quarantine" / "all" / "summary.json").exists()
    assert issubclass(QuarantineLimitError, HeldError)


def test_scope_leaves_out_other_months_sold_cars_cancelled_and_unfinished_work(tmp_path):
    other = [
        slip("S2", "1", "V1", booked_on="2026-09-30"),
        slip("S3", "1", "V1", booked_on="2026-11-01"),
        slip("S4", "1", "V1"),
        slip("S5", "1", "V1"),
        slip("S6", "1", "V2"),
    ]
    other[2]["repairs"][0]["status"] = "cancelled"
    other[3]["repairs"][0]["status"] = "in_progress"
    sold = {
        "vehicles": [
            vehicle("V2", "1", released_on="2026-10-31"),
            vehicle("V3", "1", released_on="2026-11-01"),
        ]
    }
    report = run(write_shop(tmp_path, one_car(slip("S1", "1", "V1"), sold, *other)))
    outcome = report.outcomes[0]
    assert outcome.account["repairs"].delivered == 1
    assert outcome.account["vehicles"].delivered == 2
    assert set(outcome.reasons["repairs"]) == {
        *("out_of_scope: outside_month", "out_of_scope: cancelled"),
        *("out_of_scope: unfinished", "out_of_scope: released"),
    }


@pytest.mark.parametrize("day", ["2026-10-01", "2026-10-31"])
def test_the_first_and_last_day_belong_to_the_month(tmp_path, day):
    report = run(write_shop(tmp_path, one_car(slip("S1", "1", "V1", booked_on=day))))
    assert report.outcomes[0].account["invoices"].delivered == 1


def test_an_estimate_without_a_sale_counts_by_its_own_day(tmp_path):
    estimate = slip("S1", "1", "V1")
    estimate["repairs"][0]["status"] = "estimate"
    estimate["invoices"][0] |= {"booked_on": "", "estimated_on": "2026-10-20"}
    report = run(write_shop(tmp_path, one_car(estimate)))
    assert len(delivered(report)["repair_lines"]) == 2


def test_an_estimate_that_was_sold_counts_by_the_sale_only(tmp_path):
    sold = slip("S1", "1", "V1", booked_on="2026-11-05")
    sold["invoices"][0]["estimated_on"] = "2026-10-20"
    assert delivered(run(write_shop(tmp_path, one_car(sold))))["repairs"] == []


def test_a_reversal_goes_out_with_the_month_it_was_booked_in(tmp_path):
    red = slip("S2", "1", "V1")
    red["repairs"][0]["reverses_repair_id"] = "S1"
    red["repair_lines"][0] |= {"quantity": "-1", "amount_jpy": "▲1000"}
    red["invoices"][0]["billed_jpy"] = "▲2000"
    report = run(write_shop(tmp_path, one_car(slip("S1", "1", "V1", booked_on="2026-09-01"), red)))
    assert [row["billed_jpy"] for row in delivered(report)["invoices"]] == ["-2000"]


def test_work_of_another_shop_counts_by_the_day_it_was_done(tmp_path):
    elsewhere = slip("S1", "1", "V1")
    elsewhere["repairs"][0]["done_by"] = "other_shop"
    del elsewhere["invoices"]
    report = run(write_shop(tmp_path, one_car(elsewhere)))
    assert [row["done_by"] for row in delivered(report)["repairs"]] == ["other_shop"]


def test_only_the_latest_certificate_of_a_car_leaves(tmp_path):
    papers = [
        {"vehicle_id": "V1", "issued_on": day, "maker_name": day}
        for day in ("2022-01-01", "2024-01-01", "2020-01-01")
    ]
    (row,) = delivered(run(write_shop(tmp_path, one_car({"certificates": papers}))))["certificates"]
    assert row["issued_on"] == "2024-01-01"


def test_two_certificates_of_one_day_decide_nothing(tmp_path):
    papers = [
        {"vehicle_id": "V1", "issued_on": "2024-01-01", "maker_name": maker}
        for maker in ("甲", "乙")
    ]
    assert reasons(
        run(write_shop(tmp_path, one_car({"certificates": papers}))), "certificates"
    ) == {"vehicle_id:duplicate": 2}


def test_a_merged_customers_slips_go_out_under_the_surviving_number(tmp_path):
    merged = {"customers": [customer("2", merged_into_customer_id="1")]}
    report = run(write_shop(tmp_path, one_car(merged, slip("S1", "2", "V1"))))
    rows = delivered(report)
    assert [row["customer_key"] for row in rows["repairs"]] == [
        row["customer_key"] for row in rows["customers"]
    ]
    assert report.outcomes[0].reasons["customers"] == {"out_of_scope: merged": 1}


def test_empty_tables_are_delivered_as_empty_files(tmp_path):
    report = run(
        write_shop(tmp_path, {"customers": [customer("1")], "objections": [objection("99")]})
    )
    assert delivered(report)["repair_lines"] == []


@pytest.fixture(scope="module")
def after_august(tmp_path_factory):
    """A shop with three objections that has made one drop, for tests to copy."""
    tables = one_car({"objections": [objection("98"), objection("97")]})
    shop = write_shop(tmp_path_factory.mktemp("shop"), tables)
    run(shop, month="2026-08")
    return shop


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda shop: (shop / "records" / "objections.csv").unlink(), "no such file"),
        (lambda shop: write_table(shop, "objections", [objection("")]), "name no customer"),
        (
            lambda shop: (shop / "records" / "objections.csv").write_bytes(b"\x81"),
            "neither UTF-8 nor CP932",
        ),
        (
            lambda shop: write_table(shop, "objections", [objection("1")]),
            "of 3 objections that stood in the records, 3 are gone",
        ),
    ],
)
def test_objections_that_are_missing_blank_unreadable_or_shrunken_stop_the_run(
    tmp_path, after_august, change, told
):
    shop = Path(shutil.copytree(after_august, tmp_path / "shop"))
    change(shop)
    with pytest.raises(Exception, match=told):
        run(shop)
    assert [p.name for p in (shop / "drops" / "lotas").iterdir()] == ["monthly-2026-08-r1"]


def test_too_many_objections_that_match_nobody_stop_the_run(tmp_path):
    shop = write_shop(tmp_path, one_car(), limits={"max_unmatched_objection_share": 0.5})
    with pytest.raises(ObjectionsUnreliableError, match="match no customer"):
        run(shop)


messy = st.sampled_from(
    [
        "ok",
        "ok",
        "ok",
        "bad date",
        "unknown customer",
        "unknown car",
        "old",
        "cancelled",
        "minus",
        "broken bill",
    ]
)


@settings(max_examples=25)
@given(
    kinds=st.lists(messy, max_size=12),
    objects=st.booleans(),
    line_counts=st.lists(st.integers(0, 4), min_size=12, max_size=12),
)
def test_whatever_the_records_hold_the_account_balances_and_no_slip_is_halved(
    tmp_path_factory, kinds, objects, line_counts
):
    tables = one_car(
        {
            "customers": [customer("2")],
            "vehicles": [vehicle("V2", "2")],
            "objections": [objection("2" if objects else "98")],
        }
    )
    for place, kind in enumerate(kinds):
        one = slip(
            f"S{place}",
            "1" if place % 3 else "2",
            "V1" if place % 2 else "V2",
            lines=line_counts[place],
        )
        repair, bill = one["repairs"][0], one["invoices"][0]
        repair |= {
            "bad date": {"done_on": "x"},
            "unknown customer": {"customer_id": "77"},
            "unknown car": {"vehicle_id": "V77"},
            "cancelled": {"status": "cancelled"},
        }.get(kind, {})
        bill |= {"old": {"booked_on": "2020-01-01"}, "broken bill": {"billed_jpy": "x"}}.get(
            kind, {}
        )
        if kind == "minus" and one["repair_lines"]:
            one["repair_lines"][-1]["quantity"] = "-2"
        tables = joined(tables, one)
    shop = write_shop(tmp_path_factory.mktemp("shop"), tables)
    report = run(shop)
    outcome, rows = report.outcomes[0], delivered(report)
    for table, account in outcome.account.items():
        assert (
            account.read
            == len(tables.get(table, []))
            == sum(getattr(account, d) for d in DISPOSITIONS)
        )
        assert account.delivered == len(rows[table])
    whole = {row["repair_key"] for row in rows["repairs"]}
    assert {row["repair_key"] for row in rows["invoices"]} == whole
    assert len(rows["repair_lines"]) == sum(
        line_counts[place]
        for place, kind in enumerate(kinds)
        if _leaves(kind, place, line_counts[place], objects=objects)
    )
    assert Path(outcome.path).is_dir()
    assert factories.MONTH in outcome.drop_id


def _leaves(kind, place, lines, *, objects):
    is_theirs = place % 3 == 0 or place % 2 == 0
    return (kind == "ok" or (kind == "minus" and not lines)) and not (objects and is_theirs)


def test_numbers_without_their_zeros_are_named_where_they_are_lost(tmp_path):
    people = [customer("7")]
    cars = [vehicle("V1", "007")]
    shop = write_shop(
        tmp_path,
        {"customers": people, "vehicles": cars, "objections": [objection("9")]},
        limits={"max_quarantined_share": 0.4},
    )
    with pytest.raises(QuarantineLimitError, match="not in customers: have its numbers lost"):
        run(shop)


def test_an_older_certificate_does_not_stand_in_for_one_without_a_readable_day(tmp_path):
    papers = [{"vehicle_id": "V1", "issued_on": day} for day in ("2024-01-01", "?")]
    tables = {
        "customers": [customer("1")],
        "objections": [objection("99")],
        "vehicles": [vehicle("V1", "1")],
        "certificates": papers,
    }
    assert delivered(run(write_shop(tmp_path, tables)))["certificates"] == []
