"""The answer to a disclosure request: what was given to whom, under which clause, and what stands."""

import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from flows.commands.disclose import command
from flows.counter.adopting import resume
from flows.counter.delivering import deliver
from flows.counter.desk import open_desk
from flows.counter.disclosure import disclose
from flows.counter.given import given_to_each
from flows.counter.owed import carried_by_hand
from flows.counter.releasing import decide
from flows.pages import disclosure_page, disclosure_text
from ledger.audit import entries
from schemas.drop import DropKind
from schemas.errors import ConfigurationError, LedgerDoubtfulError
from tests.carrying.test_sealing import identity, sealed_to
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    agreement,
    customer,
    desk,
    joined,
    object_to,
    objection,
    run,
    slip,
    toml,
    vehicle,
    write_shop,
    write_table,
)

ONE, TWO = customer("1"), customer("2")
PAPER = {"vehicle_id": "V1", "model_code": "DAA-ZVW50", "user_name": ONE["name"]}


@pytest.fixture
def shop(tmp_path):
    return shop_of(tmp_path)


def shop_of(folder):
    tables = {
        "customers": [ONE, TWO],
        "vehicles": [vehicle("V1", "1")],
        "certificates": [PAPER],
        "objections": [objection("99")],
    }
    only_names = agreement("broadleaf", tables={"customers": {"columns": ["name"]}})
    return write_shop(folder, joined(tables, slip("S1", "1", "V1")), agreement(), only_names)


def answer(shop, number="1", **when):
    return disclose(desk(shop, **when), number)


def test_each_drop_that_held_the_person_is_told_with_items_clauses_and_purposes(
    tmp_path, ledger_place
):
    shop = ledger_place(shop_of(tmp_path))
    run(shop)
    told = {drop.partner: drop for drop in answer(shop).drops}
    assert set(told) == {"lotas", "broadleaf"}
    lotas, broadleaf = told["lotas"], told["broadleaf"]
    assert [table.name for table in broadleaf.tables] == ["customers"]
    assert [(i.id, i.clause) for i in broadleaf.tables[0].items] == [("1.name", "7(2)①")]
    assert {"customers", "vehicles", "certificates", "repairs", "repair_lines", "invoices"} == {
        table.name for table in lotas.tables
    }
    assert [(p.id, p.clause) for p in lotas.purposes] == [("2.offers", "7(3)②")]
    assert (lotas.partner_clause, lotas.period) == ("7(1)①", "2026-10")
    assert lotas.published_at == NOW


def test_whoever_was_in_no_drop_is_told_so(shop):
    object_to(shop, "2")
    run(shop)
    told = answer(shop, "2")
    assert (told.drops, told.deletions, told.held) == ((), (), ())
    assert "ありません" in disclosure_text(told)


def test_a_month_without_work_of_the_person_tells_no_work(shop):
    run(shop, month="2026-09")
    (lotas,) = (drop for drop in answer(shop).drops if drop.partner == "lotas")
    assert "repairs" not in {table.name for table in lotas.tables}


def test_a_correction_shows_which_partner_still_holds_the_old_value(shop):
    run(shop)
    assert {record.state for record in answer(shop).held} == {"same"}
    write_table(shop, "customers", [{**ONE, "phone": "023-699-9999"}, TWO])
    held = {(r.partner, r.record): r for r in answer(shop).held}
    assert held["lotas", "customers"].state == "outdated"
    assert [item.id for item in held["lotas", "customers"].outdated] == ["1.phone"]
    assert held["broadleaf", "customers"].state == "same"
    assert held["lotas", "certificates"].state == "same"
    run(shop)
    assert {record.state for record in answer(shop).held} == {"same"}


def holding(shop):
    return [given.partner for given in given_to_each(desk(shop), ("1",)) if given.kinds_held()]


def test_a_refusal_is_followed_from_to_be_told_to_acknowledged(shop):
    run(shop)
    assert holding(shop) == ["broadleaf", "lotas"]
    object_to(shop, "1")
    assert {record.state for record in answer(shop).held} == {"to_be_deleted"}
    drops = [outcome.drop_id for outcome in run(shop).outcomes]
    told = answer(shop)
    assert {record.state for record in told.held} == {"told_to_delete"}
    assert {d.acknowledged_at for d in told.deletions} == {None}
    for drop in drops:
        acknowledge(shop, drop, now=NOW + timedelta(hours=1))
    told = answer(shop)
    assert told.held == ()
    assert len([d for d in told.deletions if d.acknowledged_at]) == 2
    assert holding(shop) == []


def test_who_was_erased_from_the_records_is_still_answered(shop):
    run(shop)
    write_table(shop, "customers", [TWO])
    told = answer(shop)
    assert len(told.drops) == 2
    assert {(r.record, r.state) for r in told.held} == {("customers", "to_be_deleted")}
    (shop / "records" / "customers.csv").unlink()
    assert {r.state for r in answer(shop).held} == {"unknown"}


def test_a_number_that_is_nowhere_gets_no_letter(shop):
    run(shop)
    with pytest.raises(ConfigurationError, match="in no drop and not in the records"):
        answer(shop, "99")


def test_a_renumbered_customer_is_answered_for_all_numbers(shop):
    run(shop)
    write_table(shop, "customers", [{**ONE, "customer_id": "10"}, TWO])
    told = disclose(desk(shop), "10", ["1"])
    assert (told.numbers, len(told.drops)) == (("10", "1"), 2)


