"""No affected car is `out`; clean cars outside are; spelling, order and width of ranges change nothing else."""

import unicodedata

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.campaigns import RANGES, ranges_of
from sources.campaign_files import read_campaigns
from tests.conftest import SAMPLE
from transforms.recall.classes import MatchClass, Reason
from transforms.recall.matching import match

CARS = pyarrow.schema([("model_code", pyarrow.string()), ("chassis_number", pyarrow.string())])
IN, POSSIBLE, OUT = MatchClass.IN_RANGE, MatchClass.POSSIBLE, MatchClass.OUT


def cars(*rows):
    return pyarrow.Table.from_pylist(
        [dict(zip(CARS.names, row, strict=True)) for row in rows], CARS
    )


def ranges(*rows):
    return pyarrow.Table.from_pylist(
        [
            {"campaign": 0, "maker": "某", "model_code": model, "first": first, "last": last}
            for model, first, last in rows
        ],
        RANGES,
    )


def classes(some_cars, some_ranges):
    """Class of each car; None where it has nothing to do with the campaign."""
    found = match(some_cars, some_ranges)
    of = dict(zip(found.pairs["car"], found.pairs["match_class"], strict=True))
    return [of.get(car) for car in range(len(some_cars))], int(found.out.get(0, 0))


def verdict(car, *rows):
    """Class and reason of one car."""
    found = match(cars(car), ranges(*rows))
    if len(found.pairs):
        (pair,) = found.pairs.itertuples()
        return MatchClass(pair.match_class), Reason(pair.reason)
    return (OUT, None) if found.out.get(0, 0) else (None, None)


RANGE = ("DAA-ZVW50", "ZVW50-6000001", "ZVW50-6118168")


@pytest.mark.parametrize(
    ("car", "expected"),
    [
        (("DAA-ZVW50", "ZVW50-6000001"), (IN, Reason.MODEL_AND_NUMBER)),
        (("DAA-ZVW50", "ZVW50-6118168"), (IN, Reason.MODEL_AND_NUMBER)),
        (("DAA-ZVW50", "ZVW50-6000000"), (OUT, None)),
        (("DAA-ZVW50", "ZVW50-6118169"), (OUT, None)),
        (("ZVW50", "ZVW50-6000500"), (IN, Reason.MODEL_AND_NUMBER)),
        (("DAA-ZVW50改", "ZVW50-6000500"), (IN, Reason.MODEL_AND_NUMBER)),
        (("6AA-ZVW50", "ZVW50-6000500"), (POSSIBLE, Reason.OTHER_MARK)),
        (("DAA-ZVW51", "ZVW50-6000500"), (POSSIBLE, Reason.OTHER_MODEL)),
        ((None, "ZVW50-6000500"), (POSSIBLE, Reason.NO_MODEL)),
        (("不明", "ZVW50-6000500"), (POSSIBLE, Reason.NO_MODEL)),
        ((None, "ZVW50-7000500"), (None, None)),
        (("DAA-ZVW50", None), (POSSIBLE, Reason.NO_NUMBER)),
        (("DAA-ZVW50", "国[01]00001国"), (POSSIBLE, Reason.UNREADABLE_NUMBER)),
        (("DAA-ZVW50", "ZVW50?60005"), (POSSIBLE, Reason.UNREADABLE_NUMBER)),
        (("DAA-ZVW50", "ZVW506000500"), (IN, Reason.MODEL_AND_NUMBER)),
        (("DAA-ZVW50", "ZVW507000500"), (OUT, None)),
        (("DAA-ZVW50", "ZVW50W-6000500"), (POSSIBLE, Reason.SIMILAR_PREFIX)),
        (("DAA-XZVW50", "XZVW50-6000500"), (None, None)),
        (("DAA-ZVW5", "ZVW5-6000500"), (None, None)),
    ],
)
def test_a_car_is_judged_by_model_and_number(car, expected):
    assert verdict(car, RANGE) == expected


