"""Somebody without any number who objected: what is kept of what they said, as keyed digests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow

from schemas.objections import OF_SELF, SAID, reference_of
from transforms.identity import traits_of
from transforms.marks import marks_of
from transforms.number_texts import Digest
from transforms.objections import MARK, MENTIONS


@dataclass(frozen=True)
class Said:
    """What somebody said of themselves, as marks: `group` and `digest`, sorted, each once."""

    marks: np.ndarray

    @classmethod
    def of(cls, outsider: pyarrow.Table, digest: Digest) -> "Said":
        """Digest what somebody said.

        Args:
            outsider: `IDENTITY_COLUMNS`, one row.
            digest: the keyed digest of the shop's ledger.
        """
        known = marks_of(outsider, digest)
        own = traits_of(outsider, digest).digests()
        marks = np.empty(len(known.digests) + len(own), MARK)
        marks["group"] = np.concatenate([known.groups, np.full(len(own), OF_SELF)])
        marks["digest"] = np.concatenate([known.digests, own])
        return cls(np.unique(marks))

    @property
    def reference(self) -> str:
        """By what the objection names them, which vouches for all marks."""
        return reference_of(self.marks.tobytes())

    @property
    def identity(self) -> list[int]:
        """The marks by which a customer's row is known to be theirs."""
        return [int(mark) for mark in self.marks["digest"][self.marks["group"] == OF_SELF]]

    def mentions(self, objections: Sequence[str]) -> pyarrow.Table:
        """Give what is to be remembered, as `MENTIONS`, in order."""
        columns = {
            "objection_id": np.repeat(np.array(objections, object), len(self.marks)),
            "number": np.full(len(objections) * len(self.marks), SAID, np.uint64),
            "group": np.tile(self.marks["group"], len(objections)),
            "digest": np.tile(self.marks["digest"].astype(np.uint64), len(objections)),
        }
        return pyarrow.table(columns, MENTIONS)
