"""Names, addresses and codes: cells nobody judges word by word, but in which a remark may stand.

佐藤健一（透析） is a name with something behind it that never leaves; 身障者減免 is no 型式.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.catalog import CATALOG
from schemas.columns import ADDRESSES
from schemas.screening import Action, DangerRule
from transforms.arrays import mask_of
from transforms.screening.dangers import NUMBERS, Dangers
from transforms.screening.folding import fold_danger, fold_dangers, plain
from transforms.screening.judging import Judgement
from transforms.screening.numbers import holds_personal_number

NAMES = (
    *("customers.name", "customers.name_kana", "family_members.name"),
    *("certificates.owner_name", "certificates.user_name"),
)
PLACES = tuple(
    f"{table.name}.{name}"
    for table in CATALOG.values()
    for name, column in table.columns.items()
    if column.kind in ADDRESSES
)
CODES = ("certificates.model_code", "certificates.engine_model", "certificates.chassis_number")

FAMILY = "family_members.name"

ROW_GOES_WITH = frozenset({"customers.name"})
"""Columns without which no row leaves: where the cell may not leave, the row stays."""

NOT_A_CODE, REMARK = "not_a_code", "remark"
_SHORTEST_NAME = 3
_SHORTEST_ALONE = 3
"""A word in kana or letters behind a name: with fewer characters it may be part of the name."""


def _wider(pattern: re.Pattern[str]) -> str:
    """Give a pattern for RE2, which cannot look around: it matches at least as much."""
    return re.sub(r"\(\?<?[!=][^()]*\)", "", pattern.pattern)


_CODE = (
    r"^(?:[A-Z0-9*\[(][A-Z0-9*\[\]().,/&_+・ -]{0,23}(?:改造?|\(改造?\))?"
    r"|[一-龥]{0,3}[\[(]\d{2}[\])]\d{4,9}[一-龥]?"
    r"|(?:型式)?不明|改造|試作|組立|電動機|モ[ー-]タ[ー-]|被牽引車|職権打刻|-)$"
)
"""Codes as certificates print them (国土交通省, 二次元コード), those of the office's stamp included (RE2)."""

_OPEN, _CLOSE = r"(\[【「『<〈《〔{", r")\]】」』>〉》〕}"
_REMARK = re.compile(rf"[{_OPEN}]([^{_CLOSE}]*)|[※*★☆●◎:;/](.*)")
_BEGINS_A_REMARK = rf"[{_OPEN}※*★☆●◎:;/]"
_REMARK_ON_A_NAME = re.compile(rf"{_REMARK.pattern}|[・、,_=~→-](.*)")
_BEGINS_A_REMARK_ON_A_NAME = "[・、,_=~→-]"
"""Addresses have such marks within their numbers, and names between their parts."""

_PHONE = r"^0\d{1,4}-\d{1,4}-\d{4}$"
_BEHIND_THE_NUMBER = re.compile(r"[0-9](?:[0-9-]|丁目|番地?|号|の)*(.*)$")
"""What stands behind the number of the plot: building, firm or institution."""

_NEAR = "前裏横脇側通隣"
"""Behind the name of an institution: the place is beside it, not in it."""

_OF_A_PERSON = re.compile(
    "障害|障がい|障碍|^がん(?:$|治|患|の)|癌|^うつ(?:$|病|症)|鬱|認知|入院|にゅういん|退院|通院|つういん|病気|闘病|療養|精神|手帳(?!渡)"
    "|生保|なまぽ|学会員?$|国籍|韓国(?:人|籍)|朝鮮|中国(?:人|籍)|在日|^杖|白杖|松葉杖|死去|死亡|逝去|亡くな|妊婦|妊娠|共産|党員|離婚"
    "|透析|とうせき|要?介護|施設入|老人ほ|刑務|受刑|前科|服役|暴力|破産|宗教|信者|ぺーすめ|^[1-6一二三四五六]種?級$|不自由"
    "|車いす|車椅子|足が?悪|耳が|聴覚|視覚|知的|飲酒|^[1-6一二三四五六]種[1-6一二三四五六]級|^障$|麻痺|^まひ(?:$|あり)|自閉|だうん症|嫡出|^ぼけ$|^酸素(?:$|吸|療)"
    "|^(?:目が?)?見えない|^(?:耳が?)?聞こえない|^きこえない|^ろう(?:$|者|あ)|^聾|^筆談|^手話|^ころな(?:感|陽)|^おかま|^はいかい|^徘徊|^双極|^躁|^s価|^そうか(?:$|学)|^まる暴|^○暴|^dv|でぃーぶい"
    "|^出所|^部落(?:$|出身|民)|せいほ$|^にんち|しょうがい|しんしょう|げんめん|減免|がっかい$|ざいにち|^しぼう|透せき|入いん|通いん|病氣|宗敎|鬪病|腦"
)
"""What a remark behind a name may tell of the person, folded; in a name it is seldom anything else."""

