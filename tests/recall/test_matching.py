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
IN, POSSIBLE, OUT = MatchClass.IN_RANGE, MatchClass.POSSIBLE, 2


def cars(*rows):
    return pyarrow.Table.from_pylist(
        [dict(zip(CARS.names, row, strict=True)) for row in rows], CARS
    )


def ranges(*rows):
    """The rows of one campaign."""
    return asked_by([rows])


def asked_by(campaigns):
    """The rows of several."""
    return pyarrow.Table.from_pylist(
        [
            {"campaign": place, "maker": "某", "model_code": model, "first": first, "last": last}
            for place, rows in enumerate(campaigns)
            for model, first, last in rows
        ],
        RANGES,
    )


def judged(some_cars, campaigns):
    """Class of each car that a campaign may be about, by car and campaign; by campaign how many are out."""
    found = match(cars(*some_cars), asked_by(campaigns))
    pairs = found.pairs[["car", "campaign", "match_class"]].itertuples(index=False)
    return {(car, place): told for car, place, told in pairs}, found.out[found.out > 0].to_dict()


def classes(some_cars, rows):
    """Class of each car by one campaign, None where it has nothing to do with it; how many are out."""
    of, out = judged(some_cars, [rows])
    return [of.get((car, 0)) for car in range(len(some_cars))], out.get(0, 0)


def verdict(car, row):
    """Class and reason of one car by one row."""
    return verdicts([(car, row)])[car, row]


def verdicts(asked):
    """Class and reason of each car by its row alone, all in one go: other cars and campaigns change nothing."""
    some_cars, rows = (list(dict.fromkeys(each)) for each in zip(*asked, strict=True))
    found = match(cars(*some_cars), asked_by([[row] for row in rows]))
    of = {
        (some_cars[pair.car], rows[pair.campaign]): (
            MatchClass(pair.match_class),
            Reason(pair.reason),
        )
        for pair in found.pairs.itertuples()
    }
    return {
        (car, row): of.get((car, row)) or ((OUT, None) if is_out(car, row) else (None, None))
        for car, row in asked
    }


def is_out(car, row):
    """Tell whether a car of a campaign's model is outside of its row."""
    return bool(classes([car], [row])[1])


RANGE = ("DAA-ZVW50", "ZVW50-6000001", "ZVW50-6118168")


def test_a_car_is_judged_by_model_and_number():
    cases = [
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
    ]
    assert verdicts([(car, RANGE) for car, _ in cases]) == {
        (car, RANGE): expected for car, expected in cases
    }


def test_a_range_that_cannot_be_ordered_excludes_nobody_it_may_mean():
    cases = [
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
    ]
    assert verdicts([(car, row) for row, car, _ in cases]) == {
        (car, row): expected for row, car, expected in cases
    }


PRIUS = "DAA-ZVW50"
TYPE_ONLY = (PRIUS, "", "")