@pytest.mark.parametrize(
    ("row", "car", "expected"),
    [
        (("DAA-ZVW50", "", ""), ("ZVW50", "ZVW50-1"), (POSSIBLE, Reason.TYPE_ONLY)),
        (("DAA-A1", "A1-0000005", ""), ("A1", "A1-0000005"), (IN, Reason.MODEL_AND_NUMBER)),
        (("DAA-A1", "A1-0000005", ""), ("A1", "A1-0000006"), (POSSIBLE, Reason.OPEN_END)),
        (("DAA-A1", "A1-0000005", ""), ("A1", "A1-0000004"), (OUT, None)),
        (("DAA-A1", "A1-9", "A1-2"), ("A1", "A1-5"), (POSSIBLE, Reason.UNDETERMINED_RANGE)),
        (("DAA-A1", "A1-1", "B1-9"), ("A1", "A1-5"), (POSSIBLE, Reason.UNDETERMINED_RANGE)),
        (("不明", "A1-1", "A1-9"), ("DAA-A1", "A1-5"), (POSSIBLE, Reason.NO_MODEL)),
        # a car without a certificate
        (("LA650S", "", ""), (None, "LA650S-0012345"), (POSSIBLE, Reason.NO_MODEL)),
        (("LA650S", "", ""), (None, "LA660S-0012345"), (None, None)),
        (
            ("DAA-ZVW50", "ZVW50 100", "ZVW50 199"),
            (None, "ZVW50-0000150"),
            (POSSIBLE, Reason.NO_MODEL),
        ),
        (("DAA-ZVW50", "ZVW50以降", ""), (None, "ZVW50-0000150"), (POSSIBLE, Reason.NO_MODEL)),
        # ends that are no number
        *(
            (
                ("DAA-ZVW50", word, word),
                ("DAA-ZVW50", "ZVW50-0000150"),
                (POSSIBLE, Reason.TYPE_ONLY),
            )
            for word in ("-", "－", "全車", "なし", "***", "全車両")
        ),
        *(
            (
                ("DAA-ZVW50", word, word),
                ("DAA-ZVW50", "ZVW50-0000150"),
                (POSSIBLE, Reason.UNDETERMINED_RANGE),
            )
            for word in ("ZVW50-*", "ZVW50", "DAA-ZVW50", "ZVW50-####")
        ),
        # an open end nobody can order, beside a car whose prefix is another one
        (
            ("DAA-ZVW50", "ZVW50-0000100以降", ""),
            ("ZVW50", "X1-5"),
            (POSSIBLE, Reason.UNDETERMINED_RANGE),
        ),
        (("DAA-ZVW50", "***", ""), ("ZVW50", "X1-5"), (POSSIBLE, Reason.TYPE_ONLY)),
        # a 型式 written otherwise
        *(
            (("DAA-ZVW50", "", ""), (written, ""), (POSSIBLE, Reason.TYPE_ONLY))
            for written in (
                *(
                    "DAA ZVW50",
                    "DAAZVW50",
                    "DAA-ZVW50(AHXEB)",
                    "DAA-ZVW50 AHXEB",
                    "トヨタDAA-ZVW50",
                ),
                *("ＤＡＡ－ＺＶＷ５０（改）", "DAA-ZVW50 改", "DAA-ZVW50【特】"),
            )
        ),
        (("DAAZVW50", "", ""), ("DAA-ZVW50", ""), (POSSIBLE, Reason.TYPE_ONLY)),
        (("DAAZVW50", "", ""), ("6AA-ZVW50", ""), (None, None)),
    ],
)
def test_a_range_that_cannot_be_ordered_excludes_nobody_it_may_mean(row, car, expected):
    assert verdict(car, row) == expected


VINS = ("SALEA", "SALEA7AX2L2000154", "SALEA7AXXS2420243")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("SALEA7AX2L2000154", IN),
        ("SALEA7AX9L2000155", IN),
        ("SALEA7AX0N2300000", IN),
        ("SALEA7AX0L2000153", OUT),
        ("SALEA7AX0S2420244", OUT),
        ("SALEA7AX0T2000200", OUT),
        ("SALEA7AX0K2500000", OUT),
        ("SALEA8AX0N2300000", OUT),
        ("SALEA7AX0N8300000", OUT),
        ("SALEA7AX0N2300", POSSIBLE),
    ],
)
def test_vins_are_compared_position_by_position_without_the_check_digit(number, expected):
    assert verdict(("SALEA", number), VINS)[0] is expected