_BEHIND_A_NAME = re.compile(
    "^(?:障|身|精|療育|愛護)[0-9a-d一二三四]|^[身盲聾聴視病減精]$|片麻痺|片まひ|^片[足手腕]$|耳遠|^発達|統失|^心臓|末期|施設|^ほーむ入|入所|^療育"
    "|^りはびり|^でい$|獄中|塀の中|^むしょ|^天理|^統一|^自民|^公明|^立憲|全労済|^(?:韓国|中国|ぶらじる|べとなむ|ふぃりぴん|ねぱーる|台湾)$|籍$|籍[ァ-ヶぁ-ん]"
    "|^げい$|免税|税免|非課税|^母子"
    "|未収|滞納|要注意|^くれーま|勤務先|^(?:line|insta|twitter|facebook)|いんすた"
)
"""What else is no name, but a remark on its bearer, folded; elsewhere it says nothing of anybody.

The last are no items of §7(2): what is owed, where somebody works, accounts of social media.
"""

_WHOLE_FIRST = r"^\s*[一-龥々]{3,}\s+"
"""A first word that may be a whole name: what follows may be a remark."""

_SUSPICIOUS_BEHIND = f"{_wider(_OF_A_PERSON)}|{_wider(_BEHIND_A_NAME)}"

_ALONE = re.compile(
    r"(?:^|\s)(?:癌|死去|死亡|逝去|入院中?|退院|通院中?|透析中?|障害者?|障がい者?|妊婦|生保|離婚|認知症?|うつ病?|鬱病?|減免|精神科"
    r"|服役中?|受刑者?|刑務所|学会|(?:施設)?入所中?)(?:\s|$)"
)
"""Words before or behind a name, each a word of its own, that are no names."""

_BEFORE_A_NAME = re.compile(
    r"^\s*(?:車いす|車イス|車椅子|透析|人工透析|障害者?|障がい者?|身障者?|精神|認知症?|生保|入院中?|通院中?|施設|刑務所|暴力団|癌|がん|うつ|鬱|盲|聾|ろう"
    r"|妊婦|酸素|介護|要介護|減免|在日|学会)(?:の|\s*[・:：/／])"
)
"""A remark before a name, and what joins the two."""

_JOINED_TO_A_NAME = re.compile(r"^\s*(?:車いす|車イス|車椅子)[一-龥々ァ-ヶぁ-ん]{2}")
"""One that no name begins with (車いす今野次郎)."""

_IN_A_FAMILY = re.compile("症(?:$|の)|(?:癌|がん)$")
"""In the name of a relative, which often is a given name only, a remark begins anywhere."""

_SUSPICIOUS_IN_A_FAMILY = f"{_SUSPICIOUS_BEHIND}|{_wider(_IN_A_FAMILY)}"

_AROUND_A_PLACE = re.compile(
    r"本籍|減免|透析|生保(?!内|ビル|会館)|入院|通院|障(?:害|がい)者?(?:$|[)\s、,])|療養中"
    r"|DV|(?<!一時)避難中|シェルタ|別居中|保護中"
)
"""What no place is called (生保内 is one), before or behind an address."""

_SUSPICIOUS_AROUND_A_PLACE = _wider(_AROUND_A_PLACE)

_INSTITUTION_WORDS = (
    "グル[ー-]プホ[ー-]?ム|デイサ[ー-]ビス|デイケア|ホスピス|老健|特養|老人ホ[ー-]ム|養護老人|介護老人|ケアハウス|更生保護|更生施設"
    "|ナ[ー-]シング|メンタルクリニック|サ高住|サ[ー-]ビス付き?高齢|(?:^|[^ァ-ヶ])ダルク(?:$|[^ァ-ヶー])|有料老人|母子生活|母子寮|救護施設|就労支援|福祉作業|授産|児童養護|児童相談|婦人保護|刑務所|拘置所|拘置支所|少年院|療養所|教団|布教所"
    "|こころの医療|精神医療|精神保健|更生寮|自立援助|福祉ホ[ー-]ム|乳児院|朝鮮総連|就労継続|就労移行|特別支援学校|養護学校|シェルタ[ー-]?|生活介護|生活訓練|障害者支援|母子支援"
    "|緩和ケア|[聾盲]学校|ろう学校|DVシェルタ|女性相談|自立準備|共同生活援助|ケアホ[ー-]ム|王国会館|監理団体"
)
_INSTITUTIONS = re.compile(f"(?:{_INSTITUTION_WORDS})(?<!海老健)(?<!文教団)[^{_NEAR}隣跡]*$")
"""Where nobody lives but for a reason of §10 (address cells); beside it anybody may."""

