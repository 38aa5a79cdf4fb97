"""What the drop being made must tell its partner to delete."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.making.objectors import Objectors
from flows.making.partner_view import PartnerView
from flows.running.run import Run
from ledger.drop_book import DropBook
from ledger.drop_entries import Tombstone
from ledger.holdings_book import HoldingsBook
from schemas.agreement import RECALL_PURPOSE
from schemas.catalog import CATALOG, PAPERS
from schemas.drop import DropKind
from schemas.errors import RecordsVanishedError
from schemas.partner_tables import STANDING
from schemas.policy import narrowed
from schemas.staging import DELETED
from transforms.arrays import whole
from transforms.key_forms import binary_keys, hexadecimal_keys
from transforms.shaping import finders
from transforms.spine import at
from transforms.tombstones import Deletions, deletions, staying, staying_papers
from transforms.verdicts import Disposition, Verdicts

_FEWEST_VANISHED = 10
"""So many rows gone at once are a person's work, whatever their share."""


def tombstones(run: Run, view: PartnerView, partner: str) -> list[Tombstone]:
    """List what the partner holds and is no longer given, by record and key.

    Raises:
        RecordsVanishedError: so much of it is gone from the records that they may be incomplete.
    """
    finder = _Finder(run, view, partner)
    if run.kind is DropKind.RECALL:
        return finder.of_kind(DropKind.RECALL)
    return [*finder.of_kind(DropKind.MONTHLY), *finder.of_recalls()]


