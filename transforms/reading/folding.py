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

_OLD_AND_NEW = (
    "髙高﨑崎嵜崎碕崎濵浜濱浜邉辺邊辺齋斎齊斎斉斎𠮷吉桒桑冨富嶋島嶌島眞真惠恵廣広澤沢瀧滝德徳渕淵藏蔵國国櫻桜榮栄曾曽龍竜彌弥與与壽寿假仮條条鐵鉄寬寛﨟臈栁柳舘館瀨瀬"
    "淸清澁渋澀渋實実兒児舩船靜静緖緒邨村礒磯槇槙會会賣売學学團団圓円應応黑黒郞郎圀国氣気龜亀鷄鶏總総聰聡禮礼豐豊萬万萠萌增増寶宝寳宝穗穂亞亜壯壮莊荘拜拝濟済當当關関"
    "觀観經経敎教曉暁堯尭檜桧橫横淺浅獨独聲声藝芸處処讓譲譽誉醫医靈霊顯顕髮髪齡齢內内吳呉戶戸步歩歷歴每毎淚涙溫温祿禄綠緑薰薫賴頼遙遥鄕郷槗橋圡土吞呑穐秋籔薮藪薮曻昇"
    "埜野峯峰嶽岳栢柏凉涼凜凛翆翠柗松枩松桺柳舊旧勳勲勵励圍囲奧奥將将專専巖巌從従悅悦敍叙樂楽樣様檢検歡歓灣湾營営狹狭珎珍瑤瑶產産畫画疊畳稻稲穰穣竝並粹粋縣県續続纖繊"
    "肅粛螢蛍蠶蚕覺覚謠謡證証豫予貳弐輕軽辨弁辯弁遞逓釋釈鑛鉱鎭鎮閒間隱隠雙双雜雑靑青顏顔飮飲餘余驛駅驗験鬪闘鹽塩麥麦黃黄點点齒歯羣群飜翻絲糸罐缶聽聴膽胆臺台號号蟲虫"
    "裝装觸触讀読變変轉転陷陥隨随險険霸覇駈駆涉渉彥彦愼慎衞衛滿満來来嚴厳晉晋恆恒傳伝兩両權権藥薬乘乗劍剣劔剣釼剣劒剣爲為淨浄繼継帶帯祕秘佛仏發発參参收収錄録卷巻姬姫"
    "鄉郷渊淵鷗鴎篭籠蘆芦禰祢礪砺穎頴溪渓谿渓峽峡樓楼繩縄燈灯錢銭舖舗鋪舗銕鉄鐡鉄鴈雁悳徳禪禅彈弾懷懐攝摂惡悪壓圧壹壱緣縁艷艶歐欧毆殴穩穏價価繪絵壞壊擴拡殼殻勸勧歸帰"
    "僞偽戲戯犧犠據拠擧挙虛虚挾挟區区驅駆徑径揭掲莖茎擊撃缺欠儉倹圈圏獻献硏研效効碎砕劑剤慘惨棧桟贊賛殘残辭辞濕湿寫写獸獣縱縦奬奨燒焼稱称剩剰壤壌孃嬢狀状釀醸囑嘱寢寝"
    "盡尽圖図醉酔髓髄數数樞枢竊窃戰戦潛潜踐践搜捜插挿爭争窗窓騷騒臟臓卽即屬属墮堕體体躰体對対滯滞擇択單単擔担斷断癡痴遲遅晝昼鑄鋳廳庁徵徴敕勅黨党盜盗屆届惱悩腦脳廢廃"
    "拔抜晚晩蠻蛮甁瓶拂払襃褒默黙譯訳搖揺亂乱覽覧獵猟鄰隣壘塁隸隷戀恋曆暦鍊錬爐炉勞労亙亘晄晃昻昂煕熙凞熙熈熙喆哲惪徳峩峨廸迪勗勖冲沖况況减減凖準冝宜宐宜畄留畧略嵓巌"
    "嵒巌斈学杦杉枡桝柹柿檪櫟猨猿璢瑠疂畳皋皐眀明秌秋龝秋綉繍緜綿耻恥聟婿壻婿舍舎葊庵蕋蕊衜道軆体逹達釡釜鍫鍬靍鶴靏鶴鸖鶴靱靭餠餅鶯鴬麴麹龢和濤涛檮梼濶闊蠣蛎蠅蝿蟬蝉"
    "蠟蝋頰頬顚顛驒騨鰺鯵鹼鹸麵麺嚙噛囊嚢塡填屛屏幷并搔掻摑掴攢攅瀆涜焰焔瘦痩禱祷簞箪繫繋萊莱蔣蒋蘓蘇軀躯醬醤醱醗俠侠俱倶剝剥噓嘘姸妍梹浜廰庁廐厩廏厩凬風刕州"
    "垰峠壐璽夛多姊姉寉鶴尓爾尒爾崗岡嵨島㠀島隝島隯島帋紙柰奈櫔栃杤栃泻潟涩渋畍界畆畝畒畝畞畝皈帰硺琢筭算籏旗罸罰虵蛇蚫鮑裵裴讚讃貭質輙輒鎻鎖閇閉隂陰雞鶏頣頤"
    "頥頤餝飾魲鱸鮓鮨鳬鳧鳫雁鵄鴟鸎鴬麁粗齎斎齏斎𡈽土𣘺橋𥔎崎𦚰脇𠀋丈𤭯瓶𡌛堽𨦺剣𠮟叱諌諫"
    "⻑長⻘青⻨麦⻩黄⻫斎⻭歯⻯竜⻲亀⻤鬼⻄西⺠民⻁虎⻆角㐂喜"
)
_OLD_FORMS = dict(zip(_OLD_AND_NEW[::2], _OLD_AND_NEW[1::2], strict=True))
"""Characters of names that the same person is written with now one way, now the other."""