def test_what_cannot_be_right_excludes_nobody():
    cases = [
        # one car's slip, or a campaign's, is its own
        *(((PRIUS, n, n), (PRIUS, "ZVW50-6000001")) for n in ("ZVW506000001", "ZVW50-60O0001")),
        ((PRIUS, "DAA-ZVW50-6000001", "DAA-ZVW50-6000001"), (PRIUS, "ZVW50-6000001")),
        (("SALEA", "SALEA7AX2L200015412", "SALEA7AX2L200015412"), ("SALEA", "SALEA7AX2L2000154")),
        ((PRIUS, "ZVW50-0001/0100", "ZVW50-0009/0199"), (PRIUS, "ZVW50-0000150")),
        ((PRIUS, "ZVW5O-6000001", "ZVW5O-6000009"), (PRIUS, "ZVW50-6000005")),
        ((PRIUS, "ZVW51-6000001", "ZVW51-6000009"), (PRIUS, "ZVW50-6000005")),
        # ends without order, and no 型式
        (("不明", "HCMTCCA0L00034116", "HCMTCCA0A00034227"), (None, "HCMTCCA0C00034200")),
        ((PRIUS, "ZVW50-6000001", "ZVW55-0000009"), (None, "ZVW55-0000005")),
        ((PRIUS, "ZVW50-6000001", "ZVW55-0000009"), ("DAA-ZVW55", "ZVW55-0000005")),
        ((PRIUS, "ZVW50-6000001", "ZVW55-0000009"), (None, "ZVW550000005")),
        # a number that begins with less or more than the body
        (("DBA-AGH30W", "", ""), (None, "AGH30-0015000")),
        (("DBA-AGH30W", "AGH30-0020000以前", "AGH30-0020000以前"), (None, "AGH30-0015000")),
        (("DBA-AGH30W", "AGH30-0010000", "AGH30-0020000"), (None, "AGH30W-0015000")),
        (("E-C1", "", ""), (None, "C1-0000005")),
        # the number contradicts the 型式, or itself
        *(
            (RANGE, (PRIUS, number))
            for number in (
                *("ZVM50-6000500", "2VW50-6000500", "AZVW50-6000500", "50-6000500"),
                *("DAA-6000500", "ZVW506-000500", "ZVW-506000500", "ZVW50-60005"),
                *("ZVW50-60000500", "ZVW50600050", "ZVW50-0", "ZVW51-6000500"),
                *("SALEA7AX2L2000154", "DAAZVW50-6000500"),
            )
        ),
        (("DAA-KSP210", "KSP210-2600000", "KSP210-2800000"), (None, "KSP2L0-2700000")),
        # a 型式 that is none, and a number that begins with the campaign's
        *(
            (TYPE_ONLY, (model, "ZVW50-6000500"))
            for model in (
                *("DAA-ZVW5O", "プリウス", "なし", "---", "?", "未記入", "型式不明", "-ZVW50"),
                *("ZVW50型", "DAA--ZVW50", "DAA_ZVW50", "DAA.ZVW50", "DAA/ZVW50"),
            )
        ),
    ]
    found = verdicts([(car, row) for row, car in cases])
    assert [case for case, told in found.items() if told[0] not in {IN, POSSIBLE}] == []


@pytest.mark.parametrize(
    "slip",
    [
        ("LA-650S", ""),
        ("L-A650S", ""),
        ("5BA-LA650S", "LA650S-600050012"),
        ("", "LA650S-999999999"),
    ],
)
def test_one_cars_slip_hides_no_other_car(slip):
    own = [("5BA-LA650S", f"LA650S-{n:07}") for n in range(5)] + [("LA650S", "LA650S-0000009")]
    for row in (("LA650S", "", ""), ("5BA-LA650S", "LA650S-0000000", "LA650S-0500000")):
        alone, _ = classes(own, [row])
        beside, _ = classes([*own, slip], [row])
        assert None not in alone
        assert beside[:-1] == alone


def test_a_range_end_with_a_figure_too_many_means_no_other_models_cars():
    rows = [
        ("DBA-AGH30", "AGH30-0000001", "AGH30-99999999"),
        ("DAA-NHP10", "NHP10-9000000", "NHP10-9000001"),
    ]
    assert classes([("DAA-NHP10", "NHP10-0000005")], rows) == ([None], 1)


