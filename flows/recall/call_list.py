"""The shop's own call list: affected cars no partner was told of. It never leaves the state folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from flows.pages import call_list_page
from flows.recall.cars import Cars
from flows.recall.targets import CLASS_NAMES
from flows.recall.words import (
    CLASS_TEXTS,
    CUSTOMER_NUMBER,
    KEPT_TEXTS,
    MARK_TEXTS,
    REASON_TEXTS,
    VEHICLE_NUMBER,
)
from flows.running.run import Run
from ledger.private_files import private_folder, write_private, write_spreadsheet
from schemas.campaigns import CATEGORY_TITLES, Campaign
from schemas.objections import ERASURE
from schemas.people import PHONE_COLUMNS
from schemas.state_folder import Part
from sources.snapshot import Snapshot
from transforms.arrays import is_among, whole
from transforms.formulas import defused
from transforms.holders import are_others, is_customer
from transforms.identity import known_only, same_people, traits_of
from transforms.meaning import Meaning
from transforms.number_texts import digested, number_texts
from transforms.objections import AsOf, in_force
from transforms.persons import keepers_of_cars
from transforms.recall.classes import MatchClass
from transforms.spine import at

_CUSTOMER_COLUMNS = ["customer_id", "name", "name_kana", *PHONE_COLUMNS, "email", "address"]
_CONTACTS = ("number", "name", "phone", "mobile_phone", "fax", "email", "address")

CSV_COLUMNS = (
    *(
        CUSTOMER_NUMBER,
        "お名前",
        "電話",
        "携帯",
        "FAX",
        "メール",
        "住所",
        VEHICLE_NUMBER,
        "役割",
        "登録番号",
        "型式",
        "車台番号",
    ),
    *(
        "届出番号",
        "届出日",
        "区分",
        "部位",
        "判定",
        "理由",
        "店から連絡する理由",
        "記録",
        "連絡日",
        "結果",
    ),
)


@dataclass(frozen=True)
class CallList:
    """The cars of a list.

    Args:
        run: the run.
        snapshot: its snapshot.
        cars: all cars.
        campaigns: that were looked for.
        pairs: the cars on the list: `car`, `campaign`, `match_class`, `reason`, `kept`, `marked`.
    """

    run: Run
    snapshot: Snapshot
    cars: Cars
    campaigns: list[Campaign]
    pairs: pd.DataFrame

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Give a row per car and campaign, those of one customer together."""
        frame = self.cars.frame.iloc[self.pairs["car"].to_numpy(np.int64)].reset_index(drop=True)
        vehicles = frame["vehicle"].to_numpy(np.int64)
        keeper = keepers_of_cars(vehicles, self.snapshot.spine)
        people = self.snapshot.table("customers", _CUSTOMER_COLUMNS).to_pandas()
        people = people.reindex(np.where(keeper >= 0, keeper, len(people))).reset_index(drop=True)
        roles = self._roles(frame, people)
        silent = self._silent(frame, vehicles, keeper)
        rows: list[dict[str, Any]] = []
        for place, pair in enumerate(self.pairs.to_dict("records")):
            campaign = self.campaigns[pair["campaign"]]
            person, car = people.iloc[place], frame.iloc[place]
            rows.append(
                {
                    "customer": _person(person, car, silent, place),
                    "number": _text(car["number"]),
                    "role": roles[place],
                    "plate": _text(car["plate"]),
                    "model_code": _text(car["model_code"]),
                    "chassis_number": _text(car["chassis_number"]),
                    "campaign": campaign.number,
                    "notified_on": campaign.notified_on.isoformat(),
                    "category": CATEGORY_TITLES[campaign.category],
                    "device": campaign.device,
                    "situation": campaign.situation,
                    "class_text": CLASS_TEXTS[CLASS_NAMES[MatchClass(pair["match_class"])]],
                    "reason_text": REASON_TEXTS[pair["reason"]],
                    "kept_text": KEPT_TEXTS[pair["kept"]],
                    "marked": MARK_TEXTS.get(pair["marked"], ""),
                }
            )
        order = {row["customer"]["number"]: place for place, row in reversed(list(enumerate(rows)))}
        return sorted(rows, key=lambda row: order[row["customer"]["number"]])

    def _roles(self, cars: pd.DataFrame, people: pd.DataFrame) -> list[str]:
        """Say what the customer is to each car, by its paper."""
        names, addresses = _texts(people["name"]), _texts(people["address"])
        is_owner, is_user = (
            is_customer(
                _texts(cars[f"{who}_name"]), _texts(cars[f"{who}_address"]), names, addresses
            )
            for who in ("owner", "user")
        )
        has_other = are_others(_texts(cars["owner_name"]), names, _texts(people["name_kana"]))
        return [
            "所有者"
            if owner
            else f"{'使用者' if user else 'お客様'}{'（所有者は別）' if other else ''}"
            for owner, user, other in zip(is_owner, is_user, has_other, strict=True)
        ]

    def _silent(self, cars: pd.DataFrame, vehicles: np.ndarray, keepers: np.ndarray) -> "_Silent":
        """Find the people who refused all use and whom the shop decided not to call.

        An objection that may mean several people silences nobody, nor does one whose scope is blank or cannot
        be read: better one call too many than one too few. Of a car whose customer is erased, its number
        tells whose it was, and its paper who holds it.
        """
        run, nobody = self.run, np.zeros(len(cars), bool)
        if run.folder.shop.recall.call_those_who_refused_all_use:
            return _Silent(nobody, nobody, nobody)
        traits, register = run.scratch.traits(), run.scratch.register()
        as_of = AsOf(run.as_of.date())
        meaning = Meaning.of(register, traits, as_of)
        is_erasure = pc.equal(register.terms["scope"], ERASURE)
        ids = register.terms.filter(is_erasure)["objection_id"].combine_chunks()
        standing = set(in_force(register.events, as_of).to_pylist()) - meaning.undecided
        meant = pyarrow.array(sorted(standing & set(ids.to_pylist())), pyarrow.string())
        persons = self.snapshot.spine.merges.persons
        silent = at(same_people(meaning.rows(meant), persons, traits), keepers)
        own = pc.is_in(register.traits["objection_id"], value_set=meant)
        remembered = register.traits.filter(own)["digest"].to_numpy()
        digest = run.ledger.references.traits
        written = whole(self.snapshot.table("vehicles", ["customer_id"])["customer_id"])
        of_cars = written.take(pyarrow.array(vehicles, mask=vehicles < 0))
        numbers = digested(number_texts(of_cars), digest)
        silent |= is_among(numbers, remembered[remembered != 0]) & (keepers < 0)
        owner, user = (
            traits_of(
                known_only(
                    len(cars),
                    name=_texts(cars[f"{who}_name"]),
                    address=_texts(cars[f"{who}_address"]),
                ),
                digest,
            ).recognised(remembered)
            for who in ("owner", "user")
        )
        return _Silent(silent, owner, user)


