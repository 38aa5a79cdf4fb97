"""Reading recall campaigns: the ministry's JSON as it is served, and a CSV an operator writes.

A record that cannot be understood stops the reading: campaigns read in part are worse than none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schemas.campaigns import Campaign
from schemas.errors import ConfigurationError
from sources.campaign_cells import joined
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
        records: how many notifications were read: several of one number and day are one campaign.
        announced: how many notifications the answer says the search found; None if it does not say.
    """

    campaigns: list[Campaign]
    superseded: list[Campaign]
    withdrawn: list[Campaign]
    records: int
    announced: int | None


def read_campaigns(path: Path) -> CampaignFile:
    """Read a campaign file, JSON or CSV by what is in it.

    Raises:
        ConfigurationError: naming the record that cannot be understood, and what is wrong with it.
        SourceUnreadableError: it is neither UTF-8 nor CP932.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: ファイルがありません / {path}: no such file")
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
        records=len(campaigns),
        announced=reader.announced,
    )


def _corrected(campaigns: Iterable[Campaign]) -> tuple[list[Campaign], list[Campaign]]:
    """Let the records of the last day of each number stand; of several of one day, all that stand together.

    Nothing tells which of two records of one day corrects the other, and a range too few finds too few cars.
    """
    by_number: dict[str, list[Campaign]] = {}
    for campaign in campaigns:
        by_number.setdefault(campaign.number, []).append(campaign)
    standing, superseded = [], []
    for records in by_number.values():
        last = max(each.notified_on for each in records)
        newest = [each for each in records if each.notified_on == last]
        valid = [each for each in newest if not each.is_withdrawn]
        standing.append(joined(valid or newest))
        superseded += [each for each in records if each.notified_on < last]
    return standing, superseded
