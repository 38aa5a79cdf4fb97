"""Headers are matched as configured; what is missing or unknown is told."""

import json

import numpy as np
import pyarrow
import pytest
from click.testing import CliRunner

from flows.commands.sources import command
from flows.running.report_texts import work_lines
from schemas.catalog import CATALOG
from schemas.errors import ConfigurationError
from schemas.shop import ShopConfiguration, TableMapping
from sources.records import records_of
from sources.rows import RawBatch
from sources.shop_folder import load_shop
from tests.conftest import SAMPLE
from tests.factories import customer, delivered, objection, run, vehicle, write_shop
from transforms.mapping import MatchedColumn, match_headers, raw_column

CUSTOMERS = CATALOG["customers"]
COLUMNS = '["tables"."customers"."columns"]'
NEEDED = {"kind": "区分", "name": "氏名"}


def mapping(**columns):
    return TableMapping(
        source="s", table="t", columns={"customer_id": "顧客番号", **NEEDED, **columns}
    )


def test_a_row_without_any_part_of_a_joined_column_has_nothing_there():
    batch = pyarrow.RecordBatch.from_pydict(
        {
            "a": [None, "山形市", None, None, "", "山形市", "　", ""],
            "b": [None, "緑町", "緑町", None, None, "", "緑町", ""],
        },
        pyarrow.schema([("a", pyarrow.string()), ("b", pyarrow.string())]),
    )
    joined = raw_column(batch, MatchedColumn(("a", "b"), " "))
    parts = [None, "山形市 緑町", "緑町", None, None, "山形市", "緑町", None]
    assert joined.to_pylist() == parts


def test_numbers_join_as_they_are_written_elsewhere():
    numbers = pyarrow.array([23.0, float("nan"), 90123456789.0])
    batch = pyarrow.RecordBatch.from_arrays([numbers, pyarrow.array(["x", "y", "z"])], ["a", "b"])
    joined = raw_column(batch, MatchedColumn(("a", "b"), "-"))
    assert joined.to_pylist() == ["23-x", "y", "90123456789-z"]


def test_headers_match_whatever_their_width_and_marks():
    match = match_headers(
        mapping(phone="TEL"), ["顧客番号", "区 分", "（氏名）", "ＴＥＬ"], CUSTOMERS
    )
    assert match.columns["phone"].headers == ("ＴＥＬ",)
    assert match.columns["name"].headers == ("（氏名）",)


def test_the_first_alias_that_is_there_is_taken_and_the_rest_ignored():
    match = match_headers(
        mapping(phone=("電話番号", "電話", "TEL")),
        ["顧客番号", "区分", "氏名", "TEL", "電話", "LINE"],
        CUSTOMERS,
    )
    assert match.columns["phone"].headers == ("電話",)
    assert match.ignored == ("TEL", "LINE")


def test_missing_and_unmapped_columns_are_told():
    match = match_headers(mapping(fax="FAX"), ["顧客番号", "区分", "氏名"], CUSTOMERS)
    assert match.missing == ("fax",)
    assert "email" in match.unmapped


def test_headers_that_read_alike_are_refused_only_if_asked_for():
    with pytest.raises(ConfigurationError, match="read alike"):
        match_headers(mapping(), ["顧客番号", "区分", "氏名", "氏　名"], CUSTOMERS)
    match_headers(mapping(), ["顧客番号", "区分", "氏名", "メモ(1)", "メモ1", "", ""], CUSTOMERS)


@pytest.mark.parametrize(
    ("column", "table"),
    [
        ("merged_into_customer_id", "customers"),
        ("mobile_phone", "customers"),
        ("released_on", "vehicles"),
    ],
)
def test_a_mapped_header_that_is_gone_stops_the_run(tmp_path, column, table):
    shop = write_shop(tmp_path, {"customers": [customer("1")], "objections": [objection("99")]})
    path = shop / "records" / f"{table}.csv"
    path.write_text(path.read_text().replace(column, "renamed"))
    with pytest.raises(
        ConfigurationError, match=rf"{table}\.csv: .* no header for {table}\.{column}"
    ):
        run(shop)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tables": {}}, "tables.customers is missing"),
        ({"sources": {"records": {"kind": "excel"}}}, "sources.records"),
        ({"limits": {"max_quarantined_share": 2}}, "limits.max_quarantined_share"),
        ({"colour": "red"}, "colour: この名前の項目はありません"),
    ],
)
def test_a_wrong_shop_file_says_where(change, told):
    content = {"name": "x", "sources": {}, "tables": {"customers": [], "objections": []}, **change}
    with pytest.raises(ConfigurationError, match=told):
        ShopConfiguration.load(content, where="shop.toml")


def test_words_are_translated_and_unknown_ones_set_the_row_aside(tmp_path):
    people = [customer("1", sex="おとこ"), customer("2", sex="オンナ"), customer("3", sex="")]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("99")]})
    text = (
        (shop / "shop.toml")
        .read_text()
        .replace(
            COLUMNS, f'["tables"."customers"."values"]\nsex = {{"おとこ" = "male"}}\n{COLUMNS}'
        )
    )
    (shop / "shop.toml").write_text(text)
    report = run(shop)
    assert [row["sex"] for row in delivered(report)["customers"]] == ["male", ""]
    assert report.quarantined["customers"] == {"sex:unknown_code": 1}


def test_a_constant_fills_a_column_the_source_does_not_have(tmp_path):
    shop = write_shop(
        tmp_path, {"customers": [customer("1", kind="")], "objections": [objection("99")]}
    )
    text = (shop / "shop.toml").read_text().replace('"kind" = "kind"\n', "", 1)
    text = text.replace(
        COLUMNS, f'["tables"."customers"."constants"]\nkind = "individual"\n{COLUMNS}'
    )
    (shop / "shop.toml").write_text(text)
    assert run(shop).outcomes[0].account["customers"].delivered == 1


