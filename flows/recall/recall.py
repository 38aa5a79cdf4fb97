"""Recall targets from a campaign file to published drops and the shop's own call list."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from flows.export import deliver_all, publishing, while_objections_move
from flows.making.objectors import Objectors
from flows.making.partner_view import view_of
from flows.recall.call_list import CallList, write_call_list
from flows.recall.cars import Cars, cars_of, keepers_of, unreadable_records
from flows.recall.report import CampaignCount, NoLonger, RecallReport
from flows.recall.request import RecallRequest
from flows.recall.targets import (
    CLASS_NAMES,
    UNSURE,
    Standing,
    marked,
    matched,
    targets_for,
)
from flows.recall.told import keys_of, told_of, undelivered
from flows.recall.words import Kept
from flows.running.clock import Clock
from flows.running.guarding import Step, guarding, plainly
from flows.running.report import Outcome
from flows.running.run import Run, opened_run
from flows.running.scratch import Targets
from flows.stages.extract import snapshot_of
from flows.stages.register import register
from flows.stages.screen import screened_texts, withhold_named_rows
from ledger.audit import note
from ledger.recall_book import DONE, FoundCar, RecallBook
from schemas.agreement import RECALL_PURPOSE
from schemas.campaigns import CATEGORY_TITLES, Campaign, Range
from schemas.catalog import RECALL_TABLES
from schemas.drop import DISPOSITIONS, DropKind
from schemas.errors import ConfigurationError
from sources.campaign_files import CampaignFile, read_campaigns
from sources.snapshot import Snapshot
from transforms.recall.classes import MatchClass
from transforms.recall.matching import Matches
from transforms.ruling import rule_on

_WHERE: Mapping[str, str] = {
    Kept.OBJECTED: "objected",
    Kept.SET_ASIDE: "quarantined",
    Kept.WITHHELD: "withheld",
}
"""Where a car that stays is counted in a drop's account; everything else is out of scope."""


def recall(
    request: RecallRequest,
    *,
    clock: Clock,
    environment: Mapping[str, str],
    step: Step = plainly,
    is_scheduled: bool = False,
) -> RecallReport:
    """Find the cars campaigns may be about, hand over who may be told of, and list the others.

    Raises:
        JointUseError: of the kind that tells why nothing was published. The file is read first: a
            record in it that cannot be understood stops everything.
    """
    file = read_campaigns(Path(request.shop) / request.campaign)
    asked = request.as_export()
    opened = opened_run(asked, clock, environment, is_scheduled=is_scheduled, kind=DropKind.RECALL)
    with publishing(opened) as run:
        return _Recall(run, file, guarding(step, run)).report()


def extract(run: Run) -> Snapshot:
    """Read customers, families, cars and papers."""
    return snapshot_of(run, RECALL_TABLES)


def rule_on_all(run: Run, snapshot: Snapshot) -> None:
    """Rule on every row what does not depend on a partner."""
    verdicts = rule_on(snapshot.spine, (), run.month)
    screened = screened_texts(run, snapshot, verdicts)
    withhold_named_rows(snapshot, verdicts, screened)
    run.scratch.save_verdicts(verdicts)
    run.scratch.save_screened(screened)