def test_no_car_is_missed_for_how_an_end_or_a_model_is_written():
    cases = [
        # an end alone that has no order
        *(
            (
                ("DBA-JA5C", "WBAJA5C37KBX85466", ""),
                (own, "WBAJA5C37KBX85466"),
                (POSSIBLE, reason),
            )
            for own, reason in (
                (None, Reason.NO_MODEL),
                ("不明", Reason.NO_MODEL),
                ("DBA-XXX", Reason.OTHER_MODEL),
            )
        ),
        (("DBA-JA5C", "WBAJA5C37KBX85466", ""), (None, "WBAJA5C31KBX90000"), (POSSIBLE, None)),
        (("DBA-JA5C", "WBAJA5C37KBX85466", ""), (None, "WBAXX5C31KBX90000"), (None, None)),
        (("不明", "国[01]00001国", ""), (None, "国[01]00001国"), (POSSIBLE, Reason.NO_MODEL)),
        (("不明", "国[01]00001国", ""), (None, "国[01]00002国"), (None, None)),
        # the check digit tells nothing of what is between two VINs
        (
            ("DBA-JA5C", "WBAJA5C37KBX85466", "WBAJA5C37KBX99999"),
            (None, "WBAJA5C32KBX90000"),
            (POSSIBLE, Reason.NO_MODEL),
        ),
        *(
            (
                ("DBA-PH7G", f"WBAPH7G5{check}BN112345", f"WBAPH7G5{check}BN123456"),
                (None, car),
                found,
            )
            for check in ("*", "-", "1-", "1")
            for car, found in (
                ("WBAPH7G57BN112400", (POSSIBLE, Reason.NO_MODEL)),
                ("WBAPH7G57BN123457", (None, None)),
            )
        ),
        # ends without hyphen that no 型式 splits
        *(
            (("不明", "ZVW506000100", "ZVW506000199"), car, found)
            for car, found in (
                (("DAA-ZVW50", "ZVW50-6000150"), (POSSIBLE, Reason.NO_MODEL)),
                (("DAA-ZVW50", "ZVW506000150"), (POSSIBLE, Reason.NO_MODEL)),
                (("DAA-ZVW50", "ZVW50-6000200"), (None, None)),
                ((None, "ZVW50-60001501"), (POSSIBLE, Reason.SIMILAR_PREFIX)),
            )
        ),
        (
            ("DBA-AGH30W", "AGH300010000", "AGH300020000"),
            ("6BA-AGH30W", "AGH30-0015000"),
            (POSSIBLE, Reason.OTHER_MARK),
        ),
        # ends that cannot be ordered, of a 型式 with another mark
        *(
            (
                ("DAA-ZVW50", first, last),
                ("6AA-ZVW50", "ZVW50-6000150"),
                (POSSIBLE, Reason.OTHER_MARK),
            )
            for first, last in (
                ("6000100", "6000199"),
                ("ZVW50-6000100、ZVW50-6000150", ""),
            )
        ),
        # a cell of the 型式 that is none
        *(
            (RANGE, (own, number), (POSSIBLE, None))
            for own in ("プリウス", "トヨタ", "車種")
            for number in ("ZVW50-60005", "ZVW50W-6000500", "ZVW50-6000500(2)")
        ),
        *(
            (RANGE, (own, "ZVW50-6000500"), (IN, None))
            for own in ("DAA--ZVW50", "-ZVW50", "DAA--ZVW50-AHXEB")
        ),
        (RANGE, ("ZVW50系", "ZVW50-6000500"), (IN, Reason.MODEL_AND_NUMBER)),
        # one figure more is another model
        (("DAA-GP11", "", ""), (None, "GP1-0001234"), (POSSIBLE, Reason.SIMILAR_PREFIX)),
        (("DAA-ZVW50", "", ""), (None, "ZVW501-0001234"), (POSSIBLE, Reason.SIMILAR_PREFIX)),
        (("DBA-AGH30W", "", ""), (None, "AGH30-0001234"), (POSSIBLE, Reason.NO_MODEL)),
    ]
    found = verdicts([(car, row) for row, car, _ in cases])
    for row, car, expected in cases:
        told = found[car, row]
        assert told == expected or (expected[1] is None and told[0] is expected[0]), (car, row)


