"""What two stages must know of every customer, begun as soon as the records it takes are read.

Reading goes on for a while after customers and cars are there, and leaves a core half idle.
"""

from functools import partial

from flows.running.run import Run
from sources.screening.loading import shipped_knowledge
from sources.snapshot import Snapshot
from transforms.identity import IDENTITY_COLUMNS, Traits, traits_of_all
from transforms.mentions import CAR_COLUMNS, PERSON_COLUMNS
from transforms.screening.everybody import Everybody

_TRAITS, _EVERYBODY = "traits", "everybody"
_LAST_OF_CARS = "certificates"


def begin(run: Run, so_far: Snapshot, table: str) -> None:
    """Begin what can be begun now that a table was read.

    Args:
        run: the run.
        so_far: the tables read until now.
        table: the last of them.
    """
    if table == "customers":
        run.ahead.begun.begin(_TRAITS, partial(_traits, run, so_far))
    if table == _LAST_OF_CARS:
        run.ahead.begun.begin(_EVERYBODY, lambda: _everybody(so_far).folded())


def traits(run: Run, snapshot: Snapshot) -> Traits:
    """Give by what every customer is recognised."""
    return run.ahead.begun.result(_TRAITS, partial(_traits, run, snapshot))


def everybody(run: Run, snapshot: Snapshot) -> Everybody:
    """Know every customer and every car of the shop in running text."""
    return run.ahead.begun.result(_EVERYBODY, partial(_everybody, snapshot))


def _traits(run: Run, snapshot: Snapshot) -> Traits:
    customers = snapshot.batches("customers", IDENTITY_COLUMNS)
    return traits_of_all(customers, run.ledger.references.traits)


def _everybody(snapshot: Snapshot) -> Everybody:
    cars = (partial(snapshot.batches, table, CAR_COLUMNS) for table in ("vehicles", "certificates"))
    people = partial(snapshot.batches, "customers", PERSON_COLUMNS)
    return Everybody(people, *cars, terms=shipped_knowledge().terms)
