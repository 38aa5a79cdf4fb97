"""Words the sample is made of. Every person, plate and number that comes of them is invented."""

from datetime import date
from random import Random

SURNAMES = [
    *[
        ("佐藤", "サトウ"),
        ("鈴木", "スズキ"),
        ("髙橋", "タカハシ"),
        ("高橋", "タカハシ"),
        ("斎藤", "サイトウ"),
    ],
    *[
        ("齋藤", "サイトウ"),
        ("渡辺", "ワタナベ"),
        ("渡邉", "ワタナベ"),
        ("伊藤", "イトウ"),
        ("阿部", "アベ"),
    ],
    *[
        ("加藤", "カトウ"),
        ("後藤", "ゴトウ"),
        ("山口", "ヤマグチ"),
        ("山﨑", "ヤマザキ"),
        ("五十嵐", "イガラシ"),
    ],
    *[
        ("遠藤", "エンドウ"),
        ("工藤", "クドウ"),
        ("菅原", "スガワラ"),
        ("柴田", "シバタ"),
        ("武田", "タケダ"),
    ],
    *[
        ("大沼", "オオヌマ"),
        ("結城", "ユウキ"),
        ("庄司", "ショウジ"),
        ("奥山", "オクヤマ"),
        ("会田", "アイタ"),
    ],
    *[
        ("今野", "コンノ"),
        ("小関", "コセキ"),
        ("東海林", "ショウジ"),
        ("安孫子", "アビコ"),
        ("濱田", "ハマダ"),
    ],
    *[
        ("石川", "イシカワ"),
        ("志田", "シダ"),
        ("矢萩", "ヤハギ"),
        ("長岡", "ナガオカ"),
        ("荒井", "アライ"),
    ],
]
GIVEN_MEN = [
    *[
        ("健", "ケン"),
        ("一郎", "イチロウ"),
        ("大輔", "ダイスケ"),
        ("誠", "マコト"),
        ("隆", "タカシ"),
    ],
    *[
        ("浩二", "コウジ"),
        ("翔太", "ショウタ"),
        ("直樹", "ナオキ"),
        ("正男", "マサオ"),
        ("勇", "イサム"),
    ],
    *[
        ("拓也", "タクヤ"),
        ("和夫", "カズオ"),
        ("修", "オサム"),
        ("清", "キヨシ"),
        ("雄大", "ユウダイ"),
    ],
]
GIVEN_WOMEN = [
    *[
        ("花子", "ハナコ"),
        ("美咲", "ミサキ"),
        ("陽子", "ヨウコ"),
        ("幸子", "サチコ"),
        ("恵", "メグミ"),
    ],
    *[
        ("さくら", "サクラ"),
        ("由美子", "ユミコ"),
        ("千代", "チヨ"),
        ("真理", "マリ"),
        ("彩", "アヤ"),
    ],
    *[("久美", "クミ"), ("和子", "カズコ"), ("結衣", "ユイ"), ("節子", "セツコ"), ("優", "ユウ")],
]
TOWNS = [
    *[
        ("990-2385", "山形市大字下反田"),
        ("990-0039", "山形市香澄町二丁目"),
        ("990-2445", "山形市南栄町３丁目"),
    ],
    *[("990-2492", "山形市鉄砲町"), ("999-3101", "上山市金瓶"), ("994-0034", "天童市本町1丁目")],
    *[
        ("990-0301", "東村山郡山辺町大字山辺"),
        ("990-1121", "西村山郡大江町大字藤田"),
        ("991-0021", "寒河江市中央"),
    ],
]
BUILDINGS = ["", "", "", "", "コーポあさひ①２０３号", "メゾン山形 1-5", "〈県営〉南住宅３～２０４"]
JOBS = ["会社員", "農業", "自営業", "公務員", "主婦", "年金生活", "学生", "医療事務", "運送業", ""]
INTENTS = ["", "", "", "車検時に検討", "次回は軽を希望", "買替予定なし", "来年春頃"]
USAGES = ["通勤", "通勤・買物", "レジャー", "業務", "農作業", "送迎", ""]
KEI = [
    ("ダイハツ", "LA650S", "5BA-LA650S", "KF", "0.65"),
    ("スズキ", "MH55S", "5BA-MH55S", "R06D", "0.65"),
    ("ホンダ", "JF3", "6BA-JF3", "S07B", "0.65"),
]
REGISTERED = [
    ("トヨタ", "ZVW50", "DAA-ZVW50", "2ZR-1NM", "1.79"),
    ("トヨタ", "MXPH15", "6AA-MXPH15", "M15A-1NM", "1.49"),
    ("トヨタ", "KSP210", "5BA-KSP210", "1KR", "0.99"),
    ("日産", "HE12", "DAA-HE12", "HR12-EM57", "1.19"),
    ("スバル", "VM4", "DBA-VM4", "FB16", "1.59"),
    ("ホンダ", "GK3", "DBA-GK3", "L13B", "1.31"),
]
WORK = {
    "車検整備": [
        ("作業", "24ヶ月定期点検", 18000),
        ("作業", "ブレーキ分解清掃", 6000),
        ("部品", "エンジンオイル 0W-20", 980),
        ("部品", "オイルエレメント", 1500),
        ("部品", "ワイパーゴム 前", 900),
    ],
    "12ヶ月点検": [
        ("作業", "12ヶ月定期点検", 9800),
        ("部品", "エンジンオイル 5W-30", 880),
        ("部品", "エアエレメント", 2400),
    ],
    "一般整備": [
        ("作業", "ブレーキパッド交換 前", 7200),
        ("部品", "ブレーキパッド 前", 9800),
        ("部品", "ブレーキフルード", 1600),
    ],
    "タイヤ交換": [
        ("作業", "タイヤ組替・バランス", 1500),
        ("部品", "スタッドレスタイヤ 165/55R15", 11800),
        ("部品", "エアバルブ", 300),
    ],
    "鈑金塗装": [
        ("作業", "右フロントドア鈑金", 32000),
        ("作業", "塗装", 28000),
        ("部品", "ドアモール ㈱純正", 6400),
    ],
    "オイル交換": [("部品", "エンジンオイル 0W-16", 1080), ("部品", "ドレンパッキン", 120)],
}
COSTS = [
    ("自動車税種別割", 30500),
    ("軽自動車税", 10800),
    ("自動車重量税", 24600),
    ("自賠責保険料", 17650),
    ("印紙代", 1800),
]


