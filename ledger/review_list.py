"""Texts that wait for a person, month by month, in private files of the state folder."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from ledger.private_files import write_private
from schemas.state_folder import Part


class WaitingText(BaseModel):
    """One distinct text of a column, and what in it the trade does not know."""

    column: str
    text: str
    count: int
    unknown: tuple[str, ...]


class ReviewList:
    """`<state>/review/<period>.json`: written whole by each run of that period."""

    def __init__(self, state: Path) -> None:
        """Name the folder."""
        self.folder = state / Part.REVIEW

    def replace(self, period: str, texts: Sequence[WaitingText]) -> None:
        """Keep what waits after a run of a period."""
        content = json.dumps([each.model_dump() for each in texts], ensure_ascii=False)
        write_private(self.folder / f"{period}.json", content.encode())

    def waiting(self) -> Mapping[str, list[WaitingText]]:
        """Give what waits, by period."""
        return {path.stem: list(_texts(path)) for path in sorted(self.folder.glob("*.json"))}


def _texts(path: Path) -> Iterator[WaitingText]:
    for row in json.loads(path.read_text(encoding="utf-8")):
        yield WaitingText.model_validate(row)
