"""Over months: what a partner holds, was told, and was handed over late is known as it is."""

import hashlib
import re
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from drops.folders import read_drop
from flows.counter.delivering import deliver
from flows.counter.desk import customer_number
from flows.counter.disclosure import disclose
from flows.counter.disposing import hold
from flows.counter.erasing import erase
from flows.counter.lifting import Choice, lift
from flows.counter.objecting import Refusal
from flows.counter.owed import carried_by_hand
from flows.running.attention import partner_states
from flows.running.opening import open_shop
from flows.running.report_texts import markdown, work_lines
from ledger.drop_book import DropBook
from schemas.drop import DropKind
from schemas.errors import RefusedError
from tests.carrying.test_sealing import identity, sealed_to
from tests.factories import (
    NOW,
    acknowledge,
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
    write_shop,
    write_table,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def shop_of(folder, people, *terms, **tables):
    folder.mkdir(exist_ok=True)
    return write_shop(
        folder, {"customers": people, "objections": [objection("99")], **tables}, *terms
    )


def held(shop, number, now):
    """What the partner holds of a person, by the answer the person gets."""
    return [(each.record, each.state) for each in disclose(desk(shop, now), number).held]


def state(shop, now):
    folder, ledger = open_shop(shop, {})
    states = {each.partner: each for each in partner_states(folder, ledger, now)}
    return states["lotas"]


def one_left_behind(folder):
    """A shop with an old drop nobody carried yet, and a carried one that tells to delete who is in it."""
    sealed = agreement(sealing=sealed_to(identity()))
    shop = shop_of(folder, [customer("1"), customer("2")], sealed)
    old = run(shop, month="2026-09").outcomes[0]
    object_to(shop, "1", now=NOW + DAY)
    new = run(shop, month="2026-10", now=NOW + 2 * DAY).outcomes[0]
    carried_by_hand(desk(shop, NOW + 2 * DAY), new.drop_id)
    return shop, old, new


def notices(shop, now):
    return run(shop, kind=DropKind.NOTICES, now=now).outcomes[0]


def test_an_old_drop_that_leaves_after_its_deletion_was_answered_is_told_again(tmp_path):
    shop, old, new = one_left_behind(tmp_path)
    acknowledge(shop, new.drop_id, now=NOW + 3 * DAY)
    assert held(shop, "1", NOW + 3 * DAY) == []
    carried_by_hand(desk(shop, NOW + 4 * DAY), old.drop_id)
    assert held(shop, "1", NOW + 4 * DAY) == [("customers", "to_be_deleted")]
    assert notices(shop, NOW + 5 * DAY).deleted == 1


def test_a_deletion_made_before_an_old_drop_was_carried_and_answered_after_is_told_again(tmp_path):
    shop, old, new = one_left_behind(tmp_path)
    carried_by_hand(desk(shop, NOW + 4 * DAY), old.drop_id)
    acknowledge(shop, new.drop_id, now=NOW + 3 * DAY)  # entered last
    assert [record for record, _ in held(shop, "1", NOW + 5 * DAY)] == ["customers"]
    assert notices(shop, NOW + 5 * DAY).deleted == 1


def test_an_old_notice_takes_back_nothing_that_was_given_again(tmp_path):
    place = tmp_path / "place"
    terms = agreement(sealing=sealed_to(identity()))
    shop = shop_of(
        tmp_path / "shop",
        [customer("1"), customer("2")],
        {**terms, "place": {"kind": "folder", "path": str(place)}},
    )
    place.mkdir()
    run(shop, month="2026-09")
    place.rename(tmp_path / "away")
    object_to(shop, "1", now=NOW + DAY)
    told = notices(shop, NOW + DAY + HOUR)
    later = NOW + 2 * DAY
    lift(desk(shop, later), Choice(None, "1", None, (), (), is_all=True), None, later.date(), None)
    (tmp_path / "away").rename(place)
    assert run(shop, now=NOW + 3 * DAY).outcomes[0].status == "published"
    assert state(shop, NOW + 4 * DAY).not_handed_over == ()
    with pytest.raises(RefusedError, match="a later drop gave again"):
        deliver(desk(shop, NOW + 4 * DAY), lambda: NOW + 4 * DAY, told.drop_id)


def test_an_old_month_that_takes_back_what_was_given_again_is_to_be_made_again(tmp_path):
    sealed = agreement(sealing=sealed_to(identity()))
    shop = shop_of(tmp_path, [customer("1"), customer("2")], sealed)
    carried_by_hand(desk(shop), run(shop, month="2026-08").outcomes[0].drop_id)
    object_to(shop, "1", now=NOW + DAY)
    old = run(shop, month="2026-09", now=NOW + DAY + HOUR).outcomes[0]
    later = NOW + 2 * DAY
    lift(desk(shop, later), Choice(None, "1", None, (), (), is_all=True), None, later.date(), None)
    run(shop, month="2026-10", now=NOW + 3 * DAY)
    assert old.drop_id in state(shop, NOW + 4 * DAY).not_to_carry
    with pytest.raises(RefusedError, match=r"a later drop gave again.*Run the export again"):
        deliver(desk(shop, NOW + 4 * DAY), lambda: NOW + 4 * DAY, old.drop_id)


def test_an_answer_entered_once_more_brings_back_nothing_that_was_deleted_since(tmp_path):
    shop, old, new = one_left_behind(tmp_path)
    acknowledge(shop, new.drop_id, now=NOW + 3 * DAY)
    carried_by_hand(desk(shop, NOW + 4 * DAY), old.drop_id)
    told = notices(shop, NOW + 5 * DAY)
    carried_by_hand(desk(shop, NOW + 5 * DAY), told.drop_id)
    acknowledge(shop, told.drop_id, now=NOW + 6 * DAY)
    acknowledge(shop, new.drop_id, now=NOW + 3 * DAY)
    assert held(shop, "1", NOW + 7 * DAY) == []


def test_the_paper_of_the_keeper_before_is_told_though_the_keeper_now_is_set_aside(tmp_path):
    one, two, car = customer("1"), customer("2"), vehicle("V1", "1")
    paper = {name: car[name] for name in ("vehicle_id", "plate", "chassis_number")}
    shop = shop_of(tmp_path, [one, two, customer("3")], vehicles=[car], certificates=[paper])
    run(shop, month="2026-09")
    write_table(shop, "customers", [one, {**two, "postal_code": "zz"}, customer("3")])
    write_table(shop, "vehicles", [{**car, "customer_id": "2"}])
    object_to(shop, "1", now=NOW + DAY)
    run(shop, now=NOW + 2 * DAY)
    with desk(shop, NOW + 2 * DAY).ledger.reading() as connection:
        book = DropBook(connection)
        last = max(each.sequence for each in book.published())
        assert "certificates" in {stone.record for stone in book.tombstones(last)}


def test_what_a_row_set_aside_told_of_a_refuser_is_told_to_be_deleted(tmp_path):
    two = customer("2", name="川上 次郎", mobile_phone="090-7777-1234")
    one = customer("1", address="山形市本町1-2-3 川上次郎様方")
    shop = shop_of(tmp_path, [one, two])
    run(shop, month="2026-09")
    write_table(shop, "customers", [{**one, "postal_code": "zz"}, two])
    object_to(shop, "2", now=NOW + DAY)
    run(shop, now=NOW + 2 * DAY)
    with desk(shop, NOW + 2 * DAY).ledger.reading() as connection:
        book = DropBook(connection)
        last = max(each.sequence for each in book.published())
        stones = [stone.record for stone in book.tombstones(last)]
    assert stones == ["customers", "customers"]


def test_who_is_entered_as_somebodys_relative_too_is_told_of_the_drop(tmp_path):
    family = [
        {
            "family_member_id": "F1",
            "customer_id": "1",
            "relation": "母",
            "name": "佐々木 春子",
            "linked_customer_id": "3",
        }
    ]
    broken = customer("3", name="佐々木 春子", postal_code="zz")
    shop = shop_of(tmp_path, [customer("1"), customer("2"), broken], family_members=family)
    drop_id = run(shop).outcomes[0].drop_id
    assert [each.drop_id for each in disclose(desk(shop, NOW + DAY), "3").drops] == [drop_id]


def test_an_old_drop_handed_over_when_its_place_is_back_is_told_again(tmp_path):
    place = tmp_path / "place"
    people = [customer(number) for number in "123"]
    terms = agreement(sealing=sealed_to(identity()))
    shop = shop_of(
        tmp_path / "shop", people, {**terms, "place": {"kind": "folder", "path": str(place)}}
    )
    old = run(shop, month="2026-09").outcomes[0]
    place.mkdir()
    write_table(shop, "customers", people[:2])
    new = run(shop, now=NOW + DAY).outcomes[0]
    acknowledge(shop, new.drop_id, now=NOW + 2 * DAY)
    deliver(desk(shop, NOW + 3 * DAY), lambda: NOW + 3 * DAY, old.drop_id)
    assert [record for record, _ in held(shop, "3", NOW + 3 * DAY)] == ["customers"]


def test_whoever_was_merged_when_a_drop_was_made_is_found_when_it_is_taken_back(tmp_path):
    one, two, three = (customer(number) for number in "123")
    rows = slip("S1", "1", "V3")
    shop = shop_of(
        tmp_path,
        [{**one, "merged_into_customer_id": "2"}, two, three],
        vehicles=[vehicle("V3", "3")],
        **rows,
    )
    drop_id = run(shop).outcomes[0].drop_id
    write_table(shop, "customers", [one, two, three])
    later = NOW + 2 * DAY
    assert [each.drop_id for each in disclose(desk(shop, later), "1").drops] == [drop_id]
    day = later.date()
    erased = erase(
        desk(shop, later), Refusal("1", "erasure", (), (), day, day, "counter", is_in_records=True)
    )
    assert erased.kept


def test_what_never_left_sealed_is_not_said_to_have_arrived_whatever_is_agreed_since(tmp_path):
    people = [customer("1"), customer("2")]
    shop = shop_of(tmp_path, people, agreement(sealing=sealed_to(identity())))
    carried_by_hand(desk(shop), run(shop).outcomes[0].drop_id)
    object_to(shop, "1", now=NOW + DAY)
    notices(shop, NOW + DAY)  # sealed, and carried by nobody
    assert held(shop, "1", NOW + DAY) == [("customers", "to_be_deleted")]
    (shop / "partners" / "lotas.toml").unlink()
    (shop / "partners" / "broadleaf.toml").write_text(toml(agreement("broadleaf")))
    answer = disclose(desk(shop, NOW + 2 * DAY), "1")
    assert [each.state for each in answer.held] == ["unknown"]  # nobody can say what would leave
    assert answer.deletions == ()


def test_what_lay_open_arrived_though_drops_are_sealed_since(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    run(shop)
    sealed = agreement(sealing=sealed_to(identity()))
    (shop / "partners" / "lotas.toml").write_text(toml(sealed))
    assert [each.has_arrived for each in disclose(desk(shop), "1").drops] == [True]
    assert state(shop, NOW).by_hand == ()


def test_status_sends_nobody_with_a_drop_sealed_to_a_key_that_was_changed(tmp_path):
    people = [customer("1"), customer("2")]
    shop = shop_of(tmp_path, people, agreement(sealing=sealed_to(identity())))
    drop_id = run(shop).outcomes[0].drop_id
    assert state(shop, NOW).by_hand == (drop_id,)
    changed = agreement(sealing=sealed_to(identity()))
    (shop / "partners" / "lotas.toml").write_text(toml(changed))
    assert (state(shop, NOW).by_hand, state(shop, NOW).not_to_carry) == ((), (drop_id,))
    with pytest.raises(RefusedError):
        deliver(desk(shop), lambda: NOW, drop_id)


@pytest.mark.parametrize("mode", ["issue", "correct"])
def test_what_was_told_to_be_deleted_and_may_leave_again_is_given_again(tmp_path, mode):
    rows = slip("S1", "1", "V1")
    people = [customer("1"), customer("2")]
    shop = shop_of(tmp_path, people, vehicles=[vehicle("V1", "1")], **rows)
    run(shop)
    object_to(shop, "1", now=NOW + DAY)
    acknowledge(shop, notices(shop, NOW + DAY).drop_id, now=NOW + 2 * DAY)
    choice = Choice(None, customer_number("1"), None, (), (), is_all=True)
    lift(desk(shop, NOW + 3 * DAY), choice, None, (NOW + 3 * DAY).date(), None)
    asked = {"mode": "correct", "confirmed": True} if mode == "correct" else {}
    again = run(shop, now=NOW + 4 * DAY, **asked).outcomes[0]
    assert again.status == "published"
    assert len(delivered(run(shop, now=NOW + 4 * DAY))["repairs"]) == 1
    assert run(shop, now=NOW + 5 * DAY, **asked).outcomes[0].status == "unchanged"


def test_an_old_month_under_a_narrower_notice_takes_nothing_away(tmp_path):
    rows = slip("S1", "1", "V1")
    cars = [vehicle("V1", "1", usage="自家用")]
    shop = shop_of(tmp_path, [customer("1"), customer("2")], vehicles=cars, **rows)
    text = (shop / "notice.toml").read_text()
    narrow = re.sub(r'\[\[items\]\]\nid = "2\.[a-z_]+"\ntext = .*\nclause = .*\n', "", text)
    (shop / "notices").mkdir()
    (shop / "notices" / "2023.toml").write_text(narrow)
    newer = text.replace("2023-04-01", "2026-09-01")
    (shop / "notice.toml").write_text(newer)
    assert delivered(run(shop))["vehicles"]
    old = delivered(run(shop, month="2026-08", now=NOW + DAY))
    assert "vehicles" not in old
    assert old["deleted"] == []


def test_a_drop_altered_with_its_manifests_is_not_as_it_was(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    folder = Path(run(shop).outcomes[0].path)

    def digest(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()

    data = folder / "data" / "customers.csv"
    before = digest(data)
    data.chmod(0o600)
    data.write_bytes(data.read_bytes().replace("号 某".encode(), "号 毒".encode()))
    for name in ("drop.json", "datapackage.json", "manifest-sha256.txt"):
        path = folder / name
        path.chmod(0o600)
        path.write_text(path.read_text().replace(before, digest(data)))
    tags = folder / "tagmanifest-sha256.txt"
    names = [line.split(maxsplit=1)[1] for line in tags.read_text().splitlines()]
    tags.chmod(0o600)
    tags.write_text("".join(f"{digest(folder / name)}  {name}\n" for name in names))
    assert run(shop, now=NOW + HOUR).outcomes[0].status == "published"


def test_a_paper_taken_in_late_with_its_car_is_told_when_the_car_is_anothers(tmp_path):
    one, two, car = customer("1"), customer("2"), vehicle("V1", "1")
    paper = {
        "vehicle_id": "V1",
        "plate": car["plate"],
        "chassis_number": car["chassis_number"],
        "owner_name": one["name"],
        "owner_address": one["address"],
        "issued_on": "2024-01-01",
    }
    shop = shop_of(tmp_path, [one, two], vehicles=[car], certificates=[paper])
    first = run(shop, month="2026-08")
    write_table(shop, "vehicles", [{**car, "released_on": "2026-09-01"}])
    told = run(shop, month="2026-09", now=NOW + DAY)
    acknowledge(shop, told.outcomes[0].drop_id, now=NOW + 2 * DAY)
    acknowledge(shop, first.outcomes[0].drop_id, now=NOW + 3 * DAY)
    write_table(shop, "vehicles", [{**car, "customer_id": "2", "acquired_on": "2026-10-01"}])
    write_table(shop, "certificates", [])
    deleted = delivered(run(shop, now=NOW + 4 * DAY))["deleted"]
    assert [row["record"] for row in deleted] == ["certificates"]


def test_a_car_that_was_sold_is_held_until_it_is_told(tmp_path):
    car = vehicle("V1", "1")
    shop = shop_of(tmp_path, [customer("1"), customer("2")], vehicles=[car])
    run(shop)
    write_table(shop, "vehicles", [{**car, "released_on": "2026-10-20"}])
    assert ("vehicles", "to_be_deleted") in held(shop, "1", NOW + DAY)
    run(shop, kind=DropKind.NOTICES, now=NOW + DAY)
    assert ("vehicles", "told_to_delete") in held(shop, "1", NOW + 2 * DAY)


def test_of_three_answers_the_last_one_holds(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    run(shop)
    object_to(shop, "1")
    told = run(shop, month="2026-09").outcomes[0].drop_id
    acknowledge(shop, told, now=NOW + HOUR)
    acknowledge(shop, told, now=NOW + 2 * HOUR, deleted=[1])
    assert delivered(run(shop, month="2026-07", now=NOW + 2 * HOUR))["deleted"]
    acknowledge(shop, told, now=NOW + 3 * HOUR)
    assert delivered(run(shop, month="2026-08", now=NOW + 4 * HOUR))["deleted"] == []


def test_a_month_whose_newest_revision_was_stopped_is_not_delivered(tmp_path):
    people = [customer("1"), customer("2")]
    shop = shop_of(tmp_path, people)
    run(shop)
    write_table(shop, "customers", people[:1])
    newest = run(shop, now=NOW + DAY).outcomes[0]
    assert "2026-10" not in map(str, state(shop, NOW + 2 * DAY).missing)
    at_desk = desk(shop, NOW + 2 * DAY)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, newest.drop_id)
    assert "2026-10" in map(str, state(shop, NOW + 2 * DAY).missing)


def test_of_an_unsealed_folder_it_is_said_once_that_somebody_has_to_carry_it(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    (outcome,) = run(shop).outcomes
    assert outcome.handed_over.endswith(f"to be carried by hand: {outcome.path}")
    assert run(shop).outcomes[0].handed_over == ""


def test_a_hold_is_shown_where_drops_stand(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    name = run(shop).outcomes[0].drop_id
    for is_held, marks in ((True, ["held"]), (False, [])):
        hold(desk(shop), name, is_held=is_held)
        assert state(shop, NOW).drops[0].marks == marks


@pytest.mark.parametrize(("until", "is_told"), [("2026-12-01", True), ("2027-02-01", False)])
def test_a_promise_to_do_without_sealing_that_lapses_soon_is_told(tmp_path, until, is_told):
    promise = {"seal": "none", "reason": "試験のため", "until": until}
    shop = shop_of(tmp_path, [customer("1"), customer("2")], agreement(sealing=promise))
    told = run(shop).attention
    assert any(f"sealing.until is {until}" in line for line in told) == is_told


LAPSED = {"seal": "none", "reason": "試験のため", "until": "2026-10-31"}


def test_what_one_agreement_lacks_stops_only_its_partner(tmp_path):
    people = [customer("1"), customer("2")]
    shop = shop_of(tmp_path, people, agreement(), agreement("broadleaf", sealing=LAPSED))
    report = run(shop)
    assert [outcome.drop_id for outcome in report.outcomes] == ["lotas/monthly-2026-10-r1"]
    assert list(report.left_out) == ["broadleaf"]
    assert report.exit_code == RefusedError.exit_code
    told = [line for line in work_lines(report) if line.startswith("broadleaf: ")]
    assert "sealing.until (2026-10-31) is over" in told[0]
    assert "sealing.until (2026-10-31) is over" in markdown(report)
    with pytest.raises(RefusedError, match=r"sealing\.until \(2026-10-31\) is over"):
        run(shop, partners=("lotas", "broadleaf"))


def test_a_run_without_any_partner_that_may_get_something_is_refused(tmp_path):
    lapsed = [agreement(partner, sealing=LAPSED) for partner in ("lotas", "broadleaf")]
    with pytest.raises(RefusedError, match=r"broadleaf\.toml: sealing\.until"):
        run(shop_of(tmp_path, [customer("1"), customer("2")], *lapsed))


def test_an_agreement_that_has_yet_to_take_effect_holds_up_nobody(tmp_path):
    to_come = {**agreement("broadleaf"), "effective_on": "2026-12-01"}
    shop = shop_of(tmp_path, [customer("1"), customer("2")], agreement(), to_come)
    report = run(shop)
    assert [outcome.partner for outcome in report.outcomes] == ["lotas"]
    assert (report.left_out, report.exit_code) == ({}, 0)
    assert any("broadleaf: " in line and "2026-12-01" in line for line in report.attention)
    with pytest.raises(RefusedError, match="before the agreement with broadleaf took effect"):
        run(shop, partners=("broadleaf",))


def test_a_drop_names_the_program_that_made_it(tmp_path):
    shop = shop_of(tmp_path, [customer("1"), customer("2")])
    drop = read_drop(Path(run(shop).outcomes[0].path))
    assert drop.software == f"joint-use-export {version('joint-use-export')}"
