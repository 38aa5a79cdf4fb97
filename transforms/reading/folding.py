"""Folding text for comparison: width, kana marks, dashes and old character forms.

Folded forms are for matching only; names and addresses leave as they were written. Whole columns
are folded by `folded_columns`, with the same rules.
"""

import re
import unicodedata

from transforms.reading.running_text import RunningText

DASHES = "ー‐‑‒–—―−－ｰ─━⁃"
"""Everything typed where a hyphen belongs, the long-vowel mark included (codes and numbers only)."""

DASH_CLASS = f"[{DASHES}]"
SPACES = r"[\s\u3000]+"

_OLD_FORMS = dict(
    zip(
        "髙﨑嵜碕濵濱邉邊齋齊斉𠮷桒冨嶋嶌眞惠廣澤瀧德渕淵藏國櫻榮曾龍彌與壽假條鐵寬﨟栁舘"
        "瀨淸澁澀實兒舩靜緖邨礒槇會賣學團圓應黑郞圀氣龜鷄總聰禮豐萬萠增寶寳穗亞壯莊拜濟當關觀經敎曉堯檜橫淺獨聲藝處讓譽醫靈顯髮齡"
        "內吳戶步歷每淚溫祿綠薰賴遙鄕槗圡吞穐籔藪曻埜峯嶽栢凉凜翆柗枩桺舊勳勵圍奧將專巖從悅敍樂樣檢歡灣營狹珎瑤產畫疊稻穰竝粹縣續"
        "纖肅螢蠶覺謠證豫貳輕辨辯遞釋鑛鎭閒隱雙雜靑顏飮餘驛驗鬪鹽麥黃點齒羣飜絲罐聽膽臺號蟲裝觸讀變轉陷隨險霸駈涉",
        "高崎崎崎浜浜辺辺斎斎斎吉桑富島島真恵広沢滝徳淵淵蔵国桜栄曽竜弥与寿仮条鉄寛臈柳館"
        "瀬清渋渋実児船静緒村磯槙会売学団円応黒郎国気亀鶏総聡礼豊万萌増宝宝穂亜壮荘拝済当関観経教暁尭桧横浅独声芸処譲誉医霊顕髪齢"
        "内呉戸歩歴毎涙温禄緑薫頼遥郷橋土呑秋薮薮昇野峰岳柏涼凛翠松松柳旧勲励囲奥将専巌従悦叙楽様検歓湾営狭珍瑶産画畳稲穣並粋県続"
        "繊粛蛍蚕覚謡証予弐軽弁弁逓釈鉱鎮間隠双雑青顔飲余駅験闘塩麦黄点歯群翻糸缶聴胆台号虫装触読変転陥随険覇駆渉",
        strict=True,
    )
)
"""Characters of names that the same person is written with now one way, now the other."""

_HONORIFIC = "(?:様|殿|さん|さま|御中|先生|(?<=[一-龥々])(?:サン|サマ|ちゃん|チャン|くん|クン|氏))"
"""Kana only behind kanji: グエン チャン and ニッサン are names."""

_REMARK = r"(?:\([^(){edge}]{{2,}}\)|(?<=[^{edge}]{{3}})\([^(){edge}]\))"
_LATE = r"(?:\(故\)|故[ \u3000]+)"
_COUNTED = "(?<=[一-龥々])(?<!車)[0-9]+(?:台目|号車)?"
_MARKS = "※*★☆●○◎◇◆■□▲△▼▽#"
_COMPANIES = {
    "(株)": "株式会社",
    "(有)": "有限会社",
    "(同)": "合同会社",
    "(資)": "合資会社",
    "(名)": "合名会社",
    "(医)": "医療法人",
    "(学)": "学校法人",
    "(福)": "社会福祉法人",
    "(宗)": "宗教法人",
    "(一社)": "一般社団法人",
    "(公社)": "公益社団法人",
    "(一財)": "一般財団法人",
    "(公財)": "公益財団法人",
}
_COMPANY_BEHIND = "([^{edge}]+?)(株式会社|有限会社|合同会社|合資会社|合名会社)"
_INVISIBLES = frozenset(
    chr(code)
    for first, last in (
        *((0xAD, 0xAD), (0x200B, 0x200F), (0x2060, 0x2060), (0xFE00, 0xFE0F)),
        *((0xFEFF, 0xFEFF), (0xE0100, 0xE01EF)),
    )
    for code in range(first, last + 1)
)
"""What nobody sees: joiners, marks of direction, selectors of a character's form."""

_TO_KATAKANA = {chr(code): chr(code + 0x60) for code in range(ord("ぁ"), ord("ゖ") + 1)}
LARGE_KANA = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
"""Small kana, each with its large form."""

BLANKS = " \t\n\f\r\u3000"


def nfkc(text: str) -> str:
    """Fold widths: full-width letters and digits to half, half-width kana to full."""
    return unicodedata.normalize("NFKC", text)


def fold_code(text: str) -> str:
    """Fold a code (plate, chassis number, 型式, phone): width, case, spaces and dashes."""
    folded = re.sub(SPACES, "", nfkc(text)).upper()
    return re.sub(DASH_CLASS, "-", folded)


def fold_phone(text: str) -> str:
    """Fold a phone number to its digits, with +81 as the leading zero it stands for."""
    domestic_digits = 10
    digits = re.sub(r"\D", "", nfkc(text))
    return (
        f"0{digits[2:].removeprefix('0')}"
        if digits.startswith("81") and len(digits) > domestic_digits
        else digits
    )


def fold_name(name: str) -> str:
    """Fold one name: as `fold_names_in` does many."""
    running = RunningText([name])
    fold_names_in(running)
    return running.texts()[0]


def fold_names_in(running: RunningText) -> None:
    """Fold each text as a name.

    What is folded: width, spaces, dots and marks, old character forms, kana, company marks and their
    place, 様 and the like, 故, numbers and remarks behind.
    """
    fold_plainly(running)
    edge = running.boundary
    running.substitute(edge + _LATE, edge, only_with="故")
    running.exchange(dict.fromkeys(f"{BLANKS}・･.,、。{_MARKS}", ""))
    spell_out_companies(running)
    running.substitute(_REMARK.format(edge=edge) + edge, edge, only_with="(")
    running.substitute(_COUNTED + edge, edge, only_with="0123456789")
    running.substitute(_COMPANY_BEHIND.format(edge=edge) + edge, rf"\2\1{edge}", only_with="社")
    running.substitute(_HONORIFIC + edge, edge, only_with="様殿んンま中生氏マ")
    fold_kana(running)


def fold_kana(running: RunningText) -> None:
    """Fold hiragana to katakana, and small kana to large as banks write them."""
    running.exchange(_TO_KATAKANA)
    running.exchange(LARGE_KANA)


def fold_plainly(running: RunningText) -> None:
    """Fold widths, old character forms and case; take out what nobody sees."""
    running.compatible()
    running.substitute(f"[{''.join(_INVISIBLES)}]", "", only_with=_INVISIBLES)
    running.exchange(_OLD_FORMS)
    running.upper()


def spell_out_companies(running: RunningText) -> None:
    """Write out the marks of companies."""
    for mark, word in _COMPANIES.items():
        running.replace(mark, word)
