"""Which drops count as told: those not stopped, or answered all the same."""

from sqlalchemy import ColumnElement, or_, select

from ledger import tables


def is_not_stopped(sequence: ColumnElement[int]) -> ColumnElement[bool]:
    """Say of drops, by their number, that nobody stopped them."""
    return sequence.not_in(select(tables.stops.c.drop_sequence))


def told_for_good(sequence: ColumnElement[int]) -> ColumnElement[bool]:
    """Say of drops, by their number, that they count as told: not stopped, unless their partner answered."""
    return or_(
        is_not_stopped(sequence),
        sequence.in_(select(tables.acknowledgements.c.drop_sequence)),
    )
