"""Re-runs are safe: a month is issued, reproduced or corrected, and judged by the narrower notice."""

from datetime import timedelta
from pathlib import Path

import pytest

from drops.verify import verify_drop
from flows.running.attention import partner_states
from flows.running.report_texts import difference_lines, markdown
from ledger.drop_book import DropBook
from schemas.errors import ConfigurationError, RefusedError
from tests.conftest import SAMPLE
from tests.factories import (
    NOW,
    agreement,
    customer,
    delivered,
    desk,
    object_to,
    objection,
    run,
    slip,
    toml,
    vehicle,
    widest_tables,
    write_shop,
    write_table,
)

PEOPLE = [customer("1"), customer("2"), customer("3")]


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path, {"customers": PEOPLE, "objections": [objection("99")]})


def visible(shop):
    return sorted(path.name for path in (shop / "drops" / "lotas").iterdir())


def test_reproducing_tells_whether_the_rows_would_be_the_same_and_publishes_nothing(shop):
    run(shop)
    same = run(shop, mode="reproduce", now=NOW + timedelta(days=3)).outcomes[0]
    assert (same.status, same.compared_with) == ("same", "lotas/monthly-2026-10-r1")
    object_to(shop, "1")
    other = run(shop, mode="reproduce").outcomes[0]
    assert other.status == "different"
    assert other.difference["customers"].removed == 1
    assert visible(shop) == ["monthly-2026-10-r1"]


def test_rows_without_a_key_count_by_themselves_and_are_not_quoted(tmp_path):
    tables = widest_tables()
    tables["repair_lines"]["columns"].remove("line_number")
    content = {
        "customers": PEOPLE,
        "vehicles": [vehicle("V1", "1")],
        "objections": [objection("99")],
    }
    shop = write_shop(
        tmp_path, {**content, **slip("S1", "1", "V1", lines=2)}, agreement(tables=tables)
    )
    run(shop)
    (line,) = slip("S1", "1", "V1", lines=1)["repair_lines"]
    for lines, counts in (
        ([line], (0, 1, 0)),
        ([line, {**line, "line_number": "2", "name": "ホース"}], (1, 1, 0)),
    ):
        write_table(shop, "repair_lines", lines)
        other = run(shop, mode="reproduce").outcomes[0]
        assert other.status == "different"
        difference = other.difference["repair_lines"]
        assert (difference.added, difference.removed, difference.changed) == counts
        assert "オイル" not in difference.model_dump_json()


def test_a_correction_without_a_difference_publishes_nothing_unless_the_drop_was_stopped(shop):
    run(shop)
    asked = {"mode": "correct", "reason": "確認", "confirmed": True}
    assert run(shop, **asked).outcomes[0].status == "unchanged"
    at_desk = desk(shop)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, "lotas/monthly-2026-10-r1")
    assert run(shop, **asked).outcomes[0].status == "published"


def test_a_correction_shows_its_difference_and_needs_a_yes_and_a_reason(shop):
    before = delivered(run(shop))["customers"]
    changed = [{**PEOPLE[0], "address": "山形市架空町9999番地"}, PEOPLE[1], customer("4")]
    write_table(shop, "customers", changed)
    asked = {"mode": "correct", "reason": "住所の訂正"}
    report = run(shop, **asked)
    shown = report.outcomes[0]
    assert shown.status == "unconfirmed"
    difference = shown.difference["customers"]
    assert (difference.added, difference.removed, difference.changed) == (1, 1, 1)
    keys = {row["name"]: row["customer_key"] for row in before}
    assert difference.changed_keys == (keys[PEOPLE[0]["name"]],)
    assert difference.removed_keys == (keys[PEOPLE[2]["name"]],)
    told = "\n".join(difference_lines(shown))
    assert "customers: +1 −1 ~1" in told
    assert told.splitlines()[0].strip() in markdown(report)
    assert visible(shop) == ["monthly-2026-10-r1"]
    with pytest.raises(ConfigurationError, match="reason in writing"):
        run(shop, mode="correct", confirmed=True, reason="manual run")
    done = run(shop, **asked, confirmed=True).outcomes[0]
    assert (done.status, done.supersedes) == ("published", "lotas/monthly-2026-10-r1")
    assert done.difference["customers"] == difference
    drop = verify_drop(Path(done.path)).drop
    assert (drop.reason, drop.revision) == ("住所の訂正", 2)


@pytest.mark.parametrize("mode", ["reproduce", "correct"])
def test_there_is_nothing_to_reproduce_or_correct_in_a_month_never_delivered(shop, mode):
    run(shop)
    with pytest.raises(RefusedError, match="never delivered to lotas"):
        run(shop, mode=mode, month="2026-09", reason="訂正")


