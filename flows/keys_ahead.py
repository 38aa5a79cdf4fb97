"""Partner keys made ahead: helpers digest numbers while the stages before writing rule on rows.

Most of those stages keep one core busy. The keys wait in the run's folder, a file per partner and table,
so they cost no memory until they are needed; a key of a row that does not leave after all is never used.
"""

from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow

from drops.keys import PartnerKeys
from flows.scratch import Scratch
from transforms.arrays import whole


class KeysAhead:
    """The keys of one run that are made, or being made."""

    def __init__(self, scratch: Scratch) -> None:
        """Keep them in the run's folder."""
        self._scratch = scratch
        self._worker = ThreadPoolExecutor(1)
        self._begun: dict[tuple[str, str], Future[None]] = {}

    def begin(self, partner: str, keys: PartnerKeys, table: str, numbers: pyarrow.Array) -> None:
        """Begin to make the partner's keys of a table's rows: a number each, null where none is needed."""
        self._begun[partner, table] = self._worker.submit(self._make, partner, keys, table, numbers)

    def of(self, partner: str, table: str) -> pyarrow.Array | None:
        """Give the keys of a table's rows (16 bytes) as soon as they are made; None if none were begun."""
        begun = self._begun.get((partner, table))
        if begun is None:
            return None
        begun.result()
        return whole(self._scratch.table(_name(partner, table))["key"])

    def close(self) -> None:
        """Make no more."""
        self._worker.shutdown(cancel_futures=True)

    def _make(self, partner: str, keys: PartnerKeys, table: str, numbers: pyarrow.Array) -> None:
        made = pyarrow.table({"key": keys.binary(table, numbers)})
        self._scratch.save_table(_name(partner, table), made)


def _name(partner: str, table: str) -> str:
    return f"made-{partner}-{table}"