@dataclass
class _Recall:
    run: Run
    file: CampaignFile
    step: Step
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)

    def report(self) -> RecallReport:
        """Run all stages; from the gate on once more whenever an objection arrives."""
        run = self.run
        snapshot = self.step(extract)(run)
        self.step(rule_on_all)(run, snapshot)
        cars = cars_of(run, snapshot)
        matches = matched(cars, self.file.campaigns)
        self._refuse_mute(matches)
        pairs = self._named(snapshot, cars, matches)

        def once(run: Run) -> None:
            self.run = run
            self.standings.clear()  # of a drop done before, only who refuses today is asked
            registered = self.step(register)(run, snapshot)
            choose = partial(self._choose, snapshot, cars, pairs)
            deliver_all(run, self.step, snapshot, registered, self.outcomes, gated=choose)

        while_objections_move(run, once)
        return self._told(snapshot, cars, matches, pairs)

    def _refuse_mute(self, matches: Matches) -> None:
        """Refuse campaigns with a row that could find no car: who is meant would be told by nobody."""
        names = ", ".join(self.file.campaigns[place].number for place in matches.mute)
        if names:
            raise ConfigurationError(
                f"{names}: 型式も車台番号も分からない行があり、どの車にも当てはめられません。"
                "何も納品していません。届出を確かめて型式か車台番号を書くか、その行を除いてください / "
                f"{names}: a row names neither 型式 nor chassis numbers, so no car can be held against it; "
                "nothing was published. Look at the notification and write one of them, or take the row out"
            )

    def _named(self, snapshot: Snapshot, cars: Cars, matches: Matches) -> pd.DataFrame:
        """Give the pairs with campaign `number` and car `reference`, and the car's `keeper` by both names."""
        found = matches.pairs
        numbers, keepers = keepers_of(self.run, snapshot, cars)
        written = self.run.ledger.references.of_texts(cars.written())
        said = self._said(cars, written)
        return found.assign(
            written=np.array(written, object)[found["car"]],
            about=self._about(found, np.array(said, object)[found["car"]]),
            reference=np.array(cars.references, object)[found["car"]],
            number=np.array([each.number for each in self.file.campaigns], object)[
                found["campaign"]
            ],
            keeper=np.array(keepers, object)[found["car"]],
            keeper_number=np.array(numbers, object)[found["car"]],
            vehicle_number=cars.frame["number"].to_numpy(object)[found["car"]],
        )

    @staticmethod
    def _said(cars: Cars, written: list[str]) -> list[str]:
        """Give all that is said of each car's number and 型式, by the records and older papers."""
        others = cars.others.fillna("").sort_values(["car", "model_code", "chassis_number"])
        texts = others["model_code"] + " " + others["chassis_number"]
        of_cars = texts.groupby(others["car"]).agg("|".join).to_dict()
        return [f"{own}|{of_cars.get(place, '')}" for place, own in enumerate(written)]

    def _about(self, pairs: pd.DataFrame, said: np.ndarray) -> list[str]:
        """Digest, for each pair, what is said of the car and what the campaign is about, in any order."""
        of_texts = self.run.ledger.references.of_texts
        ranges = of_texts(
            repr(
                sorted(
                    {
                        (model.code, ends.first, ends.last)
                        for model in each.models
                        for ends in model.ranges or (Range("", ""),)
                    }
                )
            )
            for each in self.file.campaigns
        )
        told = zip(said, pairs["campaign"], strict=True)
        return of_texts(f"{words}|{ranges[place]}" for words, place in told)

    def _choose(self, snapshot: Snapshot, cars: Cars, pairs: pd.DataFrame, partner: str) -> None:
        """Choose the cars a partner is told of, now that the gate has ruled."""
        scratch = self.run.scratch
        verdicts, refusers = scratch.verdicts(partner), scratch.refusers(partner)
        view = view_of(self.run, snapshot, verdicts, refusers, partner)
        found = np.unique(pairs["car"].to_numpy(np.int64))
        standing = self.standings[partner] = Standing.of(view, cars, found)
        self.run.scratch.save_targets(self._targets(partner, cars, pairs, standing), partner)

    def _targets(
        self, partner: str, cars: Cars, pairs: pd.DataFrame, standing: Standing
    ) -> Targets:
        chosen = targets_for(self.run, partner, pairs, standing)
        campaigns = [self.file.campaigns[place] for place in chosen["campaign"]]
        persons, vehicles = keys_of(self.run, partner, chosen)
        frame = pd.DataFrame(
            {
                "vehicle": cars.frame["vehicle"].to_numpy(np.int64)[chosen["car"]],
                "reference": chosen["reference"].astype(object),
                "campaign": [each.number for each in campaigns],
                "notified_on": [each.notified_on for each in campaigns],
                "category": [CATEGORY_TITLES[each.category] for each in campaigns],
                "device": [each.device or "不明" for each in campaigns],
                "match_class": [CLASS_NAMES[MatchClass(c)] for c in chosen["match_class"]],
                "keeper": chosen["keeper"].astype(object),
                "written": chosen["written"].astype(object),
                "keeper_key": persons.to_pylist(),
                "vehicle_key": vehicles.to_pylist(),
            }
        )
        stays = pairs[~pairs.index.isin(chosen.index)]
        words = standing.words[stays["car"].to_numpy(np.int64)]
        kept = Counter(_WHERE.get(str(word), "out_of_scope") for word in words)
        return Targets(frame, len(pairs), {n: kept[n] for n in DISPOSITIONS if kept[n]})

    def _told(
        self, snapshot: Snapshot, cars: Cars, matches: Matches, pairs: pd.DataFrame
    ) -> RecallReport:
        """Make the call list and remember what was found."""
        run, campaigns = self.run, self.file.campaigns
        gone: dict[str, tuple[int, int]] = {}
        pairs = self._kept(snapshot, cars, pairs)
        if not run.request.dry_run:
            found, known = _found_cars(pairs), [each.number for each in campaigns]
            asked = [*known, *(each.number for each in self.file.withdrawn)]
            with run.ledger.writing() as connection:
                book = RecallBook(connection)
                book.find(run.actor, found, asked)
                gone = book.no_longer(set(asked))
                note(connection, run.actor, "recall", " ".join(known)[:2000], f"{len(found)} cars")
        on_list = pairs[(pairs["kept"] != "") & ~pairs["marked"].isin(DONE)]
        calls = CallList(run, snapshot, cars, campaigns, on_list)
        path = "" if run.request.dry_run else str(write_call_list(calls))
        return RecallReport(
            shop=run.folder.shop.name,
            as_of=run.as_of.isoformat(),
            campaigns=tuple(
                self._count(place, campaign, pairs, matches)
                for place, campaign in enumerate(campaigns)
            ),
            superseded=tuple(each.number for each in self.file.superseded),
            withdrawn=tuple(each.number for each in self.file.withdrawn),
            no_longer=tuple(
                NoLonger(campaign=name, cars=cars, handed=handed)
                for name, (cars, handed) in sorted(gone.items())
            ),
            records=self.file.records,
            announced=self.file.announced,
            unreadable=sum(
                unreadable_records(snapshot, name) for name in ("vehicles", "certificates")
            ),
            blind=int(matches.blind.sum()) + cars.strays,
            blind_cars=tuple(cars.frame["number"][matches.blind].dropna().sort_values()),
            cars=len(cars.references),
            outcomes=tuple(self.outcomes[partner] for partner in run.partners),
            left_out=run.left_out,
            call_list=path,
            call_list_cars=len(on_list),
        )

    def _kept(self, snapshot: Snapshot, cars: Cars, pairs: pd.DataFrame) -> pd.DataFrame:
        """Give the pairs with why each is on the shop's own list, and what was said of it last."""
        run = self.run
        told = {partner: told_of(run, partner, pairs) for partner in run.folder.policy.agreements}
        for partner in told.keys() - self.standings.keys():
            if any(told[partner]):
                refusers = Objectors(run, snapshot, partner, (RECALL_PURPOSE,)).rows
                self.standings[partner] = Standing.of_refusers(snapshot, cars, refusers)
        waiting = np.logical_and.reduce(
            [
                undelivered(run, partner, pairs) | np.array([not each for each in of], bool)
                for partner, of in told.items()
            ]
        )
        kept = [
            _why_kept(place, reason, {p for p, of in told.items() if of[row]}, self.standings)
            for row, (place, reason) in enumerate(zip(pairs["car"], pairs["reason"], strict=True))
        ]
        pairs = pairs.assign(kept=kept, marked=marked(run, pairs))
        pairs["kept"] = pairs["kept"].mask(waiting & (pairs["kept"] == ""), Kept.NOT_DELIVERED)
        return pairs

    def _count(
        self, place: int, campaign: Campaign, pairs: pd.DataFrame, matches: Matches
    ) -> CampaignCount:
        own = pairs[pairs["campaign"] == place]
        is_done = own["marked"].isin(DONE)
        classes = Counter(CLASS_NAMES[MatchClass(each)] for each in own["match_class"])
        return CampaignCount(
            campaign=campaign.number,
            printed_number=campaign.printed_number,
            notified_on=campaign.notified_on.isoformat(),
            in_range=classes["in_range"],
            possible=classes["possible"],
            out=int(matches.out.get(place, 0)),
            reasons=dict(sorted(Counter(own["reason"]).items())),
            handed=int((own["kept"] == "").sum()),
            kept=dict(sorted(Counter(own["kept"][(own["kept"] != "") & ~is_done]).items())),
            done=int(((own["kept"] != "") & is_done).sum()),
        )