@dataclass(frozen=True)
class _Silent:
    """Masks of the cars whose customer, owner or user by the paper is not to be called."""

    customer: np.ndarray
    owner: np.ndarray
    user: np.ndarray


def write_call_list(calls: CallList) -> Path:
    """Write the list as CSV for Excel and as a page to print; gives their folder, mode 0700."""
    run = calls.run
    folder = private_folder(run.folder.state / Part.RECALL) / f"{run.as_of:%Y-%m-%dT%H%M%S}"
    private_folder(folder)
    write_spreadsheet(folder / "call-list.csv", [CSV_COLUMNS, *_lines(calls)])
    write_private(folder / "call-list.html", _page(calls).encode())
    return folder


def _lines(calls: CallList) -> Iterator[tuple[str, ...]]:
    written = []
    for row in calls.rows:
        person = row["customer"]
        contact = [person[name] for name in _CONTACTS]
        if not person["may_be_called"]:
            contact[1] = "連絡不可（すべての利用を拒否）"
        car = [row[name] for name in ("number", "role", "plate", "model_code", "chassis_number")]
        notice = [row[name] for name in ("campaign", "notified_on", "category", "device")]
        why = [row[name] for name in ("class_text", "reason_text", "kept_text", "marked")]
        written.append([*contact, *car, *notice, *why, "", ""])
    columns = (pyarrow.array(cells, pyarrow.string()) for cells in zip(*written, strict=True))
    return zip(*(defused(cells)[0].to_pylist() for cells in columns), strict=True)


def _page(calls: CallList) -> str:
    cards: dict[str, dict[str, Any]] = {}
    for place, row in enumerate(calls.rows):
        person = row["customer"]
        name = person["number"] or f"nobody {place}"
        phones = [number for number in (person["mobile_phone"], person["phone"]) if number]
        card = cards.setdefault(name, {"customer": {**person, "phones": phones}, "cars": []})
        card["cars"].append(row)
    shop = calls.run.folder.policy.notice.responsible.name
    return call_list_page(shop, calls.run.as_of, list(cards.values()))


def _person(person: pd.Series, car: pd.Series, silent: _Silent, place: int) -> dict[str, Any]:
    """Give whom to call: the customer, or who stands on the car's paper if nobody knows its customer."""
    number, may_be_called = _text(person["customer_id"]), not silent.customer[place]
    found = {name: _text(person[name]) if may_be_called else "" for name in _CUSTOMER_COLUMNS}
    found["number"] = number
    if not number:
        holders = (("user", "使用者", silent.user), ("owner", "所有者", silent.owner))
        named = [
            (title, who, is_silent[place])
            for who, title, is_silent in holders
            if _text(car[f"{who}_name"])
        ]
        open_ones = [(title, who) for title, who, is_silent in named if not is_silent]
        may_be_called = bool(open_ones) or not (named or silent.customer[place])
        for title, who in open_ones[:1]:
            found["name"] = f"{_text(car[f'{who}_name'])}（車検証の{title}）"
            found["address"] = _text(car[f"{who}_address"])
    return {**found, "may_be_called": may_be_called}


def _texts(cells: pd.Series) -> pyarrow.Array:
    return pyarrow.array(cells.astype(object).where(cells.notna(), None), pyarrow.string())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
