"""Which rows an objection means for certain, and what is remembered of them."""

import numpy as np
import pyarrow
from hypothesis import given
from hypothesis import strategies as st

from transforms.identity import DIGITS, IDENTITY, MATCHED, NUMBER, Traits
from transforms.meaning import Meaning
from transforms.objections import EVENTS, TERMS, TRAITS, Register

_ROWS = 5
_digests = st.integers(0, 4)
_columns = st.lists(_digests, min_size=_ROWS, max_size=_ROWS).map(
    lambda column: np.array(column, np.uint64)
)
_traits = st.builds(
    Traits,
    number=_columns,
    digits=_columns,
    contacts=st.tuples(_columns, _columns),
    home_marks=st.tuples(_columns),
    home_clues=st.tuples(_columns),
    spare=_columns,
    spare_rows=st.permutations(range(_ROWS)).map(lambda rows: np.array(rows, np.int32)),
    before=_columns,
    before_rows=st.permutations(range(_ROWS)).map(lambda rows: np.array(rows, np.int32)),
)
_remembered = st.sets(
    st.tuples(
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from([NUMBER, IDENTITY, DIGITS, MATCHED]),
        _digests,
    )
)
_persons = st.lists(st.integers(0, _ROWS - 1), min_size=_ROWS, max_size=_ROWS).map(
    lambda persons: np.array(persons, np.int32)
)


def certain_plainly(remembered, traits, persons):
    """Give objection and row of all that are meant, looking at one row after the other until nobody is new."""
    spare, before = np.zeros((2, _ROWS), np.uint64)
    spare[traits.spare_rows], before[traits.before_rows] = traits.spare, traits.before
    every, marks = (*traits.clues, spare, before), (*traits.marks, spare)
    looked_for = [(NUMBER, traits.number), *((IDENTITY, clue) for clue in every)]
    found = {
        (objection, row)
        for objection, kind, digest in remembered
        for of_kind, column in looked_for
        for row in range(_ROWS)
        if digest and kind == of_kind and column[row] == digest
    }
    while True:
        new = {
            (objection, row)
            for objection, known in found
            for row in range(_ROWS)
            if persons[row] == persons[known]
            or any(mark[known] and mark[known] == clue[row] for mark in marks for clue in every)
        }
        if new <= found:
            return found
        found |= new


@given(_remembered, _traits, _persons)
def test_an_objection_means_every_row_of_the_person_and_that_is_what_is_remembered(
    remembered, traits, persons
):
    rows = [dict(zip(TRAITS.names, each, strict=True)) for each in sorted(remembered)]
    register = Register(
        TERMS.empty_table(),
        EVENTS.empty_table(),
        pyarrow.Table.from_pylist(rows, TRAITS),
        "head",
    )
    meaning = Meaning(register, traits, frozenset(), frozenset())
    expected = certain_plainly(remembered, traits, persons)

    pairs = meaning.certain(persons)
    assert len(pairs.rows) == len(expected)
    assert set(zip(pairs.objections.to_pylist(), pairs.rows.tolist(), strict=True)) == expected

    spare = np.zeros(_ROWS, np.uint64)
    spare[traits.spare_rows] = traits.spare
    columns = [(NUMBER, traits.number), *((IDENTITY, mark) for mark in (*traits.marks, spare))]
    assert meaning.lessons(pairs) == {(objection, MATCHED, 1) for objection, _ in expected} | {
        (objection, kind, int(column[row]))
        for objection, row in expected
        for kind, column in columns
        if column[row]
    }


@given(_remembered, _traits, st.sets(st.sampled_from(["1", "2", "3"])))
def test_what_is_to_settle_is_counted_at_once_as_one_by_one(remembered, traits, undecided):
    rows = [dict(zip(TRAITS.names, each, strict=True)) for each in sorted(remembered) if each[-1]]
    register = Register(
        TERMS.empty_table(), EVENTS.empty_table(), pyarrow.Table.from_pylist(rows, TRAITS), "head"
    )
    meaning = Meaning(register, traits, frozenset(undecided), frozenset(undecided | {"2"}))
    found = meaning.work(pyarrow.array(["1", "2", "3", "4"]))
    assert found == {
        each: int(meaning.rows(pyarrow.array([each])).sum()) for each in sorted(undecided | {"2"})
    }
