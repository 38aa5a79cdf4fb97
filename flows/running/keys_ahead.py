"""Partner keys made ahead: helpers digest numbers while the stages before writing rule on rows.

Most of those stages keep one core busy. A key of a row that does not leave after all is never used.
"""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow

from drops.keys import PartnerKeys
from drops.row_keys import write_row_keys
from flows.running.scratch import Scratch


class KeysAhead:
    """The keys of one run that are made, or being made."""

    def __init__(self, scratch: Scratch) -> None:
        """Keep them in the run's folder."""
        self._scratch = scratch
        self._worker = ThreadPoolExecutor(1)
        self._begun: dict[tuple[str, str], Future[None]] = {}

    def begin(
        self, partner: str, keys: PartnerKeys, table: str, numbers: Iterable[pyarrow.Array]
    ) -> None:
        """Begin to make the partner's keys of a table's rows, as `write_row_keys` does."""
        path = self._scratch.row_keys(partner, table)
        self._begun[partner, table] = self._worker.submit(
            write_row_keys, path, keys, table, numbers
        )

    def of(
        self, partner: str, keys: PartnerKeys, table: str, numbers: Iterable[pyarrow.Array]
    ) -> Path:
        """Give the file of a table's keys as soon as they are made; made now if none were begun."""
        path = self._scratch.row_keys(partner, table)
        begun = self._begun.get((partner, table))
        if begun is None:
            write_row_keys(path, keys, table, numbers)
        else:
            begun.result()
        return path

    def close(self) -> None:
        """Make no more."""
        self._worker.shutdown(cancel_futures=True)