def test_a_dry_run_shows_the_difference_and_publishes_nothing(shop):
    run(shop)
    write_table(shop, "customers", PEOPLE[:2])
    shown = run(shop, dry_run=True).outcomes[0]
    assert shown.status == "dry_run"
    assert shown.difference["customers"].removed == 1
    assert visible(shop) == ["monthly-2026-10-r1"]


def test_a_correction_reaches_the_partner_with_the_next_drop(shop):
    run(shop, month="2026-09")
    write_table(shop, "customers", [{**PEOPLE[0], "name": "新姓 花子"}, *PEOPLE[1:]])
    names = {row["name"] for row in delivered(run(shop))["customers"]}
    assert "新姓 花子" in names


def later_notice(shop, effective_on, *, without_item="", without_purpose=""):
    """Put the sample's notice aside as the earlier one, and a narrower one in force."""
    text = (SAMPLE / "notice.toml").read_text()
    (shop / "notices").mkdir()
    (shop / "notices" / "2023.toml").write_text(text)
    for word, name in (("items", without_item), ("purposes", without_purpose)):
        blocks = text.split(f"[[{word}]]\n")
        text = f"[[{word}]]\n".join(
            b for b in blocks if not (name and b.startswith(f'id = "{name}"'))
        )
    text = text.replace('version = "2023-04-01"', f'version = "{effective_on}"')
    text = text.replace("effective_on = 2023-04-01", f"effective_on = {effective_on}")
    (shop / "notice.toml").write_text(text)


def test_an_old_month_is_judged_by_its_own_notice_and_every_narrower_one_since(tmp_path):
    columns = {"customers": {"columns": ["name", "phone"]}}
    terms = agreement(purposes=("2.offers", "3.services"), tables=columns)
    tables = {"customers": PEOPLE, "objections": [objection("99")]}
    shop = write_shop(tmp_path, tables, terms)
    assert "phone" in delivered(run(shop, month="2026-09"))["customers"][0]
    later_notice(shop, "2026-10-15", without_item="1.phone")
    narrower = agreement(
        purposes=("2.offers", "3.services"), tables={"customers": {"columns": ["name"]}}
    )
    (shop / "partners" / "lotas.toml").write_text(toml(narrower))
    report = run(shop, month="2026-09")
    assert "phone" not in delivered(report)["customers"][0]
    drop = verify_drop(Path(report.outcomes[0].path)).drop
    assert drop.notice.version == "2023-04-01"
    assert [version.version for version in drop.narrowed_by] == ["2026-10-15"]
    later = NOW + timedelta(days=30)
    current = verify_drop(Path(run(shop, month="2026-11", now=later).outcomes[0].path)).drop
    assert (current.notice.version, current.narrowed_by) == ("2026-10-15", ())


def test_an_old_month_gets_nothing_a_notice_of_its_time_did_not_announce(tmp_path):
    columns = {"customers": {"columns": ["name", "phone"]}}
    tables = {"customers": PEOPLE, "objections": [objection("99")]}
    shop = write_shop(tmp_path, tables, agreement(tables=columns))
    narrow = (SAMPLE / "notice.toml").read_text()
    blocks = narrow.split("[[items]]\n")
    narrow = "[[items]]\n".join(b for b in blocks if not b.startswith('id = "1.phone"'))
    (shop / "notices").mkdir()
    (shop / "notices" / "2023.toml").write_text(narrow)
    wide = (SAMPLE / "notice.toml").read_text()
    wide = wide.replace("effective_on = 2023-04-01", "effective_on = 2026-10-15")
    (shop / "notice.toml").write_text(wide)
    for month in ("2026-09", "2026-10"):
        assert "phone" not in delivered(run(shop, month=month))["customers"][0]
    later = run(shop, month="2026-11", now=NOW + timedelta(days=30))
    assert "phone" in delivered(later)["customers"][0]


@pytest.mark.parametrize("day", ["2026-10-31", "2026-10-02", "2026-11-01"])
def test_a_month_that_began_before_every_notice_is_refused(tmp_path, day):
    shop = write_shop(tmp_path, {"customers": PEOPLE, "objections": [objection("99")]})
    notice = (shop / "notice.toml").read_text()
    (shop / "notice.toml").write_text(notice.replace("= 2023-04-01", f"= {day}"))
    with pytest.raises(RefusedError, match="2026-10-01 is before the notice took effect"):
        run(shop)
    assert not (shop / "drops").exists()


def test_a_month_that_began_before_the_notice_is_not_told_as_never_delivered(tmp_path):
    shop = write_shop(tmp_path, {"customers": PEOPLE, "objections": [objection("99")]})
    notice = (shop / "notice.toml").read_text()
    (shop / "notice.toml").write_text(notice.replace("= 2023-04-01", "= 2026-08-15"))
    at_desk = desk(shop)
    (state,) = partner_states(at_desk.folder, at_desk.ledger, NOW)
    assert [str(month) for month in state.missing] == ["2026-09", "2026-10"]