_WORDS_OF_A_NAME, _MORE_WORDS = 2, r"\S\s+\S+\s+\S"
_SHORTEST_WITHIN = 5
"""So long a word in kana stands in no name by chance."""

_MANY_DIGITS = r"(?:[0-9][^0-9]{0,3}){12}"
_IS_LATIN = re.compile(r"[A-Z]{2,}")
_IS_KANJI = re.compile(r"[一-龥々]")
_FIRMS = re.compile(
    r"\([株有医同資名福学宗社]\)|会社|法人|組合|NPO|病院|クリニック|薬局|施設|ホ.ム|協会|商会|寺|教会|神社"
    r"|医師会$"
    r"|事業所|センタ|ステ.ション|サ.ビス|タクシ|特養|グル.プホ|事務所|営業所|支店|大学|学会|商事|工業|建設|設計|[店所園院科課部]$"
)
"""What tells that a name is a firm's: a hospital may be called one."""

_FOREIGN_NAMES = frozenset({"イスラム", "ムスリム", "ガン", "ALS", "ISLAM"})
"""Words that are names of people from abroad."""

_ARE_NAMES = frozenset({"愛人", "大麻", "礼拝", "門地", "黒人", "白人", "クリスチャン"})
"""Words that are names of persons or places, too, or stand in some by chance."""


