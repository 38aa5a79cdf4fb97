"""Rows the shop's own system calls deleted do not leave, and neither does what hangs on them."""

from collections import Counter
from datetime import UTC, datetime

import pyarrow
import pytest

from drops.keys import PartnerKeys
from schemas.catalog import CATALOG
from schemas.errors import RecordsVanishedError
from tests.factories import (
    bytes_of,
    customer,
    delivered,
    desk,
    joined,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
)
from transforms.reading.columns import read_column

MARK = {"is_deleted": "1"}
DECEMBER = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)


def full_shop(numbers="12"):
    """Two customers with all there is of them."""
    return joined(
        {
            "customers": [customer(n) for n in numbers],
            "family_members": [
                {"family_member_id": f"F{n}", "customer_id": n, "name": f"家族{n}号"}
                for n in numbers
            ],
            "vehicles": [vehicle(f"V{n}", n) for n in numbers],
            "certificates": [
                {"vehicle_id": f"V{n}", "issued_on": "2024-01-01", "model_code": "DAA-ZVW50"}
                for n in numbers
            ],
            "visits": [
                {
                    "visit_id": f"B{n}",
                    "customer_id": n,
                    "vehicle_id": f"V{n}",
                    "checked_in_on": "2026-10-10",
                }
                for n in numbers
            ],
            "vehicle_costs": [
                {
                    "vehicle_cost_id": f"K{n}",
                    "vehicle_id": f"V{n}",
                    "cost_kind": "自動車税",
                    "amount_jpy": "1000",
                    "incurred_on": "2026-10-10",
                }
                for n in numbers
            ],
            "objections": [objection("99")],
        },
        *(slip(f"S{n}", n, f"V{n}") for n in numbers),
    )


GOES_ALONG = {
    "customers": {
        *("customers", "family_members", "vehicles", "certificates", "visits", "repairs"),
        *("repair_lines", "invoices", "vehicle_costs"),
    },
    "family_members": {"family_members"},
    "vehicles": {
        *("vehicles", "certificates", "visits", "repairs", "repair_lines", "invoices"),
        "vehicle_costs",
    },
    "certificates": {"certificates"},
    "visits": {"visits"},
    "repairs": {"repairs", "repair_lines", "invoices"},
    "repair_lines": set(),
    "invoices": {"invoices", "repairs", "repair_lines"},
    "vehicle_costs": {"vehicle_costs"},
}
"""Per table with a deleted row, those that lose all rows of its customer."""


def rows_of(numbered, rows, keys):
    """Those of a table's delivered rows whose keys stand for the numbers of these rows."""
    column = next(iter(numbered[0]))
    key = column.replace("_id", "_key")
    numbers = pyarrow.array([row[column] for row in numbered])
    known = keys.of(column.replace("_id", "s"), numbers).to_pylist()
    return [row for row in rows if row[key] in known]


def test_a_deleted_row_stays_with_what_hangs_on_it_and_is_counted_out_of_scope(tmp_path):
    cases = {table: full_shop((f"{n}1", f"{n}2")) for n, table in enumerate(GOES_ALONG, 1)}
    for table, tables in cases.items():
        tables[table][0].update(MARK)
        del tables["objections"]
    shop = write_shop(tmp_path, joined(*cases.values(), {"objections": [objection("999")]}))
    report = run(shop)
    rows = delivered(report)
    keys = PartnerKeys(desk(shop).ledger.key("lotas"))
    left, expected, lost_of = {}, {}, Counter()
    for table, tables in cases.items():
        for name, all_rows in tables.items():
            half = len(all_rows) // 2
            lost = half if name in GOES_ALONG[table] else (name == table == "repair_lines")
            left[table, name] = len(rows_of(all_rows, rows.get(name, []), keys))
            expected[table, name] = len(all_rows) - lost
            lost_of[name] += lost
    assert left == expected
    assert sum(map(len, rows.values())) == sum(expected.values())
    account = report.outcomes[0].account
    assert {name: account[name].out_of_scope for name in lost_of} == lost_of
    assert not report.quarantined


def test_what_is_deleted_need_not_be_whole(tmp_path):
    tables = full_shop()
    for name in set(tables) - {"objections"}:
        tables[name][0].update({c: "？" for c in CATALOG[name].columns if c.endswith("_on")})
        tables[name][0].update(MARK)
    report = run(write_shop(tmp_path, tables))
    assert not report.quarantined
    assert len(delivered(report)["customers"]) == 1


