"""The shop is told which cards and rows are held back because they may be about somebody who objected."""

import json
from datetime import timedelta

import pytest

from flows.counter.held_in_doubt import held_in_doubt
from flows.running.report_texts import work_lines
from ledger.audit import entries
from tests.command import joint_use
from tests.factories import (
    NOW,
    PERSON,
    agreement,
    customer,
    desk,
    object_to,
    objection,
    run,
    vehicle,
    widest_tables,
    write_shop,
)

OWN = {"mobile_phone": "090-1111-2222"}


@pytest.fixture
def shop(tmp_path):
    """今田孝二 refused; a firm's card gives his mobile number, another's name him, a family has him."""
    return write_shop(
        tmp_path,
        {
            "customers": [
                customer("1", name="今田 孝二", **OWN),
                customer("2", name="ラーメン大吉 今田孝二", **OWN),
                customer("3", name="甲 乙(今田孝二紹介)"),
                customer("4", name="丙 丁"),
            ],
            "vehicles": [vehicle("V2", "2")],
            "family_members": [
                {"family_member_id": "F1", "customer_id": "4", "name": "今田 孝二"},
                {"family_member_id": "F2", "customer_id": "2", "name": "今田 花子"},
                {"family_member_id": "F3", "customer_id": "4", "name": "丙 花子"},
            ],
            "objections": [objection("1")],
        },
        agreement(),
        agreement("broadleaf", purposes=("1.research",)),
    )


EVERYONE = ("broadleaf", "lotas")


def test_rows_held_for_what_they_say_are_named_and_those_that_hang_on_them_are_not(shop):
    report = run(shop)
    assert held_in_doubt(desk(shop)) == {
        ("customers", "2"): EVERYONE,
        ("customers", "3"): EVERYONE,
        ("family_members", "F1"): EVERYONE,
    }
    assert any("--in-doubt" in line for line in work_lines(report))


def test_who_is_held_back_for_one_partner_only_is_told_with_that_partner(tmp_path):
    people = [customer("1", name="今田 孝二", **OWN), customer("2", name="今田孝二商店", **OWN)]
    shop = write_shop(
        tmp_path,
        {"customers": people, "objections": [objection("9")]},
        agreement(),
        agreement("broadleaf", purposes=("1.research",)),
    )
    run(shop)
    assert held_in_doubt(desk(shop)) == {}
    object_to(shop, "1", partners=("lotas",))
    assert held_in_doubt(desk(shop)) == {("customers", "2"): ("lotas",)}


def test_a_partner_that_gets_no_families_anyway_is_not_named_for_one(tmp_path):
    tables = widest_tables()
    del tables["family_members"]
    relative = {"family_member_id": "F1", "customer_id": "2", "name": "今田 孝二"}
    shop = write_shop(
        tmp_path,
        {
            "customers": [customer("1", name="今田 孝二", **OWN), customer("2")],
            "family_members": [relative],
            "objections": [objection("1")],
        },
        agreement(),
        agreement("broadleaf", purposes=("1.research",), tables=tables),
    )
    run(shop)
    assert held_in_doubt(desk(shop)) == {("family_members", "F1"): ("lotas",)}


def test_nobody_held_back_is_no_line_of_work(tmp_path):
    tables = {"customers": [customer("1"), customer("2")], "objections": [objection("1")]}
    shop = write_shop(tmp_path, tables)
    assert not any("--in-doubt" in line for line in work_lines(run(shop)))
    assert held_in_doubt(desk(shop)) == {}


def test_looking_is_entered_in_the_audit_chain_and_changes_nothing_else(shop):
    run(shop)
    later = NOW + timedelta(hours=1)
    before = sorted(path for path in (shop / "drops").rglob("*"))
    held_in_doubt(desk(shop, later))
    assert sorted(path for path in (shop / "drops").rglob("*")) == before
    with desk(shop, later).ledger.reading() as connection:
        last = list(entries(connection))[-1]
    assert (last.action, last.person, last.detail) == ("read", PERSON, "3 held in doubt listed")


def test_the_command_tells_numbers_and_no_names(shop):
    run(shop)
    asked = ("objections", "--in-doubt", "--shop", shop, "--operator", PERSON)
    done = joint_use(*asked)
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["2", "3", "F1"]
    assert "今田" not in done.stdout + done.stderr
    told = json.loads(joint_use(*asked, "--json").stdout)
    assert told[0] == {"table": "customers", "number": "2", "partners": list(EVERYONE)}
    both = joint_use(*asked, "--work")
    assert both.returncode == 2
    assert "--in-doubt" in both.stderr
