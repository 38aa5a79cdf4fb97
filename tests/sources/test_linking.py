"""Parents are found whatever the order of rows; what fits several cars decides nothing."""

import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.linking import AMBIGUOUS, NO_LINK, UNKNOWN, KeyIndex, find_vehicles
from transforms.merges import resolve_merges

keys = st.one_of(
    st.lists(st.one_of(st.none(), st.text("abあ\x7f", max_size=3)), max_size=30),
    st.lists(st.text("abc", min_size=9, max_size=9), max_size=30),
)


@given(keys, keys)
def test_positions_are_those_of_a_plain_search(have, wanted):
    found = KeyIndex(pyarrow.array(have, pyarrow.string())).positions(
        pyarrow.array(wanted, pyarrow.string())
    )
    for key, position in zip(wanted, found.tolist(), strict=True):
        expected = NO_LINK if key is None else have.index(key) if key in have else UNKNOWN
        assert position == expected


@given(keys)
def test_duplicates_are_all_rows_that_share_a_key(have):
    mask = KeyIndex(pyarrow.array(have, pyarrow.string())).duplicates()
    assert mask.tolist() == [key is not None and have.count(key) > 1 for key in have]


@given(st.lists(st.one_of(st.none(), st.integers(0, 7)), min_size=8, max_size=8))
def test_merges_end_at_a_row_that_stands_for_itself_or_go_in_a_circle(targets):
    ids = [str(n) for n in range(8)]
    merges = resolve_merges(
        pyarrow.array(ids),
        pyarrow.array([None if t is None else str(t) for t in targets], pyarrow.string()),
    )
    for row, target in enumerate(targets):
        if not merges.is_circular[row]:
            assert targets[int(merges.survivors[row])] is None
        if target is not None:
            assert merges.persons[row] == merges.persons[target]


def vehicles(*rows):
    names = ["chassis_number", "plate", "released_on"]
    columns = {
        name: pyarrow.array([row[place] for row in rows], pyarrow.string())
        for place, name in enumerate(names)
    }
    return pyarrow.table({**columns, "is_deleted": pyarrow.nulls(len(rows), pyarrow.bool_())})


@pytest.mark.parametrize(
    ("chassis", "plate", "expected"),
    [
        ("A-1", None, 0),
        ("S", "p1", 1),
        ("S", "p2", 2),
        ("S", None, AMBIGUOUS),
        ("S", "p9", AMBIGUOUS),
        ("B-2", None, 4),
        ("B-2", "p3", 3),
        (None, "p5", 5),
        ("X-9", "p5", 5),
        ("X-9", None, UNKNOWN),
        (None, None, UNKNOWN),
        ("ZVW50-6000001", "p6", 6),
        ("ZVW50-6000001", "p0", UNKNOWN),
        ("ZVW50-6000001", None, UNKNOWN),
    ],
)
def test_a_certificate_finds_its_car(chassis, plate, expected):
    cars = vehicles(
        ("A-1", "p0", None),
        ("S", "p1", None),
        ("S", "p2", None),
        ("B-2", "p3", "2020"),
        ("B-2", "p4", None),
        (None, "p5", None),
        ("ZVW506000001", "p6", None),
    )
    assert find_vehicles(
        pyarrow.array([None], pyarrow.string()),
        pyarrow.array([None], pyarrow.string()),
        cars.slice(0, 1),
    ).tolist() == [UNKNOWN]
    found = find_vehicles(
        pyarrow.array([chassis], pyarrow.string()), pyarrow.array([plate], pyarrow.string()), cars
    )
    assert found.dtype == np.int32
    assert found.tolist() == [expected]