def western(day: date, random: Random) -> str:
    """Write a date in one of the western forms of real ledgers."""
    forms = [
        f"{day:%Y/%m/%d}",
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y-%m-%d}",
    ]
    return random.choice(forms)


def any_date(day: date, random: Random) -> str:
    """Write a date in any form, western or Japanese, half or full width."""
    if random.random() < 0.6:
        return western(day, random)
    kanji, letter, year = era(day)
    forms = [
        f"{kanji}{year if year > 1 else '元'}年{day.month}月{day.day}日",
        f"{letter}{year}.{day.month}.{day.day}",
        f"{letter}{year:02}/{day.month:02}/{day.day:02}",
        wide(f"{day:%Y/%m/%d}"),
    ]
    return random.choice(forms)


def era(day: date) -> tuple[str, str, int]:
    """Give era name, letter and year of a date."""
    for first, kanji, letter in (
        (date(2019, 5, 1), "令和", "R"),
        (date(1989, 1, 8), "平成", "H"),
        (date(1926, 12, 25), "昭和", "S"),
    ):
        if day >= first:
            return kanji, letter, day.year - first.year + 1
    return "大正", "T", day.year - 1911


def wide(text: str) -> str:
    """Write ASCII in full width."""
    return "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text
    )


def phone(area: str, random: Random) -> str:
    """Write an invented landline number in one of many spellings."""
    first, last = f"{random.randint(2, 9)}{random.randint(10, 99)}", f"{random.randint(0, 9999):04}"
    if area == "023":
        first = f"6{random.randint(20, 99)}"
    forms = [
        f"{area}-{first}-{last}",
        f"({area}){first}-{last}",
        f"{area}{first}{last}",
        wide(f"{area}-{first}-{last}"),
        f"{area}ー{first}ー{last}",
    ]
    return random.choice(forms)


def mobile(random: Random) -> str:
    """Write an invented mobile number in one of many spellings."""
    start, middle, last = (
        random.choice(["090", "080", "070"]),
        random.randint(1000, 9999),
        f"{random.randint(0, 9999):04}",
    )
    forms = [
        f"{start}-{middle}-{last}",
        f"{start}{middle}{last}",
        wide(f"{start}-{middle}-{last}"),
        f"{start} {middle} {last}",
    ]
    return random.choice(forms)


HALF_KANA = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンャュョッー",
        "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｬｭｮｯｰ",
        strict=True,
    )
)
HALF_KANA |= {
    k: f"{HALF_KANA[chr(ord(k) - 1)]}ﾞ" for k in "ガギグゲゴザジズゼゾダヂヅデドバビブベボ"
}
HALF_KANA |= {k: f"{HALF_KANA[chr(ord(k) - 2)]}ﾟ" for k in "パピプペポ"}


def half_kana(text: str) -> str:
    """Write katakana in half width, as old systems do."""
    return "".join(HALF_KANA.get(character, character) for character in text)
