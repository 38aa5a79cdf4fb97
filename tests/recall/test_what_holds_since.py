"""What was told of a car counts only as long as the partner has it, and a drop that waits only while it is true."""

from datetime import timedelta
from pathlib import Path

import pytest

from flows.counter.disclosure import disclose
from flows.counter.erasing import erase
from flows.counter.lifting import Choice, lift
from flows.counter.objecting import Refusal
from flows.counter.owed import carried_by_hand
from flows.counter.recall_status import mark_cars, progress_of
from flows.running.attention import attention
from ledger.drop_book import DropBook
from schemas.errors import RefusedError
from tests import factories
from tests.carrying.test_sealing import identity, sealed_to
from tests.command import joint_use
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    agreement,
    delivered,
    desk,
    object_to,
    objection,
    toml,
    write_table,
)
from tests.recall.shops import (
    CARS,
    FILE,
    FIRST,
    PAPERS,
    PEOPLE,
    SHARE,
    balanced,
    car,
    listed,
    paper,
    release,
    run,
    shop_of,
    waiting,
    with_limit,
)

HOUR = timedelta(hours=1)


def handed_now(report):
    return balanced(report).outcomes[0].account["recall_targets"].delivered


@pytest.mark.parametrize("is_answered", [False, True])
def test_whom_a_monthly_drop_told_to_delete_is_told_of_again(told_twice, is_answered):
    object_to(told_twice, "1", scope="purpose", purposes=("2.offers",), now=NOW + 2 * HOUR)
    monthly = factories.run(told_twice, partners=("lotas",), now=NOW + 3 * HOUR)
    assert delivered(monthly)["deleted"]
    if is_answered:
        acknowledge(told_twice, monthly.outcomes[0].drop_id, now=NOW + 4 * HOUR)
    assert handed_now(run(told_twice, now=NOW + 5 * HOUR)) == 1


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_car_whose_sale_was_a_slip_is_told_of_again(told_shop, is_answered):
    write_table(told_shop, "vehicles", [{**CARS[0], "released_on": "2026-10-01"}, *CARS[1:]])
    told = run(told_shop, now=NOW + HOUR).outcomes[0]
    if is_answered:
        acknowledge(told_shop, told.drop_id, now=NOW + 2 * HOUR)
    write_table(told_shop, "vehicles", CARS)
    assert handed_now(run(told_shop, now=NOW + 3 * HOUR)) == 1


def test_who_takes_a_refusal_back_before_the_partner_answers_is_told_of_again(told_shop):
    refused = object_to(told_shop, "1", scope="purpose", purposes=("5.recall",))
    assert run(told_shop, now=NOW + HOUR).outcomes[0].deleted
    choice = Choice(refused[0], None, None, (), (), is_all=False)
    lift(desk(told_shop), choice, None, NOW.date(), None)
    assert handed_now(run(told_shop, now=NOW + 2 * HOUR)) == 1


def test_a_car_that_comes_back_to_its_first_keeper_is_told_of_again(told_shop):
    write_table(told_shop, "vehicles", [car("V1", "2", 100), *CARS[1:]])
    run(told_shop, now=NOW + HOUR)
    write_table(told_shop, "vehicles", CARS)
    assert handed_now(run(told_shop, now=NOW + 2 * HOUR)) == 1


def test_who_refused_a_partner_that_gets_no_recalls_any_more_is_on_the_list(told_shop):
    object_to(told_shop, "1", now=NOW + HOUR)
    (told_shop / "partners" / "lotas.toml").write_text(toml(agreement()))
    other = {**agreement("broadleaf"), "recall": SHARE}
    (told_shop / "partners" / "broadleaf.toml").write_text(toml(other))
    assert "V1" in {row["車両番号"] for row in listed(run(told_shop, now=NOW + 2 * HOUR))}


def test_a_car_whose_paper_is_set_aside_is_on_the_list(tmp_path):
    shop = shop_of(tmp_path, certificates=[paper("V1", 100, weight_kg="重い"), *PAPERS[1:]])
    assert [row["車両番号"] for row in listed(balanced(run(shop)))] == ["V1"]


@pytest.mark.parametrize("model", ["", "DAA-ZV\ue000W50"])
def test_a_paper_of_no_car_that_tells_nothing_is_counted(tmp_path, model):
    nothing = {"plate": "山形 500 あ 1", "model_code": model}
    assert run(shop_of(tmp_path, certificates=[*PAPERS, nothing])).blind == 1


