"""Verify: read the written drop back from disk and search it again, independently of the gate."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pyarrow

from drops.objector_scan import ObjectorScan
from drops.verify import verify_drop
from flows.carrying.carry import pack_ahead
from flows.making.handed_on import Built
from flows.making.second_look import objector_scan
from flows.making.sensitive import SensitiveScan
from flows.running.run import Run
from ledger.audit import note
from schemas.datapackage import Resource
from schemas.errors import VerificationError
from sources.snapshot import Snapshot

_AT_ONCE = 2
"""Batches looked at beside the one that is checked."""


def verify(run: Run, snapshot: Snapshot, built: Built) -> None:
    """Check the drop as the partner would, then look for anything of an objector's in it.

    Raises:
        VerificationError: the drop is not what it says, or holds what it must not.
    """
    staging = Path(built.staging)
    pack_ahead(run, staging, built.partner)
    with _Looks(run, snapshot, built) as looks:
        drop = verify_drop(staging, looks.look).drop
    looks.objectors.refuse()
    if sensitive := looks.sensitive.categories():
        raise VerificationError(
            f"できあがった納品に、渡してはならない内容（{', '.join(sensitive)}）が見つかりました。"
            "何も納品していません。記録をそのままにして、この行をお知らせください / "
            f"sensitive content ({', '.join(sensitive)}) was found in the finished drop; nothing is "
            "published. Keep the records as they are and report this"
        )
    with run.ledger.writing() as connection:
        note(connection, run.actor, "verify", drop.drop_id, "sound, and free of who objected")


class _Looks:
    """The looks at a drop beside its check, in threads of their own: Arrow leaves the interpreter free."""

    def __init__(self, run: Run, snapshot: Snapshot, built: Built) -> None:
        self._run, self._snapshot, self._built = run, snapshot, built
        self.sensitive = SensitiveScan()
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._under_way = deque[Future[None]]()

    def __enter__(self) -> Self:
        """Gather the traces at once; if the bag turns out to be unsound, nobody asks for them."""
        self._scan = self._pool.submit(self._objectors)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._leave(0)

    def look(self, resource: Resource, rows: pyarrow.RecordBatch) -> None:
        """Look at rows while the next are checked."""
        self._leave(_AT_ONCE - 1)
        self._under_way.append(self._pool.submit(self._look, resource, rows))

    @property
    def objectors(self) -> ObjectorScan:
        """The search for traces of who refuses."""
        return self._scan.result()

    def _objectors(self) -> ObjectorScan:
        built = self._built
        return objector_scan(self._run, self._snapshot, built.partner, Path(built.staging))

    def _look(self, resource: Resource, rows: pyarrow.RecordBatch) -> None:
        self.objectors.look(resource, rows)
        self.sensitive.look(resource, rows)

    def _leave(self, count: int) -> None:
        """Wait until no more looks than these are under way."""
        while len(self._under_way) > count:
            self._under_way.popleft().result()