@pytest.mark.parametrize(
    "number",
    ["SALEA7AX2N23OOOOO", "SALEA7AX0N2-300000", "SALEA7AX0N2300000(打刻)", "車台SALEA7AX0N23OOO00"],
)
@pytest.mark.parametrize("model", ["SALEA", None])
def test_a_vin_with_marks_or_letters_for_figures_may_be_meant(number, model):
    assert verdict((model, number), VINS)[0] is POSSIBLE


@pytest.mark.parametrize("number", ["ZVW50-6000500-1", "ZVW50-60OO5OO", "ZVW50-600l500"])
def test_a_number_with_something_behind_or_letters_for_figures_may_be_meant(number):
    assert verdict((None, number), RANGE)[0] is POSSIBLE


def test_vins_whose_ends_name_two_models_cannot_be_ordered():
    row = ("SALEA", "SALEA7AX2L2000154", "SALWA7AXXS2420243")
    assert verdict(("SALEA", "SALEA7AX0N2300000"), row) == (POSSIBLE, Reason.UNDETERMINED_RANGE)
    assert verdict(("OTHER", "SALEA7AX0N2300000"), row) == (None, None)


def test_model_years_come_round():
    row = ("X", "WVWZZZ1K0X2000001", "WVWZZZ1K032000009")
    inside, outside = "WVWZZZ1K0Y2000005", "WVWZZZ1K042000001"
    assert verdict(("X", inside), row)[0] is IN
    assert verdict(("X", outside), row)[0] is OUT


def test_a_number_with_a_slip_is_found_by_its_very_text():
    row = ("SALEA", "SALEA7AX2L200015412", "SALEA7AX2L200015412")
    assert verdict(("SALEA", "SALEA7AX2L200015412"), row) == (IN, Reason.MODEL_AND_NUMBER)
    assert verdict(("SALEA", "SALEA7AX2L2000154"), row)[0] is not IN


