"""Shape: the rows of one file as they leave; of a large one, range by range by the engine's workers.

A worker gets no rows and no secret: it reads the run's folder, takes the keys from the shop's state
folder, and leaves what it shaped in the run's folder, for the one process that writes the file.
"""

import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow

from drops.keys import PartnerKeys
from drops.row_keys import RowKeys
from flows.making.members import shown
from flows.making.partner_view import Brief, PartnerView, brief_of, finder_of, view_by
from flows.running.engine import Engine, stretches
from flows.running.run import Run
from flows.running.scratch import Scratch
from ledger.holdings import RECORDS
from ledger.opening import LEDGER_KEY, KeyProofs
from ledger.references import References
from schemas.partner_tables import PHOTOGRAPHS, PartnerTable
from sources.snapshot import Snapshot, Stretch
from transforms.shaping import shape

_ROWS, _SHOWN, _REPAIRS = "rows", "shown", "repairs.npy"
_NO_ROWS = np.array([], np.int64)


@dataclass(frozen=True)
class Shaped:
    """Rows as they leave, and what is to be told of them."""

    rows: pyarrow.RecordBatch
    told: Counter[str]
    shown: pyarrow.Table | None
    """Their `RECORDS`, if the partner holds such rows until told otherwise."""
    repairs: np.ndarray
    """The rows of the repairs these lines are of; none for other tables."""


@dataclass(frozen=True)
class Shaper:
    """Shapes the rows of one drop."""

    view: PartnerView
    references: References
    scratch: Scratch
    staging: Path
    """Folder the drop is made in; photographs are copied there."""

    def shaped(self, table: PartnerTable, stretch: Stretch | None = None) -> Iterator[Shaped]:
        """Shape the rows of a table, or of a stretch of it."""
        for rows, places in self.view.leaving(table, stretch):
            shaped, told = shape(rows, places, table, self.view.shaping)
            if table.name == "vehicle_images" and "file" in shaped.schema.names:
                self._copy_photographs(shaped.column("file").to_pylist(), places)
            is_line = table.name == "repair_lines"
            repairs = self.view.shaping.rows_of("repair_id", rows) if is_line else _NO_ROWS
            yield Shaped(shaped, told, shown(table, shaped, self.references), repairs)

    def _copy_photographs(self, names: list[str], rows: np.ndarray) -> None:
        (self.staging / PHOTOGRAPHS).mkdir(exist_ok=True, mode=0o700)
        for name, row in zip(names, rows.tolist(), strict=True):
            shutil.copyfile(self.scratch.photograph(row), self.staging / name)


class SharedOut:
    """Shapes the rows of one drop by the workers of an engine; small tables here."""

    def __init__(self, run: Run, engine: Engine, shaper: Shaper, partner: str) -> None:
        """Keep what workers need and the run's folder does not hold yet: the last verdicts."""
        self._engine, self._shaper = engine, shaper
        view, scratch = shaper.view, run.scratch
        scratch.save_verdicts(view.verdicts, f"leaving-{partner}")
        self._drop = _Drop(
            making=uuid.uuid4().hex,
            brief=brief_of(run, partner),
            proofs=run.ledger.proofs(partner, LEDGER_KEY),
            snapshot=replace(view.snapshot, folder=view.snapshot.folder.resolve()),
            scratch=Scratch(run.workspace.resolve()),
            staging=shaper.staging.resolve(),
            keyed=tuple(view.shaping.keys),
        )

    def shaped(self, table: PartnerTable) -> Iterator[Shaped]:
        """Shape the rows of a table, in their order."""
        parts = stretches(self._engine, self._drop.snapshot.tables[table.name].read)
        if len(parts) == 1:
            return self._shaper.shaped(table)
        jobs = [Part(self._drop, table.name, stretch) for stretch in parts]
        return chain.from_iterable(part.pieces() for part in self._engine.map(shape_part, jobs))


@dataclass(frozen=True)
class _Drop:
    """One making of a drop, as workers know it: two are the same only if they are one making."""

    making: str
    brief: Brief = field(compare=False)
    proofs: KeyProofs = field(compare=False)
    snapshot: Snapshot = field(compare=False)
    scratch: Scratch = field(compare=False)
    staging: Path = field(compare=False)
    keyed: tuple[str, ...] = field(compare=False)
    """Tables whose keys were made before."""


@dataclass(frozen=True)
class Part:
    """A stretch of a table of a drop."""

    drop: _Drop
    table: str
    stretch: Stretch

    def __str__(self) -> str:
        """Name it for people who look at the workers."""
        return f"{self.drop.brief.partner} {self.table} {self.stretch.start}–{self.stretch.stop}"


@dataclass(frozen=True)
class ShapedPart:
    """The shaped rows of a part, in a folder of their own, and what is told of their cells."""

    folder: Path
    told: Counter[str]

    def pieces(self) -> Iterator[Shaped]:
        """Read the rows, all that is told of them with the first, and take the folder away."""
        own = Scratch(self.folder)
        told, shown, repairs = self.told, own.table(_SHOWN), np.load(self.folder / _REPAIRS)
        for rows in own.pieces(_ROWS):
            yield Shaped(rows, told, shown, repairs)
            told, shown, repairs = Counter(), None, _NO_ROWS
        shutil.rmtree(self.folder)


def shape_part(part: Part) -> ShapedPart:
    """Shape one part, and leave it in a folder of its own: done twice, it is simply there twice.

    Raises:
        FileNotFoundError: the run has ended, and its folder is gone.
    """
    drop = part.drop
    (table,) = (table for table in drop.brief.tables if table.name == part.table)
    shaper, parts = _shaper_of(drop), drop.scratch.folder / "parts"
    folder = parts / uuid.uuid4().hex
    for each in (parts, folder):
        each.mkdir(mode=0o700, exist_ok=True)
    own, told, repairs = Scratch(folder), Counter[str](), [_NO_ROWS]
    with own.writing(_ROWS, table.schema) as file, own.writing(_SHOWN, RECORDS) as records:
        for piece in shaper.shaped(table, part.stretch):
            file.write_batch(piece.rows)
            told.update(piece.told)
            if piece.shown is not None:
                records.write_table(piece.shown)
            repairs.append(np.unique(piece.repairs))
    np.save(folder / _REPAIRS, np.unique(np.concatenate(repairs)))
    return ShapedPart(folder, told)


@lru_cache(maxsize=1)
def _shaper_of(drop: _Drop) -> Shaper:
    """Put together in a worker what shaping a drop needs, once for all of its parts."""
    scratch, partner = drop.scratch, drop.brief.partner
    keys = PartnerKeys(drop.proofs.key(partner))
    verdicts, refusers = scratch.verdicts(f"leaving-{partner}"), scratch.refusers(partner)
    references = References(drop.proofs.key(LEDGER_KEY))
    view = view_by(
        *(drop.brief, drop.snapshot, verdicts),
        mentions=finder_of(drop.snapshot, refusers, references.traits),
        keys=keys,
        screened=scratch.screened(),
    )
    for name in drop.keyed:
        path = scratch.row_keys(partner, name)
        view.shaping.keys[name] = RowKeys(path, verdicts.codes(name))
    return Shaper(view, references, scratch, drop.staging)
