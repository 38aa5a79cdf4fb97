"""All cars of the records as a recall looks at them: by their newest paper, and what others say otherwise."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from flows.running.run import Run
from schemas.staging import DELETED, FAULT, row_of
from sources.snapshot import Snapshot
from transforms.persons import keepers_of_cars

CAR_COLUMNS = (
    *("model_code", "chassis_number", "plate", "maker_name"),
    *("owner_name", "owner_address", "user_name", "user_address"),
)


@dataclass(frozen=True)
class Cars:
    """All cars of the records: the vehicles, then papers of no vehicle there is.

    Args:
        frame: `number` (vehicle number, null for a paper), `vehicle` and `paper` (their rows, -1 where
            there is none), and `CAR_COLUMNS`.
        strays: how many papers of no vehicle tell neither a number nor a 型式, but a plate.
        others: what older papers and the vehicle itself say otherwise: `car` (row of the frame),
            `model_code`, `chassis_number`.
        references: the ledger's keyed reference of each.
    """

    frame: pd.DataFrame
    strays: int
    others: pd.DataFrame
    references: list[str]

    def written(self) -> list[str]:
        """Give by what each car is told of: its number and 型式; without a number, its plate too."""
        frame = self.frame[["chassis_number", "model_code", "plate"]].fillna("")
        plates = frame["plate"].where(frame["chassis_number"] == "", "")
        joined = frame["chassis_number"] + "|" + frame["model_code"] + "|" + plates
        return [str(text) for text in joined]


def cars_of(run: Run, snapshot: Snapshot) -> Cars:
    """Give every car with what its newest paper says; without one, what its own record does.

    A paper the shop's system calls deleted is only one more that may say otherwise.
    """
    vehicles = snapshot.table("vehicles", ["vehicle_id", "chassis_number", "plate"]).to_pandas()
    link = row_of("vehicle_id")
    papers = snapshot.table("certificates", [*CAR_COLUMNS, "issued_on", FAULT, link]).to_pandas()
    papers = papers.rename(columns={link: "vehicle"}).rename_axis("paper").reset_index()
    newest = papers.sort_values("issued_on", kind="stable", na_position="first")
    living = newest[(newest["vehicle"] >= 0) & (newest[FAULT] != DELETED)]
    own = living.drop_duplicates("vehicle", keep="last").drop(columns=FAULT)
    known = vehicles.rename(columns={"vehicle_id": "number"}).rename_axis("vehicle").reset_index()
    frame = known.merge(
        own, on="vehicle", how="left", suffixes=("_recorded", ""), validate="one_to_one"
    )
    others = _said_otherwise(frame, newest)
    for name in ("chassis_number", "plate"):
        frame[name] = frame[name].fillna(frame.pop(f"{name}_recorded"))
    says_anything = papers["chassis_number"].notna() | papers["model_code"].notna()
    is_stray = papers["vehicle"] < 0
    strays = papers[is_stray & says_anything]
    frame = pd.concat([frame, strays.assign(number=None, vehicle=-1)], ignore_index=True)
    frame["paper"] = frame["paper"].fillna(-1).astype(np.int64)
    of_car = run.ledger.references.of_car
    written = frame["chassis_number"].fillna(
        frame["model_code"].fillna("") + "|" + frame["plate"].fillna("")
    )
    silent = int((is_stray & ~says_anything & papers["plate"].notna()).sum())
    return Cars(
        frame, silent, others, [of_car(name) for name in frame["number"].fillna("paper " + written)]
    )


def keepers_of(
    run: Run, snapshot: Snapshot, cars: Cars
) -> tuple[list[str | None], list[str | None]]:
    """Give the number of the customer who keeps each car, and the ledger's reference of that number."""
    spine = snapshot.spine
    rows = keepers_of_cars(cars.frame["vehicle"].to_numpy(np.int64), spine)
    numbers = spine.column("customers", "customer_id").take(pyarrow.array(rows, mask=rows < 0))
    known = sorted(set(numbers.drop_null().to_pylist()))
    of = dict(zip(known, run.ledger.references.of_all(known), strict=True))
    given: list[str | None] = numbers.to_pylist()
    return given, [None if number is None else of[number] for number in given]


def _said_otherwise(frame: pd.DataFrame, papers: pd.DataFrame) -> pd.DataFrame:
    """Give other numbers and 型式 the records have of a car, each with what else is known of it."""
    chosen = frame[["vehicle", "model_code", "chassis_number", "chassis_number_recorded"]]
    chosen = chosen.rename_axis("car").reset_index()
    recorded = chosen.assign(chassis_number=chosen["chassis_number_recorded"])
    of_papers = papers.loc[papers["vehicle"] >= 0, ["vehicle", "model_code", "chassis_number"]]
    of_papers = of_papers.merge(
        chosen, on="vehicle", suffixes=("", "_chosen"), validate="many_to_one"
    )
    for name in ("model_code", "chassis_number"):
        of_papers[name] = of_papers[name].fillna(of_papers[f"{name}_chosen"])
    of_papers["chassis_number"] = of_papers["chassis_number"].fillna(
        of_papers["chassis_number_recorded"]
    )
    columns = ["car", "model_code", "chassis_number"]
    said = pd.concat([recorded[columns], of_papers[columns]], ignore_index=True)
    said = said.dropna(how="all", subset=columns[1:]).drop_duplicates()
    first = chosen.assign(
        chassis_number=chosen["chassis_number"].fillna(chosen["chassis_number_recorded"])
    )[columns]
    both = said.merge(first, on=columns, how="left", indicator="is_known", validate="one_to_one")
    return both.loc[both["is_known"] == "left_only", columns].reset_index(drop=True)


def unreadable_records(snapshot: Snapshot, table: str) -> int:
    """Count the records of a table that have no cells at all: no campaign can be held against them."""
    rows = snapshot.table(table, ["chassis_number", "plate", FAULT])
    is_empty = pc.and_(rows["chassis_number"].is_null(), rows["plate"].is_null())
    is_whole_record = pc.match_substring_regex(rows[FAULT], "^(row|certificate):")
    return int(
        pc.sum(pc.and_(is_empty, pc.fill_null(is_whole_record, fill_value=False))).as_py() or 0
    )
