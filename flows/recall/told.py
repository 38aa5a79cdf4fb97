"""What a partner was told of cars before, as far as it still counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from flows.running.run import Run
from ledger.answer_book import AnswerBook
from ledger.carry_book import CarryBook
from ledger.drop_book import DropBook
from ledger.recall_book import Handed, Handover, RecallBook
from schemas.drop import DropKind
from transforms.key_forms import binary_keys, hexadecimal_keys


@dataclass(frozen=True)
class _Car:
    """A car today: what tells its number, and references and keys of its keeper and of itself."""

    written: str
    keeper: str | None
    person_key: str | None
    vehicle_key: str | None


@dataclass(frozen=True)
class _Memory:
    """What one partner knows.

    Args:
        last: by campaign and car, the drop that told of it last, and what it told.
        order: of the publications.
        deleted: by key, the publication that told last to delete what bears it.
        rejected: the drops of which the partner rejected rows: which cars they warn of is in doubt.
        persons: the keys of the persons in drops that told without a keeper's reference.
        holding: the keys of the customers it holds by recalls.
    """

    last: Mapping[tuple[str, str], tuple[int, Handover]]
    order: Mapping[int, int]
    deleted: Mapping[str, int]
    rejected: set[int]
    persons: Mapping[int, set[str]]
    holding: set[str]

    def classes(self, pair: tuple[str, str], car: _Car) -> set[str]:
        """Give the class under which the partner was told of a car, with the person who keeps it today."""
        if pair not in self.last:
            return set()
        sequence, told = self.last[pair]
        keys = (key for key in (car.person_key, car.vehicle_key) if key)
        is_deleted = any(self.deleted.get(key, -1) > self.order[sequence] for key in keys)
        is_other = told.about not in {None, car.written}
        if is_deleted or is_other or sequence in self.rejected:
            return set()
        return {told.match_class} if self._is_of(car, sequence, told) else set()

    def _is_of(self, car: _Car, sequence: int, told: Handover) -> bool:
        if car.keeper is None:
            return True
        if car.person_key not in self.holding:
            return False
        if told.keeper is not None:
            return told.keeper == car.keeper
        return car.person_key in self.persons[sequence]


def told_of(run: Run, partner: str, pairs: pd.DataFrame) -> list[set[str]]:
    """Give the classes under which a partner was told of each pair, with the person who keeps the car today.

    The last word counts. What it was told to delete since, by a drop of any kind, it has no more.

    Args:
        run: the run.
        partner: the partner's id.
        pairs: with campaign `number`, the references of car and `keeper`, `keeper_number` and
            `vehicle_number`, and `written`, a digest of the car's number.
    """
    with run.ledger.reading() as connection:
        handed = RecallBook(connection).handed(partner)
    if not handed:
        return [set() for _ in range(len(pairs))]
    persons, vehicles = keys_of(run, partner, pairs)
    memory = _memory(run, partner, handed, persons)
    named = zip(pairs["number"], pairs["reference"], strict=True)
    cars = zip(
        *(pairs["written"], pairs["keeper"], persons.to_pylist(), vehicles.to_pylist()), strict=True
    )
    return [memory.classes(pair, _Car(*car)) for pair, car in zip(named, cars, strict=True)]


def keys_of(run: Run, partner: str, pairs: pd.DataFrame) -> tuple[pyarrow.Array, pyarrow.Array]:
    """Give the partner's keys (hex) of `keeper_number` and of `vehicle_number`; null where there is none."""
    keys = PartnerKeys(run.ledger.key(partner))
    persons, vehicles = (
        keys.of(kind, pyarrow.array(pairs[name], pyarrow.string(), from_pandas=True))
        for kind, name in (("customers", "keeper_number"), ("vehicles", "vehicle_number"))
    )
    return persons, vehicles


def _memory(run: Run, partner: str, handed: Handed, persons: pyarrow.Array) -> _Memory:
    """Load what counts of what a partner was told, and which of these customers (keys, hex) it holds."""
    with run.ledger.reading() as connection:
        book = DropBook(connection)
        order = book.order()
        last = {pair: max(told, key=lambda each: order[each[0]]) for pair, told in handed.items()}
        answers = AnswerBook(connection).answers().items()
        rejected = {sequence for sequence, each in answers if each.is_doubtful}
        of_nobody = {sequence for sequence, told in last.values() if told.keeper is None}
        asked = binary_keys(persons.unique().drop_null())
        held = book.holdings.held_of(partner, DropKind.RECALL.value, asked)
        return _Memory(
            last=last,
            order=order,
            deleted=book.deletions_told(partner),
            rejected=rejected,
            persons={s: book.holdings.person_keys(s) for s in of_nobody - rejected},
            holding=set(
                hexadecimal_keys(
                    held.filter(pc.equal(held["record"], "customers"))["key"]
                ).to_pylist()
            ),
        )


def undelivered(run: Run, partner: str, pairs: pd.DataFrame) -> np.ndarray:
    """Mask of the pairs a partner was told of before this run, at last by a drop that never came to it."""
    if not run.agreement(partner).is_carried:
        return np.zeros(len(pairs), bool)
    with run.ledger.reading() as connection:
        handed = RecallBook(connection).handed(partner)
        there = CarryBook(connection).delivered().keys() | AnswerBook(connection).answers().keys()
        book = DropBook(connection)
        order = book.order()
        earlier = {
            each.sequence
            for each in book.published()
            if each.published_at and each.published_at < run.as_of
        }
    last = {pair: max((s for s, _ in told), key=order.__getitem__) for pair, told in handed.items()}
    waiting = {pair for pair, sequence in last.items() if sequence in earlier - there}
    named = zip(pairs["number"], pairs["reference"], strict=True)
    return np.array([pair in waiting for pair in named], bool)
