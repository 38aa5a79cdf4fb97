"""What other processes do in these tests: each a real process of its own, started in no time."""

import multiprocessing
import os
from pathlib import Path

from schemas.errors import BusyError
from tests import factories

os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["tests.ledger.processes", "flows.export", "flows.counter.objecting"]
)


def start(deed, *arguments):
    """Start a process that does a deed."""
    process = CONTEXT.Process(target=deed, args=arguments)
    process.start()
    return process


def export(shop, month):
    """Export one month."""
    factories.run(shop, month=month)


def export_until_free(shop, month, operator):
    """Export one month as soon as nobody else does."""
    while True:
        try:
            factories.run(shop, month=month, operator=operator)
        except BusyError:
            continue
        return


def export_months(shop, months):
    """Export several months, one after the other."""
    for month in months:
        factories.run(shop, month=month)


def object_one_by_one(shop, numbers):
    """Record objections, one after the other."""
    for number in numbers:
        factories.object_to(shop, number)
