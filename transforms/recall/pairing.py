"""Pairs of a car and a campaign: columns `car`, `campaign`, `match_class`, `reason`."""

import numpy as np
import pandas as pd

from transforms.recall.classes import MatchClass, Reason
from transforms.recall.taken_apart import agree


def pairs_of(rows: pd.DataFrame, match_class: MatchClass, reason: Reason) -> pd.DataFrame:
    """Give rows with `car` and `campaign` one class and reason."""
    found = rows[["car", "campaign"]].drop_duplicates()
    return found.assign(match_class=int(match_class), reason=reason.value)


def judged(models: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Judge pairs whose numbers agree by what their 型式 say.

    Args:
        models: of the cars.
        pairs: `car`, and a range's columns.
    """
    if not len(pairs):
        return nothing()
    own = models.iloc[pairs["car"].to_numpy(np.int64)].reset_index(drop=True)
    asked = pairs.reset_index(drop=True)
    agrees = agree(own, asked)
    reason = np.full(len(pairs), Reason.OTHER_MODEL.value, object)
    reason[(own["body"] == asked["body"]).to_numpy(bool)] = Reason.OTHER_MARK.value
    reason[(own["body"].isna() | asked["body"].isna()).to_numpy(bool)] = Reason.NO_MODEL.value
    reason[agrees] = Reason.MODEL_AND_NUMBER.value
    classes = np.where(agrees, int(MatchClass.IN_RANGE), int(MatchClass.POSSIBLE))
    return pd.DataFrame(
        {
            "car": asked["car"],
            "campaign": asked["campaign"],
            "match_class": classes,
            "reason": reason,
        }
    )


def lowered(pairs: pd.DataFrame, reason: Reason) -> pd.DataFrame:
    """Give judged pairs as possible; where 型式 and number agreed, for another reason."""
    agreed = pairs["reason"] == Reason.MODEL_AND_NUMBER.value
    reasons = pairs["reason"].mask(agreed, reason.value)
    return pairs.assign(match_class=int(MatchClass.POSSIBLE), reason=reasons)


def nothing() -> pd.DataFrame:
    """Give no pair."""
    return pd.DataFrame(
        {
            "car": np.array([], np.int64),
            "campaign": np.array([], np.int32),
            "match_class": np.array([], np.int64),
            "reason": np.array([], object),
        }
    )