def test_an_explicit_column_of_no_objection_in_the_customer_records_is_understood(tmp_path):
    """Consent kept as a column: blank is a refusal, only an explicit word is none."""
    shop = write_shop(
        tmp_path,
        {
            "customers": [
                customer("1", occupation="可"),
                customer("2", occupation="否"),
                customer("3", occupation=""),
            ]
        },
    )
    text = (shop / "shop.toml").read_text()
    start = text.index('["tables"."objections"]')
    end = text.index('["tables"."family_members"]')
    consent = '["tables"."objections"]\nsource = "records"\ntable = "customers.csv"\ncolumns = { objection_id = "customer_id", customer_id = "customer_id", scope = "occupation" }\nvalues.scope = { "可" = "no_objection", "否" = "provision" }\n\n'
    (shop / "shop.toml").write_text(text[:start] + consent + text[end:])
    assert run(shop).outcomes[0].account["customers"].objected == 2


def test_sources_shows_matched_missing_ignored_and_unused():
    result = CliRunner().invoke(command, ["--shop", str(SAMPLE), "--json"])
    found = json.loads(result.output)
    customers = next(part for part in found["parts"] if part["table"] == "customers")
    assert customers["matched"]["address"] == ["住所１", "住所２"]
    assert {"LINEアカウント", "Instagram", "与信メモ", "備考"} <= set(customers["ignored"])
    lines = next(part for part in found["parts"] if part["table"] == "repair_lines")
    assert {"品番", "原価"} <= set(lines["ignored"])
    text = CliRunner().invoke(command, ["--shop", str(SAMPLE)]).output
    assert "customer_id ← 顧客コード" in text


def test_a_new_column_changes_nothing_and_is_told_once(tmp_path):
    people = [customer("1"), customer("2")]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("9")]})
    assert run(shop).new_columns == {}
    path = shop / "records" / "customers.csv"
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([f"{lines[0]},趣味,備考", *(f"{line},釣り,秘" for line in lines[1:])])
    )
    again = run(shop)
    assert (again.new_columns, again.outcomes[0].status) == ({"customers.csv": 2}, "unchanged")
    assert "customers.csv 2" in "".join(work_lines(again))
    assert run(shop).new_columns == {}


def test_the_sample_shop_loads():
    assert load_shop(SAMPLE).shop.name == "見本モータース"


def test_a_file_with_a_row_per_car_gives_each_customer_once(tmp_path):
    person = customer("1")
    rows = [person, person, customer("2"), person, customer("3"), customer("3")]
    shop = write_shop(tmp_path, {"customers": rows, "objections": [objection("99")]})
    text = (
        (shop / "shop.toml")
        .read_text()
        .replace('["tables"."customers"]\n', '["tables"."customers"]\n"distinct" = true\n')
    )
    (shop / "shop.toml").write_text(text)
    account = run(shop).outcomes[0].account["customers"]
    assert (account.read, account.delivered, account.quarantined) == (4, 2, 2)


def test_words_of_the_shop_can_mean_nothing_in_any_column(tmp_path):
    shop = write_shop(
        tmp_path,
        {
            "customers": [customer("1", merged_into_customer_id="0")],
            "objections": [objection("99")],
        },
    )
    text = (
        (shop / "shop.toml")
        .read_text()
        .replace(
            COLUMNS,
            f'["tables"."customers"."values"]\nmerged_into_customer_id = {{ "0" = "" }}\n{COLUMNS}',
        )
    )
    (shop / "shop.toml").write_text(text)
    assert run(shop).outcomes[0].account["customers"].delivered == 1


def test_a_user_written_as_the_same_is_the_owner(tmp_path):
    person = customer("1", name="甲", address="山形市西1-1")
    paper = {
        "vehicle_id": "V1",
        "owner_name": "甲",
        "owner_address": "山形市西1-1",
        "user_name": "同上",
        "user_address": "〃",
        "base_location": "同上",
    }
    tables = {
        "customers": [person],
        "vehicles": [vehicle("V1", "1")],
        "certificates": [paper],
        "objections": [objection("99")],
    }
    (row,) = delivered(run(write_shop(tmp_path, tables)))["certificates"]
    assert (row["user_name"], row["user_address"], row["base_location"]) == (
        "甲",
        "山形市西1-1",
        "山形市西1-1",
    )


def test_a_column_with_a_header_and_a_constant_is_refused(tmp_path):
    shop = write_shop(tmp_path, {"customers": [customer("1")], "objections": [objection("1")]})
    text = (shop / "shop.toml").read_text()
    constants = '["tables"."customers"."constants"]\nkind = "individual"\n\n'
    (shop / "shop.toml").write_text(text.replace(COLUMNS, constants + COLUMNS))
    with pytest.raises(ConfigurationError, match="'kind' is both in columns and in constants"):
        load_shop(shop)


def test_a_row_of_empty_texts_is_none_as_it_is_in_a_file():
    rows = pyarrow.RecordBatch.from_pydict({"a": ["1", "", None], "b": [None, "", None]})
    texts = pyarrow.schema([("a", pyarrow.string()), ("b", pyarrow.string())])
    raw = RawBatch(rows.cast(texts), np.arange(1, 4))
    (left,) = records_of(mapping(), iter([raw]))
    assert (left.rows.to_pylist(), left.records.tolist()) == ([{"a": "1", "b": None}], [1])