def _found_cars(pairs: pd.DataFrame) -> list[FoundCar]:
    """Give what the ledger keeps: of cars under one number, the surest that stays here, if one does."""
    names = pairs["match_class"].map(lambda code: CLASS_NAMES[MatchClass(code)])
    told = pairs.assign(
        match_class=names, is_handed=pairs["kept"] == "", is_done=pairs["marked"].isin(DONE)
    )
    told = told.sort_values(["is_handed", "is_done", "match_class"], kind="stable")
    told = told.drop_duplicates(["number", "reference"]).sort_index()
    columns = ["number", "reference", "match_class", "reason", "kept", "about", "keeper"]
    rows = told[columns].astype(object).where(told[columns].notna(), None)
    return [FoundCar(*row) for row in rows.itertuples(index=False)]


def _why_kept(car: int, reason: str, told: set[str], standings: Mapping[str, Standing]) -> str:
    """Say why a car is on the shop's own list; empty if a partner was told of it and may still use that.

    Whom somebody refused since must delete what it was told, and warns nobody.
    """
    if any(partner not in standings or not standings[partner].words[car] for partner in told):
        return ""
    words = {str(standing.words[car]) for standing in standings.values()}
    if not words:
        return Kept.NO_PARTNER
    if "" in words:
        is_unsure = reason in {each.value for each in UNSURE}
        return Kept.UNDETERMINED if is_unsure else Kept.NOT_HANDED_OVER
    return min(map(Kept, words), key=list(Kept).index)