@pytest.mark.parametrize("is_first", [True, False])
def test_a_number_given_anew_is_the_living_rows(tmp_path, is_first):
    tables = full_shop()
    old = [customer("1", **MARK), vehicle("V1", "1", **MARK)]
    for name, row in zip(("customers", "vehicles"), old, strict=True):
        tables[name].insert(0 if is_first else 2, row)
    old_line = {**tables["repair_lines"][0], **MARK}
    tables["repair_lines"].insert(0 if is_first else 1, old_line)
    report = run(write_shop(tmp_path, tables))
    assert not report.quarantined
    counts = {name: len(rows) for name, rows in delivered(report).items()}
    assert (counts["customers"], counts["vehicles"], counts["repair_lines"]) == (2, 2, 4)
    assert old[0]["name"].encode() not in bytes_of(tmp_path / "drops")


def test_a_customer_deleted_into_another_leaves_as_that_one(tmp_path):
    tables = full_shop()
    tables["customers"][0].update(MARK, merged_into_customer_id="2")
    report = run(write_shop(tmp_path, tables))
    counts = {name: len(rows) for name, rows in delivered(report).items()}
    assert (counts["customers"], counts["vehicles"], counts["repairs"]) == (1, 2, 2)


def test_a_deleted_paper_gives_way_to_the_one_before(tmp_path):
    tables = full_shop()
    newer = {**tables["certificates"][0], "issued_on": "2026-01-01", "model_code": "6AA-ZVW60"}
    tables["certificates"].append({**newer, **MARK})
    rows = delivered(run(write_shop(tmp_path, tables)))
    assert sorted(row["model_code"] for row in rows["certificates"]) == ["DAA-ZVW50"] * 2


def test_a_deleted_sale_leaves_its_estimate_open(tmp_path):
    tables = full_shop()
    tables["invoices"][0].update(MARK)
    estimate = {"invoice_id": "M1", "repair_id": "S1", "customer_id": "1", "billed_jpy": "10"}
    tables["invoices"].append({**estimate, "estimated_on": "2026-10-03"})
    rows = delivered(run(write_shop(tmp_path, tables)))
    assert sorted(row["billed_jpy"] for row in rows["invoices"]) == ["10", "2000"]


def test_a_deleted_refuser_is_still_kept_out_of_others_rows(tmp_path):
    tables = full_shop()
    tables["customers"][0].update(MARK, name="蔵王 太郎", address="山形市蔵王1-1")
    tables["family_members"][1].update(name="蔵王 太郎")
    tables["objections"] = [objection("1")]
    run(write_shop(tmp_path, tables))
    assert "蔵王".encode() not in bytes_of(tmp_path / "drops")


def test_whoever_was_delivered_and_is_deleted_is_told_to_be_deleted(tmp_path):
    tables = full_shop()
    shop = write_shop(tmp_path, tables)
    run(shop)
    tables["customers"][0].update(MARK)
    told = delivered(run(write_shop(tmp_path, tables), month="2026-11", now=DECEMBER))["deleted"]
    assert sorted(row["record"] for row in told) == ["customers", "family_members", "vehicles"]


def test_a_mark_that_takes_most_of_what_a_partner_holds_is_not_believed(tmp_path):
    tables = full_shop()
    tables["customers"] = [customer(str(n)) for n in range(1, 31)]
    shop = write_shop(tmp_path, tables)
    run(shop)
    for row in tables["customers"][:15]:
        row.update(MARK)
    with pytest.raises(RecordsVanishedError):
        run(write_shop(tmp_path, tables), month="2026-11", now=DECEMBER)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *(
            (text, False)
            for text in ("", " ", "0", "０", "0.0", "False", "なし", "-", "未", "有効")
        ),
        *((text, False) for text in ("0000-00-00 00:00:00", "1900/01/01", "9999-12-31")),
        *(
            (text, True)
            for text in ("1", "１", "-1", "9", "1.0", "TRUE", "削除", "削除済", "○", "*")
        ),
        *((text, True) for text in ("2024-05-01 12:00:00", "2024/05/01", "R6.5.1", "20240501")),
        *((text, None) for text in ("×", "2", "停止", "2024-13-01", "12345678")),
    ],
)
def test_how_marks_of_deletion_are_read(written, read):
    column = CATALOG["customers"].columns["is_deleted"]
    found = read_column(pyarrow.array([written]), column)
    value = bool(found.values[0].as_py())
    assert (None if found.faults is not None and found.faults[0].is_valid else value) is read


def test_a_mark_nobody_knows_keeps_the_row_in_the_shop(tmp_path):
    tables = full_shop()
    tables["customers"][0].update(is_deleted="停止")
    report = run(write_shop(tmp_path, tables))
    assert report.quarantined["customers"] == {"is_deleted:unreadable": 1}
    assert len(delivered(report)["customers"]) == 1
