"""Objections that were left behind are no objections: who objected since is not among them."""

import os
from datetime import timedelta

import pytest

from schemas.drop import DropKind
from schemas.errors import ConfigurationError, ObjectionsUnreliableError
from sources.shop_folder import load_shop
from tests.factories import NOW, customer, joined, objection, run, slip, vehicle, write_shop

DAY = timedelta(days=1).total_seconds()


def shop_of(folder, booked_on="2026-10-10", **limits):
    tables = joined(
        {
            "customers": [customer("1")],
            "vehicles": [vehicle("V1", "1")],
            "objections": [objection("99")],
        },
        slip("S1", "1", "V1", booked_on=booked_on),
    )
    return write_shop(folder, tables, limits={"max_records_age_days": 31, **limits})


def aged(shop, name, days):
    """Say that a file was written so many days before the others."""
    path = shop / "records" / f"{name}.csv"
    # Whole seconds: a fraction does not survive being taken apart and put together.
    written = int((shop / "records" / "customers.csv").stat().st_mtime) - days * DAY
    os.utime(path, (written, written))


def kept_by_hand(shop):
    path = shop / "shop.toml"
    told = '["tables"."objections"]\n'
    text = path.read_text()
    assert told in text
    path.write_text(text.replace(told, f"{told}is_kept_by_hand = true\n"))


@pytest.mark.parametrize(("booked_on", "is_old"), [("2026-10-02", False), ("2026-10-01", True)])
def test_records_that_end_long_ago_stop_the_run(tmp_path, booked_on, is_old):
    shop = shop_of(tmp_path, booked_on)
    if is_old:
        with pytest.raises(ObjectionsUnreliableError, match=r"2026-10-01.*32"):
            run(shop)
        assert not list((shop / "drops").glob("*/*"))
    else:
        assert run(shop).outcomes


def test_only_days_that_were_count(tmp_path):
    shop = shop_of(tmp_path, "2026-09-01")
    lines = (shop / "records" / "invoices.csv").read_text().splitlines()
    more = lines[1].replace("DS1", "DS2").replace("2026-09-01", "2027-01-01")
    (shop / "records" / "invoices.csv").write_text("\n".join([*lines, more]) + "\n")
    with pytest.raises(ObjectionsUnreliableError, match="2026-09-01"):
        run(shop)


def test_a_shop_that_was_closed_says_so(tmp_path):
    assert run(shop_of(tmp_path, "2026-09-01", max_records_age_days=90)).outcomes


def test_what_must_be_deleted_is_told_from_old_records_too(tmp_path):
    shop = shop_of(tmp_path, "2026-10-10")
    run(shop)
    later = NOW + timedelta(days=60)
    with pytest.raises(ObjectionsUnreliableError):
        run(shop, now=later, month="2026-12")
    run(shop, now=later, month="2026-12", kind=DropKind.NOTICES)


def test_what_must_be_deleted_is_told_beside_objections_left_behind(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    aged(shop, "objections", 5)
    assert run(shop, kind=DropKind.NOTICES).outcomes


@pytest.mark.parametrize(("days", "is_left_behind"), [(0.5, False), (2, True), (-5, False)])
def test_objections_left_behind_by_the_customers_beside_them_stop_the_run(
    tmp_path, days, is_left_behind
):
    shop = shop_of(tmp_path)
    aged(shop, "objections", days)
    if not is_left_behind:
        assert run(shop).outcomes
        return
    with pytest.raises(ObjectionsUnreliableError, match=r"objections\.csv.*customers\.csv.* 2 日"):
        run(shop)
    assert not list((shop / "drops").glob("*/*"))


def test_a_file_somebody_writes_by_hand_may_be_old(tmp_path):
    shop = shop_of(tmp_path)
    aged(shop, "objections", 400)
    kept_by_hand(shop)
    assert run(shop).outcomes


def test_only_of_objections_it_is_said_that_they_are_kept_by_hand(tmp_path):
    shop = shop_of(tmp_path)
    kept_by_hand(shop)
    path = shop / "shop.toml"
    path.write_text(
        path.read_text()
        .replace("is_kept_by_hand = true\n", "")
        .replace('["tables"."customers"]\n', '["tables"."customers"]\nis_kept_by_hand = true\n')
    )
    with pytest.raises(ConfigurationError, match="is_kept_by_hand"):
        load_shop(shop)
