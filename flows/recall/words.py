"""The words of a call list: titles, classes and reasons, for whoever telephones."""

from collections.abc import Mapping
from enum import StrEnum

from ledger.recall_book import NOT_DELIVERED, NOT_HANDED_OVER

CUSTOMER_NUMBER, VEHICLE_NUMBER = "お客様番号", "車両番号"
"""Titles of the columns by which a person's rows are found again."""

CLASS_TEXTS = {"in_range": "対象の可能性（範囲内）", "possible": "対象の可能性（要確認）"}

REASON_TEXTS = {
    "model_and_number": "型式と車台番号が範囲内",
    "type_only_notice": "届出に車台番号の範囲がない",
    "no_chassis_number": "車台番号の記録がない",
    "unreadable_or_office_stamped_number": "車台番号が読めない、または職権打刻",
    "range_cannot_be_ordered": "届出の範囲の前後が決められない",
    "range_without_an_end": "届出の範囲に終わりがない",
    "number_fits_model_unknown": "車台番号は範囲内、型式が不明",
    "number_fits_other_emission_mark": "車台番号は範囲内、排ガス記号が違う",
    "number_fits_other_model": "車台番号は範囲内、型式が違う",
    "prefix_written_otherwise": "番号は範囲内、車台番号の前半の書き方が違う",
    "number_written_in_no_known_form": "範囲内の番号のようだが、車台番号の書き方が違う",
    "number_contradicts_model": "型式は届出のとおりだが、車台番号がその型式のものに見えない",
    "another_paper_or_record_says_so": "ほかの車検証か車両の記録では対象",
}

MARK_TEXTS = {"told": "連絡済み", "repaired": "修理済み", "not_affected": "対象外"}


class Kept(StrEnum):
    """Why a car is on the shop's own list and no partner was told of it; of several reasons the first."""

    OBJECTED = "objected"
    NO_PERSON = "no_person"
    SET_ASIDE = "set_aside"
    SOLD = "sold"
    DELETED = "deleted"
    WITHHELD = "withheld"
    NOT_THE_SHOPS = "not_the_shops"
    OWNED_BY_ANOTHER = "owned_by_another"
    NO_CONTACT = "no_contact"
    UNDETERMINED = "undetermined"
    NO_PARTNER = "no_partner"
    NOT_HANDED_OVER = NOT_HANDED_OVER
    NOT_DELIVERED = NOT_DELIVERED


KEPT_TEXTS: Mapping[str, str] = {
    Kept.OBJECTED: "提供を拒否されているため、店から連絡",
    Kept.NO_PERSON: "お客様が分からない",
    Kept.SET_ASIDE: "記録に誤りがある（隔離）",
    Kept.SOLD: "手放した車（今の持ち主を確かめる）",
    Kept.DELETED: "店の記録で削除済み（今の持ち主を確かめる）",
    Kept.WITHHELD: "記録に渡せない内容がある（申し出のあった方の名前、方針第10条の内容）",
    Kept.NOT_THE_SHOPS: "記録が重なっている（統合・旧い車検証など）",
    Kept.OWNED_BY_ANOTHER: "車検証の所有者がお客様と別の方（所有者にも店から知らせる）",
    Kept.NO_CONTACT: "納品先に渡せる連絡先がない",
    Kept.UNDETERMINED: "範囲か型式が確かでない",
    Kept.NO_PARTNER: "リコールの覚書を結んだ共同利用者がない",
    Kept.NOT_HANDED_OVER: "まだ渡していない",
    Kept.NOT_DELIVERED: "納品が共同利用者に届いていない",
}
