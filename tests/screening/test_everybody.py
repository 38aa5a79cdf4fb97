"""Looking for everybody through runs of characters finds what looking for each one finds."""

import re
from dataclasses import replace

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS, Mentions, identities
from transforms.screening.everybody import Everybody

PERSON = {
    "name": "前後　左右",
    "name_kana": "ｾﾞﾝｺﾞ ｻﾕｳ",
    "phone": "+81-23-643-7751",
    "mobile_phone": "０９０－１２３４－５６７８",
    "fax": "",
    "email": "Before.After@example.jp",
    "address": "山形市大字下反田３１番地の２",
}
CAR = {"plate": "山形 599 ん 98-76", "chassis_number": "ＺＶＷ５０－１２３４５６７"}


def table(columns, *rows):
    return pyarrow.Table.from_pylist(
        list(rows), pyarrow.schema([(name, pyarrow.string()) for name in columns])
    )


EVERYBODY = (table(PERSON_COLUMNS, PERSON), table(CAR_COLUMNS, CAR))


@pytest.mark.parametrize(
    "text",
    [
        "前後左右様より",
        "ゼンゴ・サユウ 依頼",
        "連絡 023-643-7751",
        "643-7751まで",
        "09012345678",
        "before.after@example.jp",
        "山形市下反田31-2に納車",
        "山形599ん9876",
        "ZVW50ー1234567の部品",
    ],
)
def test_everything_a_person_is_known_by_is_found_however_it_is_written(text):
    assert Everybody(*(table.to_batches for table in EVERYBODY)).in_free_text(
        pyarrow.array([text])
    ).tolist() == [True]


KANA = re.compile("[ァ-ヶー]+")
LETTERS = st.text("前後左右山形市下反田31-２ゼンゴサユウabc@.０９ 　・ZVW50", max_size=14)


@given(
    names=st.lists(LETTERS, max_size=4),
    addresses=st.lists(LETTERS, max_size=4),
    texts=st.lists(LETTERS, min_size=1, max_size=6),
)
@settings(max_examples=300)
def test_it_finds_exactly_what_looking_for_each_finds(names, addresses, texts):
    rows = [PERSON | {"name": n, "email": n, "phone": n} for n in names]
    rows += [PERSON | {"address": a, "name_kana": a} for a in addresses]
    people = table(PERSON_COLUMNS, *rows)
    cars = table(CAR_COLUMNS, *({"plate": n, "chassis_number": n} for n in names))
    cells = pyarrow.array(texts, pyarrow.string())
    known = identities(people, cars, is_of_refusers=False)
    long = {name for name in known.names if len(name) > 3 or not KANA.fullmatch(name)}
    each = Mentions(replace(known, names=frozenset(long))).in_free_text(cells)
    assert (
        Everybody(people.to_batches, cars.to_batches).in_free_text(cells).tolist() == each.tolist()
    )
