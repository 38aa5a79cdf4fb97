"""The second look at a drop on disk: what it is searched for, given who is in it."""

from pathlib import Path

import pyarrow

from drops.objector_scan import ObjectorScan, Traces
from drops.reading import read_table, resources_of
from flows.making.suspects import suspects
from flows.running.run import Run
from schemas.datapackage import Resource
from sources.snapshot import Snapshot
from transforms.key_forms import KEY, keys_of_texts


def objector_scan(
    run: Run, snapshot: Snapshot, partner: str, folder: Path, more: Traces | None = None
) -> ObjectorScan:
    """Make the search of a drop for anything of the partner's refusers.

    Args:
        run: the run.
        snapshot: the records that tell what is theirs.
        partner: the partner's id.
        folder: of the drop.
        more: what else is to be searched for.
    """
    resources = resources_of(folder)
    delivered = {name: _keys_in(folder, resources.get(name)) for name in ("customers", "vehicles")}
    traces = suspects(run, snapshot, partner).traces(delivered)
    if more is not None:
        traces.keys |= more.keys
        traces.contacts |= more.contacts
    return ObjectorScan(traces)


def _keys_in(folder: Path, resource: Resource | None) -> pyarrow.Array:
    """Read the keys that stand in a table of the drop (16 bytes); none where there is no such table."""
    nothing = pyarrow.array([], KEY)
    if resource is None:
        return nothing
    batches = read_table(folder, resource, [resource.table.primary_key[0]])
    return pyarrow.concat_arrays([nothing, *(keys_of_texts(batch.column(0)) for batch in batches)])
