"""Who objected to a partner, and what is theirs."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.running.run import Run
from schemas.staging import UNREAD
from sources.snapshot import Snapshot
from transforms.arrays import is_among, mask_of, whole
from transforms.cards import cards_of_objectors, may_speak_of_others
from transforms.gating import FAMILY_COLUMNS, gate_out, named_relatives
from transforms.identity import (
    IDENTITY_COLUMNS,
    own_contacts,
    same_people,
    traits_of,
)
from transforms.linking import UNKNOWN
from transforms.marks import Marks, marks_of, unseen
from transforms.meaning import Meaning
from transforms.near_cards import Near
from transforms.near_gone import NearGone
from transforms.number_texts import digested, digits_texts, number_texts
from transforms.objections import AsOf, Recipient, refusing
from transforms.reading.folded_columns import fold_homes
from transforms.remembered import Gone
from transforms.verdicts import Disposition, Verdicts


class Objectors:
    """Who objected to a partner, in today's records and by what is remembered."""

    def __init__(
        self, run: Run, snapshot: Snapshot, partner: str, purposes: tuple[str, ...] | None = None
    ) -> None:
        """Find the rows of the customers who objected, as the mask `rows`.

        Args:
            run: the run.
            snapshot: its snapshot.
            partner: the partner's id.
            purposes: what the partner would use the records for; all that is agreed unless given.
        """
        self._snapshot, self._spine = snapshot, snapshot.spine
        self._digest = run.ledger.references.traits
        self._traits = run.scratch.traits()
        recipient = Recipient(partner, purposes or run.agreed_purposes(partner))
        as_of = AsOf(run.as_of.date())
        register = run.scratch.register()
        refusals = refusing(register, recipient, run.folder.policy.notice, as_of)
        meant = Meaning.of(register, self._traits, as_of).rows(refusals)
        is_refusal = pc.is_in(register.traits["objection_id"], value_set=refusals)
        self._remembered = register.traits.filter(is_refusal)["digest"].to_numpy()
        persons = self._spine.merges.persons
        self.rows = same_people(meant, persons, self._traits)
        perhaps = self._merged_perhaps(self.rows) | self._akin_to_nameless()
        if perhaps.any():
            self.rows = same_people(self.rows | perhaps, persons, self._traits)
        mentions = run.scratch.mentions()
        is_theirs = pc.is_in(mentions["objection_id"], value_set=refusals)
        mentions = mentions.filter(is_theirs)
        # Who is there and is no objector (a merge was taken back) is nobody to be looked for.
        numbers = mentions["number"].to_numpy()
        is_others = is_among(numbers, self._traits.number[~self.rows]) & (numbers != 0)
        remembered = mentions["digest"].to_numpy()[~is_others]
        self.gone = self._unseen(remembered, run.scratch.marks()) if len(remembered) else remembered

    def _unseen(self, remembered: np.ndarray, known: Marks) -> np.ndarray:
        """Give the remembered marks that no row of today's objectors has; those are looked for plainly.

        Args:
            remembered: marks.
            known: those of some rows.
        """
        is_known = np.zeros_like(self.rows)
        is_known[known.rows] = True
        rest = self._snapshot.chosen("customers", IDENTITY_COLUMNS, self.rows & ~is_known)
        theirs = known.digests[self.rows[known.rows]], marks_of(rest, self._digest).digests
        return unseen(remembered, np.concatenate(theirs), self._digest)

    def gate_out(self, verdicts: Verdicts) -> None:
        """Rule out what is theirs, and relatives' rows that are about them."""
        for table in ("vehicles", "family_members"):
            verdicts.rule(table, self._of_the_erased(table), Disposition.OBJECTED, "objected")
        gate_out(verdicts, self._spine, self.rows, self._cards, self._relatives)

    def _merged_perhaps(self, objectors: np.ndarray) -> np.ndarray:
        """Mask of the rows an objector was merged into, or the other way, by a number that was spoilt."""
        is_lost = self._spine.merges.is_unknown
        if not is_lost.any():
            return np.zeros_like(objectors)
        lost = np.flatnonzero(is_lost)
        targets = self._spine.column("customers", "merged_into_customer_id")
        texts, places = digits_texts(targets.take(pyarrow.array(lost)))
        wanted, whose = self._digest(texts).to_numpy(), lost[places.to_numpy()]
        digits = self._traits.digits
        objectors = objectors.copy()
        objectors[lost[self._are_theirs(targets.take(pyarrow.array(lost)))]] = True
        mask = is_among(digits, wanted[objectors[whose]])
        mask[whose[is_among(wanted, digits[objectors & (digits != 0)])]] = True
        return mask | objectors

    def _akin_to_nameless(self) -> np.ndarray:
        """Mask of the rows with a contact of one person, or a home, of an objector's row whose name is lost.

        Without a name nothing tells that another row is the same person; so it is held for that person's.
        """
        nameless = self._nameless()
        if not nameless.any():
            return np.zeros_like(nameless)
        theirs = self._snapshot.chosen("customers", IDENTITY_COLUMNS, nameless)
        contacts, homes = own_contacts(theirs)[0], fold_homes(whole(theirs["address"])).drop_null()

        def are_akin(batch: pyarrow.RecordBatch) -> np.ndarray:
            own, rows = own_contacts(batch)
            is_akin = mask_of(pc.is_in(fold_homes(batch["address"]), value_set=homes)).copy()
            is_akin[rows[mask_of(pc.is_in(own, value_set=contacts))]] = True
            return is_akin

        return self._among_customers(are_akin)

    def _among_customers(
        self, are_meant: Callable[[pyarrow.RecordBatch], np.ndarray]
    ) -> np.ndarray:
        """Mask of the customers that are meant, asked batch by batch (`IDENTITY_COLUMNS`)."""
        batches = self._snapshot.batches("customers", IDENTITY_COLUMNS)
        return np.concatenate([are_meant(batch) for batch in batches])

    def _nameless(self) -> np.ndarray:
        """Mask of objectors' rows without a name, and of records without cells that hold their number."""
        rows = self._snapshot.table("customers", ["customer_id", "name", UNREAD])
        has_no_name = whole(rows["name"]).is_null().to_numpy(zero_copy_only=False)
        nameless = self.rows & has_no_name
        is_record = pc.and_(rows["customer_id"].is_null(), rows[UNREAD].is_valid())
        records = np.flatnonzero(whole(is_record).to_numpy(zero_copy_only=False))
        words = pc.split_pattern_regex(
            whole(rows[UNREAD]).take(pyarrow.array(records)), r"[^0-9A-Za-z-]+"
        )
        is_theirs = self._are_theirs(pc.list_flatten(words))
        nameless[records[pc.list_parent_indices(words).to_numpy()[is_theirs]]] = True
        return nameless

    @cached_property
    def _cards(self) -> np.ndarray:
        """Mask of the customers whose card may be an objector's, too."""
        names = whole(self._snapshot.table("customers", ["name"])["name"])
        mask = may_speak_of_others(names) & ~self.rows
        if mask.any():
            others, theirs = (
                self._snapshot.chosen("customers", IDENTITY_COLUMNS, rows)
                for rows in (mask, self.rows)
            )
            mask[mask] = cards_of_objectors(others, theirs)
        return mask | self._near_cards() | self._near_gone()

    def _near_cards(self) -> np.ndarray:
        """Mask of the customers whose card gives contacts of an objector's own, under whatever name."""
        if not self.rows.any():
            return np.zeros_like(self.rows)
        near = Near(self._snapshot.chosen("customers", IDENTITY_COLUMNS, self.rows))
        return self._among_customers(near.are_near) & ~self.rows

    def _near_gone(self) -> np.ndarray:
        """Mask of the customers whose card gives contacts or places of objectors who are in no row."""
        if not len(self.gone):
            return np.zeros_like(self.rows)
        return self._among_customers(NearGone(Gone(self.gone, self._digest)).are_near) & ~self.rows

    @cached_property
    def _relatives(self) -> np.ndarray:
        """Mask of relatives' rows that are about an objector."""
        family = self._snapshot.table("family_members", FAMILY_COLUMNS)
        if not len(family):
            return np.zeros(0, bool)
        holders = self._holders()
        is_linked = self._are_theirs(whole(family["linked_customer_id"]))
        objectors = self._snapshot.chosen("customers", IDENTITY_COLUMNS, self.rows)
        named = named_relatives(family, holders, objectors)
        gone = Gone(self.gone, self._digest).are_relatives(family, holders)
        return is_linked | named | gone | self._remembered_relatives(family, holders)

    def _holders(self) -> pyarrow.Table:
        """Give the customer each relative is entered under (`IDENTITY_COLUMNS`), nulls if there is none."""
        rows = self._spine.raw_rows("family_members", "customer_id")
        mask = np.zeros(self._spine.count("customers"), bool)
        mask[rows[rows >= 0]] = True
        places = np.searchsorted(np.flatnonzero(mask), rows)
        chosen = self._snapshot.chosen("customers", IDENTITY_COLUMNS, mask)
        return chosen.take(pyarrow.array(places, mask=rows < 0))

    def _remembered_relatives(self, family: pyarrow.Table, holders: pyarrow.Table) -> np.ndarray:
        """Mask of relatives who are remembered by their name with the contact or home of the customer.

        So somebody who refused is still known when erased from the customers.
        """
        with_home = holders
        for name, cells in (
            ("customer_id", pyarrow.nulls(len(family), pyarrow.string())),
            ("name", whole(family["name"])),
            ("birth_on", whole(family["birth_on"])),
        ):
            with_home = with_home.set_column(IDENTITY_COLUMNS.index(name), name, cells)
        return traits_of(with_home, self._digest).recognised(self._remembered)

    def _of_the_erased(self, table: str) -> np.ndarray:
        """Mask of rows that name a customer nobody is any more, and who had objected."""
        mask = self._spine.raw_rows(table, "customer_id") == UNKNOWN
        if mask.any():
            numbers = whole(self._snapshot.table(table, ["customer_id"])["customer_id"])
            mask[mask] = self._are_theirs(numbers.filter(pyarrow.array(mask)))
        return mask

    def _are_theirs(self, numbers: pyarrow.Array) -> np.ndarray:
        """Mask of customer numbers, however spoilt, that are an objector's, erased ones included."""
        texts, places = digits_texts(numbers)
        exact, digits = (digested(each, self._digest) for each in (number_texts(numbers), texts))
        of_objectors = self._traits.digits[self.rows]
        mask = is_among(exact, self._traits.number[self.rows]) | is_among(exact, self._remembered)
        mask &= exact != 0
        mask[places.to_numpy()[is_among(digits, of_objectors[of_objectors != 0])]] = True
        return mask
