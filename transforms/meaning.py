"""Whom an objection means: which rows of the customers, and what is left for a person to settle.

1. Every row with the number it was raised under, or that a `settled` event names.
2. Every row recognised as its person by what was remembered of it at an earlier run: so a customer
   who got a new number, was merged, or was erased and came back, is still meant.
3. If that never found anybody and nobody has settled it, every row whose number has the same digits:
   it may be a number that a spreadsheet spoilt. Until it is settled, all of them are held back.

A decision takes the place of all that was known before: from then on 1 and 2 are about whom it names.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as pc

from transforms.arrays import is_among
from transforms.identity import DIGITS, IDENTITY, MATCHED, NUMBER, Traits
from transforms.objections import AsOf, Register, settled


@dataclass(frozen=True)
class Meaning:
    """What the objections mean in today's records."""

    register: Register
    traits: Traits
    undecided: frozenset[str]
    """Objections that neither a number, a remembered person nor a decision tells the meaning of."""
    unsettled: frozenset[str]
    """Those, and the ones whose number several rows have: work for somebody."""

    @classmethod
    def of(cls, register: Register, traits: Traits, as_of: AsOf) -> "Meaning":
        """Find out which objections have a known meaning."""
        rows = register.traits
        digests = rows["digest"].to_numpy()
        kinds = rows["kind"].to_numpy(zero_copy_only=False)
        is_found = (kinds == NUMBER) & is_among(digests, traits.number)
        for clue in (*traits.clues, *(few for few, _ in traits.few_clues)):
            is_found |= (kinds == IDENTITY) & is_among(digests, clue)
        found_ids = set(rows["objection_id"].filter(pyarrow.array(is_found)).to_pylist())
        decided = set(settled(register.events, as_of)["objection_id"].to_pylist())
        known = set(register.terms["objection_id"].to_pylist())
        ever_found = set(rows["objection_id"].filter(pyarrow.array(kinds == MATCHED)).to_pylist())
        numbers, counts = np.unique(traits.number, return_counts=True)
        has_twins = (kinds == NUMBER) & is_among(digests, numbers[counts > 1])
        twins = set(rows["objection_id"].filter(pyarrow.array(has_twins)).to_pylist())
        undecided = frozenset(known - found_ids - decided - ever_found)
        return cls(register, traits, undecided, undecided | (twins - decided))

    def rows(self, objection_ids: pyarrow.Array) -> np.ndarray:
        """Mask of the customer rows these objections may mean."""
        asked = self.register.traits.filter(
            pc.is_in(self.register.traits["objection_id"], value_set=objection_ids)
        )
        open_ones = pyarrow.array(sorted(self.undecided), pyarrow.string())
        is_open = pc.is_in(asked["objection_id"], value_set=open_ones).to_numpy(
            zero_copy_only=False
        )
        mask = is_among(self.traits.number, _of_kind(asked, NUMBER))
        mask |= self.traits.recognised(_of_kind(asked, IDENTITY))
        mask |= is_among(self.traits.digits, _of_kind(asked.filter(pyarrow.array(is_open)), DIGITS))
        return mask

    def lessons(self, pairs: "Pairs") -> set[tuple[str, str, int]]:
        """Give what is to be remembered of the persons meant for certain: objection, kind, digest.

        That is every number and mark of every row of the same person, however it was found, so that
        the person stays known when one of the rows goes. Digits are no certain meaning: what may
        be somebody else's number teaches nothing.

        Args:
            pairs: who is meant for certain.
        """
        ids = pairs.objections.dictionary_encode()
        names, whose = np.array(ids.dictionary.to_pylist(), object), ids.indices.to_numpy()
        found = {(objection, MATCHED, 1) for objection in names.tolist()}
        numbers = (whose, self.traits.number[pairs.rows])
        for kind, taught in (
            (NUMBER, numbers),
            *((IDENTITY, m) for m in self._marks(whose, pairs.rows)),
        ):
            told = zip(names[taught[0]].tolist(), taught[1].tolist(), strict=True)
            found |= {(objection, kind, digest) for objection, digest in told if digest}
        return found

    def certain(self, persons: np.ndarray) -> "Pairs":
        """Pair objections with all rows of the persons they mean for certain.

        Args:
            persons: per customer row its person by recorded merges (`Merges.persons`).
        """
        known = self.register.traits
        ids = known["objection_id"].combine_chunks().dictionary_encode()
        objections, digests = ids.indices.to_numpy(), known["digest"].to_numpy()
        kinds = known["kind"].to_numpy(zero_copy_only=False)
        people = (persons + 1).astype(np.uint64)

        def found(kind: str, column: np.ndarray) -> _Paired:
            return _meant(objections[kinds == kind], digests[kinds == kind], column)

        is_mark = kinds == IDENTITY
        clues = self._by_clues(objections[is_mark], digests[is_mark])
        pairs, count = _united([found(NUMBER, self.traits.number), *clues]), -1
        while len(pairs[0]) > count:
            count = len(pairs[0])
            whose, rows = pairs
            clues = self._by_clues(*_united(self._marks(whose, rows)))
            pairs = _united([pairs, _meant(whose, people[rows], people), *clues])
        return Pairs(ids.dictionary.take(pyarrow.array(pairs[0])), pairs[1])

    def perhaps(self, persons: np.ndarray) -> "Pairs":
        """Pair objections whose meaning is open with the rows they may mean, by digits, and their persons.

        Args:
            persons: as for `certain`.
        """
        known = self.register.traits
        open_ones = pyarrow.array(sorted(self.undecided), pyarrow.string())
        is_open = pc.and_(
            pc.equal(known["kind"], DIGITS), pc.is_in(known["objection_id"], open_ones)
        )
        asked = known.filter(is_open)
        ids = asked["objection_id"].combine_chunks().dictionary_encode()
        digits = asked["digest"].to_numpy()
        whose, rows = _united([_meant(ids.indices.to_numpy(), digits, self.traits.digits)])
        people = (persons + 1).astype(np.uint64)
        whose, rows = _united([(whose, rows), _meant(whose, people[rows], people)])
        return Pairs(ids.dictionary.take(pyarrow.array(whose)), rows)

    def _marks(self, objections: np.ndarray, rows: np.ndarray) -> "list[_Paired]":
        """Pair objections with all marks of the rows beside them."""
        traits = self.traits
        whose, places = _meant(
            objections, *((each + 1).astype(np.uint64) for each in (rows, traits.spare_rows))
        )
        marks = [(objections, mark[rows]) for mark in traits.marks]
        return [*marks, (whose, traits.spare[places])]

    def _by_clues(self, objections: np.ndarray, digests: np.ndarray) -> "list[_Paired]":
        """Pair objections with the rows that are recognised by their marks."""
        traits = self.traits
        clues = [_meant(objections, digests, clue) for clue in traits.clues]
        for few, rows in traits.few_clues:
            whose, places = _meant(objections, digests, few)
            clues.append((whose, rows[places]))
        return clues

    def work(self, objection_ids: pyarrow.Array) -> dict[str, int]:
        """Give those of the objections that somebody has to settle, and how many rows each may mean."""
        wanted = [each for each in objection_ids.to_pylist() if each in self.unsettled]
        known = self.register.traits
        known = known.filter(
            pc.is_in(known["objection_id"], pyarrow.array(wanted, pyarrow.string()))
        )
        ids = known["objection_id"].combine_chunks().dictionary_encode()
        objections, digests = ids.indices.to_numpy(), known["digest"].to_numpy()
        kinds = known["kind"].to_numpy(zero_copy_only=False)
        names = ids.dictionary.to_pylist()
        is_open = np.array([name in self.undecided for name in names], bool)[objections]

        def found(mask: np.ndarray, column: np.ndarray) -> _Paired:
            return _meant(objections[mask], digests[mask], column)

        meant, _ = _united(
            [
                found(kinds == NUMBER, self.traits.number),
                *self._by_clues(objections[kinds == IDENTITY], digests[kinds == IDENTITY]),
                found((kinds == DIGITS) & is_open, self.traits.digits),
            ]
        )
        counts = dict(zip(names, np.bincount(meant, minlength=len(names)).tolist(), strict=True))
        return {each: counts.get(each, 0) for each in wanted}


@dataclass(frozen=True)
class Pairs:
    """Objections and customer rows they mean, side by side; each pair once."""

    objections: pyarrow.Array
    rows: np.ndarray


_Paired = tuple[np.ndarray, np.ndarray]


def _meant(objections: np.ndarray, digests: np.ndarray, column: np.ndarray) -> _Paired:
    """Pair objections with the rows that have their digest in a column; 0 is none."""
    rows = np.flatnonzero(is_among(column, digests) & (column != 0))
    rows = rows[np.argsort(column[rows])]
    first, beyond = (np.searchsorted(column[rows], digests, side) for side in ("left", "right"))
    counts = beyond - first
    places = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return np.repeat(objections, counts), rows[places]


def _united(paired: Sequence[_Paired]) -> _Paired:
    """Give the pairs of all, each once."""
    left, right = (np.concatenate(side) for side in zip(*paired, strict=True))
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    is_new = np.append(True, (np.diff(left) != 0) | (right[1:] != right[:-1]))[: len(left)]
    return left[is_new], right[is_new]


def _of_kind(traits: pyarrow.Table, kind: str) -> np.ndarray:
    return traits.filter(pc.equal(traits["kind"], kind))["digest"].to_numpy()