def test_a_mark_made_when_nobody_kept_the_car_is_of_nobody(tmp_path):
    stray = [{**CARS[0], "customer_id": ""}, *CARS[1:]]
    shop = shop_of(tmp_path, vehicles=stray, objections=[objection("1")])
    run(shop)
    mark_cars(desk(shop), "7001", ["V1"], "told")
    write_table(shop, "vehicles", CARS)
    (row,) = listed(run(shop, now=NOW + HOUR))
    assert row["記録"] == ""


def test_an_older_or_narrower_file_hides_no_car(tmp_path):
    shop = shop_of(tmp_path, objections=[objection("6")])
    run(shop)
    older = FILE.replace("2026/10/30", "2026/09/30").replace("0000199", "0000102")
    (shop / "older.csv").write_text(older)
    (gone,) = run(shop, campaign=str(shop / "older.csv"), now=NOW + HOUR).no_longer
    assert (gone.campaign, gone.cars, gone.handed) == ("7001", 3, 2)
    mark_cars(desk(shop), "7001", ["V6"], "told")
    progress = progress_of(desk(shop), "7001").cars
    assert {each.vehicle for each in progress if each.kept_because == "no_longer"} == {
        *("V4", "V5", "V6")
    }
    assert run(shop, now=NOW + 2 * HOUR).no_longer == ()


@pytest.mark.parametrize("what", ["campaign", "mark", "sold", "keeper", "number"])
def test_a_drop_that_waited_tells_of_no_car_that_is_not_affected(tmp_path, what):
    shop = with_limit(shop_of(tmp_path))
    (first,) = run(shop).outcomes
    if what == "campaign":
        (shop / "campaign.csv").write_text(FILE.replace("0000199", "0000102"))
        run(shop, now=NOW + HOUR)
        assert waiting(shop) == [first.drop_id]
    elif what == "mark":
        mark_cars(desk(shop), "7001", ["V1"], "not_affected")
    elif what == "number":
        write_table(shop, "certificates", [paper("V1", 150), *PAPERS[1:]])
    else:
        since = {"sold": {"released_on": "2026-10-01"}, "keeper": {"customer_id": "2"}}[what]
        write_table(shop, "vehicles", [{**CARS[0], **since}, *CARS[1:]])
    with pytest.raises(RefusedError, match=r"since it was made, [136] cars turned out"):
        release(shop, first.drop_id, NOW + 2 * HOUR)
    assert not list((shop / "drops").rglob("drop.json")) or what == "campaign"


def test_who_refuses_after_a_recall_is_told_to_the_shop_until_it_looks_again(told_shop):
    def lines(now):
        at_desk = desk(told_shop, now)
        return [line for line in attention(at_desk.folder, at_desk.ledger, now) if "7001" in line]

    assert lines(NOW + HOUR) == []
    object_to(told_shop, "1", now=NOW + HOUR)
    (line,) = lines(NOW + 2 * HOUR)
    assert "1 cars handed over were refused, stopped, rejected or to be deleted since" in line
    assert line in joint_use("status", "--shop", told_shop).stderr.splitlines()
    run(told_shop, now=NOW + 3 * HOUR)
    assert lines(NOW + 4 * HOUR) == []


@pytest.mark.parametrize("what", ["other purpose", "sold", "merged"])
@pytest.mark.parametrize("is_answered", [False, True])
def test_a_deletion_told_after_a_recall_asks_for_another_run(told_twice, what, is_answered):
    shop = told_twice
    if what == "other purpose":
        object_to(shop, "1", scope="purpose", purposes=("2.offers",), now=NOW + 2 * HOUR)
    elif what == "sold":
        write_table(shop, "vehicles", [{**CARS[0], "released_on": "2026-10-01"}, *CARS[1:]])
    else:
        people = [{**PEOPLE[0], "merged_into_customer_id": "2"}, *PEOPLE[1:]]
        write_table(shop, "customers", people)
    monthly = factories.run(shop, partners=("lotas",), now=NOW + 3 * HOUR).outcomes[0]
    assert monthly.deleted
    if is_answered:
        acknowledge(shop, monthly.drop_id, now=NOW + 4 * HOUR)

    def lines(now):
        at_desk = desk(shop, now)
        return [line for line in attention(at_desk.folder, at_desk.ledger, now) if "7001" in line]

    (line,) = lines(NOW + 5 * HOUR)
    assert "1 cars handed over" in line
    run(shop, now=NOW + 6 * HOUR)
    assert lines(NOW + 7 * HOUR) == []