def spellings(model, number):
    """One car in ten spellings."""
    prefix, serial = number.split("-")
    wide = unicodedata.normalize("NFKC", number).translate(
        {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    )
    return [
        (model, number),
        (model, number.lower()),
        (model, wide),
        (model, f"{prefix}ー{serial}"),
        (model, f"{prefix}－{serial}"),
        (model, f"{prefix}‐{serial}"),
        (model, f" {prefix} - {serial} "),
        (model, f"{prefix}{serial}"),
        (model.partition("-")[2], number),
        (f"{model}改", f"{prefix}−{serial}"),
    ]


def test_the_published_ranges_hold_every_car_inside_in_ten_spellings_and_none_outside():
    campaigns = read_campaigns(SAMPLE / "campaigns" / "mlit_kawasaki.json").campaigns
    planted, expected = [], []
    every = [
        (place, model, ends)
        for place, campaign in enumerate(campaigns)
        for model in campaign.models
        for ends in model.ranges
    ]

    def is_in(place, model, serial):
        return any(
            int(ends.first[-6:]) <= serial <= int(ends.last[-6:])
            for other, own, ends in every
            if (other, own.code) == (place, model.code)
        )

    for place, model, ends in every:
        low, high = int(ends.first[-6:]), int(ends.last[-6:])
        prefix = ends.first.partition("-")[0]
        for serial in (low - 1, low, low + 1, high - 1, high, high + 1):
            for spelt in spellings(model.code, f"{prefix}-{serial:06}"):
                planted.append(spelt)
                expected.append((place, is_in(place, model, serial)))
    found = match(cars(*planted), ranges_of(campaigns)).pairs
    sure = set(
        zip(*(found[found["match_class"] == IN][name] for name in ("car", "campaign")), strict=True)
    )
    assert len(sure) > 500
    for car, (place, is_inside) in enumerate(expected):
        assert ((car, place) in sure) == is_inside, planted[car]
    assert (found["match_class"] == IN).all()


serials = st.integers(1, 30)
prefixes = st.sampled_from(["AB1", "AB12", "C"])
models = st.sampled_from([None, "AB1", "DBA-AB1", "XBA-AB1", "AB12", "DBA-AB12", "C", "不明"])
numbers = st.one_of(
    st.none(),
    st.just("国[01]00001国"),
    st.builds(lambda p, n: f"{p}-{n:04}", prefixes, serials),
    st.builds(lambda p, n: f"{p}{n:04}", prefixes, serials),
)
some_cars = st.lists(st.tuples(models, numbers), min_size=1, max_size=12)
some_ranges = st.lists(
    st.builds(
        lambda model, prefix, low, width, kind: {
            "range": (model or "AB1", f"{prefix}-{low:04}", f"{prefix}-{low + width:04}"),
            "open": (model or "AB1", f"{prefix}-{low:04}", ""),
            "type": (model or "AB1", "", ""),
        }[kind],
        models,
        prefixes,
        serials,
        st.integers(0, 12),
        st.sampled_from(["range", "range", "open", "type"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=50)
@given(some_cars, some_ranges, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows, wanted, random):
    shuffled, mixed = list(enumerate(rows)), list(wanted)
    random.shuffle(shuffled)
    random.shuffle(mixed)
    straight, out = classes(cars(*rows), ranges(*wanted))
    other, other_out = classes(cars(*(row for _, row in shuffled)), ranges(*mixed))
    assert [other[[n for n, _ in shuffled].index(car)] for car in range(len(rows))] == straight
    assert out == other_out


@settings(deadline=None, max_examples=50)
@given(some_cars, some_ranges, st.integers(0, 20), st.integers(0, 5))
def test_a_wider_range_never_loses_a_car(rows, wanted, more, which):
    narrow, _ = classes(cars(*rows), ranges(*wanted))
    place = which % len(wanted)
    model, first, last = wanted[place]
    if last:
        prefix, serial = last.split("-")
        wanted = [*wanted]
        wanted[place] = (model, first, f"{prefix}-{int(serial) + more:04}")
    wide, _ = classes(cars(*rows), ranges(*wanted))
    for before, after in zip(narrow, wide, strict=True):
        assert before is None or (after is not None and after <= before)


@settings(deadline=None, max_examples=50)
@given(some_cars, some_ranges)
def test_spelling_decides_nothing(rows, wanted):
    spelt = [
        (model and model.lower(), number and number.replace("-", "ー").lower())
        for model, number in rows
    ]
    assert classes(cars(*rows), ranges(*wanted)) == classes(cars(*spelt), ranges(*wanted))


@settings(deadline=None, max_examples=50)
@given(some_cars, some_ranges)
def test_matching_agrees_with_a_plain_reading_of_the_rules(rows, wanted):
    found, out = classes(cars(*rows), ranges(*wanted))
    expected = [plainly(car, wanted) for car in rows]
    assert [None if each is OUT else each for each in expected] == found
    assert sum(each is OUT for each in expected) == out


def body(code):
    return code.rpartition("-")[2]


def agree(own, asked):
    return body(own) == body(asked) and (own == asked or "-" not in own or "-" not in asked)


def plainly(car, wanted):
    """Judge one car by one range after the other."""
    model, number = car
    model = None if model == "不明" else model
    best = None
    known = {first.split("-")[0] for _, first, _ in wanted if first}
    for code, first, last in wanted:
        asked = None if code == "不明" else code
        is_model = bool(model and asked and agree(model, asked))
        found = OUT if is_model else None
        if not first or number is None or number.startswith("国"):
            found = POSSIBLE if is_model else None
            begins = bool(asked and number) and number.startswith(body(asked))
            if not first and model is None and begins and len(body(asked)) >= 3:
                found = POSSIBLE
        else:
            splits = [tuple(number.split("-"))] if "-" in number else []
            if not splits:
                splits = [(p, number[len(p) :]) for p in known if number.startswith(p)]
                splits = [s for s in splits if s[1].isdigit() and 3 <= len(s[1]) <= 9]
            prefix, low = first.split("-")
            high = int(last.split("-")[1]) if last else None
            if not splits and is_model:
                found = POSSIBLE
            for head, serial in splits:
                is_beyond = int(serial) >= int(low) and (high is None or int(serial) <= high)
                if head == prefix and is_beyond:
                    is_sure = is_model and (high is not None or int(serial) == int(low))
                    found = min(found or OUT, IN if is_sure else POSSIBLE)
                of_body = {f.split("-")[0] for c, f, _ in wanted if f and body(c) == body(code)}
                same = model and asked and body(model) == body(asked)
                similar = head.startswith(prefix) or prefix.startswith(head)
                if same and head not in of_body and similar and is_beyond:
                    found = min(found or OUT, POSSIBLE)
        if found is not None:
            best = found if best is None else min(best, found)
    return best