def test_who_has_another_number_without_a_recorded_merge_is_told_what_was_given(tmp_path):
    old = customer("1")
    tables = {"customers": [old, customer("2")], "objections": [objection("99")]}
    shop = write_shop(tmp_path, tables)
    run(shop)
    write_table(shop, "customers", [old, {**old, "customer_id": "7"}, customer("2")])
    told = disclose(desk(shop, NOW + timedelta(minutes=2)), "7")
    assert (told.numbers, len(told.drops)) == (("7", "1"), 1)


def test_a_lost_ledger_gives_no_answer(shop, tmp_path):
    run(shop)
    text = (shop / "shop.toml").read_text().partition("\n[ledger]")[0]
    (shop / "shop.toml").write_text(text)
    shutil.rmtree(shop / "state")
    with pytest.raises(LedgerDoubtfulError):
        answer(shop)
    with pytest.raises(ConfigurationError, match="Restore keys"):
        resume(desk(shop))


def test_merged_numbers_are_one_person(shop):
    run(shop)
    write_table(shop, "customers", [{**ONE, "merged_into_customer_id": "2"}, TWO])
    run(shop)
    told = answer(shop, "2")
    assert told.numbers == ("2", "1")
    assert len(told.drops) == 4


def test_the_answer_is_an_entry_under_a_keyed_reference(shop):
    run(shop)
    answer(shop)
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        last = entries(connection)[-1]
    assert (last.action, last.subject) == ("disclose", at_desk.ledger.references.of("1"))


def test_the_page_and_the_text_say_the_same_and_name_no_value(shop):
    run(shop)
    told = answer(shop)
    for written in (disclosure_page(told), disclosure_text(told)):
        for wanted in ("lotas/monthly-2026-10-r1", "お名前", "7(2)①", "7(3)②", "全日本ロータス"):
            assert wanted in written
        assert ONE["name"] not in written


def test_the_command_answers_in_json_and_writes_a_private_page(shop, tmp_path):
    run(shop)
    page = tmp_path / "開示.html"
    arguments = ["--shop", str(shop), "--operator", PERSON, "--customer", "１", "--json"]
    done = CliRunner().invoke(command, [*arguments, "--html", str(page)])
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["drops"]) == 2
    assert page.stat().st_mode & 0o777 == 0o600


def test_of_an_adopted_drop_nobody_says_that_it_is_still_right(tmp_path):
    tables = {"customers": [ONE, TWO], "objections": [objection("99")]}
    shop = write_shop(tmp_path, tables)
    run(shop)
    for file in (shop / "state").glob("ledger.db*"):
        file.unlink()
    write_table(shop, "customers", [{**ONE, "phone": "023-643-9999"}, TWO])
    resume(desk(shop))
    assert {record.state for record in answer(shop).held} == {"unknown"}


def test_what_a_drop_released_late_gave_again_was_not_told_to_be_deleted(tmp_path):
    people = [customer(str(n)) for n in range(1, 5)]

    def written(most, rows):
        tables = {"customers": rows, "objections": [objection("99")]}
        shop = write_shop(tmp_path, tables, limits={"max_vanished_share": 1})
        with (shop / "shop.toml").open("a") as file:
            terms = toml({"max_persons": most, "data_managers": ["責任 花子"]})
            file.write(f"\n[carry_out]\n{terms}")
        return shop

    run(written(99, people))
    run(written(1, people), month="2026-09")
    shop = written(99, people[:3])
    assert run(shop).outcomes[0].deleted == 1
    manager = open_desk(shop, "責任 花子", "承諾", lambda: NOW, {})
    decide(manager, lambda: NOW, "lotas/monthly-2026-09-r1", refuse=False)
    assert {record.state for record in answer(shop, "4").held} == {"to_be_deleted"}


def test_a_notice_that_never_came_to_its_partner_told_nothing(tmp_path):
    place = {"place": {"kind": "folder", "path": str(tmp_path / "out")}}
    tables = {"customers": [ONE, TWO], "objections": [objection("99")]}
    shop = write_shop(tmp_path / "shop", tables, agreement(sealing=sealed_to(identity())) | place)
    (tmp_path / "out").mkdir()
    run(shop)
    (tmp_path / "out").rename(tmp_path / "away")
    object_to(shop, "1")
    (notice,) = run(shop, kind=DropKind.NOTICES).outcomes
    told = answer(shop)
    assert ({record.state for record in told.held}, told.deletions) == ({"to_be_deleted"}, ())
    (tmp_path / "away").rename(tmp_path / "out")
    deliver(desk(shop), lambda: NOW, notice.drop_id)
    told = answer(shop)
    assert {record.state for record in told.held} == {"told_to_delete"}
    assert [each.drop_id for each in told.deletions] == [notice.drop_id]


def test_a_drop_nobody_is_known_to_have_carried_is_told_as_such(tmp_path):
    tables = {"customers": [ONE, TWO], "objections": [objection("99")]}
    shop = write_shop(tmp_path, tables, agreement(sealing=sealed_to(identity())))
    (outcome,) = run(shop).outcomes
    assert "引渡しの記録なし" in disclosure_text(answer(shop))
    assert "引渡しの記録なし" in disclosure_page(answer(shop))
    carried_by_hand(desk(shop), outcome.drop_id)
    assert "引渡しの記録なし" not in disclosure_text(answer(shop))