class NamedCells:
    """Judges the cells of names, addresses and codes."""

    def __init__(self, dangers: Dangers, rules: Iterable[DangerRule]) -> None:
        """Take the danger rules, and the same ready to look."""
        self._dangers = dangers
        words = {plain(word): rule.category for rule in rules for word in rule.words}
        self._words = {
            word: category
            for word, category in words.items()
            if len(word) > 1 and _IS_KANJI.search(word) and word not in _ARE_NAMES
        }
        self._alone = {
            fold_danger(word): category
            for word, category in words.items()
            if len(word) >= _SHORTEST_ALONE
            and not _IS_KANJI.search(word)
            and word not in _ARE_NAMES
        }
        listed = "|".join(map(re.escape, sorted(self._words)))
        self._within = re.compile(
            "|".join(
                re.escape(word) for word in sorted(self._alone) if len(word) >= _SHORTEST_WITHIN
            )
        )
        anywhere = (
            *(_BEGINS_A_REMARK, _MANY_DIGITS, listed, _ALONE.pattern, _INSTITUTION_WORDS),
            *(_BEFORE_A_NAME.pattern, _JOINED_TO_A_NAME.pattern),
        )
        self._suspicious = "|".join(anywhere)
        self._told_in_letters = "|".join(map(re.escape, sorted(self._alone)))

    def suspicious(self, column: str, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts of a column to be judged: all that `judge` finds something in, and more."""
        if column in CODES:
            mask = pc.or_(
                pc.invert(pc.match_substring_regex(texts, _CODE)),
                pc.match_substring_regex(texts, f"{_MANY_DIGITS}|{_PHONE}"),
            )
        else:
            folded = pc.utf8_upper(pc.utf8_normalize(texts, form="NFKC"))
            more = _SUSPICIOUS_AROUND_A_PLACE
            if column in NAMES:
                more = rf"{_MORE_WORDS}|\s[A-Z]{{2,}}|{_BEGINS_A_REMARK_ON_A_NAME}"
            mask = pc.match_substring_regex(folded, f"{self._suspicious}|{more}")
            if column in NAMES:
                mask = pc.or_(mask, self._are_told_in_letters(texts, column))
                mask = pc.or_(mask, _have_a_remark_behind(folded))
        return mask_of(mask)

    def _are_told_in_letters(self, texts: pyarrow.Array, column: str) -> pyarrow.Array:
        """Mask of the names that hold a word however it is spelt: of a relative's also one of a remark."""
        folded = fold_dangers(texts)
        words = self._told_in_letters
        if column == FAMILY:
            words = f"{words}|{_SUSPICIOUS_IN_A_FAMILY}"
        return pc.match_substring_regex(folded, words)

    def judge(self, column: str, texts: Iterable[str]) -> Mapping[str, Judgement]:
        """Judge suspicious texts of a column; those not in the answer leave."""
        action = Action.WITHHOLD_ROW if column in ROW_GOES_WITH else Action.WITHHOLD_CELL
        judged = {text: self._category(column, text) for text in texts}
        return {text: Judgement(reason, action) for text, reason in judged.items() if reason}

    def _category(self, column: str, text: str) -> str | None:
        if holds_personal_number(text):
            return NUMBERS
        if column in CODES:
            return NOT_A_CODE if not re.match(_CODE, text) or re.match(_PHONE, text) else None
        written = plain(text)
        marks = _REMARK_ON_A_NAME if column in NAMES else _REMARK
        remarks = [
            "".join(part for part in found.groups() if part and not _is_foreign(part, written))
            for found in marks.finditer(written)
        ]
        if column in NAMES and not _FIRMS.search(written):
            rest = written.split()[_WORDS_OF_A_NAME:]
            remarks.append("".join(word for word in rest if not _is_foreign(word, written)))
        in_cell = self._in_a_name if column in NAMES else self._in_a_place
        found_in = next(filter(None, map(self._of_remark, remarks)), None) or in_cell(written)
        if found_in is None and column == FAMILY:
            is_told = _IN_A_FAMILY.search(fold_danger(written)) or tells_of_a_person(written)
            return self._listed_in(written) or (REMARK if is_told else None)
        return found_in

    def _in_a_name(self, written: str) -> str | None:
        words = (word for word in written.split()[1:] if not _is_foreign(word, written))
        if alone := next(filter(None, map(self._of_word, words)), None):
            return alone
        if any(remark.search(written) for remark in (_ALONE, _BEFORE_A_NAME, _JOINED_TO_A_NAME)):
            return REMARK
        if _FIRMS.search(written):
            return None
        first = re.match(_WHOLE_FIRST, written)
        if first and any(map(_is_a_remark, written[first.end() :].split()[:1])):
            return REMARK
        if self._within.search(fold_danger(written)):
            return REMARK
        return self._listed_in(_behind_the_name(written))

    def _in_a_place(self, written: str) -> str | None:
        tail = _behind_the_number(written)
        if _AROUND_A_PLACE.search(written):
            return REMARK
        return self._listed_in(tail) or (REMARK if _INSTITUTIONS.search(tail) else None)

    def _listed_in(self, tail: str) -> str | None:
        return next((c for word, c in self._words.items() if _stands_in(tail, word)), None)

    def _of_remark(self, remark: str) -> str | None:
        """Give the category of what a remark tells of a person."""
        rule = self._dangers.found_in(remark)
        if rule is not None:
            return rule.category
        return REMARK if _is_a_remark(remark) else None

    def _of_word(self, word: str) -> str | None:
        """Give the category of a word that stands alone behind a name, in kana or letters."""
        rule = self._dangers.found_in(word) if _IS_LATIN.fullmatch(word) else None
        return rule.category if rule else self._alone.get(fold_danger(word))


def tells_of_a_person(remark: str) -> bool:
    """Tell whether a remark tells of somebody what never leaves (§10)."""
    return _OF_A_PERSON.search(fold_danger(remark)) is not None


def _have_a_remark_behind(folded: pyarrow.Array) -> pyarrow.Array:
    """Mask of the names, folded for widths, of which the second word may be a remark."""
    begins = pc.fill_null(pc.match_substring_regex(folded, _WHOLE_FIRST), fill_value=False)
    behind = fold_dangers(pc.replace_substring_regex(folded.filter(begins), _WHOLE_FIRST, ""))
    return pc.replace_with_mask(
        begins, begins, pc.match_substring_regex(behind, _SUSPICIOUS_BEHIND)
    )


def _is_a_remark(behind: str) -> bool:
    """Tell whether what stands behind a name is a remark on its bearer that does not leave."""
    return tells_of_a_person(behind) or _BEHIND_A_NAME.search(fold_danger(behind)) is not None


def _is_foreign(word: str, written: str) -> bool:
    """Tell whether a word is a name where no kanji stands (MD イスラム, NGUYEN VAN ALS)."""
    return word in _FOREIGN_NAMES and not _IS_KANJI.search(written)


def _stands_in(tail: str, word: str) -> bool:
    """Tell whether a word stands there, but for a place that is only beside one of that name.

    There are more words than `re` keeps expressions of: one is made only for a word that is there.
    """
    return word in tail and re.search(f"{re.escape(word)}(?![{_NEAR}])", tail) is not None


def _behind_the_name(written: str) -> str:
    """Give what stands behind the first word of a name, or the end of one that is a single word."""
    first, _, rest = written.strip().partition(" ")
    return rest or first[_SHORTEST_NAME:]


def _behind_the_number(written: str) -> str:
    """Give what stands behind the number of the plot; of an address without figures, all of it."""
    found = _BEHIND_THE_NUMBER.search(written)
    return found[1] if found else written
