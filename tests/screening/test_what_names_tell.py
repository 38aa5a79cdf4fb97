"""What stands around names, in family cells and in addresses tells nothing of §10; ordinary names leave."""

import re

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.screening.loading import shipped_dangers, shipped_knowledge
from tests.factories import (
    customer,
    delivered,
    joined,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
)
from transforms.screening import named_cells
from transforms.screening.folding import fold_danger, fold_dangers
from transforms.screening.named_cells import NAMES, PLACES, NamedCells

NOBODY = [objection("99")]
CELLS = NamedCells(shipped_dangers(), shipped_knowledge().rules)
_ONE_BY_ONE = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


def words_of(pattern):
    """Give what a list of alternatives is made of, without what is not letters."""
    plain = re.sub(r"\(\?<?[!=:][^()]*\)", "", pattern)
    return {re.sub(r"[\^$?\\()\[\]]", "", word) for word in plain.split("|")} - {""}


WORDS = sorted(
    {word for rule in shipped_knowledge().rules for word in rule.words}.union(
        *(
            words_of(pattern)
            for pattern in (
                named_cells._OF_A_PERSON.pattern,
                named_cells._ALONE.pattern,
                named_cells._IN_A_FAMILY.pattern,
                named_cells._AROUND_A_PLACE.pattern,
                named_cells._INSTITUTION_WORDS,
            )
        )
    )
)


@st.composite
def spelt(draw):
    """Give a word as somebody may write it: kana mixed, letters apart, small or wide."""
    word = draw(st.sampled_from(WORDS))
    is_katakana = draw(st.integers(0, (1 << len(word)) - 1))
    word = "".join(
        char.translate(_ONE_BY_ONE) if is_katakana >> place & 1 else char
        for place, char in enumerate(word)
    )
    return draw(st.sampled_from(["", "", "・", ".", " ", "-"])).join(word)


@settings(max_examples=2000)
@given(
    st.sampled_from([*NAMES, *PLACES]),
    st.sampled_from(
        ["花子", "佐藤 花子", "サトウ ハナコ", "MD ISLAM", "佐藤商事株式会社", "鉄砲町1-2", ""]
    ),
    st.sampled_from(["", " ", "\u3000", "・"]),
    spelt(),
    st.booleans(),
)
def test_what_would_be_found_is_always_looked_at(column, name, between, word, is_behind):
    text = f"{name}{between}{word}" if is_behind else f"{word}{between}{name}"
    is_looked_at = CELLS.suspicious(column, pyarrow.array([text]))[0]
    assert is_looked_at or not CELLS.judge(column, [text])


@given(st.lists(st.text(max_size=8) | st.text("トうｾｷ・ .-_ÅßΣİ(1", max_size=8)))
def test_a_column_is_folded_as_its_cells(texts):
    cells = pyarrow.array(texts, pyarrow.string())
    assert fold_dangers(cells).to_pylist() == [fold_danger(text) for text in texts]


def column_that_leaves(folder, name, values):
    people = [customer(str(place + 1), **{name: value}) for place, value in enumerate(values)]
    shop = write_shop(folder, {"customers": people, "objections": NOBODY})
    return {row[name] for row in delivered(run(shop)).get("customers", [])} - {""}


def test_remarks_around_a_name_keep_it_in(tmp_path):
    names = [
        *(
            "佐藤 一郎 入院",
            "佐藤一郎 通院",
            "佐藤 一郎 刑務所",
            "佐藤 一郎 精神科",
            "透析 佐藤一郎",
        ),
        *(
            "減免 佐藤一郎",
            "（障）佐藤一郎",
            "佐藤一郎／生保",
            "佐藤一郎・障害",
            "佐藤一郎〔障害〕",
        ),
        *(
            "佐藤一郎《生保》",
            "佐藤一郎（足悪い）",
            "佐藤一郎（聴覚）",
            "佐藤一郎（1種1級）",
            "佐藤一郎（ｼｮｳｶﾞｲ）",
        ),
        *(
            "佐藤一郎（透せき）",
            "佐藤一郎（病氣）",
            *("車いすの佐藤一郎", "車いす佐藤一郎", "透析の佐藤", "佐藤一郎（聞こえない）"),
            *("佐藤一郎（目見えない）", "佐藤一郎（ろう）", "佐藤一郎（筆談）", "佐藤一郎（徘徊）"),
            *("佐藤一郎（双極）", "佐藤一郎（S価）", "佐藤一郎（マル暴）", "佐藤一郎（オカマ）"),
            "佐藤 一郎 透析 福祉課",
            "佐藤 一郎 介護",
            "佐藤一郎 認知症介護",
        ),
    ]
    assert column_that_leaves(tmp_path, "name", names) == set()


@pytest.mark.parametrize("column", ["name", "family"])
def test_remarks_on_a_person_behind_a_name_keep_it_in(tmp_path, column):
    marked = [
        *(
            "（障1）",
            "（身）",
            "（片マヒ）",
            "（統失）",
            "（施設）",
            "（天理）",
            "（韓国）",
            "（ゲイ）",
            "（免税）",
        ),
        *("（未収5万）", "（要注意）", "（勤務先:朝日運輸）", "（Insta sato）"),
        *(" リハビリ中", " 施設入所", " 獄中", " 韓国籍", " LINE:sato", " クレーマー"),
    ]
    names = [f"佐藤健一{each}" for each in marked]
    if column == "name":
        assert column_that_leaves(tmp_path, "name", names) == set()
        return
    family = [
        {"family_member_id": str(place), "customer_id": "1", "name": name}
        for place, name in enumerate(names)
    ]
    tables = {"customers": [customer("1")], "family_members": family, "objections": NOBODY}
    left = delivered(run(write_shop(tmp_path, tables)))["family_members"]
    assert {row["name"] for row in left} <= {""}


