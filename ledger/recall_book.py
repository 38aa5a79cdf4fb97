"""The book of recalls: which cars were found for a campaign, handed to whom, told and repaired.

Cars stand in it as keyed references of their numbers, as customers do.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, delete, func, insert, or_, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.stopped import is_not_stopped, told_for_good
from schemas.acknowledgement import Acknowledgement
from schemas.agreement import RECALL_PURPOSE
from schemas.catalog import PAPERS
from schemas.notice import Notice
from schemas.objections import LIFTED

TOLD = "told"
DONE = ("repaired", "not_affected")
NO_LONGER = "no_longer"
"""In place of why a car is on the shop's list: the last run did not find it any more."""

NOT_HANDED_OVER, NOT_DELIVERED = "not_handed_over", "not_delivered"
ON_THEIR_WAY = (NOT_HANDED_OVER, NOT_DELIVERED)
"""Why cars are on the shop's list whose drop may leave after the run that found them."""

MARKS = (TOLD, *DONE)
"""What an operator can say of a car: told its person, repaired, not affected by the maker's list."""


@dataclass(frozen=True)
class FoundCar:
    """A car a campaign may be about, as the last run found it.

    `kept_because` is why it is on the shop's own list; empty if a partner has it.
    """

    campaign: str
    car: str
    match_class: str
    reason: str
    kept_because: str
    about: str | None = None
    """Keyed digest of its chassis number and of the campaign's ranges: what a mark is about."""
    keeper: str | None = None
    """Reference of its customer."""


@dataclass(frozen=True)
class Handover:
    """A car a drop tells its partner of: references, a keyed digest of its number, and the partner's keys.

    None where nobody knows.
    """

    campaign: str
    car: str
    match_class: str
    keeper: str | None = None
    about: str | None = None
    keeper_key: str | None = None
    vehicle_key: str | None = None


Handed = dict[tuple[str, str], set[tuple[int, Handover]]]
"""By campaign and car, the drops (their numbers) that told of it, and what each told."""


@dataclass(frozen=True)
class Mark:
    """What an operator said of a car, when, and about what: None where an earlier version marked it."""

    mark: str
    at: str
    about: str | None = None
    keeper: str | None = None

    def stands(self, about: str | None, keeper: str | None) -> bool:
        """Tell whether it holds: for the same number and ranges; that somebody was told, for the same keeper.

        Of a car whose number was corrected, or a campaign that was extended, it says nothing.
        """
        is_of_earlier_version = self.about is None
        is_same_keeper = self.mark != TOLD or self.keeper == keeper or is_of_earlier_version
        return self.about in {None, about} and is_same_keeper


def standing_mark(marks: Iterable[Mark], about: str | None, keeper: str | None) -> str:
    """Give what was said of a car last and still holds; empty if nothing does."""
    standing = [each.mark for each in marks if each.stands(about, keeper)]
    return standing[-1] if standing else ""


@dataclass(frozen=True)
class CarHistory:
    """All that is known of one car and campaign."""

    found: FoundCar
    found_at: str
    seen_at: str
    drops: tuple[str, ...]
    marks: tuple[Mark, ...]
    """In order."""


def _of_handover() -> list[Column[Any]]:
    return [tables.recall_handovers.c[each.name] for each in fields(Handover)]


