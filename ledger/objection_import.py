"""Objections in the shop's own records, as events: what is new in them since they were last read.

An objection of the records is one number of an objection, one customer number, one scope, partner and
purpose of one file or table. It is raised when it is first read, and nothing but a day of lifting ends
it: not its row vanishing, nor its effective day moved to later, nor its scope edited (which makes
another objection beside it). One that was lifted at the counter is raised again when its row comes back
after it was gone, or gets a day of receipt or effect that nobody knew and that is not before the lift (the
day it was recorded, or took effect if that is earlier); one that was lifted in the records when its row gets
such a day and keeps the old day of lifting. A lift from before there was a law to object under is what
databases write for no day at all.

Words nobody defined are kept as `?`: they may hold anything, and an unknown word reads as the widest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.compute as pc
from sqlalchemy import Connection, case, func, select

from ledger import tables
from ledger.audit import Actor
from ledger.objection_book import OF_RECORDS, Event, ObjectionBook, Raised, Terms
from ledger.references import References
from ledger.statements import Statement, each_of, statements_of
from schemas.errors import ObjectionsUnreliableError
from schemas.notice import Notice
from schemas.objections import LIFTED, RAISED, SETTLED
from schemas.shop_rules import Limits
from transforms.objections import days_raised, last_changes
from transforms.period import SHOP_TIME

_FEWEST_LIFTS = 5
"""So many lifts at once are a person's work, whatever their share."""


@dataclass(frozen=True)
class Rules:
    """By what the records are read: the shop's limits, and the notice that names partners and purposes."""

    limits: Limits
    notice: Notice


def import_statements(
    connection: Connection,
    references: References,
    rows: pyarrow.Table,
    actor: Actor,
    rules: Rules,
) -> None:
    """Add what the records say and the ledger does not know yet; all of it or nothing.

    Args:
        connection: of a writing transaction.
        references: the shop's.
        rows: `STATEMENT_COLUMNS` of all objections in the records.
        actor: who reads them.
        rules: by which they are read.

    Raises:
        ObjectionsUnreliableError: objections that stood there last time are gone, or more are
            lifted at once than the shop allows.
    """
    book = ObjectionBook(connection, references)
    stated = statements_of(rows, references, actor.at.date(), rules.notice)
    known = _known_statements(connection)
    _refuse_shrinking(book.seen(), set(stated.index), rules.limits)
    raised = [
        Raised(row.Index, row.customer_id, Terms(row.scope, row.partner, row.purpose))
        for row in each_of(stated[~stated.index.isin(known.index)])
    ]
    before = book.register().events
    days = days_raised(before)
    said = _days_said(days, before, book.particulars())
    stated["again_on"] = _again(
        stated, book.seen(), _last_lifts(before, known), said, actor.at.date()
    )
    events = [
        event
        for row in each_of(_changed(stated, known))
        for event in _events(row, days.get(str(row.Index), []))
    ]
    held_again = set(stated.index[stated["again_on"].notna()])
    _refuse_mass_lifting(
        _count_lifts(events, held_again, actor.at.date()),
        len(known.index.union(stated.index)),
        rules.limits,
    )
    if events:
        book.add(actor, raised, events, f"from the records: {len(raised)} new")
    book.see(set(stated.index))


def _count_lifts(events: Iterable[Event], held_again: Collection[str], today: date) -> int:
    """Count the lifts that end anything by today."""
    return sum(
        event.kind == LIFTED
        and event.effective_on <= today
        and event.objection_id not in held_again
        for event in events
    )


def _known_statements(connection: Connection) -> pd.DataFrame:
    """Give per objection of the records when it begins, when they last said it ends, and ever did."""
    event = tables.objection_events
    is_own = event.c.origin == OF_RECORDS
    begins = func.min(case((event.c.kind == RAISED, event.c.effective_on))).label("begins_on")
    last = func.max(event.c.sequence).label("last")
    spans = select(event.c.objection_id, begins, last).where(is_own).group_by(event.c.objection_id)
    newest = spans.subquery()
    query = select(
        newest.c.objection_id, newest.c.begins_on, event.c.kind, event.c.effective_on
    ).join(event, event.c.sequence == newest.c.last)
    rows = connection.execute(query).all()
    ends = [row.effective_on if row.kind == LIFTED else date.max for row in rows]
    lifts: dict[str, tuple[date, ...]] = {}
    own_lifts = select(event.c.objection_id, event.c.effective_on).where(
        is_own, event.c.kind == LIFTED
    )
    for name, day in connection.execute(own_lifts):
        lifts[name] = (*lifts.get(name, ()), day)
    known = {
        "begins_on": [row.begins_on for row in rows],
        "ends_on": ends,
        "lifts": [tuple(sorted(set(lifts.get(row.objection_id, ())))) for row in rows],
    }
    return pd.DataFrame(known, index=[row.objection_id for row in rows], dtype=object)


@dataclass(frozen=True)
class _Lift:
    """A lift that is the last word on an objection: from when on, and the day it was recorded."""

    effective_on: date
    recorded_on: date


def _last_lifts(events: pyarrow.Table, known: pd.DataFrame) -> dict[str, _Lift]:
    """Give the lifts, to come ones too, that are the last word on objections of the records."""
    last = last_changes(events.filter(pc.not_equal(events["kind"], SETTLED)))
    lifts = last.filter(pc.equal(last["kind"], LIFTED))
    return {
        row["objection_id"]: _Lift(
            row["effective_on"], row["known_at"].astimezone(SHOP_TIME).date()
        )
        for row in lifts.to_pylist()
        if row["objection_id"] in known.index
    }


