"""Verify: read the written drop back from disk and search it again, independently of the gate."""

from pathlib import Path

import pyarrow
import pyarrow.compute as pc

from drops.keys import partner_keys
from drops.objector_scan import (
    CERTIFICATE_COLUMNS,
    CUSTOMER_COLUMNS,
    VEHICLE_COLUMNS,
    Register,
    gather_traces,
    scan,
)
from drops.verify import resources_of, verify_drop
from flows.report import Built
from flows.run import Run
from schemas.catalog import CATALOG
from schemas.staging import row_of
from sources.snapshot import Snapshot


def verify(run: Run, snapshot: Snapshot, built: Built) -> None:
    """Check the drop as the partner would, then look for anything of an objector's in it.

    Raises:
        VerificationError: the drop is not what it says, or holds what it must not.
    """
    staging = Path(built.staging)
    verify_drop(staging)
    notice = run.folder.policy.notice
    register = Register(
        objections=snapshot.table("objections", list(CATALOG["objections"].columns)).to_pylist(),
        partner=built.partner,
        purposes=run.share(built.partner).purposes,
        partners=frozenset(partner.id for partner in notice.partners),
        all_purposes=frozenset(purpose.id for purpose in notice.purposes),
        day=run.as_of.date(),
    )
    traces = gather_traces(
        register,
        snapshot.table("customers", CUSTOMER_COLUMNS),
        snapshot.table("vehicles", VEHICLE_COLUMNS),
        _certificates(snapshot),
        partner_keys(run.folder.state / "keys", built.partner, has_drops=True),
    )
    scan(staging, resources_of(staging), traces)


def _certificates(snapshot: Snapshot) -> pyarrow.Table:
    """Give plates and chassis numbers with the number of the car they were found to be of."""
    papers = snapshot.table("certificates", [*CERTIFICATE_COLUMNS, row_of("vehicle_id")])
    rows = papers[row_of("vehicle_id")]
    known = pc.if_else(pc.greater_equal(rows, 0), rows, pyarrow.scalar(None, pyarrow.int32()))
    numbers = snapshot.table("vehicles", ["vehicle_id"])["vehicle_id"].take(known)
    return papers.select(CERTIFICATE_COLUMNS).append_column("vehicle_id", numbers)