@pytest.mark.parametrize(
    ("refusal", "is_told"),
    [
        ({"purposes": ("1.research",), "scope": "purpose"}, False),
        ({"partners": ("broadleaf",)}, False),
        ({"effective_on": (NOW + 3 * 24 * HOUR).date()}, True),
        ({"purposes": ("5.recall",), "scope": "purpose"}, True),
    ],
)
def test_a_refusal_that_changes_nothing_of_a_recall_is_not_told_as_one(told_shop, refusal, is_told):
    object_to(told_shop, "1", now=NOW + HOUR, **refusal)
    run(told_shop, now=NOW + 2 * HOUR)
    if "effective_on" not in refusal:
        object_to(told_shop, "2", now=NOW + 3 * HOUR, **refusal)
    at_desk = desk(told_shop, NOW + 4 * 24 * HOUR)
    told = attention(at_desk.folder, at_desk.ledger, NOW + 4 * 24 * HOUR)
    assert any("1 cars handed over were" in line for line in told) is is_told


@pytest.mark.parametrize(
    ("scope", "is_told"), [("erasure", True), ("provision", True), ("", True), ("purpose", False)]
)
def test_a_refusal_of_all_use_that_names_a_purpose_is_one_of_recalls(told_shop, scope, is_told):
    refusal = objection("1", scope=scope, purpose="2.offers")
    write_table(told_shop, "objections", [objection("99"), refusal])
    factories.run(told_shop, partners=("lotas",), now=NOW + HOUR)
    at_desk = desk(told_shop, NOW + 2 * HOUR)
    told = attention(at_desk.folder, at_desk.ledger, NOW + 2 * HOUR)
    assert any("1 cars handed over were" in line for line in told) is is_told


def test_rejected_cars_are_told_of_and_rejected_deletions_put_none_in_doubt(told_shop):
    shop = told_shop
    acknowledge(shop, FIRST, now=NOW + HOUR, customers=[1])
    at_desk = desk(shop, NOW + 2 * HOUR)
    told = attention(at_desk.folder, at_desk.ledger, NOW + 2 * HOUR)
    assert any("6 cars handed over were" in line for line in told)
    object_to(shop, "1", now=NOW + 2 * HOUR)
    second = run(shop, now=NOW + 3 * HOUR).outcomes[0]
    assert second.account["recall_targets"].delivered == 5
    acknowledge(shop, second.drop_id, now=NOW + 4 * HOUR, deleted=[1])
    assert handed_now(run(shop, now=NOW + 5 * HOUR)) == 0


def test_rejections_that_were_taken_back_are_told_no_more(told_shop):
    shop = told_shop
    acknowledge(shop, FIRST, now=NOW + HOUR, customers=[1])
    acknowledge(shop, FIRST, now=NOW + 2 * HOUR)
    at_desk = desk(shop, NOW + 3 * HOUR)
    told = attention(at_desk.folder, at_desk.ledger, NOW + 3 * HOUR)
    assert not any("7001" in line for line in told)
    assert handed_now(run(shop, now=NOW + 4 * HOUR)) == 0


def test_a_deletion_that_was_answered_and_stopped_later_still_took_the_car_away(told_shop):
    write_table(told_shop, "vehicles", [{**CARS[0], "released_on": "2026-10-01"}, *CARS[1:]])
    told = run(told_shop, now=NOW + HOUR).outcomes[0]
    acknowledge(told_shop, told.drop_id, now=NOW + 2 * HOUR)
    at_desk = desk(told_shop, NOW + 3 * HOUR)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, told.drop_id)
    write_table(told_shop, "vehicles", CARS)
    assert handed_now(run(told_shop, now=NOW + 4 * HOUR)) == 1


def test_a_stopped_drop_counts_for_nothing_in_the_status(told_shop):
    at_desk = desk(told_shop, NOW + HOUR)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, FIRST)
    assert not any(each.handed for each in progress_of(desk(told_shop), "7001").cars)
    told = attention(at_desk.folder, at_desk.ledger, NOW + 2 * HOUR)
    assert any(
        "6 cars handed over were refused, stopped, rejected or to be deleted since" in line
        for line in told
    )


