"""Campaigns are read as the ministry serves them, or from a CSV; read in part they are not read at all."""

import json

import pyarrow
import pytest

from schemas.campaigns import Category, ranges_of
from schemas.errors import ConfigurationError, SourceUnreadableError
from sources.campaign_csv import CSV_COLUMNS
from sources.campaign_files import read_campaigns
from tests.conftest import SAMPLE
from transforms.recall.matching import match

MINISTRY = SAMPLE / "campaigns" / "mlit_kawasaki.json"


def chassis(first, last):
    return {
        "mst_chassis_car_mlit_chassis_no_from": first,
        "mst_chassis_car_mlit_chassis_to_to": last,
    }


def model(code, *ranges, **more):
    return {
        "recall_type_data_car_mlit_car_name_code": "某",
        "recall_type_data_car_mlit_model_name": code,
        "recall_type_data_car_mlit_common_name": "車",
        "recall_type_data_car_mlit_chassis_list": [chassis(*each) for each in ranges],
        **more,
    }


def record(number="1234567", *models, **fields):
    named = {
        "notification_no": number,
        "notification_date": "2026/10/01",
        "recall_campaign_flag": "1",
        "delete_flag": "オフ",
        **fields,
    }
    own = {f"recall_data_car_mlit_{name}": value for name, value in named.items()}
    lists = models or (model("DAA-A1", ("A1-1", "A1-9")),)
    return {**own, "typeList": list(lists)}


def range_count(campaign):
    return sum(len(model.ranges) for model in campaign.models)


def written(tmp_path, *records, text=None):
    path = tmp_path / "answer.json"
    path.write_text(text or json.dumps({"data": list(records)}, ensure_ascii=False))
    return path


def read(tmp_path, *records, **how):
    return read_campaigns(written(tmp_path, *records, **how))


def test_the_ministrys_answer_is_read_whole():
    file = read_campaigns(MINISTRY)
    first, second = file.campaigns
    assert (first.number, first.printed_number, str(first.notified_on)) == (
        "1118030",
        "18030",
        "2007-01-17",
    )
    assert (first.category, first.is_import) == (Category.RECALL, False)
    assert (len(first.models), range_count(first)) == (6, 9)
    assert (second.number, len(second.models), range_count(second)) == ("1116980", 7, 7)


def test_trailing_commas_and_junk_before_are_no_harm_and_texts_keep_theirs(tmp_path):
    answer = record(situation_explanatory_text="あ,] い,}")
    text = "\n\n  \n" + json.dumps({"data": [answer]}, ensure_ascii=False)
    text = text.replace("}]}]}", "},],},],}")
    (campaign,) = read(tmp_path, text=text).campaigns
    assert (campaign.situation, range_count(campaign)) == ("あ,] い,}", 1)


def test_types_and_ranges_continue_in_numbered_lists(tmp_path):
    more = {
        f"typeList{n}": [model(f"DAA-B{n}", (f"B{n}-1", f"B{n}-2"))] if n % 7 == 0 else []
        for n in range(1, 61)
    }
    five = {
        f"recall_type_data_car_mlit_chassis_list{n}": [chassis(f"A1-{n}00", f"A1-{n}99")]
        for n in range(1, 6)
    }
    (campaign,) = read(
        tmp_path, {**record("1", model("DAA-A1", ("A1-1", "A1-9"), **five)), **more}
    ).campaigns
    assert [each.code for each in campaign.models][:3] == ["DAA-A1", "DAA-B7", "DAA-B14"]
    assert len(campaign.models) == 9
    assert [ends.first for ends in campaign.models[0].ranges] == [
        "A1-1",
        *(f"A1-{n}00" for n in range(1, 6)),
    ]


@pytest.mark.parametrize("other", [{}, {"delete_flag": "オン"}])
def test_of_two_records_of_one_day_none_takes_a_car_away(tmp_path, other):
    first = record("1", model("A1", ("A1-1", "A1-5")), id="10", defective_device="制動装置")
    second = record(
        "1", model("A1", ("A1-6", "A1-9")), id="11", defective_device="燃料装置", **other
    )
    (campaign,) = read(tmp_path, first, second).campaigns
    both = ["A1-5", "A1-9"] if not other else ["A1-5"]
    assert [m.ranges[0].last for m in campaign.models] == both
    assert campaign.device == ("制動装置、燃料装置" if not other else "制動装置")


def test_each_device_of_a_number_is_named_once(tmp_path):
    devices = ["制動装置", "燃料装置", "制動装置", "燃料装置"]
    records = [record("1", id=str(n), defective_device=name) for n, name in enumerate(devices)]
    (campaign,) = read(tmp_path, *records).campaigns
    assert (campaign.device, len(campaign.models)) == ("制動装置、燃料装置", 1)


