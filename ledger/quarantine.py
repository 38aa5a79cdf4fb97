"""Rows set aside, kept in the shop with their reasons until somebody mends the source.

The folder always shows the state of the last run: `summary.json` with counts, and one CSV per
table (UTF-8 with BOM, for Excel) with the rows themselves and why, in Japanese. It holds
personal data: mode 0600.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import pyarrow
import pyarrow.csv as arrow_csv
from pydantic import BaseModel

from ledger.private_files import open_private, private_folder, write_private
from schemas.errors import ConfigurationError, JointUseError
from schemas.state_folder import Part
from schemas.strict import validated


class QuarantineSummary(BaseModel):
    """Counts of the last run, by table and reason."""

    format: Literal["joint-use-quarantine/1"] = "joint-use-quarantine/1"
    period: str
    taken_at: str
    read: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]


class QuarantineFolder:
    """`<state>/quarantine/<all or partner>`, written whole and swapped in."""

    def __init__(self, state: Path, partner: str | None = None) -> None:
        """Name the folder of what is set aside for everyone, or for one partner."""
        self.folder = state / Part.QUARANTINE / (partner or "all")

    def replace(
        self, summary: QuarantineSummary, rows: Mapping[str, Iterable[pyarrow.Table]]
    ) -> None:
        """Put what this run set aside in the place of what the last run did."""
        private_folder(self.folder.parent)
        fresh, old = (self.folder.with_name(f".{self.folder.name}.{w}") for w in ("new", "old"))
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        private_folder(fresh)
        for table, parts in rows.items():
            _write_csv(fresh / f"{table}.csv", parts)
        write_private(fresh / "summary.json", summary.model_dump_json(indent=2).encode())
        is_open = False
        try:
            if self.folder.exists():
                self.folder.rename(old)
            fresh.rename(self.folder)
        except PermissionError:
            is_open = True
            if not self.folder.exists() and old.exists():
                old.rename(self.folder)
        if is_open:
            shutil.rmtree(fresh, ignore_errors=True)
            raise JointUseError(
                "quarantine フォルダの CSV が Excel などで開かれています。閉じて、もう一度実行してください。"
                "その先は何も納品していません / "
                "a CSV of the quarantine folder is open in another program; close it and run again. Nothing "
                "further was published"
            )
        shutil.rmtree(old, ignore_errors=True)

    def summary(self) -> QuarantineSummary:
        """Read the counts of the last run."""
        path = self.folder / "summary.json"
        if not path.exists():
            raise ConfigurationError(
                "まだ一度も実行されていません。先に `joint-use export` を実行してください / "
                "no run has been made yet; run `joint-use export` first"
            )
        try:
            content = json.loads(path.read_text())
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise ConfigurationError(
                "quarantine/summary.json が壊れています。もう一度 `joint-use export` を実行してください / "
                "quarantine/summary.json is damaged; run `joint-use export` again"
            )
        return validated(QuarantineSummary, content, where="quarantine/summary.json")


def _write_csv(path: Path, parts: Iterable[pyarrow.Table]) -> None:
    with open_private(path) as file:
        file.write(b"\xef\xbb\xbf")
        for number, part in enumerate(parts):
            options = arrow_csv.WriteOptions(include_header=number == 0, eol="\r\n")
            arrow_csv.write_csv(part, file, options)
