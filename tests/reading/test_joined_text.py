"""A column folded as one running text is folded as each of its cells."""

import re
import unicodedata

import numpy as np
import pyarrow
from hypothesis import given
from hypothesis import strategies as st

from transforms.mentions import PERSON_COLUMNS, Mentions, identities
from transforms.reading.folded_columns import (
    fold_addresses,
    fold_names,
    local_numbers_text,
    plain_text,
    squeezed,
    squeezed_addresses_text,
    squeezed_text,
)
from transforms.reading.joined_text import JoinedText
from transforms.reading.running_text import _ALONE, RunningText

CELLS = st.lists(
    st.none()
    | st.text(
        alphabet="山髙﨑(株)様さん御中大字の県府京都ｶﾞ１2-ー－番地丁目号室 \n\u3000・aZß\ufdd0\U00020b9f",
        max_size=12,
    )
    | st.text(max_size=6),
    max_size=12,
)


@given(CELLS)
def test_each_cell_comes_back_as_it_was(cells):
    assert JoinedText(pyarrow.array(cells, pyarrow.string())).cells().to_pylist() == cells


@given(
    st.lists(st.text(alphabet="カｶﾞﾊﾟかは゛゜\u3099\u309a山神﨑①㈱Ａ1é\u0301가ᄀ\u1161", max_size=8))
)
def test_widths_are_folded_as_unicode_says(texts):
    running = RunningText(texts)
    running.compatible()
    assert running.texts() == [unicodedata.normalize("NFKC", text) for text in texts]


def test_what_stands_alone_is_no_second_part_of_any_character():
    parts = [unicodedata.decomposition(chr(code)).split() for code in range(0x110000)]
    seconds = {
        chr(int(two[1], 16)) for two in parts if len(two) == 2 and not two[0].startswith("<")
    }
    assert "\u3099" in seconds
    assert [second for second in sorted(seconds) if _ALONE.fullmatch(second)] == []


@given(CELLS)
def test_cells_are_folded_as_if_each_were_alone(cells):
    column = pyarrow.array(cells, pyarrow.string())
    for fold in (fold_names, fold_addresses, squeezed):
        alone = [fold(pyarrow.array([cell], pyarrow.string())).to_pylist()[0] for cell in cells]
        assert fold(column).to_pylist() == alone


@given(
    st.lists(
        st.text(alphabet="山形市郡大字の二1２3-ー丁目番地号室割県東京都府町〒 ", max_size=14),
        min_size=1,
    )
)
def test_addresses_are_folded_by_the_rules_as_they_are_written_down(texts):
    assert fold_addresses(pyarrow.array(texts)).to_pylist() == [_address(text) for text in texts]


@given(CELLS)
def test_what_foldings_have_in_common_is_folded_once_for_all(cells):
    column = pyarrow.array(cells, pyarrow.string())
    shared, folds = plain_text(column), (squeezed_text, squeezed_addresses_text, local_numbers_text)
    assert [fold(shared).text for fold in folds] == [
        fold(plain_text(column)).text for fold in folds
    ]
    assert shared.text == plain_text(column).text


@given(CELLS, st.integers(0, 11))
def test_a_position_belongs_to_the_cell_it_stands_in(cells, wanted):
    joined = JoinedText(pyarrow.array([*cells, "針"], pyarrow.string()))
    place = joined.text.rindex("針")
    assert joined.places(np.array([place])).tolist() == [len(cells)]


def test_nothing_is_found_across_two_cells():
    people = pyarrow.table(
        {
            name: pyarrow.array([value], pyarrow.string())
            for name, value in {
                **dict.fromkeys(PERSON_COLUMNS[1:]),
                "name": "佐藤一郎",
            }.items()
        }
    )
    cells = pyarrow.array(["作業 佐藤", "一郎 作業", "佐藤一郎様の件", None])
    assert Mentions(identities(people)).in_free_text(cells).tolist() == [False, False, True, False]
    assert squeezed_text(plain_text(cells)).count == 4


def _address(text):
    """Fold an address by the rules, one regular expression after the other."""
    folded = unicodedata.normalize("NFKC", text).upper()
    for pattern, new in (
        ("[ー‐‑‒–—―−－ｰ]", "-"),
        (r"(-[0-9]+)[ \t\n\f\r\u3000]+(?=[0-9])", r"\1-"),
        (r"[ \t\n\f\r\u3000]+", ""),
        ("^〒?[0-9]{3}-?[0-9]{4}(?![0-9])", ""),
        ("^(?:東京都|北海道|(?:京都|大阪)府|..県|...県)", ""),
        ("^[^0-9]{1,6}?郡", ""),
        ("大字", ""),
        ("字", ""),
        ("二+(?=丁目|番|号|地割|[-の](?:[0-9]|二))", lambda found: "2" * len(found[0])),
        (
            (
                "(?<=[0-9][-の])二+"
                "|(?:(?<=[0-9]番)|(?<=[0-9]番地)|(?<=[0-9]番の)|(?<=[0-9]番地の)|(?<=[0-9]丁目))二+"
                "(?=$|[号(-]|の(?:[0-9]|二))"
            ),
            lambda found: "2" * len(found[0]),
        ),
        ("(?<=[0-9])の(?=[0-9])", "-"),
        ("(?<=[一-龥])の(?=[一-龥])", "ノ"),
        ("丁目|(?<=[0-9])町目|番地[のノ]?|番[のノ](?=[0-9])|番(?!町)|号室?|地割", "-"),
        ("--+", "-"),
    ):
        folded = re.sub(pattern, new, folded)
    return folded.removeprefix("-").removesuffix("-")
