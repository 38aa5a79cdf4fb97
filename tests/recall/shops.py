"""Shops whose six cars a campaign is about, and what tests of recalls ask of them."""

import csv
from pathlib import Path

from flows.counter.desk import open_desk
from flows.counter.releasing import decide
from flows.recall.recall import recall
from flows.recall.request import RecallRequest
from flows.running.guarding import plainly
from ledger.carry_book import CarryBook
from tests.factories import (
    NOW,
    PERSON,
    agreement,
    customer,
    desk,
    objection,
    vehicle,
    write_shop,
)

SHARE = {
    "purposes": ["5.recall"],
    "tables": {
        "customers": {"columns": ["name", "phone", "mobile_phone", "address"]},
        "certificates": {"columns": ["plate", "chassis_number", "model_code"]},
    },
}
COLUMNS = "届出番号,届出日,区分,車名,型式,車台番号_from,車台番号_to,装置\n"
FILE = COLUMNS + "7001,2026/10/30,リコール,某,DAA-ZVW50,ZVW50-0000100,ZVW50-0000199,制動装置\n"


FIRST = "lotas/recall-2026-11-02-r1"
"""What the first recall of its day is called."""


def car(number, owner, serial, **values):
    return vehicle(number, owner, chassis_number=f"ZVW50-{serial:07}", **values)


def paper(number, serial, **values):
    return {
        "vehicle_id": number,
        "chassis_number": f"ZVW50-{serial:07}" if serial else "",
        "model_code": "DAA-ZVW50",
        **values,
    }


PEOPLE = [customer(str(n)) for n in range(1, 7)]
CARS = [car(f"V{n}", str(n), 99 + n) for n in range(1, 7)]
PAPERS = [paper(f"V{n}", 99 + n) for n in range(1, 7)]


def shop_of(folder, place=lambda shop: shop, sealing=None, **tables):
    sealed = {"sealing": sealing} if sealing else {}
    both = (
        {**agreement(**sealed), "recall": SHARE},
        agreement("broadleaf", purposes=("1.research",)),
    )
    content = {
        "customers": PEOPLE,
        "vehicles": CARS,
        "certificates": PAPERS,
        "objections": [objection("99")],
        **tables,
    }
    shop = place(write_shop(folder, content, *both))
    (shop / "campaign.csv").write_text(FILE)
    return shop


def run(shop, *, now=NOW, step=plainly, **asked):
    request = {
        "shop": str(shop),
        "campaign": str(shop / "campaign.csv"),
        "operator": PERSON,
        "reason": "試験",
        **asked,
    }
    return recall(RecallRequest(**request), clock=lambda: now, environment={}, step=step)


def call_nobody_who_refused(shop):
    with (shop / "shop.toml").open("a") as file:
        file.write("\n[recall]\ncall_those_who_refused_all_use = false\n")


def listed(report):
    with (Path(report.call_list) / "call-list.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def balanced(report):
    for each in report.campaigns:
        assert each.in_range + each.possible == each.handed + sum(each.kept.values()) + each.done
    return report


def with_limit(shop):
    with (shop / "shop.toml").open("a") as file:
        file.write('\n[carry_out]\nmax_persons = 3\ndata_managers = ["責任 花子"]\n')
    return shop


def waiting(shop):
    with desk(shop).ledger.reading() as connection:
        return [each.entered.drop.drop_id for each in CarryBook(connection).waiting()]


def release(shop, drop_id, now):
    manager = open_desk(shop, "責任 花子", "承諾", lambda: now, {})
    return decide(manager, lambda: now, drop_id, refuse=False).folder
