"""Known words pass, known dangers never do, everything else waits."""

import re

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drops.plain_forms import plain_form
from schemas.screening import Action, Decision, Knowledge
from sources.screening.loading import shipped_knowledge
from sources.screening.tokenizing import JapaneseTokenizer
from tests.screening import evaluation
from tests.screening.evaluation import CORPUS, knows_nobody, outcomes, phrases
from transforms.reading.folding import DASHES
from transforms.screening.dangers import Dangers
from transforms.screening.folding import fold_term
from transforms.screening.judging import Decisions, Screen
from transforms.screening.numbers import (
    holds_contact,
    holds_personal_number,
    is_licence,
    is_my_number,
)

DESCRIPTION = "repairs.description"
KNOWLEDGE = shipped_knowledge()
TOKENIZE = JapaneseTokenizer()
SHORTEST_KANA = 4
DANGEROUS_WORDS = [word for rule in KNOWLEDGE.rules for word in rule.words]


def screen(
    decisions: Decisions | None = None, names=knows_nobody, knowledge: Knowledge = KNOWLEDGE
):
    dangers = Dangers.of(knowledge)
    return Screen(knowledge, dangers, TOKENIZE, decisions or Decisions(), names)


SHIPPED = screen()


def judged(text: str, column: str = DESCRIPTION, by: Screen = SHIPPED):
    """What becomes of one text: None if it leaves."""
    return by.judge({column: [text]})[column].get(text)


