"""What was entered together with an audit entry is still what the entry says."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from ledger import tables
from ledger.chain import Damage, Entry, Finding
from ledger.objection_book import digest_of_events


def unbound(connection: Connection, chain: Iterable[Entry]) -> list[Finding]:
    """Find objections and drops that are not the ones their audit entries were made for."""
    return [*_objections(connection, chain), *_drops(connection, chain)]


def _objections(connection: Connection, chain: Iterable[Entry]) -> Iterator[Finding]:
    columns = tables.objection_events.c
    recorded: dict[int, list[tuple[object, ...]]] = {}
    for row in connection.execute(select(tables.objection_events).order_by(columns.sequence)):
        told = (row.objection_id, row.kind, row.origin, row.effective_on.isoformat(), row.person)
        recorded.setdefault(row.audit_sequence, []).append(told)
    for entry in chain:
        _, marker, digest = entry.detail.rpartition("events sha256:")
        if entry.action == "object" and marker:
            found = digest_of_events(recorded.get(entry.sequence, ()))
            if found != f"sha256:{digest}":
                what = "the objections recorded with it were changed or removed"
                yield Finding(Damage.CHANGED, entry.sequence, what)


def _drops(connection: Connection, chain: Iterable[Entry]) -> Iterator[Finding]:
    rows = connection.execute(select(tables.drops.c.drop_id, tables.drops.c.bag_sha256))
    known = {row.drop_id: row.bag_sha256 for row in rows}
    for entry in chain:
        _, marker, digest = entry.detail.rpartition("bag sha256:")
        if entry.action == "publish" and marker and known.get(entry.subject) != digest:
            what = f"what was entered of {entry.subject} was changed or removed"
            yield Finding(Damage.CHANGED, entry.sequence, what)
