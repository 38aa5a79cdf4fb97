"""Which cars a recall may be about, and which of them a partner is told of."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow

from flows.making.partner_view import PartnerView
from flows.recall.cars import Cars
from flows.recall.told import told_of
from flows.recall.words import Kept
from flows.running.run import Run
from ledger.recall_book import DONE, RecallBook, standing_mark
from schemas.campaigns import Campaign, ranges_of
from schemas.staging import DELETED
from sources.snapshot import Snapshot
from transforms.arrays import whole
from transforms.holders import are_others
from transforms.persons import keepers_of_cars
from transforms.recall.classes import MatchClass, Reason
from transforms.recall.matching import Matches, match
from transforms.scoping import GIVEN_AWAY
from transforms.shaping import permitted_cells
from transforms.spine import Spine, at
from transforms.verdicts import Disposition, Verdicts

CONTACTS = ("phone", "mobile_phone", "email", "address")

UNSURE = frozenset(
    {
        *(Reason.UNDETERMINED_RANGE, Reason.OPEN_END),
        *(Reason.OTHER_MARK, Reason.OTHER_MODEL, Reason.SIMILAR_PREFIX),
        *(Reason.LOOSE_NUMBER, Reason.OTHER_RECORD, Reason.CONTRADICTION),
    }
)
"""Reasons for which the shop looks first: ranges nobody can order, records that contradict themselves."""

CLASS_NAMES = {MatchClass.IN_RANGE: "in_range", MatchClass.POSSIBLE: "possible"}


def matched(cars: Cars, campaigns: list[Campaign]) -> Matches:
    """Match all cars with campaigns."""
    main, others = (
        pyarrow.Table.from_pandas(frame, preserve_index=False)
        for frame in (cars.frame[["model_code", "chassis_number"]], cars.others)
    )
    return match(main, ranges_of(campaigns), others)


@dataclass(frozen=True)
class Standing:
    """Why a car cannot be given to a partner, as one word; empty if it can."""

    words: np.ndarray

    @classmethod
    def of(cls, view: PartnerView, cars: Cars, found: np.ndarray) -> "Standing":
        """Judge every car by the partner's verdicts on it, its paper and its customer.

        Args:
            view: the partner's.
            cars: all of them.
            found: rows of those a campaign may be about; of these alone owners are compared.
        """
        verdicts, spine = view.verdicts, view.spine
        vehicle = cars.frame["vehicle"].to_numpy(np.int64)
        keeper = keepers_of_cars(vehicle, spine)
        words = np.full(len(vehicle), "", object)

        def say(mask: np.ndarray, word: str) -> None:
            words[mask & (words == "")] = word

        for table, rows in (
            ("customers", keeper),
            ("vehicles", vehicle),
            ("certificates", cars.frame["paper"].to_numpy(np.int64)),
        ):
            say(at(verdicts.are(table, Disposition.OBJECTED), rows), Kept.OBJECTED)
        say(keeper < 0, Kept.NO_PERSON)
        for table, rows in (("vehicles", vehicle), ("customers", keeper)):
            say(at(verdicts.are_for(table, GIVEN_AWAY), rows), Kept.SOLD)
            say(at(verdicts.are_for(table, DELETED), rows), Kept.DELETED)
            say(at(verdicts.are(table, Disposition.QUARANTINED), rows), Kept.SET_ASIDE)
            say(at(verdicts.are(table, Disposition.WITHHELD), rows), Kept.WITHHELD)
            say(at(verdicts.codes(table) != 0, rows), Kept.NOT_THE_SHOPS)
        paper = cars.frame["paper"].to_numpy(np.int64)
        say(at(verdicts.are("certificates", Disposition.QUARANTINED), paper), Kept.SET_ASIDE)
        say(at(verdicts.are("certificates", Disposition.WITHHELD), paper), Kept.WITHHELD)
        owned_by_others = np.zeros(len(vehicle), bool)
        owned_by_others[found] = _are_owned_by_others(view.snapshot, cars, keeper, found)
        say(owned_by_others, Kept.OWNED_BY_ANOTHER)
        say(~at(_reachable(view), keeper), Kept.NO_CONTACT)
        return cls(words)

    @classmethod
    def of_refusers(cls, snapshot: Snapshot, cars: Cars, objectors: np.ndarray) -> "Standing":
        """Judge by the refusals and whether there is a person: of a partner that gets nothing with this run.

        Args:
            snapshot: of the records.
            cars: all of them.
            objectors: mask of the customers who refused this partner.
        """
        keeper = keepers_of_cars(cars.frame["vehicle"].to_numpy(np.int64), snapshot.spine)
        words = np.where(keeper < 0, Kept.NO_PERSON, "").astype(object)
        words[at(objectors, keeper)] = Kept.OBJECTED
        return cls(words)


def marked(run: Run, pairs: pd.DataFrame) -> list[str]:
    """Give what an operator said last of the car of each pair, and still holds; empty if nothing.

    Args:
        run: the run.
        pairs: with campaign `number`, car `reference`, `about` and `keeper`.
    """
    with run.ledger.reading() as connection:
        book = RecallBook(connection)
        said = {number: book.marks(number) for number in pairs["number"].unique()}
    each_row = zip(
        *(pairs[name] for name in ("number", "reference", "about", "keeper")), strict=True
    )
    return [
        standing_mark(said[number].get(car, ()), about, keeper)
        for number, car, about, keeper in each_row
    ]


def targets_for(run: Run, partner: str, pairs: pd.DataFrame, standing: Standing) -> pd.DataFrame:
    """Give the pairs a partner is told of now: sure enough, free to leave, and not told before.

    Args:
        run: the run.
        partner: the partner's id.
        pairs: of `Matches`, with what `told_of` and `marked` ask for.
        standing: of the cars, for this partner.
    """
    told = told_of(run, partner, pairs)
    classes = [CLASS_NAMES[MatchClass(each)] for each in pairs["match_class"]]
    is_new = [
        name not in known and mark not in DONE
        for name, known, mark in zip(classes, told, marked(run, pairs), strict=True)
    ]
    is_free = standing.words[pairs["car"].to_numpy(np.int64)] == ""
    is_sure = ~pairs["reason"].isin({reason.value for reason in UNSURE}).to_numpy(bool)
    return pairs[np.array(is_new, bool) & is_free & is_sure]


def are_sold(cars: Cars, verdicts: Verdicts, spine: Spine) -> np.ndarray:
    """Mask of the cars that were given away or deleted, or whose customer was, as the verdicts say."""
    vehicle = cars.frame["vehicle"].to_numpy(np.int64)
    rows = {"vehicles": vehicle, "customers": keepers_of_cars(vehicle, spine)}
    masks = [
        at(verdicts.are_for(table, reason), each)
        for table, each in rows.items()
        for reason in (GIVEN_AWAY, DELETED)
    ]
    return np.asarray(np.logical_or.reduce(masks))


def _are_owned_by_others(
    snapshot: Snapshot, cars: Cars, keepers: np.ndarray, found: np.ndarray
) -> np.ndarray:
    """Mask of found cars whose paper names an owner who is not the customer: §7(3)⑤ is about owners."""
    people = snapshot.table("customers", ["name", "name_kana"])
    keeper = keepers[found]
    rows = pyarrow.array(keeper, mask=keeper < 0)
    customers, readings = (whole(people[name]).take(rows) for name in ("name", "name_kana"))
    owners = pyarrow.Table.from_pandas(cars.frame[["owner_name"]].iloc[found], preserve_index=False)
    return are_others(whole(owners["owner_name"]).cast(pyarrow.string()), customers, readings)


def _reachable(view: PartnerView) -> np.ndarray:
    """Mask of the customers who leave with a contact; what is emptied for the partner reaches nobody."""
    mask = np.zeros(view.spine.count("customers"), bool)
    for table in view.tables:
        for rows, places in view.leaving(table) if table.name == "customers" else ():
            cells = permitted_cells(rows, table, view.shaping, Counter())
            for name in set(CONTACTS) & set(cells):
                mask[places] |= cells[name].is_valid().to_numpy(zero_copy_only=False)
    return mask