def test_an_empty_end_and_a_type_without_ranges_stay_what_they_are(tmp_path):
    (campaign,) = read(tmp_path, record("1", model("A1", ("A1-5", "")), model("B1"))).campaigns
    assert (campaign.models[0].ranges[0].last, campaign.models[1].ranges) == ("", ())


def test_the_later_version_of_a_number_stands_and_a_withdrawn_one_does_not(tmp_path):
    file = read(
        tmp_path,
        record("1", model("A1", ("A1-1", "A1-9")), notification_date="2026/10/05", id="7"),
        record("1", model("A1", ("A1-1", "A1-5")), id="9"),
        record("2", delete_flag="オン"),
        record("3"),
        record("3"),
    )
    assert [(c.number, c.models[0].ranges[0].last) for c in file.campaigns] == [
        ("1", "A1-9"),
        ("3", "A1-9"),
    ]
    assert [c.models[0].ranges[0].last for c in file.superseded] == ["A1-5"]
    assert [c.number for c in file.withdrawn] == ["2"]


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ({"notification_no": ""}, "no notification number"),
        ({"notification_date": "昨日"}, "is no day"),
        ({"notification_date": "0000年12月 0日"}, "is no day"),
        ({"recall_campaign_flag": "9"}, "recall_campaign_flag '9' is unknown"),
        ({"delete_flag": "たぶん"}, "delete_flag"),
    ],
)
def test_a_record_that_cannot_be_understood_is_named_and_stops_all(tmp_path, spoilt, told):
    with pytest.raises(ConfigurationError, match=rf"record 2.*{told}.*nothing was used"):
        read(tmp_path, record("1"), {**record(**spoilt)})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ('{"data": []}', "holds no campaign"),
        ('{"answer": 1}', "no list 'data'"),
        ('{"data": [', "is not JSON"),
        ('{"data": []} {"data": []}', "something follows"),
        ("a,b\n1,2\n", "columns 届出番号"),
    ],
)
def test_a_file_that_is_no_answer_is_told(tmp_path, text, told):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        read_campaigns(path)


ROWS = [
    [
        "5117",
        "2026/10/01",
        "リコール",
        "某",
        "車",
        "DAA-A1",
        "A1-1",
        "A1-9",
        "",
        "",
        "10",
        "x",
        "y",
        "z",
    ],
    ["5117", "令和8年10月1日", "", "某", "車", "DAA-B1", "B1-1～B1-9", "", "", "", "", "", "", ""],
    ["5118", "2026-10-02", "改善対策", "某", "", "C1", "", "", "", "", "", "", "", ""],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_csv_holds_several_campaigns_in_either_encoding(tmp_path, encoding):
    path = tmp_path / "campaign.csv"
    lines = [",".join(row) for row in [list(CSV_COLUMNS), *ROWS]]
    path.write_bytes(
        "\r\n".join(lines).replace("～", "〜" if encoding != "cp932" else "～").encode(encoding)
    )
    first, second = read_campaigns(path).campaigns
    assert [m.code for m in first.models] == ["DAA-A1", "DAA-B1"]
    assert (first.models[1].ranges[0].first, first.models[1].ranges[0].last) == ("B1-1", "B1-9")
    assert (second.category, second.models[0].ranges) == (Category.IMPROVEMENT, ())


@pytest.mark.parametrize("spoilt", ['"直す', '直す,"'])
def test_a_quotation_mark_swallows_no_campaign(tmp_path, spoilt):
    path = tmp_path / "campaign.csv"
    rows = [[*ROWS[0][:-1], spoilt], *ROWS[1:]]
    path.write_text("\n".join(",".join(row) for row in [list(CSV_COLUMNS), *rows]))
    with pytest.raises(ConfigurationError, match=r"quotation mark|it has \d+ cells") as caught:
        read_campaigns(path)
    assert "直す," not in str(caught.value)


@pytest.mark.parametrize("between", ["、", ",", "/", "／", " ", "・"])
def test_a_cell_of_several_models_names_each_of_them(tmp_path, between):
    path = tmp_path / "campaign.csv"
    row = [*ROWS[0]]
    row[CSV_COLUMNS.index("型式")] = f'"DAA-A1{between}6AA-B1"'
    path.write_text("\n".join(",".join(each) for each in [list(CSV_COLUMNS), row]))
    (campaign,) = read_campaigns(path).campaigns
    assert [model.code for model in campaign.models] == ["DAA-A1", "6AA-B1"]
    assert len({model.ranges for model in campaign.models}) == 1


@pytest.mark.parametrize(
    "code", ["DAA-A1他", "DAA-A1等", "DAA-A#", "DAA-A*", "DAA-A1、ほか", "DAA-A○"]
)
def test_a_model_that_is_not_named_in_full_stops_all(tmp_path, code):
    path = tmp_path / "campaign.csv"
    row = [*ROWS[0]]
    row[CSV_COLUMNS.index("型式")] = code
    path.write_text("\n".join(",".join(each) for each in [list(CSV_COLUMNS), row]))
    with pytest.raises(ConfigurationError, match="name each 型式 in full"):
        read_campaigns(path)


@pytest.mark.parametrize("code", ["220", "911", "E-M", "フルトレーラ", "その他"])
def test_a_cell_that_is_no_code_leaves_its_cars_to_their_numbers(tmp_path, code):
    (campaign,) = read_campaigns(csv_file(tmp_path, row(code, "220-0436", "220-0900"))).campaigns
    assert [model.code for model in campaign.models] == [""]
    with pytest.raises(ConfigurationError, match="name each 型式 in full"):
        read_campaigns(csv_file(tmp_path, row(code)))


@pytest.mark.parametrize(
    ("code", "meant"),
    [("E-AE86 改", "E-AE86改"), ("CBA-BL5　（改）", "CBA-BL5(改)"), ("S510P-改", "S510P改")],
)
def test_the_mark_of_a_modified_model_may_stand_apart(tmp_path, code, meant):
    (campaign,) = read_campaigns(csv_file(tmp_path, row(code))).campaigns
    assert [model.code for model in campaign.models] == [meant]


def test_a_csv_line_that_is_short_or_says_nothing_is_named(tmp_path):
    path = tmp_path / "campaign.csv"
    for row, told in (
        (ROWS[0][:5], "line 2: it has 5 cells"),
        ([*ROWS[0][:5], "", "", "", *ROWS[0][8:]], "neither 型式 nor chassis"),
        ([*ROWS[0][:6], "", "A1-9", *ROWS[0][8:]], "an end and no beginning"),
    ):
        path.write_text(",".join(CSV_COLUMNS) + "\n" + ",".join(row))
        with pytest.raises(ConfigurationError, match=told):
            read_campaigns(path)
    path.write_bytes(b"\x81")
    with pytest.raises(SourceUnreadableError):
        read_campaigns(path)


def csv_file(tmp_path, *rows, header=CSV_COLUMNS):
    path = tmp_path / "campaign.csv"
    lines = [list(header), *rows]
    path.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in lines), "utf-8")
    return path