@pytest.mark.parametrize("text", ["制動装置 – 前", "⚠制動装置", "=1+1"])
def test_a_campaigns_text_that_cannot_be_written_stops_no_recall(tmp_path, text):
    shop = shop_of(tmp_path)
    delivery = {
        "format": "csv",
        "encoding": "cp932",
        "line_end": "crlf",
        "unmappable": "substitute",
    }
    terms = {**agreement(delivery=delivery), "recall": SHARE}
    (shop / "partners" / "lotas.toml").write_text(toml(terms))
    (shop / "campaign.csv").write_text(FILE.replace("制動装置", text))
    report = run(shop)
    assert report.campaigns[0].handed == 6
    (table,) = Path(report.outcomes[0].path).glob("data/recall_targets.csv")
    written = {"制動装置 – 前": "制動装置 ― 前", "⚠制動装置": "?制動装置", "=1+1": "'=1+1"}
    assert written[text] in table.read_bytes().decode("cp932")


def test_who_refused_recalls_is_answered_that_it_will_be_told(told_shop):
    object_to(told_shop, "1")
    told = disclose(desk(told_shop, NOW + HOUR), "1")
    assert {record.state for record in told.held if "recall" in record.drop_id} == {"to_be_deleted"}


def test_a_campaign_is_found_by_full_width_digits_and_one_nobody_looked_for_is_named(told_shop):
    who = ("--shop", told_shop, "--operator", PERSON)
    assert joint_use("recall", "--status", "７００１", *who).returncode == 0
    marked = ("--mark", "told", "--vehicle", "V1")
    assert joint_use("recall", *marked, "--number", "７００１", *who).returncode == 0
    wrong = joint_use("recall", *marked, "--number", "9999999", *who)
    assert "nobody has looked for this campaign" in wrong.stderr


def kept(report):
    return report.campaigns[0].kept


@pytest.mark.parametrize("what", ["rejected", "keeper", "number"])
def test_a_car_told_of_again_by_a_drop_that_never_left_is_on_the_list(tmp_path, what):
    shop = shop_of(tmp_path, sealing=sealed_to(identity()))
    first = run(shop).outcomes[0].drop_id
    carried_by_hand(desk(shop, NOW + HOUR), first)
    rejected = {"recall_targets": [1]} if what == "rejected" else {}
    acknowledge(shop, first, now=NOW + 2 * HOUR, **rejected)
    if what == "keeper":
        write_table(shop, "vehicles", [{**CARS[0], "customer_id": "2"}, *CARS[1:]])
    elif what == "number":
        write_table(shop, "certificates", [paper("V1", 150), *PAPERS[1:]])
        write_table(shop, "vehicles", [car("V1", "1", 150), *CARS[1:]])
    again = run(shop, now=NOW + 3 * HOUR)
    assert handed_now(again) >= 1
    assert kept(run(shop, now=NOW + 30 * HOUR)).get("not_delivered", 0) == handed_now(again)


@pytest.mark.parametrize("what", ["refusal", "stop", "rejection"])
def test_a_drop_that_left_after_the_run_asks_for_another_run_when_it_is_undone(tmp_path, what):
    shop = with_limit(shop_of(tmp_path))
    run(shop)
    (name,) = waiting(shop)
    release(shop, name, NOW + HOUR)
    if what == "refusal":
        object_to(shop, "1", now=NOW + 2 * HOUR)
    elif what == "rejection":
        acknowledge(shop, name, now=NOW + 2 * HOUR, recall_targets=[1])
    else:
        at_desk = desk(shop, NOW + 2 * HOUR)
        with at_desk.ledger.writing() as connection:
            DropBook(connection).stop(at_desk.actor, name)
    at_desk = desk(shop, NOW + 3 * HOUR)
    told = attention(at_desk.folder, at_desk.ledger, NOW + 3 * HOUR)
    assert [line for line in told if "7001" in line]


def test_of_two_drops_that_waited_with_the_same_cars_one_leaves(tmp_path):
    shop = with_limit(shop_of(tmp_path))
    run(shop)
    run(shop, now=NOW + 24 * HOUR)
    first, second = waiting(shop)
    release(shop, first, NOW + 25 * HOUR)
    with pytest.raises(RefusedError, match="told of by another drop"):
        release(shop, second, NOW + 26 * HOUR)


def test_whoever_is_erased_is_to_be_told_of_open_recalls_first(told_shop):
    mark_cars(desk(told_shop, NOW + HOUR), "7001", ["V2"], "told")
    told = {}
    for number in ("1", "2"):
        at_desk = desk(told_shop, NOW + 2 * HOUR)
        day = at_desk.today
        refusal = Refusal(number, "erasure", (), (), day, day, "counter", is_in_records=True)
        told[number] = erase(at_desk, refusal).recalls
    assert told == {"1": ("7001 V1",), "2": ()}
