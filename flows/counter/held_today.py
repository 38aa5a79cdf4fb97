"""What the shop's records say of a person today, as a partner would be shown it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as pc

from flows.making.members import shown
from flows.making.objectors import Objectors
from flows.making.partner_view import PartnerView, view_of
from flows.running.clock import Clock
from flows.running.request import ExportRequest
from flows.running.run import Run, opened_run
from flows.stages.register import look_up
from flows.stages.screen import screened_texts
from schemas.agreement import RECALL_PURPOSE
from schemas.catalog import CATALOG
from schemas.partner_tables import HELD, PartnerTable
from sources.snapshot import Snapshot
from sources.staging import take_snapshot
from transforms.identity import same_people
from transforms.key_forms import hexadecimal_keys
from transforms.persons import keepers
from transforms.remembered import Refusers
from transforms.ruling import rule_on
from transforms.shaping import shape
from transforms.spine import SPINE_TABLES, at
from transforms.verdicts import Disposition, Verdicts


@dataclass(frozen=True)
class ShownRecord:
    """One record: its table, its key at the partner, and a keyed digest of each item it shows."""

    table: str
    key: str
    items: Mapping[str, int]
    is_refused: bool
    """Whether the person has objected to the partner's having it."""
    is_refused_for_recalls: bool


@dataclass(frozen=True)
class Inquiry:
    """Whose records are asked for, by whom."""

    shop: Path
    operator: str
    reason: str
    numbers: frozenset[str]
    partners: tuple[str, ...]
    """The partners whose view is asked for."""


def shown_today(
    inquiry: Inquiry, clock: Clock, environment: Mapping[str, str]
) -> dict[str, list[ShownRecord]]:
    """Give what each partner would be shown of a person's customer, family and car records.

    Whether the person objected does not count: the question is what is right, not what is allowed.

    Raises:
        JointUseError: the records cannot be read, or a partner gets nothing any more.
    """
    request = ExportRequest(
        shop=str(inquiry.shop),
        partners=inquiry.partners,
        operator=inquiry.operator,
        reason=inquiry.reason,
    )
    with opened_run(request, clock, environment, is_exclusive=False) as run:
        snapshot = take_snapshot(run.folder, run.staged, environment, SPINE_TABLES)
        own = _ruled_on(run, snapshot, inquiry.numbers)
        return {name: _records(run, snapshot, own, name) for name in inquiry.partners}


@dataclass(frozen=True)
class _Own:
    """What is the person's: customer rows, verdicts that leave in only their records, and all their rows."""

    rows: np.ndarray
    verdicts: Verdicts
    person: np.ndarray


def _ruled_on(run: Run, snapshot: Snapshot, numbers: frozenset[str]) -> _Own:
    """Rule on all records and screen what is the person's, as the stages before a partner's do."""
    spine = snapshot.spine
    look_up(run, snapshot)
    wanted = pyarrow.array(sorted(numbers), pyarrow.string())
    ids = spine.column("customers", "customer_id")
    own = pc.is_in(ids, value_set=wanted).to_numpy(zero_copy_only=False)
    verdicts = rule_on(spine, (), run.month)
    for table in verdicts.tables():
        nothing = np.zeros(len(verdicts.codes(table)), bool)
        is_own = at(own, keepers(table, spine)) if table in HELD else nothing
        verdicts.rule(table, ~is_own, Disposition.OUT_OF_SCOPE, "not asked for")
    run.scratch.save_screened(screened_texts(run, snapshot, verdicts))
    return _Own(own, verdicts, same_people(own, spine.merges.persons, run.scratch.traits()))


def _records(run: Run, snapshot: Snapshot, own: _Own, partner: str) -> list[ShownRecord]:
    objectors = Objectors(run, snapshot, partner)
    of_recalls = Objectors(run, snapshot, partner, (RECALL_PURPOSE,))
    refused = [bool((each.rows & own.rows).any()) for each in (objectors, of_recalls)]
    others = Refusers(objectors.rows & ~own.person, objectors.gone)
    view = view_of(run, snapshot, own.verdicts, others, partner)
    tables = [table for table in view.tables if table.name in HELD]
    view.give_keys(run.ahead.keys, tables)
    gone = [
        ShownRecord(table, key, {}, is_refused=True, is_refused_for_recalls=refused[1])
        for table, key in _no_longer_given(view, own)
    ]
    return gone + [
        ShownRecord(table.name, key, items, *refused)
        for table in tables
        for rows, places in view.leaving(table)
        for key, items in _digested(table, shape(rows, places, table, view.shaping)[0], run)
    ]


def _no_longer_given(view: PartnerView, own: _Own) -> Iterator[tuple[str, str]]:
    """Give, with their keys, the person's cars that were sold, and what else of theirs is out of scope."""
    for table in ("family_members", "vehicles"):
        is_own = at(own.rows, keepers(table, view.spine))
        is_out = is_own & own.verdicts.are(table, Disposition.OUT_OF_SCOPE)
        numbers = view.spine.column(table, CATALOG[table].key or "").filter(pyarrow.array(is_out))
        for key in view.keys.of(table, numbers).to_pylist():
            yield table, str(key)


def _digested(
    table: PartnerTable, shaped: pyarrow.RecordBatch, run: Run
) -> Iterator[tuple[str, dict[str, int]]]:
    digests = shown(table, shaped, run.ledger.references)
    if digests is not None:
        keys = hexadecimal_keys(digests["key"]).to_pylist()
        for key, row in zip(keys, digests["digests"].to_pylist(), strict=True):
            yield key, dict(zip(table.items, row, strict=True))
