"""The sample is what its generator makes, and holds the traps its README names."""

import pandas as pd

from data.make_sample.__main__ import make
from schemas.catalog import CATALOG
from schemas.faults import in_words
from tests.conftest import SAMPLE
from tests.factories import run, texts_of

FOLDERS = ("records", "certificates", "images", "counter")


def test_making_the_sample_again_gives_the_same_bytes(tmp_path):
    make(tmp_path)
    for folder in FOLDERS:
        made = {p.name: p.read_bytes() for p in (tmp_path / folder).iterdir()}
        kept = {p.name: p.read_bytes() for p in (SAMPLE / folder).iterdir()}
        assert made == kept


def test_the_sample_is_small_enough_for_the_repository():
    assert sum(p.stat().st_size for f in FOLDERS for p in (SAMPLE / f).rglob("*")) < 4_000_000


def test_the_samples_broken_rows_are_set_aside_each_for_its_reason(sample_shop):
    reasons = {
        (table, reason) for table, found in run(sample_shop).quarantined.items() for reason in found
    }
    assert reasons >= {
        ("customers", "birth_on:unreadable"),
        ("customers", "customer_id:duplicate"),
        ("customers", "name:broken_characters"),
        ("customers", "sex:unknown_code"),
        ("vehicles", "customer_id:unknown"),
        ("certificates", "certificate:unreadable"),
        ("certificates", "certificate:unknown_class"),
        ("visits", "checked_in_on:unreadable"),
        ("visits", "customer_id:unknown"),
        ("visits", "row:wrong_number_of_cells"),
        ("repairs", "status:unknown_code"),
        ("repair_lines", "amount_jpy:unreadable"),
        ("repair_lines", "line_number:duplicate"),
        ("repair_lines", "quantity:negative_outside_reversal"),
        ("invoices", "billed_jpy:unreadable"),
        ("vehicle_costs", "incurred_on:unreadable"),
    }


def test_every_row_set_aside_is_told_why_in_the_operators_words(sample_shop):
    report = run(sample_shop)
    for table, found in report.quarantined.items():
        for reason in found:
            assert in_words(table, reason).endswith(("ため", "す", "せん"))
        kept = pd.read_csv(sample_shop / "state" / "quarantine" / "all" / f"{table}.csv", dtype=str)
        assert list(kept.columns[:5]) == [
            "元の記録",
            "元の行番号",
            "隔離の理由",
            "reason",
            "読めなかった値",
        ]
        assert not any(column.endswith(".1") for column in kept.columns)
        assert len(kept.columns) == 5 + len(CATALOG[table].columns)  # no title stands for two
        told = [in_words(table, reason) for reason in kept["reason"]]
        assert list(kept["隔離の理由"]) == told


def test_a_line_set_aside_is_told_by_its_place_in_the_records_and_on_its_slip(sample_shop):
    run(sample_shop)
    kept = pd.read_csv(sample_shop / "state/quarantine/all/repair_lines.csv", dtype=str)
    records = pd.read_csv(sample_shop / "records" / "整備明細.csv", dtype=str, encoding="cp932")
    rows = kept[kept["reason"] == "repair_id:set_aside"]
    source = records.iloc[rows["元の行番号"].astype(int) - 2]  # the first row is that of the titles
    assert len(rows) > 100
    assert rows["整備番号"].tolist() == source["整備番号"].tolist()
    assert rows["行番号"].tolist() == source["行"].tolist()


def test_columns_that_must_never_leave_do_not(sample_shop):
    for found in texts_of(run(sample_shop)):
        for word in (
            "line-0000",
            "@insta_",
            "PN-",
            "支払遅れ",
            "身体障害者減免",
            "みちのく損保",
            "備考欄",
            "与信",
            "IMG_",
            "整備士",
            "原価",
        ):
            assert word not in found