def test_cars_that_nothing_could_tell_of_are_named():
    judged = [(PRIUS, None), (None, "ZVW50-6000500"), (None, "ZVW506000500"), ("ZVW50型", None)]
    blind = [
        (None, None),
        (None, "6000150"),
        ("不明", "不明"),
        (None, "***"),
        (None, "国[01]00001国"),
        *((word, None) for word in ("プリウス", "N/A", "未登録", "DAA_ZVW50")),
    ]
    assert match(cars(*judged, *blind), ranges(RANGE)).blind.tolist() == [False] * 4 + [True] * 9


@pytest.mark.parametrize("ends", ["", "なし", "***"])
def test_a_row_no_car_can_be_held_against_is_named(ends):
    assert match(cars((PRIUS, "")), ranges(("不明", ends, ends))).mute == [0]
    assert match(cars((PRIUS, "")), ranges(RANGE)).mute == []


def test_a_row_of_no_model_whose_numbers_have_no_order_tells_by_what_they_begin_with():
    ends = [
        *("ZVW50-0000100以降", "ZVW50", "ZVW50-", "ZVW50-600****", "ZVW50-全数"),
        *("ZVW50-6000001、ZVW50-6000009", "ZVW50-6000001から", "ZVW50-6000001→ZVW50-6000009"),
    ]
    own = [(None, "ZVW50-6000005"), ("DAA-ZVW50", "ZVW50-6000005")]
    asked = [(car, ("不明", end, "")) for end in ends for car in (*own, (None, "NHP10-6000005"))]
    for (car, row), (told, _) in verdicts(asked).items():
        assert told is (POSSIBLE if car in own else None), (car, row)


@pytest.mark.parametrize("end", ["WVWZZZ1KZ8W", "WVWZZZ1KZ8W00****"])
def test_the_beginning_of_a_vin_tells_maker_and_model(end):
    assert verdict((None, "WVWZZZ1KZ8W000005"), ("不明", end, ""))[0] is POSSIBLE


def test_numbers_without_any_beginning_tell_of_no_car_and_stop_the_run():
    assert match(cars((PRIUS, "")), ranges(("不明", "0000100", "0000200"))).mute == [0]


def test_a_number_with_a_slip_of_a_car_nobody_knows_the_model_of_may_be_meant():
    written = ["ZVW50-600010", "ZVW50-60001000", "ZVW50-600010X", "ZVW50-"]
    found = verdicts([((None, f"{b}{n}"), RANGE) for b in ("", "NHP10-") for n in written])
    for (car, _), (told, _) in found.items():
        assert told is (POSSIBLE if car[1] in written else None), car


VINS = ("SALEA", "SALEA7AX2L2000154", "SALEA7AXXS2420243")


def test_vins_are_compared_position_by_position_without_the_check_digit():
    expected = {
        "SALEA7AX2L2000154": IN,
        "SALEA7AX9L2000155": IN,
        "SALEA7AX0N2300000": IN,
        "SALEA7AX0L2000153": OUT,
        "SALEA7AX0S2420244": OUT,
        "SALEA7AX0T2000200": OUT,
        "SALEA7AX0K2500000": OUT,
        "SALEA8AX0N2300000": OUT,
        "SALEA7AX0N8300000": OUT,
        "SALEA7AX0N2300": POSSIBLE,
    }
    found = verdicts([(("SALEA", number), VINS) for number in expected])
    assert {number: told for ((_, number), _), (told, _) in found.items()} == expected


def test_a_vin_with_marks_or_letters_for_figures_may_be_meant():
    written = [
        *("SALEA7AX2N23OOOOO", "SALEA7AX0N2-300000", "SALEA7AX0N2300000(打刻)"),
        "車台SALEA7AX0N23OOO00",
    ]
    asked = [((model, number), VINS) for model in ("SALEA", None) for number in written]
    for case, (told, _) in verdicts(asked).items():
        assert told is POSSIBLE, case