def row(code="DAA-A1", first="", last="", day="2026/10/01"):
    return ["5117", day, "", "某", "", code, first, last, *[""] * 6]


@pytest.mark.parametrize(
    "code",
    [
        *("DAA-ZVW50及びDAA-ZVW51", "DAA-ZVW50|DAA-ZVW51", "DAA-ZVW50。", "DAA-ZVW50<br>DAA-ZVW51"),
        *("DAA-ZVW50系", "ZVW50型", "DAA-ZVW50全車", "全車", "全型式", "※", "注1", "“DAA-ZVW50”"),
        *(
            "DAA-ZVW5x",
            "DAA-ZVW5…",
            "DAA -ZVW50",
            "*-ZVW50",
            "プリウス",
            "〃",
            "同上",
            "DAA-ZVW50/51",
        ),
        *("DAA,6AA-ZVW50", "DAA-ZVW50（DAA-ZVW51を含む）", "DAA-ZVW50\u200b\u3000x", "51"),
    ],
)
def test_a_cell_that_is_no_type_or_part_of_one_is_refused(tmp_path, code):
    with pytest.raises(ConfigurationError, match="name each 型式 in full"):
        read_campaigns(csv_file(tmp_path, row(code)))


@pytest.mark.parametrize(
    ("code", "codes"),
    [
        ("DAA-ZVW50､DAA-ZVW51", ["DAA-ZVW50", "DAA-ZVW51"]),
        ("DAA-ZVW50･6AA-ZVW51", ["DAA-ZVW50", "6AA-ZVW51"]),
        ("ＤＡＡ－ＺＶＷ５０（改）", ["DAA-ZVW50(改)"]),
        ("DAA-ZVW50-AHXEB", ["DAA-ZVW50-AHXEB"]),
        ("VAG", ["VAG"]),
    ],
)
def test_types_are_read_in_any_width(tmp_path, code, codes):
    (campaign,) = read_campaigns(csv_file(tmp_path, row(code))).campaigns
    assert [model.code for model in campaign.models] == codes


def test_a_day_that_slipped_down_a_spreadsheet_loses_no_row(tmp_path):
    rows = [row("DAA-A1", day="2026/10/01"), row("DAA-B1", day="2026/10/02")]
    with pytest.raises(ConfigurationError, match="has two 届出日"):
        read_campaigns(csv_file(tmp_path, *rows))


