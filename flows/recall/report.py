"""What a recall run did: counts only; never a person's data."""

from collections.abc import Mapping

from pydantic import BaseModel

from flows.running.report import Served


class CampaignCount(BaseModel):
    """The account of one campaign: in_range + possible = handed + kept + done."""

    campaign: str
    printed_number: str
    notified_on: str
    in_range: int
    possible: int
    out: int
    """Cars of its models whose number is outside its ranges."""
    reasons: Mapping[str, int]
    handed: int
    """Cars a partner was told of, now or before."""
    kept: Mapping[str, int]
    """Cars on the shop's own list, by why."""
    done: int
    """Cars marked as repaired or not affected."""


class NoLonger(BaseModel):
    """Cars a campaign was found to be about before, and not by this run; and how many were handed over."""

    campaign: str
    cars: int
    handed: int


class RecallReport(Served):
    """What one recall run did."""

    shop: str
    as_of: str
    campaigns: tuple[CampaignCount, ...]
    superseded: tuple[str, ...]
    withdrawn: tuple[str, ...]
    no_longer: tuple[NoLonger, ...]
    records: int
    """Notifications in the file."""
    announced: int | None
    """How many of them the search found; None if the file does not say."""
    unreadable: int
    """Records of cars and papers without cells: whether one of them is affected, nobody can tell."""
    blind: int
    """Cars with neither 型式 nor a number that can be read: no campaign can find them."""
    blind_cars: tuple[str, ...]
    """Their numbers in the records; of papers of no car there is none."""
    cars: int
    call_list: str
    """Folder of the call list; it stays in the shop."""
    call_list_cars: int