_HONORIFIC = (
    "(?:様|殿|さん|さま|御中|先生|サ(?<=[一-龥々].)[ンマ]|ち(?<=[一-龥々].)ゃん|チ(?<=[一-龥々].)ャン"
    "|く(?<=[一-龥々].)ん|ク(?<=[一-龥々].)ン|氏(?<=[一-龥々].))"
)
"""Kana only behind kanji: グエン チャン and ニッサン are names."""

_REMARK = r"\((?:[^(){edge}]{{2,}}\)|(?<=[^{edge}]{{3}}.)[^(){edge}]\))"
_LATE = r"(?:\([故亡]\)|[故亡][ \u3000]*(?=[^{edge}]{{3}}))"
"""No family name begins with either."""

_COUNTED = "[0-9](?<=[一-龥々].)(?<!車.)[0-9]*(?:台目|号車)?"
_MARKS = "※*★☆●○◎◇◆■□▲△▼▽#×✕✖'\"`‘’“”"
COMPANY_MARKS = {
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
_COMPANY_BEHIND = "{edge}([^{edge}]+?)(株式会社|有限会社|合同会社|合資会社|合名会社)(?={edge})"
_INVISIBLES = frozenset(
    chr(code)
    for first, last in (
        *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
        *((0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
        *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB)),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)
"""What nobody sees (Unicode's Default_Ignorable_Code_Point, line and paragraph separators): joiners, marks of
direction, selectors of a character's form."""

_INVISIBLE = f"[{''.join(sorted(_INVISIBLES))}]"

_TO_KATAKANA = {chr(code): chr(code + 0x60) for code in range(ord("ぁ"), ord("ゖ") + 1)}
LARGE_KANA = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
"""Small kana, each with its large form."""

_SAME_SOUND = dict(zip("ヱヰヲヅヂ", "エイオズジ", strict=True))
"""Kana of older spellings (キヨヱ, しづ), each with that of today."""

_REPEATED, _REPEATED_VOICED = "々〃ゝヽ", "ゞヾ"
_VOICED = "\u3099\u309a"
"""Marks of voice that stand for themselves, as some systems write them (ク゛)."""

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
    running.substitute(edge + _LATE.format(edge=edge), edge, only_with="故亡")
    running.exchange(dict.fromkeys(f"{BLANKS}・･.,、。{_MARKS}", ""))
    spell_out_companies(running)
    running.substitute(_REMARK.format(edge=edge) + edge, edge, only_with="(")
    running.substitute(_COUNTED + edge, edge, only_with="0123456789")
    running.substitute(_COMPANY_BEHIND.format(edge=edge), rf"{edge}\2\1", only_with="社")
    running.substitute(_HONORIFIC + edge, edge, only_with="様殿んンま中生氏マ")
    fold_spellings(running)
    running.substitute(f"[-{DASHES}](?<=[ァ-ヺー].)", "ー", only_with=f"-{DASHES}")


def fold_spellings(running: RunningText) -> None:
    """Fold spellings of one name: older and small kana, what is repeated (々), が within (鬼が原), ニ郎."""
    edge = running.boundary
    running.exchange(_TO_KATAKANA)
    running.exchange(LARGE_KANA)
    for marks, again in ((_REPEATED, r"\1"), (_REPEATED_VOICED, _voiced)):
        running.substitute(f"[{marks}](?<=([^{edge}]).)", again, only_with=marks)
    running.substitute(f"([^{edge}])[{_VOICED}]", _composed, only_with=_VOICED)
    running.exchange(_SAME_SOUND)
    running.substitute("[ガカケ](?<=[一-龥].)(?=[一-龥])", "ケ", only_with="ガカ")
    for kana, kanji in (("ニ", "二"), ("ハ", "八")):
        running.substitute(f"{kana}(?=[郎朗夫男雄])", kanji, only_with=kana)


def _voiced(mark: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", f"{mark[1]}{_VOICED[0]}")


def _composed(marked: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", marked[0])


def fold_plainly(running: RunningText) -> None:
    """Fold widths, old character forms and case; take out what nobody sees."""
    running.compatible()
    running.substitute(_INVISIBLE, "", only_with=_INVISIBLES)
    running.exchange(_OLD_FORMS)
    running.upper()


def spell_out_companies(running: RunningText) -> None:
    """Write out the marks of companies."""
    for mark, word in COMPANY_MARKS.items():
        running.replace(mark, word)