@pytest.mark.parametrize(
    "text",
    [
        "ブレーキパッド交換 前",
        "右前輪から異音、ハブベアリング交換にて対応",
        "ﾛﾜｰｱｰﾑﾌﾞｰﾂ破れ 左右交換",
        "スタッドレスタイヤ 165/55R15 4本 組替・バランス",
        "エンジンオイル 0W-20 3.5L",
        "盗難防止装置 点検",
        "バッテリー診断 CCA 180",
        "組合せランプ 左 交換",
        "排ガス検査",
        "エンジンの病気 原因特定",
        "障害コード P0300 消去",
        "鈑金塗装 左フロントドア",
        "異音点検\n右前輪から異音",
        "がんがん鳴る マフラー遮熱板",
        "中国製タイヤ 4本 組替",
        *(
            "圧縮 13.5 13.8 13.6 13.7",
            "空気圧 240 240 250 250",
            "12.61 12.63 12.60",
            "3223 3124 3223",
        ),
        *(
            "ドアが開けられない",
            "ハンドルが左に取られて",
            "ハンドルとられた",
            "エアコン 左側が効かない",
            "整備手帳あり",
        ),
        *(
            "ハンドル ブレーキ 異常なし",
            "サイドレバー調整 ブレーキ点検",
            "ハンドル旋回時異音",
            "対処方法 説明",
        ),
        *(
            "運転席シート昇降スイッチ交換",
            "パーキングブレーキレバー取付",
            "ヘルパースプリング交換",
            "法人種別",
        ),
        *(
            *(
                "フロントウインカー球交換",
                "シート、ウインドウ清掃",
                "240/240/235/230",
                "2026-10-05 12345km",
            ),
            *("パワーシート昇降モーター交換", "ハンドルを取られた", "ステアリング取られて"),
            "マニュアル中古ミッション載せ替え",
            "エアコン本体調整",
            "下回り保護費用",
            "配送検査",
            "再発作業",
        ),
    ],
)
def test_garage_talk_leaves(text):
    assert judged(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "週三日 機械につながれて血をきれいにしてる",
        "塀の中に入っていた",
        "片方しか利かないので左で踏めるように改造",
        "オイル交換 ご主人 先月から歩けなくなった",
        "佐藤一郎様より依頼",
        "とうせきのため夕方納車",
        "トウセキ",
        "ト ウ セ キ",
        "品番 04465-30330-12",
        *(
            "ガン 再発",
            "ｶﾞﾝあり",
            "ガン 経過観察 代車",
            "入院の車 引取",
            "障害の車",
            "癌の車",
            "死亡の車",
            "犯人の車",
        ),
        *(
            "たいいんのため 納車",
            "シュジュツのため代車",
            "ようつうのため シート交換",
            "ぐあいがわるく 引取",
        ),
        *(
            "ごせいきょのため 引取",
            "ナンバープレート ぬきとられた",
            "ボディ きずをつけられた",
            "てんりきょう",
            "財布とられた",
        ),
        *(
            "手動レバー（アクセル・ブレーキ）取付",
            "アクセルとブレーキレバー取付",
            "手動レバー ブレーキ取付",
        ),
        *(
            "ハンドルブレーキを取付",
            "助手席シート昇降スイッチ不良",
            "右側が効かない",
            "左側使えません",
        ),
        *(
            "車内確認 ドア開けられ、工具なし",
            "鍵を開けられました",
            "タイヤを右に取られた",
            "泥棒に取られた",
        ),
        *("ホイール盗難、ナット一式交換", "アル中で来店できず", "点検 30-0404-7966-69"),
        *("ぶつけられて逃げられた", "ミラー 折られ", "エンブレム 外され", "ペンキ かけられ"),
        "VIN JTDKB20U093456789",
    ],
)
def test_what_the_trade_does_not_say_waits_or_is_withheld(text):
    assert judged(text) is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("透析のため夕方納車", "health_care"),
        ("透 析", "health_care"),
        ("身障１級", "disability"),
        ("創価の集まり", "creed"),
        ("前科持ち", "crime_record"),
        ("当て逃げ被害 右ドア", "crime_victim"),
        ("本籍が同じ", "origin"),
        ("労組の車", "union"),
        ("減免", "inference"),
        ("ﾃﾞｲｻｰﾋﾞｽ", "inference"),
        ("病気", "health"),
        ("がんで入院", "health"),
        ("ガンの手術", "health_care"),
        ("末期がんと", "health"),
        ("自動車税 0円", "inference"),
        ("自動車税 零円", "inference"),
        ("自動車税 かかりません", "inference"),
        ("自動車税 全額減", "inference"),
        ("自動車税 申請により無料", "inference"),
        ("ハンドル旋回用ノブ取付", "inference"),
        ("左側にアクセルペダル追加", "inference"),
        ("レバーでアクセル操作", "inference"),
        ("手元レバー取付", "inference"),
        ("ウインカー左右入替", "inference"),
        ("助手席リフト修理", "inference"),
        ("床固定ベルト点検", "inference"),
        ("後部電動ウインチ", "inference"),
        ("右側使用不可", "inference"),
        ("酸素機器積載", "health_care"),
        ("赤旗配達の車", "creed"),
        ("個人番号 1234 5678 9018", "number"),
        ("123/456/789/018", "number"),
        ("1234 と 5678 と 9018", "number"),
        ("023 の 643 の 8163 へ", "person"),
        ("4111 1111 1111 1111", "number"),
        ("090-1234-5678 へ連絡", "person"),
        ("taro＠example.jp", "person"),
    ],
)
def test_known_dangers_are_withheld_by_their_category(text, reason):
    assert judged(text).reason == reason


@pytest.mark.parametrize("word", [w for w in DANGEROUS_WORDS if re.search("[一-龥]", w)])
def test_a_dangerous_word_in_kana_does_not_leave(word):
    reading = "".join(piece.reading for piece in TOKENIZE(word))
    hiragana = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in reading)
    kana = len(re.sub("[^ぁ-んァ-ヶー]", "", reading))
    if kana >= SHORTEST_KANA:
        assert judged(f"オイル交換 {reading}のため納車") is not None
        assert judged(f"{hiragana}のため") is not None


def test_every_word_of_the_trade_is_one_by_itself():
    figures = KNOWLEDGE.figurative.words
    plain = {term for term in KNOWLEDGE.terms if not any(word in term for word in figures)}
    found = SHIPPED.judge({DESCRIPTION: plain})[DESCRIPTION]
    assert [term for term, each in found.items() if each.action is None] == []


def test_a_text_nobody_reads_through_is_withheld_at_once():
    judgement = judged("車の病気" * 8000)
    assert (judgement.reason, judgement.action) == ("too_long", Action.WITHHOLD_CELL)


