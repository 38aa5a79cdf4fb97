"""What spares the search for people who are gone some cells finds the same as the search of all."""

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transforms.marks
import transforms.remembered
from ledger.references import References
from transforms.identity import known_only
from transforms.marks import marks_of
from transforms.remembered import Gone, Refusers

DIGEST = References(b"secret").traits

FAMILY = st.sampled_from(["芦野", "高橋", "林", "佐佐木", "アシノ", "木ノ下", "長谷川"])
GIVEN = st.sampled_from(["千代子", "修", "孝二", "ちよ子", "ハナコ", "英之進"])
NAMES = st.builds("".join, st.tuples(FAMILY, st.sampled_from(["", " ", "\u3000"]), GIVEN))
AROUND = st.sampled_from(
    ["", "様方", "(夫)", "の妻", "方", "母 ", "有限会社", "㈱", " 山形市緑町2-3-4 "]
)
NUMBERS = st.sampled_from(
    [
        "090-1234-5678",
        "9012345678",
        "０９０-1234-5678",
        "090-123-456",
        "ZVW50-1234567",
        "A110-9012345",
    ]
)
CELLS = st.none() | st.builds("".join, st.tuples(AROUND, NAMES | NUMBERS, AROUND))


@pytest.fixture
def look_at_all(monkeypatch):
    """Spare the search nothing."""

    def switch():
        monkeypatch.setattr(Gone, "_are_too_short", lambda _self, texts: np.zeros(len(texts), bool))
        monkeypatch.setattr(transforms.remembered, "_OWN_WITHIN", "")
        return monkeypatch.undo

    return switch


def test_cells_that_cannot_hold_anybody_are_not_looked_at(look_at_all):
    @settings(max_examples=60)
    @given(st.lists(NAMES, min_size=1, max_size=3), st.lists(CELLS, min_size=1, max_size=20))
    def check(names, cells):
        phones = ["090-1234-5678", "090-123-456", None][: len(names)]
        people = known_only(
            len(names),
            name=pyarrow.array(names),
            mobile_phone=pyarrow.array(phones, pyarrow.string()),
        )
        gone = Gone(marks_of(people, DIGEST).digests, DIGEST)
        column = pyarrow.array(cells, pyarrow.string())
        found = gone.in_names(column).tolist(), gone.are_contacts(column).tolist()
        undo = look_at_all()
        assert found == (
            Gone(gone.marks, DIGEST).in_names(column).tolist(),
            Gone(gone.marks, DIGEST).are_contacts(column).tolist(),
        )
        undo()

    check()


@pytest.mark.parametrize("length", [61, 1000])
def test_the_longest_names_are_looked_for_too(length):
    name = "架空" * (length // 2) + "某" * (length % 2)
    gone = Gone(marks_of(known_only(1, name=pyarrow.array([name])), DIGEST).digests, DIGEST)
    cells = pyarrow.array([f"山形市緑町2-3-4 {name}様方", "山形市緑町2-3-4 高橋様方"])
    assert gone.in_names(cells).tolist() == [True, False]
    assert gone.in_free_text(cells).tolist() == [True, False]


def test_marks_do_not_depend_on_how_many_people_are_digested_at_once(monkeypatch):
    count = 7
    people = known_only(
        count,
        name=pyarrow.array([f"高橋 花{chr(0x4E00 + n)}" for n in range(count)]),
        mobile_phone=pyarrow.array([f"090-1234-567{n}" for n in range(count)]),
        address=pyarrow.array([f"山形市緑町{n + 1}-2" for n in range(count)]),
    )

    def told():
        marks = marks_of(people, DIGEST)
        return sorted(zip(*(each.tolist() for each in vars(marks).values()), strict=True))

    at_once = told()
    monkeypatch.setattr(transforms.marks, "_AT_ONCE", 3)
    assert told() == at_once
    assert {row for _, row, _ in at_once} == set(range(count))


def test_a_finder_is_used_again_only_for_the_same_rows_and_the_same_marks():
    rows, gone = np.array([True, False]), np.array([1, 2], np.uint64)
    known = Refusers(rows, gone)
    assert known.are(Refusers(rows.copy(), gone.copy()))
    assert not known.are(Refusers(~rows, gone))
    assert not known.are(Refusers(rows, gone[:1]))