@dataclass(frozen=True)
class _Finder:
    """Looks for what one partner must delete."""

    run: Run
    view: PartnerView
    partner: str

    def of_kind(self, kind: DropKind) -> list[Tombstone]:
        """List what the partner holds from drops of a kind and is no longer given."""
        told = [
            Tombstone(kind.value, record, key)
            for record, held in self._held(kind, STANDING).items()
            for key in self._keys_gone(record, held)
        ]
        cars = {each.key for each in told if each.record == "vehicles"}
        papers = self._papers(self._held(kind, [PAPERS])[PAPERS])
        return told + [Tombstone(kind.value, PAPERS, key) for key in papers if key not in cars]

    def of_recalls(self) -> list[Tombstone]:
        """List what it holds from recall drops only, and may not be told of a recall any more.

        What this drop brings, or the partner keeps from monthly drops, has the same key and stays.
        """
        held = self._held(DropKind.RECALL, STANDING)
        if not any(map(len, held.values())):
            return []
        ruled = self.run.scratch.verdicts()
        objected = ruled.anew()
        refusers = Objectors(self.run, self.view.snapshot, self.partner, (RECALL_PURPOSE,))
        refusers.gate_out(objected)
        told = []
        for record in STANDING:
            keys = self._keys(record)
            found = deletions(
                hexadecimal_keys(held[record]),
                keys,
                self._staying(record, ruled, objected),
                objected.are(record, Disposition.OBJECTED),
            )
            leaves = pyarrow.array(self.view.verdicts.codes(record) == 0)
            is_notice = self.run.kind is DropKind.NOTICES  # which brings nothing
            brought = set() if is_notice else set(keys.filter(leaves).to_pylist())
            monthly = self._held_monthly(found.keys)
            told += [
                Tombstone(DropKind.RECALL.value, record, key)
                for key in found.keys.to_pylist()
                if key not in brought and key not in monthly
            ]
        return told

    def _held(self, kind: DropKind, records: Collection[str]) -> dict[str, pyarrow.Array]:
        with self.run.ledger.reading() as connection:
            return HoldingsBook(connection).held_keys(self.partner, kind.value, records)

    def _held_monthly(self, keys: pyarrow.Array) -> set[str]:
        """Give those of the keys (hex) that the partner holds from monthly drops."""
        with self.run.ledger.reading() as connection:
            wanted, kind = binary_keys(keys), DropKind.MONTHLY.value
            held = HoldingsBook(connection).held_of(self.partner, kind, wanted)
        return set(hexadecimal_keys(held["key"]).to_pylist())

    @cached_property
    def _given_today(self) -> set[str]:
        """Name the tables the partner gets by today's notice: an older one takes nothing away it has."""
        run = self.run
        if run.kind is DropKind.RECALL:
            return {table.name for table in self.view.tables}
        today = run.as_of.date()
        notices = run.folder.policy.notices_for(today, today)
        return set(narrowed(run.agreement(self.partner).monthly, self.partner, notices).tables)

    @cached_property
    def _car_keys(self) -> pyarrow.Array:
        """The partner's key of each car, which papers go by as well."""
        return self.view.keys.of("vehicles", self.view.spine.column("vehicles", "vehicle_id"))

    def _keys(self, record: str) -> pyarrow.Array:
        """Give the partner's key of each row of a record; none of what the shop's system calls deleted."""
        own = self._car_keys
        if record != "vehicles":
            numbers = self.view.spine.column(record, CATALOG[record].key or "")
            own = self.view.keys.of(record, numbers)
        is_deleted = pyarrow.array(self.view.verdicts.are_for(record, DELETED))
        return pc.if_else(is_deleted, pyarrow.scalar(None, own.type), own)

    def _papers(self, held: pyarrow.Array) -> list[str]:
        """List the keys of the cars whose certificate the partner holds and is no longer given.

        A paper may tell of whoever kept the car before, and it is replaced only by another.
        """
        if not len(held):
            return []
        cars = self.view.spine.rows(PAPERS, "vehicle_id")
        keys = self._car_keys.take(pyarrow.array(cars, mask=cars < 0))
        stays = staying_papers(self.view.verdicts) & (PAPERS in self._given_today)
        found = deletions(hexadecimal_keys(held), keys, stays, np.zeros_like(stays))
        self._refuse_mass_vanishing(PAPERS, found, len(held))
        return [str(key) for key in found.keys.to_pylist()]

    def _keys_gone(self, record: str, held: pyarrow.Array) -> list[str]:
        """List the keys of one record among the holdings that are no longer given."""
        if not len(held):
            return []
        objected = self.run.scratch.verdicts(f"objected-{self.partner}")
        found = deletions(
            hexadecimal_keys(held),
            self._keys(record),
            self._staying(record, self.view.verdicts, objected) & (record in self._given_today),
            objected.are(record, Disposition.OBJECTED),
        )
        self._refuse_mass_vanishing(record, found, len(held))
        return [str(key) for key in found.keys.to_pylist()]

    def _staying(self, record: str, verdicts: Verdicts, objected: Verdicts) -> np.ndarray:
        """Mask of the rows whose key the partner keeps: none that names a refuser, with what hangs on it."""
        stays = staying(record, self.view.spine, verdicts, objected)
        stays &= ~self._name_refusers(record, verdicts)
        if record == "customers":
            return stays
        customers = self._name_refusers("customers", verdicts)
        return stays & ~at(customers, self.view.spine.rows(record, "customer_id"))

    def _name_refusers(self, record: str, verdicts: Verdicts) -> np.ndarray:
        """Mask of the rows set aside of which a cell would be emptied: the partner may have it as it was."""
        mask = verdicts.are(record, Disposition.QUARANTINED)
        places = np.flatnonzero(mask)
        if not len(places):
            return mask
        find = finders(self.view.shaping.mentions)
        looked_at = {n: find[c.kind] for n, c in CATALOG[record].columns.items() if c.kind in find}
        rows = self.view.snapshot.chosen(record, list(looked_at), mask)
        hits = [named(whole(rows[name])) for name, named in looked_at.items()]
        mask[places] = np.logical_or.reduce(hits)
        return mask

    def _refuse_mass_vanishing(self, record: str, found: Deletions, held: int) -> None:
        """Refuse to tell of so many at once; what an earlier drop told to delete was looked at then."""
        if len(found.vanished) < _FEWEST_VANISHED:
            return
        with self.run.ledger.reading() as connection:
            told = DropBook(connection).deletions_told(self.partner)
        vanished = sum(key not in told for key in found.vanished.to_pylist())
        most = held * self.run.folder.shop.limits.max_vanished_share
        if vanished >= _FEWEST_VANISHED and vanished > most:
            raise RecordsVanishedError(
                f"{record}: {self.partner} に渡してある {held} 件のうち {vanished} 件が記録にありません。"
                "出力が失われたときも同じに見えます。記録を元に戻してください。すべて正しく消したものなら、"
                "一回だけ shop.toml の limits.max_vanished_share を上げてください / "
                f"{record}: of {held} that {self.partner} holds, {vanished} are gone from the records; a "
                "lost export looks the same. Restore the records; if all were rightly erased, raise "
                "limits.max_vanished_share in shop.toml for one run"
            )