def test_a_number_with_something_behind_or_letters_for_figures_may_be_meant():
    written = ["ZVW50-6000500-1", "ZVW50-60OO5OO", "ZVW50-600l500"]
    for case, (told, _) in verdicts([((None, number), RANGE) for number in written]).items():
        assert told is POSSIBLE, case


def test_vins_whose_ends_name_two_models_cannot_be_ordered():
    row = ("SALEA", "SALEA7AX2L2000154", "SALWA7AXXS2420243")
    assert verdict(("SALEA", "SALEA7AX0N2300000"), row) == (POSSIBLE, Reason.UNDETERMINED_RANGE)
    assert verdict(("OTHER", "SALEA7AX0N2300000"), row) == (POSSIBLE, Reason.OTHER_MODEL)
    assert verdict(("OTHER", "SALVA7AX0N2300000"), row) == (None, None)


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
some_cars = st.lists(st.tuples(models, numbers), min_size=10, max_size=40)


def row_of(model, prefix, low, width, kind):
    """One row of a campaign."""
    first = f"{prefix}-{low:04}"
    return {
        "range": (model, first, f"{prefix}-{low + width:04}"),
        "open": (model, first, ""),
        "type": (model, "", ""),
    }[kind]


some_ranges = st.lists(
    st.builds(
        lambda model, *row: row_of(model or "AB1", *row),
        models,
        prefixes,
        serials,
        st.integers(0, 12),
        st.sampled_from(["range", "range", "open", "type"]),
    ),
    min_size=1,
    max_size=6,
)

some_campaigns = st.lists(some_ranges, min_size=5, max_size=10)


sound_bodies = st.sampled_from(["AB1", "CD12", "XYZ"])
marks = st.sampled_from(["", "DBA-", "XBA-"])
sound_cars = st.lists(
    st.builds(lambda mark, body, n: (mark + body, f"{body}-{n:04}"), marks, sound_bodies, serials),
    min_size=10,
    max_size=40,
)
sound_ranges = st.lists(
    st.builds(
        lambda mark, body, *row: row_of(mark + body, body, *row),
        marks,
        sound_bodies,
        serials,
        st.integers(0, 12),
        st.sampled_from(["range", "range", "open", "type"]),
    ),
    min_size=1,
    max_size=6,
)
sound_campaigns = st.lists(sound_ranges, min_size=5, max_size=10)


@settings(max_examples=10)
@given(some_cars, some_campaigns, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows, wanted, random):
    shuffled, mixed = list(enumerate(rows)), [list(asked) for asked in wanted]
    for each in (shuffled, *mixed):
        random.shuffle(each)
    straight, out = judged(rows, wanted)
    other, other_out = judged([row for _, row in shuffled], mixed)
    assert {(shuffled[car][0], asked): told for (car, asked), told in other.items()} == straight
    assert out == other_out


@settings(max_examples=10)
@given(some_cars, some_campaigns, st.integers(0, 20), st.integers(0, 5))
def test_a_wider_range_never_loses_a_car(rows, wanted, more, which):
    narrow, _ = judged(rows, wanted)
    wide, _ = judged(rows, [widened(asked, more, which % len(asked)) for asked in wanted])
    for case, before in narrow.items():
        assert wide.get(case, OUT) <= before


def widened(wanted, more, place):
    """Give the rows of a campaign, one of them with a later end."""
    model, first, last = wanted[place]
    if not last:
        return wanted
    prefix, serial = last.split("-")
    wider = (model, first, f"{prefix}-{int(serial) + more:04}")
    return [*wanted[:place], wider, *wanted[place + 1 :]]


@settings(max_examples=10)
@given(some_cars, some_campaigns)
def test_spelling_decides_nothing(rows, wanted):
    spelt = [
        (model and model.lower(), number and number.replace("-", "ー").lower())
        for model, number in rows
    ]
    assert judged(rows, wanted) == judged(spelt, wanted)


