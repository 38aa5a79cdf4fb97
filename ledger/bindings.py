"""What was entered together with an audit entry is still what the entry says."""

import json
import re
import struct
from collections.abc import Iterable

from sqlalchemy import Connection, select

from ledger import tables
from ledger.chain import Damage, Entry, Finding, sha256_of_text
from schemas.objections import OF_SELF, SAID, reference_of
from schemas.screening import WordDecision

_BOUND = re.compile(r"\b(?:events|bag|answer|decisions) sha256:([0-9a-f]{64})$")

BOUND_TERMS = ("objection_id", "person", "scope", "partner", "purpose")
BOUND_EVENTS = (
    "objection_id",
    "kind",
    "origin",
    "effective_on",
    "received_on",
    "channel",
    "person",
)
"""What an audit entry vouches for of each objection and event recorded with it."""


WORDS_AS_BOUND = {WordDecision.ADDED: "word", WordDecision.TAKEN_BACK: "no word"}
"""What the digest of decisions says of a word."""


def digest_of_objections(
    objections: Iterable[tuple[object, ...]], events: Iterable[tuple[object, ...]]
) -> str:
    """Digest what is recorded at once (`BOUND_TERMS`, `BOUND_EVENTS`), as its audit entry keeps it."""
    rows = [sorted([list(row) for row in objections], key=str), [list(row) for row in events]]
    return sha256_of_text(json.dumps(rows, default=str))


def digest_of_decisions(rows: Iterable[tuple[str, str]]) -> str:
    """Digest decisions, for the audit entry that vouches for them."""
    return sha256_of_text(json.dumps(sorted(rows), ensure_ascii=False))


OF_OUTSIDER = "outsider"
"""The origin of what somebody without a number said: the objection's reference vouches for its marks."""

_IDENTITY = "identity"

_MARK = struct.Struct("<BQ")
"""`transforms.objections.MARK`, for whoever loads no NumPy."""


def unbound(connection: Connection, chain: Iterable[Entry]) -> list[Finding]:
    """Find rows of other tables that are not the ones their audit entries were made for."""
    recorded = {
        **_objections(connection),
        **_drops(connection),
        **_answers(connection),
        **_decisions(connection),
    }
    found = []
    instants, disordered = _order_of_events(connection)
    changed = disordered | _forgotten(connection)
    for entry in chain:
        match = _BOUND.search(entry.detail)
        is_other = recorded.get(entry.sequence) != (match[1] if match else None)
        if (
            is_other
            or entry.sequence in changed
            or instants.get(entry.sequence, entry.at) != entry.at
        ):
            told = "what was entered with it in the other tables was changed, added or removed"
            found.append(Finding(Damage.CHANGED, entry.sequence, told))
    return found


def _order_of_events(connection: Connection) -> tuple[dict[int, str], set[int]]:
    """Give when each entry's events became known, and the entries whose events were moved behind others'."""
    columns = tables.objection_events.c
    query = select(columns.audit_sequence, columns.known_at).order_by(columns.sequence)
    instants: dict[int, str] = {}
    disordered, newest = set(), 0
    for sequence, known_at in connection.execute(query):
        if sequence < newest or instants.setdefault(sequence, known_at) != known_at:
            disordered.add(sequence)
        newest = max(newest, sequence)
    return instants, disordered


def _objections(connection: Connection) -> dict[int, str]:
    events, terms = tables.objection_events.c, tables.objections.c
    rows: dict[int, tuple[list[tuple[object, ...]], list[tuple[object, ...]]]] = {}
    wanted = select(events.audit_sequence, *(events[name] for name in BOUND_EVENTS))
    for sequence, *event in connection.execute(wanted.order_by(events.sequence)):
        rows.setdefault(sequence, ([], []))[1].append(tuple(event))
    wanted = select(terms.audit_sequence, *(terms[name] for name in BOUND_TERMS))
    for sequence, *objection in connection.execute(wanted):
        rows.setdefault(sequence, ([], []))[0].append(tuple(objection))
    return {sequence: digest_of_objections(*both) for sequence, both in rows.items()}


def _forgotten(connection: Connection) -> set[int]:
    """Give the entries of objections whose persons, who have no number, are not remembered as they said."""
    events, terms = tables.objection_events.c, tables.objections.c
    query = select(terms.objection_id, terms.person, terms.audit_sequence).where(
        terms.objection_id.in_(select(events.objection_id).where(events.origin == OF_OUTSIDER))
    )
    found = set()
    for name, reference, sequence in connection.execute(query).all():
        mentions, traits = tables.objection_mentions.c, tables.objection_traits.c
        said = select(mentions.marks).where(
            mentions.objection_id == name, mentions.number == f"{SAID:016x}"
        )
        known = select(traits.digest).where(traits.objection_id == name, traits.kind == _IDENTITY)
        marks = bytes(connection.execute(said).scalar() or b"")
        own = {f"{mark:016x}" for group, mark in _MARK.iter_unpack(marks) if group == OF_SELF}
        if reference_of(marks) != reference or own - set(connection.execute(known).scalars()):
            found.add(sequence)
    return found


def _drops(connection: Connection) -> dict[int, str]:
    found: dict[int, str] = {}
    for table in (tables.publications, tables.stops):
        bag = tables.drops.c.bag_sha256
        query = select(table.c.audit_sequence, bag).join_from(table, tables.drops)
        found |= {row.audit_sequence: row.bag_sha256 for row in connection.execute(query)}
    return found


def _decisions(connection: Connection) -> dict[int, str]:
    rows: dict[int, list[tuple[str, str]]] = {}
    texts, words = tables.text_decisions.c, tables.word_decisions.c
    for sequence, *row in connection.execute(
        select(texts.audit_sequence, texts.digest, texts.decision)
    ):
        rows.setdefault(sequence, []).append((row[0], row[1]))
    for sequence, *row in connection.execute(
        select(words.audit_sequence, words.word, words.decision)
    ):
        rows.setdefault(sequence, []).append((row[0], WORDS_AS_BOUND[WordDecision(row[1])]))
    return {sequence: digest_of_decisions(own) for sequence, own in rows.items()}


def _answers(connection: Connection) -> dict[int, str]:
    columns = tables.acknowledgements.c
    rows = connection.execute(select(columns.audit_sequence, columns.content))
    return {row.audit_sequence: sha256_of_text(row.content) for row in rows}