def _days_said(
    effective: Mapping[str, Iterable[date]],
    events: pyarrow.Table,
    told: Mapping[int, Mapping[str, Any]],
) -> dict[str, set[date]]:
    """Give, by objection, the days of receipt and of effect with which it was ever raised.

    Args:
        effective: the days of effect (`days_raised`).
        events: all that happened to objections.
        told: how each event was told (`ObjectionBook.particulars`).
    """
    days = {name: set(raised) for name, raised in effective.items()}
    raised = events.filter(pc.equal(events["kind"], RAISED))
    for name, sequence in zip(
        raised["objection_id"].to_pylist(), raised["sequence"].to_pylist(), strict=True
    ):
        days[name].add(told[sequence]["received_on"])
    return days


def _again(
    stated: pd.DataFrame,
    seen: Collection[str],
    lifts: Mapping[str, _Lift],
    days_said: Mapping[str, Collection[date]],
    today: date,
) -> pd.Series:
    """Give from when statements hold again although they were lifted before; None for the others.

    A day of receipt or effect that nobody knew, of the lift or later, is of a new refusal; on one day the
    refusal wins. It holds behind the lift, also where that takes effect only later.

    Args:
        stated: what the records say.
        seen: the statements that stood there when they were last read.
        lifts: the last words on statements, where they are lifts.
        days_said: the days with which each was raised before.
        today: the day.
    """

    def again(row: Statement) -> date | None:
        name = str(row.Index)
        lift = lifts.get(name)
        newest = max(row.begins_on, row.received_on or date.min)
        is_lifted = row.ends_on != date.max
        if is_lifted and newest <= row.ends_on:
            return None
        if is_lifted and name not in days_said:
            return newest if (row.received_on or date.min) > row.ends_on else None
        if lift is None:
            return None
        if not is_lifted and name not in seen:
            return max(row.begins_on, today, lift.effective_on)
        is_anew = newest not in days_said.get(name, ()) and newest >= min(
            lift.recorded_on, lift.effective_on
        )
        return max(newest, lift.effective_on) if is_anew else None

    return pd.Series([again(row) for row in each_of(stated)], index=stated.index, dtype=object)


def _changed(stated: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Give the statements that add something, with what was known as `known_begins_on`, `known_ends_on`."""
    both = stated.join(known.add_prefix("known_"))
    both = both.astype(object).where(both.notna(), None)
    is_new = both["known_begins_on"].isna()
    begins_earlier = both["begins_on"] < both["known_begins_on"].fillna(date.min)
    ends_otherwise = both["ends_on"] != both["known_ends_on"]
    return both[is_new | begins_earlier | ends_otherwise | both["again_on"].notna()]


def _events(row: Statement, raised: list[date]) -> list[Event]:
    """Give the events that turn what was known of an objection into what the records state.

    Args:
        row: the statement.
        raised: the days on which it was raised before.
    """

    def event(kind: str, day: date) -> Event:
        return Event(str(row.Index), kind, day, OF_RECORDS, row.received_on, row.channel)

    events = []
    if row.known_begins_on is None or row.begins_on < row.known_begins_on:
        events.append(event(RAISED, row.begins_on))
    if row.known_ends_on is not None:
        ended = [day for day in row.known_lifts if row.known_ends_on <= day < row.ends_on]
        events += [event(RAISED, day) for day in ended]
    if row.again_on is not None:
        events.append(event(RAISED, row.again_on))
    # The last event says what the records say now: a lift they still bear is stated again behind a raising.
    if row.ends_on != date.max and (events or row.ends_on != row.known_ends_on):
        later = [day for day in raised if day > row.ends_on]
        events += [event(LIFTED, day) for day in [*later, row.ends_on]]
    return events


def _refuse_shrinking(before: set[str], now: set[str], limits: Limits) -> None:
    gone = len(before - now)
    # One row in place of another is a slip of the pen put right, in however short a list.
    corrected = 1 if now - before else 0
    if gone > max(corrected, len(before) * limits.max_objection_shrink_share):
        raise ObjectionsUnreliableError(
            f"記録にあった申し出 {len(before)} 件のうち {gone} 件がなくなっています。"
            "申し出た方は引き続き除かれますが、新しい申し出も失われているかもしれません。"
            "記録を元に戻してください（番号などを直した行も、なくなったと数えます）。すべて正しく直したか、"
            "消したものなら、一回だけ limits.max_objection_shrink_share を上げてください / "
            f"of {len(before)} objections that stood in the records, {gone} are gone; who objected "
            "stays known, but new objections may be missing too. Restore the records (a row that was "
            "corrected counts as gone); if each was rightly corrected or removed, raise "
            "limits.max_objection_shrink_share in shop.toml for one run"
        )


def _refuse_mass_lifting(lifts: int, known: int, limits: Limits) -> None:
    if lifts >= _FEWEST_LIFTS and lifts > known * limits.max_objection_lift_share:
        raise ObjectionsUnreliableError(
            f"記録が申し出 {known} 件のうち {lifts} 件を一度に撤回しています。撤回日の列を確かめてください。"
            "すべて正しい撤回なら、"
            "一回だけ shop.toml の limits.max_objection_lift_share を上げてください / "
            f"the records lift {lifts} of {known} objections at once. Look at the column of lifting "
            "days; if each was rightly lifted, raise limits.max_objection_lift_share in shop.toml for "
            "one run"
        )
