"""Rows set aside, kept in the shop with their reasons until somebody mends the source.

The folder always shows the state of the last run: `summary.json` with counts, and one CSV per
table (UTF-8 with BOM, for Excel) with the rows themselves. It holds personal data: mode 0600.
"""

import io
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import pyarrow
import pyarrow.csv as arrow_csv
from pydantic import BaseModel

from ledger.private_files import private_folder, write_private
from schemas.configuration import validated
from schemas.errors import ConfigurationError


class QuarantineSummary(BaseModel):
    """Counts of the last run, by table and reason."""

    format: Literal["joint-use-quarantine/1"] = "joint-use-quarantine/1"
    period: str
    taken_at: str
    read: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]


class QuarantineFolder:
    """`<state>/quarantine`, written whole and swapped in."""

    def __init__(self, state: Path) -> None:
        """Name the folder."""
        self.folder = state / "quarantine"

    def replace(
        self, summary: QuarantineSummary, rows: Mapping[str, Iterable[pyarrow.Table]]
    ) -> None:
        """Put what this run set aside in the place of what the last run did."""
        fresh, old = (self.folder.with_name(f".quarantine.{w}") for w in ("new", "old"))
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        private_folder(fresh)
        for table, parts in rows.items():
            content = _csv(parts)
            if content:
                write_private(fresh / f"{table}.csv", content)
        write_private(fresh / "summary.json", summary.model_dump_json(indent=2).encode())
        if self.folder.exists():
            self.folder.rename(old)
        fresh.rename(self.folder)
        shutil.rmtree(old, ignore_errors=True)

    def summary(self) -> QuarantineSummary:
        """Read the counts of the last run."""
        path = self.folder / "summary.json"
        if not path.exists():
            raise ConfigurationError("no run has been made yet; run `joint-use export` first")
        return validated(
            QuarantineSummary, json.loads(path.read_text()), where="quarantine/summary.json"
        )


def _csv(parts: Iterable[pyarrow.Table]) -> bytes:
    text = io.BytesIO()
    for part in parts:
        options = arrow_csv.WriteOptions(include_header=not text.tell(), eol="\r\n")
        arrow_csv.write_csv(part, text, options)
    return b"\xef\xbb\xbf" + text.getvalue() if text.tell() else b""
