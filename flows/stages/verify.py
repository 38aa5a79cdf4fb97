"""Verify: read the written drop back from disk and search it again, independently of the gate."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from drops.objector_scan import (
    CERTIFICATE_COLUMNS,
    CUSTOMER_COLUMNS,
    VEHICLE_COLUMNS,
    Known,
    Register,
    gather_traces,
    scan,
)
from drops.verify import read_table, resources_of, verify_drop
from flows.report import Built
from flows.run import Run
from flows.sensitive import sensitive_in
from ledger.audit import note
from schemas.errors import VerificationError
from schemas.staging import row_of
from sources.snapshot import Snapshot


def verify(run: Run, snapshot: Snapshot, built: Built) -> None:
    """Check the drop as the partner would, then look for anything of an objector's in it.

    Raises:
        VerificationError: the drop is not what it says, or holds what it must not.
    """
    staging = Path(built.staging)
    drop = verify_drop(staging).drop
    notice = run.folder.policy.notice
    objections = run.scratch.register()
    register = Register(
        objections=objections.terms.to_pylist(),
        events=objections.events.to_pylist(),
        partner=built.partner,
        purposes=run.share(built.partner).purposes,
        partners=frozenset(partner.id for partner in notice.partners),
        all_purposes=frozenset(purpose.id for purpose in notice.purposes),
        day=run.as_of.date(),
    )
    known = Known(
        snapshot.table("customers", CUSTOMER_COLUMNS),
        snapshot.table("vehicles", VEHICLE_COLUMNS),
        _certificates(snapshot),
        PartnerKeys(run.ledger.key(built.partner)),
        run.ledger.references.of,
    )
    resources = resources_of(staging)
    delivered = {name: _keys_in(staging, resources.get(name)) for name in ("customers", "vehicles")}
    scan(staging, resources, gather_traces(register, known, delivered))
    sensitive = sensitive_in(staging)
    if sensitive:
        raise VerificationError(
            f"sensitive content ({', '.join(sensitive)}) was found in the finished drop; nothing is "
            "published. Keep the records as they are and report this"
        )
    with run.ledger.writing() as connection:
        note(connection, run.actor, "verify", drop.drop_id, "sound, and free of who objected")


def _keys_in(staging: Path, resource: Mapping[str, Any] | None) -> pyarrow.Array:
    """Read the keys that stand in a table of the drop; none where there is no such table."""
    nothing = pyarrow.array([], pyarrow.string())
    if resource is None:
        return nothing
    header = resource["schema"]["primaryKey"][0]
    batches = read_table(staging, resource, [header])
    return pyarrow.concat_arrays([nothing, *(batch.column(0) for batch in batches)])


def _certificates(snapshot: Snapshot) -> pyarrow.Table:
    """Give plates and chassis numbers with the number of the car they were found to be of."""
    papers = snapshot.table("certificates", [*CERTIFICATE_COLUMNS, row_of("vehicle_id")])
    rows = papers[row_of("vehicle_id")]
    known = pc.if_else(pc.greater_equal(rows, 0), rows, pyarrow.scalar(None, pyarrow.int32()))
    numbers = snapshot.table("vehicles", ["vehicle_id"])["vehicle_id"].take(known)
    return papers.select(CERTIFICATE_COLUMNS).append_column("vehicle_id", numbers)
