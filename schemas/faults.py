"""Why a row is set aside, in the words of whoever mends it.

A reason is `place:rule`: a column of the table, or what else is at fault, and what is wrong with it.
"""

from schemas.catalog import CATALOG

_FOLLOWS = "set_aside"

_RULES = {
    "ambiguous": "「{}」の番号を持つ行がいくつもあります",
    "broken_characters": "「{}」に外字や壊れた文字があります",
    "circular": "「{}」の統合先がめぐって元に戻ります",
    "duplicate": "「{}」が重複しています",
    "empty": "{}の中身がありません",
    "folder_not_read": "{}の中のフォルダは読みません。ファイルを外に出してください",
    "lost_characters": "「{}」に失われた文字（？、〓）があります",
    "malformed": "「{}」の形が正しくありません",
    "missing": "「{}」がありません",
    "negative_outside_reversal": "「{}」が赤伝でないのにマイナスです",
    "not_a_certificate": "{}が車検証（JSON か CSV）ではありません",
    "not_an_image": "{}が写真ではありません",
    "number": "「{}」に記録してはならない番号（マイナンバー、免許証、カード、口座など）があります",
    "of_several_rows": "{}が何台もの車に書かれています",
    "outside_the_folder": "{}が写真のフォルダの外にあります",
    _FOLLOWS: "「{}」の行が隔離されているため",
    "too_long": "「{}」が長すぎます",
    "too_large": "「{}」が大きすぎます",
    "too_small": "「{}」が小さすぎます",
    "unknown": "「{}」の番号の行がありません",
    "unknown_class": "{}の種類が分かりません",
    "unknown_code": "「{}」の語が shop.toml の values にありません",
    "unmappable_character": "「{}」に納品先の文字コードで表せない文字があります",
    "unreadable": "「{}」が読めません",
    "wrong_number_of_cells": "{}のセルの数が見出しと違います",
}

_PLACES = {"certificate": "車検証のファイル", "file": "写真のファイル", "row": "行"}


def follows(reason: str) -> bool:
    """Tell whether a row is set aside only because of another row that is."""
    return reason.endswith(f":{_FOLLOWS}")


def in_words(table: str, reason: str) -> str:
    """Say in Japanese why a row of a table is set aside; an unknown reason is given as it is."""
    place, _, rule = reason.rpartition(":")
    words = _RULES.get(rule)
    return words.format(_title(table, place)) if words else reason


def _title(table: str, place: str) -> str:
    column = CATALOG[table].columns.get(place)
    if column:
        return column.title
    return CATALOG[place].title if place in CATALOG else _PLACES.get(place, place)