@settings(max_examples=10)
@given(some_cars, some_campaigns)
def test_matching_is_never_weaker_than_a_plain_reading_of_the_rules(rows, wanted):
    found, _ = judged(rows, wanted)
    for car, row in enumerate(rows):
        for place, asked in enumerate(wanted):
            own, expected = found.get((car, place)), plainly(row, asked)
            assert (own == IN) == (expected == IN)
            assert own is not None or expected in {None, OUT}


@settings(max_examples=10)
@given(sound_cars, sound_campaigns)
def test_matching_agrees_with_a_plain_reading_where_nothing_contradicts_itself(rows, wanted):
    found, out = judged(rows, wanted)
    for place, asked in enumerate(wanted):
        expected = [plainly(car, asked) for car in rows]
        own = [found.get((car, place)) for car in range(len(rows))]
        assert [None if each is OUT else each for each in expected] == own
        assert sum(each is OUT for each in expected) == out.get(place, 0)


@settings(max_examples=10)
@given(some_cars, some_ranges, st.lists(st.tuples(models, numbers), max_size=3), some_campaigns)
def test_other_cars_and_campaigns_change_nothing_for_a_car(rows, wanted, more_cars, others):
    alone, out = judged(rows, [wanted])
    odd = [("DBA-AB1", "AB1-999999999"), ("A-B1", "AB1-0005"), *more_cars]
    beside, _ = judged([*rows, *odd], [wanted, *others])
    assert alone == {
        (car, asked): told
        for (car, asked), told in beside.items()
        if asked == 0 and car < len(rows)
    }
    assert judged(rows, [wanted, *others])[1].get(0) == out.get(0)  # of the odd ones some are out


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
                    found = stronger(found, IN if is_sure else POSSIBLE)
                of_body = {f.split("-")[0] for c, f, _ in wanted if f and body(c) == body(code)}
                same = model and asked and body(model) == body(asked)
                similar = head.startswith(prefix) or prefix.startswith(head)
                if same and head not in of_body and similar and is_beyond:
                    found = stronger(found, POSSIBLE)
        best = stronger(best, found)
    return best


def stronger(*classes):
    """The strongest of the classes that are there."""
    return min((each for each in classes if each is not None), default=None)


TYPE_ONLY, TURNED = ("DAA-ZVW50", "", ""), ("DAA-ZVW50", "ZVW50-0000199", "ZVW50-0000100")


def test_a_number_written_loosely_is_of_a_model_that_no_number_bounds():
    written = [
        *("DAA-ZVW50-0000100", "ZVW5O-0000101", "車台番号ZVW50-0000150", "*ZVW50-0000150*"),
        *("(ZVW50)0000150", "#ZVW50-0000150"),
    ]
    some_cars = [(model, number) for model in (None, "DAA-ZVW51") for number in written]
    for row in (TYPE_ONLY, TURNED):
        for case, told in verdicts([(car, row) for car in some_cars]).items():
            assert told == (POSSIBLE, Reason.LOOSE_NUMBER), case


def test_a_model_without_its_hyphen_may_begin_with_a_mark_the_other_has_not():
    pairs = [
        *(("DAAZVW50", "ZVW50"), ("DAA ZVW50", "ZVW50"), ("6AAZVW50", "ZVW50")),
        *(("ZVW50", "DAAZVW50"), ("EAE86", "AE86")),
    ]
    asked = [((model, None), (wanted, "", "")) for model, wanted in pairs]
    for case, told in verdicts(asked).items():
        assert told == (POSSIBLE, Reason.TYPE_ONLY), case


@pytest.mark.parametrize(
    ("number", "reason"),
    [(None, Reason.NO_NUMBER), ("ZVW50?60005", Reason.UNREADABLE_NUMBER)],
)
def test_one_number_of_an_office_excludes_no_car_without_a_number(number, reason):
    named = ("DAA-ZVW50", "国[01]00001国", "")
    assert verdict(("DAA-ZVW50", number), named) == (POSSIBLE, reason)