@pytest.mark.parametrize(
    "text",
    [
        *("2 123456789018", "1234-5678-9018", "1 2 3 4 5 6 7 8 9 0 1 8", "4111-1111-1111-1111"),
        *("12 34 56 78 90 18", "1 23456789018", "30-04-047966-69", "3004-0479-66-69"),
    ],
)
def test_a_number_is_known_beside_other_figures_and_however_it_is_grouped(text):
    assert holds_personal_number(text)


@pytest.mark.parametrize(
    "text", ["重量税 6,600円", "現在日時 点検", "DVDナビ取付", "エアガン ノズル交換"]
)
def test_innocent_texts_that_hold_a_danger_by_chance_are_not_withheld(text):
    judgement = judged(text)
    assert judgement is None or judgement.action is None


def test_a_danger_is_seen_behind_an_innocent_word_that_reaches_into_it():
    """点検診断 is innocent, but it must not hide the 診断書 that begins within it."""
    for text in ("点検。診断書", "点検診断書", "点検 診断書の提出"):
        assert judged(text).reason == "health_care"
    assert judged("点検診断") is None


def test_a_figure_of_speech_needs_a_part_directly_beside_it():
    assert judged("エンジンの病気") is None
    assert judged("愛車入院") is None
    assert judged("エンジンオイル 入院").action is None
    assert judged("スズキの病気").reason == "health"


def test_a_figure_of_speech_takes_no_danger_along_that_reaches_beyond_it():
    for text in ("車検診断書", "車検診 断書", "愛車入院の車検診断書"):
        assert judged(text).reason == "health_care"
    assert judged("車の病気の治療") is None


@given(
    word=st.sampled_from(DANGEROUS_WORDS),
    before=st.sampled_from(["", "オイル交換 ", "点検。", "車検"]),
    between=st.sampled_from(["", " ", "\u3000", "・", "\n"]),
)
@settings(max_examples=300)
def test_a_danger_never_leaves_whatever_was_decided_and_however_it_is_spaced(word, before, between):
    text = before + between.join(word)
    everything = screen(Decisions(words=[text, word], of_text=lambda _text: Decision.RELEASED))
    own = [r for r in KNOWLEDGE.rules if word in r.words]
    is_excepted = any(fold_term(word) in fold_term(each) for r in own for each in r.unless)
    assert is_excepted or judged(text, by=everything) is not None


def test_decisions_of_persons_hold_for_texts_that_wait():
    text = "ほにゃらら交換"
    assert judged(text).reason == "waits"
    assert judged(text).unknown
    assert judged(text, by=screen(Decisions(words=["ほにゃらら"]))) is None
    released = screen(Decisions(of_text=lambda _text: Decision.RELEASED))
    withheld = screen(Decisions(of_text=lambda _text: Decision.WITHHELD))
    assert judged(text, by=released) is None
    assert judged("オイル交換", by=withheld).action is Action.WITHHOLD_CELL


def test_a_text_that_names_somebody_is_withheld_even_if_it_was_released():
    def everybody(texts: pyarrow.Array) -> np.ndarray:
        return np.ones(len(texts), bool)

    released = Decisions(of_text=lambda _text: Decision.RELEASED)
    assert judged("オイル交換", by=screen(released, everybody)).reason == "person"


@pytest.mark.parametrize(
    ("column", "passes", "waits"),
    [
        ("customers.occupation", "会社員", "透視能力者"),
        ("family_members.relation", "長女", "内縁"),
        ("vehicles.usage", "通勤・買物", "週に三度の往復"),
        ("vehicle_costs.cost_kind", "自動車税種別割", "謎の費用"),
        ("certificates.body_shape", "ステーションワゴン", "何かの車"),
        ("customers.replacement_intent", "次回は軽を希望", "体が動くうちに"),
    ],
)
def test_coded_columns_pass_only_what_their_list_has(column, passes, waits):
    assert judged(passes, column) is None
    assert judged(waits, column) is not None