def test_other_remarks_behind_a_name_leave(tmp_path):
    names = {
        *(
            "佐藤健一（Xトレイル）",
            "佐藤健一（ブラック）",
            "佐藤健一（夫）",
            "長谷川 花子",
            "佐々木 恵",
        ),
        *("佐藤健一 プリウス", "五十嵐 心", "佐藤健一（2台目）"),
    }
    assert column_that_leaves(tmp_path, "name", sorted(names)) == names


def test_names_of_people_from_abroad_and_of_firms_leave(tmp_path):
    names = {
        *("MD イスラム", "モハメド イスラム", "グエン ティ ガン", "NGUYEN VAN ALS"),
        *(
            "鈴木・まひる",
            "ムハンマド・イスラム",
            "カフェ・コロナ",
            "山形市医師会",
            "マリア・ガルシア",
            "佐藤花子（一級建築士事務所）",
        ),
    }
    assert column_that_leaves(tmp_path, "name", sorted(names)) == names


def test_addresses_tell_where_and_not_why(tmp_path):
    telling = [
        *("本籍 山形市緑町1-2", "山形市緑町1-2 生保", "山形市緑町1-2 入院"),
        *(
            "山形市緑町1-2 ナーシングホーム緑",
            "山形市緑町1-2 メンタルクリニック緑",
            "山形市緑町1-2 サ高住緑",
        ),
        *(
            "山形市緑町1-2 DV避難中",
            "山形市緑町1-2 母子シェルター",
            "山形市緑町1-2 就労継続支援B型",
        ),
        *("山形市緑町1-2 こころの医療センター", "山形市緑町1-2 特別支援学校寄宿舎"),
    ]
    ordinary = {
        "東京都千代田区丸の内1-6-6日本生保ビル",
        "大阪市中央区今橋4-2-1生保会館",
        "山形市緑町1-2-3 ジャンヌダルク201",
        "山形市緑町1-2-3 (下部落)",
        "仙北市田沢湖生保内1-2",
        "山形市緑町1-2 交番隣",
        "山形市緑町1-2 緑ビル",
    }
    assert column_that_leaves(tmp_path, "address", [*telling, *sorted(ordinary)]) == ordinary


def test_a_remark_on_a_relative_may_stand_behind_a_given_name(tmp_path):
    names = [
        "花子妊娠",
        "一郎透析",
        "一郎障害",
        "ダウン症",
        "自閉症",
        "認知症の母",
        "非嫡出子",
        "一郎(施設入所)",
        "花子聴覚",
        "花子暴力",
        "花子ナまぽ",
    ]
    ordinary = ["花子", "一郎", "健太郎", "病太"]
    family = [
        {"family_member_id": f"F{n}", "customer_id": "1", "relation": "母", "name": name}
        for n, name in enumerate([*names, *ordinary])
    ]
    tables = {"customers": [customer("1")], "family_members": family, "objections": NOBODY}
    rows = delivered(run(write_shop(tmp_path, tables)))["family_members"]
    assert {row["name"] for row in rows} - {""} == set(ordinary)


def test_work_that_tells_of_a_disability_or_a_crime_does_not_leave(tmp_path):
    texts = [
        *(
            "助手席旋回シート修理",
            "助手席ターンシート修理",
            "左ペダル増設",
            "ペダル左右切替",
            "左右切替アクセル",
        ),
        *(
            "手動装置 取付",
            "ハンドルにノブ取付",
            "ウインカー右から左へ",
            "有料道路割引 登録",
            "ETC割引登録",
        ),
        *(
            "消費税 非課税",
            "10円キズ補修",
            "鍵でキズ",
            "触媒切断",
            "触媒 切り取り",
            "ナンバー抜かれ",
        ),
    ]
    people = {"customers": [customer("1")], "vehicles": [vehicle("V1", "1")], "objections": NOBODY}
    work = [slip(f"S{place}", "1", "V1") for place in range(len(texts))]
    for each, text in zip(work, texts, strict=True):
        each["repairs"][0]["description"] = text
    rows = delivered(run(write_shop(tmp_path, joined(people, *work))))["repairs"]
    assert {row["description"] for row in rows} <= {""}


@pytest.mark.parametrize("name", ["代車", "スズキ", "リン"])
def test_a_customer_called_by_a_word_of_the_trade_empties_nobodys_texts(tmp_path, name):
    text = {"リン": "スプリング交換"}.get(name, f"{name} オイル交換")
    work = slip("S1", "1", "V1")
    work["repairs"][0]["description"] = text
    tables = joined(
        {
            "customers": [customer("1"), customer("2", name=name)],
            "vehicles": [vehicle("V1", "1")],
            "certificates": [{"vehicle_id": "V1", "maker_name": "スズキ"}],
            "objections": NOBODY,
        },
        work,
    )
    rows = delivered(run(write_shop(tmp_path, tables)))
    assert rows["certificates"][0]["maker_name"] == "スズキ"
    assert rows["repairs"][0]["description"] == text


@pytest.mark.parametrize(
    "text",
    ["スズキ様 オイル交換", "スズキ携帯へ連絡済", "スズキより預かり", "スズキへ納車", "すずき宅"],
)
def test_spoken_of_as_of_a_person_the_word_is_a_name(tmp_path, text):
    work = slip("S1", "1", "V1")
    work["repairs"][0]["description"] = text
    tables = joined(
        {
            "customers": [customer("1"), customer("2", name="スズキ")],
            "vehicles": [vehicle("V1", "1")],
            "objections": NOBODY,
        },
        work,
    )
    assert delivered(run(write_shop(tmp_path, tables)))["repairs"][0]["description"] == ""
