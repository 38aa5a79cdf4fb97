"""What the stages of one run hand to each other: files in the run's private folder, gone with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import ipc

from ledger.drop_entries import Tombstone
from ledger.recall_book import Handover
from sources.arrow_files import batches_in, table_in, writing
from transforms.identity import Traits
from transforms.marks import NO_MARKS, Marks
from transforms.objections import Register
from transforms.remembered import Refusers
from transforms.screening.screened import Screened
from transforms.verdicts import Disposition, Verdict, Verdicts

FOR_ALL = "all"
"""In place of a partner: what was ruled for all of them."""


@dataclass(frozen=True)
class Targets:
    """The cars one recall drop tells its partner of.

    Args:
        cars: a row each: `vehicle` (its row), `reference`, `campaign` (number), `notified_on`, `category`,
            `device`, `match_class`, `keeper` (the reference of its customer), `written` (of its number), and
            the partner's `keeper_key` and `vehicle_key`.
        affected: how many cars the campaigns may be about.
        kept: how many of them stay here, by what became of them.
    """

    cars: pd.DataFrame
    affected: int
    kept: dict[str, int]

    @property
    def handovers(self) -> tuple[Handover, ...]:
        """Give what the ledger keeps of them."""
        names = ("campaign", "reference", "match_class", "keeper", "written")
        columns = (self.cars[name] for name in (*names, "keeper_key", "vehicle_key"))
        return tuple(Handover(*row) for row in zip(*columns, strict=True))


@dataclass(frozen=True)
class Scratch:
    """A run's folder."""

    folder: Path

    def save_verdicts(self, verdicts: Verdicts, partner: str = FOR_ALL) -> None:
        """Keep the verdicts for the stages to come, for everyone or for one partner."""
        arrays: dict[str, Any] = {table: verdicts.codes(table) for table in verdicts.tables()}
        np.savez(self.folder / f"verdicts-{partner}.npz", **arrays)
        told = {
            "book": [(verdict.disposition.value, verdict.reason) for verdict in verdicts.book],
            "lines": {t: (v.disposition.value, v.reason) for t, v in verdicts.line_texts.items()},
        }
        (self.folder / f"verdicts-{partner}.json").write_text(json.dumps(told))

    def verdicts(self, partner: str = FOR_ALL) -> Verdicts:
        """Read the verdicts, an independent copy each time."""
        told = json.loads((self.folder / f"verdicts-{partner}.json").read_text())
        codes = self._arrays(f"verdicts-{partner}")
        verdicts = Verdicts(codes, [Verdict(Disposition(n), reason) for n, reason in told["book"]])
        for text, (number, reason) in told["lines"].items():
            verdicts.line_texts[text] = Verdict(Disposition(number), reason)
        return verdicts

    def save_screened(self, screened: Screened) -> None:
        """Keep the texts that do not leave."""
        self.save_table("screened", screened.rows)

    def screened(self) -> Screened:
        """Read the texts that do not leave; none where the run screened nothing."""
        is_there = self._table_file("screened").exists()
        return Screened(self.table("screened")) if is_there else Screened.nothing()

    def save_decided(self, entry: int) -> None:
        """Keep up to which audit entry decisions about texts were known."""
        (self.folder / "decided").write_text(str(entry))

    def decided(self) -> int | None:
        """Read up to which audit entry decisions about texts were known; None where nothing was screened."""
        file = self.folder / "decided"
        return int(file.read_text()) if file.exists() else None

    def save_refusers(self, refusers: Refusers, partner: str) -> None:
        """Keep who objected to a partner."""
        np.savez(self.folder / f"refusers-{partner}.npz", rows=refusers.rows, gone=refusers.gone)

    def refusers(self, partner: str) -> Refusers:
        """Read who objected to a partner."""
        with np.load(self.folder / f"refusers-{partner}.npz") as kept:
            return Refusers(kept["rows"], kept["gone"])

    def save_traits(self, traits: Traits) -> None:
        """Keep by what every customer is recognised."""
        named: dict[str, Any] = traits.arrays()
        np.savez(self.folder / "traits.npz", **named)

    def traits(self) -> Traits:
        """Read by what every customer is recognised."""
        return Traits.from_arrays(self._arrays("traits"))

    def save_register(self, register: Register) -> None:
        """Keep the objections as the gate must know them."""
        self.save_table("terms", register.terms)
        self.save_table("events", register.events)
        self.save_table("objection-traits", register.traits)
        (self.folder / "head").write_text(register.head)

    def save_marks(self, marks: Marks) -> None:
        """Keep by what the customers whom objections mean are known in others' rows."""
        kept: dict[str, Any] = vars(marks)
        np.savez(self.folder / "marks.npz", **kept)

    def marks(self) -> Marks:
        """Read the marks of customers whom objections mean; none where nothing was learnt."""
        is_there = (self.folder / "marks.npz").exists()
        return Marks(**self._arrays("marks")) if is_there else NO_MARKS

    def save_mentions(self, mentions: pyarrow.Table) -> None:
        """Keep what tells of objectors in other people's rows (`MENTIONS`)."""
        self.save_table("mentions", mentions)

    def mentions(self) -> pyarrow.Table:
        """Read what tells of objectors in other people's rows (`MENTIONS`)."""
        return self.table("mentions")

    def register(self) -> Register:
        """Read the objections as the gate must know them."""
        return Register(
            self.table("terms"),
            self.table("events"),
            self.table("objection-traits"),
            (self.folder / "head").read_text(),
        )

    def save_taken_in(self, statements: pyarrow.Table, head: str) -> None:
        """Keep which statements of the shop the objections of this head already take in."""
        self.save_table("taken-in", statements.replace_schema_metadata({"head": head}))

    def is_taken_in(self, statements: pyarrow.Table, head: str) -> bool:
        """Tell whether nothing changed since: neither the statements nor the objections."""
        if not self._table_file("taken-in").exists():
            return False
        known = self.table("taken-in")
        return known.equals(statements) and known.schema.metadata == {b"head": head.encode()}

    def save_tombstones(self, tombstones: list[Tombstone], partner: str) -> None:
        """Keep the keys a drop tells its partner to delete."""
        (self.folder / f"deleted-{partner}.json").write_text(
            json.dumps([[each.kind, each.record, each.key] for each in tombstones])
        )

    def tombstones(self, partner: str) -> tuple[Tombstone, ...]:
        """Read the keys a drop tells its partner to delete."""
        written = json.loads((self.folder / f"deleted-{partner}.json").read_text())
        return tuple(Tombstone(*each) for each in written)

    def save_targets(self, targets: Targets, partner: str) -> None:
        """Keep the cars a recall drop tells of."""
        self.save_table(
            f"targets-{partner}", pyarrow.Table.from_pandas(targets.cars, preserve_index=False)
        )
        told = {"affected": targets.affected, "kept": targets.kept}
        (self.folder / f"targets-{partner}.json").write_text(json.dumps(told))

    def targets(self, partner: str) -> Targets:
        """Read the cars a recall drop tells of."""
        told = json.loads((self.folder / f"targets-{partner}.json").read_text())
        cars = self.table(f"targets-{partner}").to_pandas()
        return Targets(cars, told["affected"], told["kept"])

    def photograph(self, row: int) -> Path:
        """Name the file of a photograph that may leave, by its row."""
        folder = self.folder / "photographs"
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder / f"{row}.jpg"

    def row_keys(self, partner: str, table: str) -> Path:
        """Name the file of the keys a partner knows the rows of a table by."""
        return self.folder / f"{partner}-{table}.keys"

    def save_table(self, name: str, table: pyarrow.Table) -> None:
        """Keep a table."""
        with self.writing(name, table.schema) as file:
            file.write_table(table)

    def writing(self, name: str, schema: pyarrow.Schema) -> ipc.RecordBatchFileWriter:
        """Keep a table that comes piece by piece, within `with`."""
        return writing(self._table_file(name), schema)

    def pieces(self, name: str) -> Iterator[pyarrow.RecordBatch]:
        """Read a table piece by piece."""
        return batches_in(self._table_file(name))

    def table(self, name: str) -> pyarrow.Table:
        """Read a table."""
        return table_in(self._table_file(name))

    def _table_file(self, name: str) -> Path:
        return self.folder / f"{name}.arrow"

    def _arrays(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / f"{name}.npz") as arrays:
            return {each: arrays[each] for each in arrays.files}