def test_no_value_of_a_list_is_a_danger():
    for column, values in KNOWLEDGE.lists.items():
        assert {value: judged(value, column) for value in values if judged(value, column)} == {}


def test_no_term_of_the_vocabulary_is_a_danger_by_itself():
    by_rule = {term: judged(term) for term in sorted(KNOWLEDGE.terms)}
    assert [t for t, found in by_rule.items() if found and found.action is not None] == []


@given(st.text("0123456789", min_size=11, max_size=11))
def test_exactly_one_check_digit_makes_a_my_number(digits):
    fits = [check for check in "0123456789" if is_my_number(digits + check)]
    assert len(fits) == 1


@given(st.integers(10, 97), st.text("0123456789", min_size=8, max_size=8), st.sampled_from("01"))
def test_exactly_one_check_digit_makes_a_licence_number(police, digits, last):
    fits = [check for check in "0123456789" if is_licence(f"{police}{digits}{check}{last}")]
    assert len(fits) == 1


@pytest.mark.parametrize("between", ["", " ", "-", "－", "\u3000"])
def test_a_my_number_is_found_however_its_digits_are_parted(between):
    groups = ["1234", "5678", "9018"]
    assert holds_personal_number(f"番号{between.join(groups)}です")
    assert not holds_personal_number(f"番号{between.join([*groups[:2], '9017'])}です")


@pytest.mark.parametrize("dash", [*DASHES, "-", "﹣", "⁻"])
def test_no_dash_hides_a_number_a_contact_or_a_word(dash):
    my_number = dash.join(["12345", "67890", "18"])
    assert holds_personal_number(my_number)
    assert holds_contact(dash.join(["090", "1234", "5678"]))
    assert fold_term(f"オイル{dash}") == "オイル"
    hidden = plain_form(pyarrow.array([my_number, "ＡＢ"])).to_pylist()
    assert hidden == ["12345-67890-18", "ab"]


@pytest.mark.parametrize(
    "text",
    ["前回 2023年 5000km 2024年 5500km", "2024年 3456km 7890円", "部品代 1234円 5678円 9018円"],
)
def test_years_kilometres_and_yen_are_no_number_of_a_person(text):
    assert not holds_personal_number(text)


def shares(corpus: list[evaluation.Phrase]) -> dict[str, float]:
    ended = outcomes(corpus)

    def share(wanted: str, own: list[evaluation.Phrase]) -> float:
        return sum((ended[p.text] == "left") == (wanted == "left") for p in own) / len(own)

    innocent = [p for p in corpus if p.label == "innocent"]
    return {
        "sensitive that leaves": share("left", [p for p in corpus if p.label == "sensitive"]),
        "innocent that stays": share("stays", innocent),
        "plain that stays": share("stays", [p for p in innocent if p.category == "plain"]),
    }


def test_the_labelled_corpus_meets_the_goals():
    found = shares(phrases(CORPUS / "develop.tsv"))
    assert found["sensitive that leaves"] <= 0.005, found
    assert found["innocent that stays"] <= 0.10, found
    assert found["plain that stays"] <= 0.02, found


def test_next_to_nothing_sensitive_leaves_of_the_corpus_kept_back():
    assert shares(phrases(CORPUS / "judge.tsv"))["sensitive that leaves"] <= 0.005


def test_the_corpora_are_large_labelled_and_apart():
    develop, judge = (phrases(CORPUS / f"{name}.tsv") for name in ("develop", "judge"))
    labels = [p.label for p in develop]
    assert min(labels.count("sensitive"), labels.count("innocent")) >= 750
    assert sum(p.category == "hard_negative" for p in develop) >= 375
    texts = {p.text for p in develop}
    assert len(texts) == len(develop)
    assert texts.isdisjoint(p.text for p in judge)


def test_what_became_of_a_corpus_is_printed_per_category(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["evaluation", str(CORPUS / "judge.tsv")])
    evaluation.main()
    lines = capsys.readouterr().out.splitlines()
    assert re.search(
        r"^sensitive +health +left +\d+ +waited +\d+ +withheld +\d+", "\n".join(lines), re.MULTILINE
    )
    assert len(lines) >= 16