class RecallBook:
    """The recalls of one ledger, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work on an open transaction."""
        self._connection = connection

    def find(self, actor: Actor, cars: Iterable[FoundCar], campaigns: Iterable[str]) -> None:
        """Enter what a run found for campaigns; cars that only earlier runs found stay, as `NO_LONGER`."""
        table = tables.recall_cars
        by_campaign: dict[str, dict[str, FoundCar]] = {}
        for each in cars:
            by_campaign.setdefault(each.campaign, {})[each.car] = each
        for campaign in dict.fromkeys(campaigns):
            own = table.c.campaign == campaign
            known = {row.car: row for row in self._connection.execute(select(table).where(own))}
            found = by_campaign.get(campaign, {})
            since = {car: row.found_at for car, row in known.items()}
            rows = [
                {**vars(each), "found_at": since.get(car, actor.stamp), "seen_at": actor.stamp}
                for car, each in found.items()
            ]
            rows += [
                {**row._asdict(), "kept_because": NO_LONGER}
                for car, row in known.items()
                if car not in found
            ]
            self._connection.execute(delete(table).where(own))
            if rows:
                self._connection.execute(insert(table), rows)

    def prepare(self, sequence: int, handovers: Iterable[Handover]) -> None:
        """Enter what a drop that is made ready tells; it counts once the drop is published."""
        rows = [{"drop_sequence": sequence, **vars(each)} for each in handovers]
        if rows:
            self._connection.execute(insert(tables.recall_handovers), rows)

    def prepared(self, sequence: int) -> set[Handover]:
        """Give what a drop tells, published or not."""
        table = tables.recall_handovers
        query = select(*_of_handover()).where(table.c.drop_sequence == sequence)
        rows = self._connection.execute(query)
        return {Handover(*row) for row in rows}

    def handed(self, partner: str) -> Handed:
        """Give, per campaign and car, by which drops a partner was told what, stopped ones left out."""
        table, drops = tables.recall_handovers, tables.drops
        query = (
            select(table.c.drop_sequence, *_of_handover())
            .join_from(table, drops, drops.c.sequence == table.c.drop_sequence)
            .join(tables.publications, tables.publications.c.drop_sequence == drops.c.sequence)
            .where(
                drops.c.partner == partner,
                is_not_stopped(drops.c.sequence),
            )
        )
        found: Handed = {}
        for sequence, *told in self._connection.execute(query):
            each = Handover(*told)
            found.setdefault((each.campaign, each.car), set()).add((sequence, each))
        return found

    def mark(self, actor: Actor, campaign: str, cars: list[FoundCar], mark: str) -> None:
        """Enter what an operator says of cars, as they were found."""
        head = note(self._connection, actor, "recall mark", campaign, f"{mark}: {len(cars)} cars")
        rows = [
            {
                "campaign": campaign,
                "car": car.car,
                "mark": mark,
                "marked_at": actor.stamp,
                "audit_sequence": head.sequence,
                "about": car.about,
                "keeper": car.keeper,
            }
            for car in cars
        ]
        self._connection.execute(insert(tables.recall_marks), rows)

    def marks(self, campaign: str) -> dict[str, list[Mark]]:
        """Give what was marked of each car of a campaign, in order."""
        columns = tables.recall_marks.c
        query = select(tables.recall_marks).where(columns.campaign == campaign)
        found: dict[str, list[Mark]] = {}
        for row in self._connection.execute(query.order_by(columns.sequence)):
            mark = Mark(row.mark, row.marked_at, row.about, row.keeper)
            found.setdefault(row.car, []).append(mark)
        return found

    def campaigns(self) -> list[str]:
        """List the campaigns that were looked for."""
        return list(
            self._connection.execute(select(tables.recall_cars.c.campaign).distinct()).scalars()
        )

    def no_longer(self, campaigns: Collection[str]) -> dict[str, tuple[int, int]]:
        """Count, by campaign, the cars only earlier runs found, and those of them that were handed over."""
        cars, told = tables.recall_cars.c, tables.recall_handovers
        gone = select(cars.campaign, cars.car).where(cars.kept_because == NO_LONGER)
        pairs = [pair for pair in self._connection.execute(gone).tuples() if pair[0] in campaigns]
        if not pairs:
            return {}
        published = tables.publications
        query = (
            select(told.c.campaign, told.c.car)
            .join(published, published.c.drop_sequence == told.c.drop_sequence)
            .where(is_not_stopped(told.c.drop_sequence))
        )
        handed = set(self._connection.execute(query).tuples())
        counts = Counter(campaign for campaign, _ in pairs)
        of_handed = Counter(pair[0] for pair in pairs if pair in handed)
        return {campaign: (count, of_handed[campaign]) for campaign, count in counts.items()}

    def overtaken(self, today: date, notice: Notice) -> dict[str, int]:
        """Count, by campaign, the cars handed over of which something has changed since the last run.

        That is, their drop was stopped or its rows were rejected, their partner was told to delete them,
        whatever for, or their keeper refused recalls, as far as the customer's number tells.
        """
        cars = tables.recall_cars
        told, published = tables.recall_handovers.c, select(tables.publications.c.drop_sequence)
        is_told = (
            select(told.drop_sequence)
            .where(told.campaign == cars.c.campaign, told.car == cars.c.car)
            .where(told.drop_sequence.in_(published))
            .exists()
        )
        # Those of a drop that waited, or was carried after the run, too.
        later = cars.c.kept_because.in_(ON_THEIR_WAY) & is_told
        query = select(cars).where(or_(cars.c.kept_because == "", later))
        handed = self._connection.execute(query).all()
        if not handed:
            return {}
        undone, deleted = self._undone(), self._deleted()
        refused = self._refused(today, notice)
        counts: Counter[str] = Counter()
        for row in handed:
            pair = (row.campaign, row.car)
            since = max(refused.get(row.keeper, ""), undone.get(pair, ""), deleted.get(pair, ""))
            counts[row.campaign] += since > row.seen_at
        return {campaign: count for campaign, count in counts.items() if count}

    def _refused(self, today: date, notice: Notice) -> dict[str, str]:
        """Give, by the reference of a customer, when a refusal of recalls became known or took effect."""
        import pyarrow  # noqa: PLC0415 (slow to load, and most shops have told of no recall)

        from transforms.objections import TERMS, Recipient, concerns  # noqa: PLC0415 (likewise)

        events, refusals, drops = tables.objection_events, tables.objections, tables.drops
        query = (
            select(events, *(refusals.c[n].label(f"of_{n}") for n in TERMS.names))
            .join_from(events, refusals, refusals.c.objection_id == events.c.objection_id)
            .where(events.c.kind != LIFTED, events.c.effective_on <= today)
        )
        rows = self._connection.execute(query).all()
        terms = pyarrow.table(
            {name: [getattr(row, f"of_{name}") for row in rows] for name in TERMS.names},
            TERMS,
        )
        told = select(drops.c.partner).join_from(drops, tables.recall_handovers).distinct()
        is_meant = [
            concerns(terms, Recipient(partner, (RECALL_PURPOSE,)), notice)
            for partner in self._connection.execute(told).scalars()
        ]
        found: dict[str, str] = {}
        for place, row in enumerate(rows):
            if not any(mask[place] for mask in is_meant):
                continue
            for person in filter(None, (row.of_person, row.person)):
                at = max(row.known_at, row.effective_on.isoformat())
                found[person] = max(found.get(person, ""), at)
        return found

    def _undone(self) -> dict[tuple[str, str], str]:
        """Give, by campaign and car, when a drop that told of it was stopped or in part rejected last."""
        stops, answers, told = tables.stops, tables.acknowledgements, tables.recall_handovers
        stopped = self._connection.execute(select(stops.c.drop_sequence, stops.c.stopped_at))
        since = dict(stopped.tuples().all())
        said = self._connection.execute(select(answers).order_by(answers.c.sequence))
        for sequence, last in {row.drop_sequence: row for row in said}.items():
            if Acknowledgement.model_validate_json(last.content).is_doubtful:
                since[sequence] = max(since.get(sequence, ""), last.recorded_at)
        found: dict[tuple[str, str], str] = {}
        for row in self._connection.execute(
            select(told).where(told.c.drop_sequence.in_(list(since)))
        ):
            pair = (row.campaign, row.car)
            found[pair] = max(found.get(pair, ""), since[row.drop_sequence])
        return found

    def _deleted(self) -> dict[tuple[str, str], str]:
        """Give, by campaign and car, when a partner was told last to delete the car or its keeper."""
        told, stones, drops = tables.recall_handovers, tables.tombstones, tables.drops
        handing, deleting = tables.drops.alias(), tables.publications.alias()
        found: dict[tuple[str, str], str] = {}
        for key in (told.c.keeper_key, told.c.vehicle_key):
            query = (
                select(told.c.campaign, told.c.car, func.max(deleting.c.published_at))
                .join_from(told, stones, stones.c.key == key)
                .join(drops, drops.c.sequence == stones.c.drop_sequence)
                .join(deleting, deleting.c.drop_sequence == drops.c.sequence)
                .join(handing, handing.c.sequence == told.c.drop_sequence)
                .join(
                    tables.publications, tables.publications.c.drop_sequence == handing.c.sequence
                )
                .where(
                    handing.c.partner == drops.c.partner,
                    deleting.c.audit_sequence > tables.publications.c.audit_sequence,
                    told_for_good(drops.c.sequence),
                    stones.c.record != PAPERS,
                )
                .group_by(told.c.campaign, told.c.car)
            )
            for campaign, car, at in self._connection.execute(query):
                found[campaign, car] = max(found.get((campaign, car), ""), at)
        return found

    def still_open(self, cars: Collection[str]) -> list[tuple[str, str]]:
        """Give campaign and car, of these cars (references), whose person nobody told or was done with."""
        return [
            (campaign, each.found.car)
            for campaign in self.campaigns()
            for each in self.histories(campaign)
            if each.found.car in cars
            and each.found.kept_because != NO_LONGER
            and not standing_mark(each.marks, each.found.about, each.found.keeper)
        ]

    def histories(self, campaign: str) -> list[CarHistory]:
        """Give everything about the cars of a campaign, the newest first."""
        handovers, drops = tables.recall_handovers, tables.drops
        query = (
            select(handovers.c.car, drops.c.drop_id)
            .join_from(handovers, drops, drops.c.sequence == handovers.c.drop_sequence)
            .join(tables.publications, tables.publications.c.drop_sequence == drops.c.sequence)
            .where(
                handovers.c.campaign == campaign,
                is_not_stopped(drops.c.sequence),
            )
            .order_by(drops.c.sequence)
        )
        handed: dict[str, list[str]] = {}
        for row in self._connection.execute(query):
            handed.setdefault(row.car, []).append(row.drop_id)
        marks, table = self.marks(campaign), tables.recall_cars
        rows = self._connection.execute(
            select(table)
            .where(table.c.campaign == campaign)
            .order_by(table.c.found_at.desc(), table.c.car)
        )
        return [
            CarHistory(
                FoundCar(*(getattr(row, each.name) for each in fields(FoundCar))),
                row.found_at,
                row.seen_at,
                tuple(handed.get(row.car, ())),
                tuple(marks.get(row.car, ())),
            )
            for row in rows
        ]
