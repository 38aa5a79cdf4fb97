"""How sure it is that a campaign is about a car, and why; plain facts, quick to load."""

from enum import IntEnum, StrEnum

NO_MODEL = frozenset(
    {
        *("", "-", "---", "***", "?", "不明", "フメイ", "UNKNOWN"),
        *("なし", "ナシ", "無し", "型式不明", "未記入"),
    }
)
"""What stands for a 型式 that nobody knows, folded."""


class MatchClass(IntEnum):
    """How sure it is; the smaller the surer."""

    IN_RANGE = 0
    POSSIBLE = 1


class Reason(StrEnum):
    """Why a car has its class."""

    MODEL_AND_NUMBER = "model_and_number"
    TYPE_ONLY = "type_only_notice"
    NO_NUMBER = "no_chassis_number"
    UNREADABLE_NUMBER = "unreadable_or_office_stamped_number"
    UNDETERMINED_RANGE = "range_cannot_be_ordered"
    OPEN_END = "range_without_an_end"
    NO_MODEL = "number_fits_model_unknown"
    OTHER_MARK = "number_fits_other_emission_mark"
    OTHER_MODEL = "number_fits_other_model"
    SIMILAR_PREFIX = "prefix_written_otherwise"
    LOOSE_NUMBER = "number_written_in_no_known_form"
    CONTRADICTION = "number_contradicts_model"
    OTHER_RECORD = "another_paper_or_record_says_so"
