"""Which version of the notice holds, and what the policy commands say of it."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.commands.policy import command
from schemas.errors import ConfigurationError, RefusedError
from sources.shop_folder import load_policy, load_shop
from tests.conftest import SAMPLE
from tests.factories import (
    agreement,
    customer,
    delivered,
    joined,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
)


def shop_of(folder, *terms):
    rows = joined(
        {
            "customers": [customer("1"), customer("3")],
            "vehicles": [vehicle("V1", "1")],
            "visits": [
                {
                    "visit_id": "N1",
                    "customer_id": "1",
                    "vehicle_id": "V1",
                    "checked_in_on": "2026-10-05",
                }
            ],
            "objections": [objection("3")],
        },
        slip("R1", "1", "V1"),
    )
    folder.mkdir(exist_ok=True)
    return write_shop(folder, rows, *terms)


def notice(shop, place, day, *, without=()):
    """Write a version of the sample's notice without some of its items."""
    text = (SAMPLE / "notice.toml").read_text().replace("2023-04-01", day)
    own = next(line for line in text.splitlines() if line.startswith("version"))
    text = text.replace(own, f'version = "{day}"')
    for item in without:
        text = re.sub(rf'\[\[items]]\nid = "{item}"\n(?:(?!\[\[).+\n)+', "", text)
    (shop / place).parent.mkdir(exist_ok=True)
    (shop / place).write_text(text)


def asked(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


def test_two_versions_of_one_day_are_refused(tmp_path):
    shop = shop_of(tmp_path)
    notice(shop, "notice.toml", "2026-12-01")
    notice(shop, "notices/a.toml", "2023-04-01", without=["1.phone"])
    notice(shop, "notices/b.toml", "2023-04-01")
    with pytest.raises(ConfigurationError, match="2023-04-01"):
        load_policy(shop)


def test_a_version_whose_name_ends_in_capitals_holds(tmp_path):
    shop = shop_of(tmp_path)
    notice(shop, "notice.toml", "2026-12-01")
    notice(shop, "notices/a.toml", "2023-04-01")
    notice(shop, "notices/2024.TOML", "2024-04-01", without=["1.phone"])
    assert "phone" not in delivered(run(shop))["customers"][0]


@pytest.mark.parametrize(
    "name", ["notices/2024.toml.txt", "partners/lotas.toml.bak", "notices/old/"]
)
def test_nothing_that_may_be_a_version_or_an_agreement_is_passed_over(tmp_path, name):
    shop = shop_of(tmp_path)
    path = shop / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if name.endswith("/") else path.write_text("")
    with pytest.raises(ConfigurationError, match=Path(name).name):
        load_policy(shop)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "~$lotas.toml", ".lotas.toml.swp"])
def test_files_of_the_system_are_no_agreements(tmp_path, name):
    shop = shop_of(tmp_path)
    (shop / "partners" / name).write_text("")
    assert set(load_policy(shop).agreements) == {"lotas"}


def test_no_row_leaves_without_the_table_it_hangs_on(tmp_path):
    own = {"customers": {"columns": ["email"]}, "visits": {"columns": ["checked_in_on"]}}
    shop = shop_of(tmp_path, agreement(tables=own))
    notice(shop, "notice.toml", "2026-12-01")
    notice(shop, "notices/a.toml", "2023-04-01", without=["1.email"])
    with pytest.raises(RefusedError):
        run(shop)


@pytest.mark.parametrize("change", ["items", "day"])
def test_a_difference_tells_of_earlier_versions_and_days(tmp_path, change):
    old, new = shop_of(tmp_path / "old"), shop_of(tmp_path / "new")
    day = "2025-04-01" if change == "day" else "2023-04-01"
    for shop in (old, new):
        notice(shop, "notice.toml", "2026-12-01")
    notice(old, "notices/a.toml", day, without=["1.phone"])
    notice(new, "notices/a.toml", "2023-04-01", without=["1.phone"] if change == "day" else [])
    told = asked("diff", old, new)
    assert told.exit_code == 3
    assert "WIDENS" in told.output
    assert asked("diff", new, old).exit_code == 0
    assert "no difference" in asked("diff", new, new).output


def test_check_tells_by_which_notice_months_are_judged(tmp_path):
    shop = shop_of(tmp_path)
    notice(shop, "notice.toml", "2099-06-01")
    assert "no month before it" in asked("check", "--shop", shop).output
    notice(shop, "notices/a.toml", "2023-04-01", without=["1.phone"])
    told = asked("check", "--shop", shop).output
    assert "no month before it" not in told
    assert "judged by those in notices/" in told
    shown = asked("show", "--shop", shop).output
    assert "customers.email" in shown
    assert "customers.phone" not in shown


def test_check_tells_of_a_partner_today_s_notice_gives_nothing(tmp_path):
    shop = shop_of(tmp_path, agreement(tables={"customers": {"columns": ["phone"]}}))
    notice(shop, "notice.toml", "2099-06-01")
    notice(shop, "notices/a.toml", "2023-04-01", without=["1.phone"])
    assert asked("check", "--shop", shop).exit_code == 3
    assert "customers" not in asked("show", "--shop", shop).output


def test_check_tells_of_two_titles_alike(tmp_path):
    alike = {"customers": {"columns": ["name", "phone"], "titles": {"name": "電話番号"}}}
    shop = shop_of(tmp_path, agreement(tables=alike))
    assert isinstance(asked("check", "--shop", shop).exception, ConfigurationError)


@pytest.mark.parametrize(
    "title",
    ["", " 電話番号", "電話番号\u3000", "電話\n番号", "電話番号\u200b", '=HYPERLINK("x")', "＝A1"],
)
def test_a_title_is_what_a_spreadsheet_shows_as_it_is(tmp_path, title):
    odd = {"customers": {"columns": ["name"], "titles": {"name": title}}}
    with pytest.raises(ConfigurationError, match="lotas"):
        load_policy(shop_of(tmp_path, agreement(tables=odd)))


def test_a_partner_called_notice_has_a_fingerprint_of_its_own(tmp_path):
    shop = shop_of(tmp_path, agreement("notice"))
    with (shop / "notice.toml").open("a") as file:
        file.write('\n[[partners]]\nid = "notice"\nname = "x"\nclause = "7(1)"\n')
    told = json.loads((Path(run(shop).outcomes[0].path) / "drop.json").read_text())
    of_file = hashlib.sha256((shop / "notice.toml").read_bytes()).hexdigest()
    assert told["notice"]["sha256"] == of_file != told["agreement"]["sha256"]


@pytest.mark.parametrize(
    "words",
    [
        'values = { partner = { "" = "broadleaf" } }',
        'values = { scope = { " " = "purpose" } }',
        'values = { lifted_on = { "" = "R2.1.1" } }',
        'constants = { lifted_on = "2026-01-01" }',
        'constants = { effective_on = "2099-01-01" }',
    ],
)
def test_nothing_makes_less_of_an_objection_than_its_blank_cells_say(tmp_path, words):
    shop = shop_of(tmp_path)
    text = (shop / "shop.toml").read_text()
    told = '["tables"."objections"]\n'
    for column in ("lifted_on", "effective_on"):
        text = text.replace(f'"{column}" = "{column}"\n', "") if "constants" in words else text
    (shop / "shop.toml").write_text(text.replace(told, f"{told}{words}\n"))
    with pytest.raises(ConfigurationError, match="objections"):
        load_shop(shop)
