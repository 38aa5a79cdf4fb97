"""Reading recall campaigns: the ministry's JSON as it is served, and a CSV an operator writes.

A record that cannot be understood stops the reading: campaigns read in part are worse than none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.campaigns import Campaign
from schemas.errors import ConfigurationError
from sources.campaign_csv import CsvCampaigns
from sources.campaign_json import JsonCampaigns
from sources.encoding import encoding_of


@dataclass(frozen=True)
class CampaignFile:
    """What was read.

    Args:
        campaigns: those that stand, in the order of the file.
        superseded: earlier versions of campaigns that were corrected later.
        withdrawn: campaigns that were taken back.
        announced: how many notifications the answer says the search found; None if it does not say.
    """

    campaigns: list[Campaign]
    superseded: list[Campaign]
    withdrawn: list[Campaign]
    announced: int | None


def read_campaigns(path: Path) -> CampaignFile:
    """Read a campaign file, JSON or CSV by what is in it.

    Raises:
        ConfigurationError: naming the record that cannot be understood, and what is wrong with it.
        SourceUnreadableError: it is neither UTF-8 nor CP932.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path.name}: ファイルがありません / {path.name}: no such file")
    text = path.read_text(encoding=encoding_of(path))
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise ConfigurationError(
            f"{path.name} は空です。保存し直してください / "
            f"{path.name} is empty; download or save the campaign again"
        )
    is_json = start[0] in "{[" or '"data"' in start[:200]
    reader = JsonCampaigns(path.name, text) if is_json else CsvCampaigns(path.name, text)
    campaigns = list(reader.campaigns())
    if not campaigns:
        raise ConfigurationError(
            f"{path.name} にリコールが一件もありません。検索結果が出ていたか確かめてください / "
            f"{path.name} holds no campaign; was the search answered at all?"
        )
    standing, superseded = _corrected(campaigns)
    return CampaignFile(
        campaigns=[each for each in standing if not each.is_withdrawn],
        superseded=superseded,
        withdrawn=[each for each in standing if each.is_withdrawn],
        announced=reader.announced,
    )


def _corrected(campaigns: Iterable[Campaign]) -> tuple[list[Campaign], list[Campaign]]:
    """Let the later of several campaigns of one number stand: by day, then by the record's id."""
    standing: dict[str, Campaign] = {}
    superseded = []
    for campaign in campaigns:
        other = standing.get(campaign.number)
        if other is None or _content(other) == _content(campaign):
            standing.setdefault(campaign.number, campaign)
            continue
        order, own = (other.notified_on, other.record), (campaign.notified_on, campaign.record)
        if order == own:
            raise ConfigurationError(
                f"{campaign.place}: {campaign.number} が違う範囲で二度あり、どちらが訂正か分かりません。"
                "古い方を除いてください / "
                f"{campaign.place}: {campaign.number} is there twice with different ranges, and nothing "
                "tells which is the correction; take the outdated one out of the file"
            )
        older, newer = (other, campaign) if order < own else (campaign, other)
        standing[campaign.number] = newer
        superseded.append(older)
    return list(standing.values()), superseded


def _content(campaign: Campaign) -> Campaign:
    return replace(campaign, place="")
