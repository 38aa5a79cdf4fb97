"""What two stages must know of every customer, begun as soon as the records it takes are read.

Reading goes on for a while after customers and cars are there, and leaves a core half idle.
"""

from functools import partial
from typing import TYPE_CHECKING

from sources.screening.loading import shipped_knowledge
from sources.snapshot import Snapshot
from transforms.identity import IDENTITY_COLUMNS, Traits, traits_of_all
from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS
from transforms.number_texts import Digest
from transforms.screening.everybody import Everybody

if TYPE_CHECKING:
    # The helper process loads this module, too, and needs no run.
    from flows.running.run import Run

_TRAITS, _EVERYBODY = "traits", "everybody"
_LAST_OF_CARS = "certificates"

_WORTH_A_PROCESS = 20_000
"""Customers from which on a helper process has begun to work before the records are read."""


def begin(run: "Run", so_far: Snapshot, table: str) -> None:
    """Begin what can be begun now that a table was read.

    Args:
        run: the run.
        so_far: the tables read until now.
        table: the last of them.
    """
    if not is_worth_a_process(so_far):
        return
    if table == "customers":
        run.ahead.begun.begin(_TRAITS, partial(_traits, so_far, run.ledger.references.traits))
    if table == _LAST_OF_CARS:
        run.ahead.begun.begin(_EVERYBODY, partial(_everybody, so_far))


def is_worth_a_process(snapshot: Snapshot) -> bool:
    """Tell whether so many people are known that a helper process has something to do."""
    return snapshot.tables["customers"].read >= _WORTH_A_PROCESS


def traits(run: "Run", snapshot: Snapshot) -> Traits:
    """Give by what every customer is recognised."""
    work = partial(_traits, snapshot, run.ledger.references.traits)
    return run.ahead.begun.result(_TRAITS, work)


def everybody(run: "Run", snapshot: Snapshot) -> Everybody:
    """Know every customer and every car of the shop in running text."""
    return run.ahead.begun.result(_EVERYBODY, partial(_everybody, snapshot))


def _traits(snapshot: Snapshot, digest: Digest) -> Traits:
    return traits_of_all(snapshot.batches("customers", IDENTITY_COLUMNS), digest)


def _everybody(snapshot: Snapshot) -> Everybody:
    cars = (partial(snapshot.batches, table, CAR_COLUMNS) for table in ("vehicles", "certificates"))
    people = partial(snapshot.batches, "customers", PERSON_COLUMNS)
    return Everybody(people, *cars, terms=shipped_knowledge().terms).folded()
