"""What the drop being made must tell its partner to delete."""

from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.run import Run
from flows.stages.partner_view import PartnerView
from ledger.drop_book import DropBook, Tombstone
from ledger.holdings import hexadecimal_keys
from schemas.agreement import DropKind
from schemas.catalog import CATALOG
from schemas.errors import RecordsVanishedError
from schemas.partner_tables import STANDING
from transforms.tombstones import deletions, staying
from transforms.verdicts import Disposition

_FEWEST_VANISHED = 10
"""So many rows gone at once are a person's work, whatever their share."""


def tombstones(run: Run, view: PartnerView, partner: str) -> list[Tombstone]:
    """List what the partner holds and is no longer given, by record and key.

    Raises:
        RecordsVanishedError: so much of it is gone from the records that they may be incomplete.
    """
    kind = (DropKind.RECALL if run.kind is DropKind.RECALL else DropKind.MONTHLY).value
    with run.ledger.reading() as connection:
        held = DropBook(connection).held(partner, kind)
    finder = _Finder(run, view, partner)
    return [
        Tombstone(kind, record, key)
        for record in STANDING
        for key in finder.keys_of(record, held.filter(pc.equal(held["record"], record)))
    ]


@dataclass(frozen=True)
class _Finder:
    run: Run
    view: PartnerView
    partner: str

    def keys_of(self, record: str, held: pyarrow.Table) -> list[str]:
        if not len(held):
            return []
        is_given = record in {table.name for table in self.view.tables}
        numbers = self.view.spine.column(record, CATALOG[record].key or "")
        objected = self.run.scratch.verdicts(f"objected-{self.partner}")
        stays = staying(record, self.view.spine, self.view.verdicts, objected)
        found = deletions(
            hexadecimal_keys(held["key"]),
            self.view.keys.of(record, numbers),
            stays if is_given else np.zeros_like(stays),
            objected.are(record, Disposition.OBJECTED),
        )
        self._refuse_mass_vanishing(record, found.vanished, len(held))
        return [str(key) for key in found.keys.to_pylist()]

    def _refuse_mass_vanishing(self, record: str, vanished: int, held: int) -> None:
        most = held * self.run.folder.shop.limits.max_vanished_share
        if vanished >= _FEWEST_VANISHED and vanished > most:
            raise RecordsVanishedError(
                f"{record}: of {held} that {self.partner} holds, {vanished} are gone from the records; a "
                "lost export looks the same. Restore the records; if all were rightly erased, raise "
                "limits.max_vanished_share in shop.toml for one run"
            )