@pytest.mark.parametrize("name", ["車台番号_from", "型式", "車台番号_from2"])
def test_a_column_more_loses_no_range(tmp_path, name):
    path = csv_file(tmp_path, [*row(), "A1-1"], header=[*CSV_COLUMNS, name])
    with pytest.raises(ConfigurationError, match=rf"'{name}' is there twice or unknown"):
        read_campaigns(path)


def test_two_numbers_in_one_end_are_not_glued_together(tmp_path):
    path = csv_file(tmp_path, row("DAA-A1", "A1-0001\n0100", "A1-0009\n0199"))
    (campaign,) = read_campaigns(path).campaigns
    assert campaign.models[0].ranges[0].first == "A1-0001/0100"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"data": [{"typeList": [], "typeList": []}]}', "typeList is there twice"),
        ('{"data": [{"typeList_1": []}]}', "the list typeList_1 is unknown"),
        ('{"data": [{"recall_type_data_car_mlit_chassis_list_6": []}]}', "is unknown"),
    ],
)
def test_a_list_that_would_be_passed_over_is_refused(tmp_path, text, told):
    with pytest.raises(ConfigurationError, match=told):
        read(tmp_path, text=text)


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        *(
            (cell, "ZVW50-6000100", "ZVW50-6000199")
            for cell in (
                "ZVW50-6000100－ZVW50-6000199",
                "ZVW50-6000100 - ZVW50-6000199",
                "ＺＶＷ５０－６０００１００ー６０００１９９",
                "ZVW50-6000100からZVW50-6000199まで",
                "ZVW50-6000100号～ZVW50-6000199号",
                "ZVW50-6000100より6000199迄",
            )
        ),
        ("ZVW50-6000100以降", "ZVW50-6000100", ""),
        ("ZVW50-6000100から", "ZVW50-6000100", ""),
    ],
)
def test_both_ends_may_stand_in_one_cell(tmp_path, cell, first, last):
    (campaign,) = read(tmp_path, record("1", model("DAA-ZVW50", (cell, "")))).campaigns
    (ends,) = campaign.models[0].ranges
    assert ends.first == first
    assert ends.last in {last, last.removeprefix("ZVW50-")}


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside"),
    [
        *(
            (f"GX1-0000900{word}", "", "GX1-0000900", "GX1-0000901")
            for word in ("以前", "以下", "まで", "迄", "号まで", "より以前", "番号以下")
        ),
        ("GX1-0000900以前", "GX1-0000900以前", "GX1-0000150", "GX1-0000901"),
        ("GX1-0000100以降", "GX1-0000100以降", "GX1-0000500", "GX1-0000099"),
        *(
            (f"GX1-0000100{word}", "", "GX1-0000500", "GX1-0000099")
            for word in ("～以降", "から以降", "より後")
        ),
        ("GX1-0000900まで", "GX1-0000990から", "GX1-0000900", "GX2-0000950"),
        ("GX1-0000900まで", "GX1-0000990から", "GX1-0000999", "GX2-0000950"),
        ("GX1-0000100番号", "GX1-0000900番号", "GX1-0000500", "GX1-0000901"),
    ],
)
def test_what_is_said_beside_an_end_tells_which_end_it_is(tmp_path, first, last, inside, outside):
    (campaign,) = read(tmp_path, record("1", model("KDH206V", (first, last)))).campaigns
    cars = pyarrow.table(
        {
            "model_code": pyarrow.nulls(2, pyarrow.string()),
            "chassis_number": [inside, outside],
        }
    )
    assert match(cars, ranges_of([campaign])).pairs["car"].tolist() == [0]


@pytest.mark.parametrize("code", ["トヨタDAA-ZVW50", "(DAA-ZVW50)", "（ＤＡＡ－ＺＶＷ５０）"])
def test_a_model_with_its_maker_or_in_brackets_is_that_model(tmp_path, code):
    (campaign,) = read(tmp_path, record("1", model(code, ("A1-1", "A1-9")))).campaigns
    assert [each.code for each in campaign.models] == ["DAA-ZVW50"]


@pytest.mark.parametrize("end", ["6.0001E+06", "1E+07", "6.01E06"])
def test_a_number_a_spreadsheet_rewrote_stops_the_reading(tmp_path, end):
    with pytest.raises(ConfigurationError, match=r"record 1 \(1\).*rewritten by a spreadsheet"):
        read(tmp_path, record("1", model("不明", (end, end))))


def test_records_of_one_number_count_as_the_search_counts_them(tmp_path):
    records = [{**record("1"), "count": "2"}, {**record("1"), "count": "2"}]
    file = read(tmp_path, *records)
    assert (len(file.campaigns), file.records, file.announced) == (1, 2, 2)
