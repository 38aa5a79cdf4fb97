"""More persons than the limit leave only with the data manager's consent (policy §8: 件数制限)."""

import errno
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.counter import releasing
from flows.counter.desk import open_desk
from flows.counter.erasing import erase
from flows.counter.objecting import Refusal
from flows.counter.releasing import decide
from flows.counter.reviewing import withhold_texts
from flows.running.attention import attention
from flows.running.report import Served
from ledger.audit import entries
from ledger.carry_book import CarryBook
from ledger.drop_book import DropBook
from ledger.review_book import ReviewBook
from schemas.errors import (
    ConfigurationError,
    ObjectionsMovedError,
    RefusedError,
    VerificationError,
)
from schemas.screening import Decision
from schemas.shop_rules import CarryOut
from tests.factories import (
    NOW,
    PERSON,
    agreement,
    before,
    customer,
    desk,
    object_to,
    objection,
    run,
    toml,
    write_shop,
    write_table,
)

MANAGER = "責任 花子"
DROP = "lotas/monthly-2026-10-r1"


def shop_of(folder: Path, people: int = 4, **carry_out) -> Path:
    tables = {
        "customers": [customer(str(n)) for n in range(people)],
        "family_members": [{"family_member_id": "F1", "customer_id": "0", "relation": "妻"}],
        "objections": [objection("99")],
    }
    shop = write_shop(folder, tables)
    limits = {"max_persons": 4, "data_managers": [MANAGER, PERSON], **carry_out}
    with (shop / "shop.toml").open("a") as file:
        file.write(f"\n[carry_out]\n{toml(limits)}")
    return shop


def manager(shop: Path, person: str = MANAGER, now: datetime = NOW):
    return open_desk(shop, person, "承諾", lambda: now, {})


def release(shop: Path, *, refuse: bool = False, person: str = MANAGER, now: datetime = NOW) -> str:
    return decide(manager(shop, person, now), lambda: now, DROP, refuse=refuse).folder


def visible(shop: Path) -> list[str]:
    return sorted(p.parent.name for p in (shop / "drops").rglob("drop.json"))


def test_an_erased_persons_drop_waits_no_longer(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    today = NOW.date()
    refusal = Refusal("0", "erasure", (), (), today, today, "letter", is_in_records=True)
    assert f"waiting {DROP}" in erase(desk(shop), refusal).removed
    with desk(shop).ledger.reading() as connection:
        assert CarryBook(connection).waiting() == []
        assert entries(connection)[-2].action == "refused"
    with pytest.raises(ConfigurationError, match="does not wait"):
        release(shop)


def test_no_certificate_speaks_of_what_is_left(tmp_path, monkeypatch):
    shop = shop_of(tmp_path)
    run(shop)
    today, remove = NOW.date(), shutil.rmtree

    def stuck(path, *more, **options):
        if "waiting" in Path(path).parts and not options.get("ignore_errors"):
            raise OSError(errno.EBUSY, "busy")
        if "waiting" not in Path(path).parts:
            remove(path, *more, **options)

    monkeypatch.setattr(shutil, "rmtree", stuck)
    refusal = Refusal("0", "erasure", (), (), today, today, "letter", is_in_records=True)
    with pytest.raises(OSError, match="busy"):
        erase(desk(shop), refusal)
    (certificate,) = (shop / "state" / "disposals").glob("*.json")
    told = json.loads(certificate.read_text())["removed"]
    assert "waiting" not in {each["kind"] for each in told}


@pytest.mark.parametrize(("people", "status"), [(3, "published"), (4, "waiting")])
def test_relatives_count_and_one_above_the_limit_waits(tmp_path, people, status):
    shop = shop_of(tmp_path, people)
    (outcome,) = run(shop).outcomes
    assert outcome.status == status
    assert Served(outcomes=(outcome,)).exit_code == (4 if status == "waiting" else 0)
    assert visible(shop) == ([] if status == "waiting" else ["monthly-2026-10-r1"])


def test_a_waiting_drop_is_private_and_somebody_is_told(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    place = shop / "state" / "waiting" / DROP
    assert (place / "drop.json").exists()
    assert (shop / "state" / "waiting").stat().st_mode & 0o077 == 0
    told = attention(desk(shop).folder, desk(shop).ledger, NOW)
    assert any("waits for the data manager (5 persons)" in line for line in told)


def test_a_waiting_drop_that_a_merge_shows_to_hold_a_refuser_is_not_released(tmp_path):
    shop = shop_of(tmp_path)
    old = customer("50")
    people = [customer(str(n)) for n in range(4)]
    write_table(shop, "customers", [*people, old])
    object_to(shop, "50")
    run(shop)
    write_table(
        shop, "customers", [*people[:3], {**people[3], "merged_into_customer_id": "50"}, old]
    )
    with pytest.raises(ObjectionsMovedError, match="holds something of people"):
        release(shop)
    assert visible(shop) == []


def test_a_partner_without_an_agreement_that_holds_records_is_told_of(tmp_path):
    shop = shop_of(tmp_path, max_persons=99)
    run(shop)
    (shop / "partners" / "lotas.toml").unlink()
    (shop / "partners" / "broadleaf.toml").write_text(toml(agreement("broadleaf")))
    told = attention(desk(shop).folder, desk(shop).ledger, NOW)
    assert any(line.startswith("lotas: 覚書がありません") for line in told)


def test_whom_a_drop_released_late_gives_again_is_told_to_be_deleted_again(tmp_path):
    people = [customer(str(n)) for n in range(1, 5)]
    tables = {"customers": people, "objections": [objection("99")]}
    limits = {"max_vanished_share": 1}

    def written(most: int, rows) -> Path:
        shop = write_shop(tmp_path, {**tables, "customers": rows}, limits=limits)
        managers = {"max_persons": most, "data_managers": [MANAGER]}
        with (shop / "shop.toml").open("a") as file:
            file.write(f"\n[carry_out]\n{toml(managers)}")
        return shop

    assert run(written(1, people), month="2026-09").outcomes[0].status == "waiting"
    assert run(written(99, people)).outcomes[0].deleted == 0
    shop = written(99, people[:3])
    told = run(shop).outcomes[0]
    assert (told.status, told.deleted) == ("published", 1)
    decide(manager(shop), lambda: NOW, "lotas/monthly-2026-09-r1", refuse=False)
    again = run(shop).outcomes[0]
    assert (again.status, again.deleted) == ("published", 1)


def test_a_released_drop_is_published_as_it_was_made(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    made = (shop / "state" / "waiting" / DROP / "tagmanifest-sha256.txt").read_bytes()
    folder = Path(release(shop))
    assert (folder / "tagmanifest-sha256.txt").read_bytes() == made
    assert not (shop / "state" / "waiting" / DROP).exists()
    assert run(shop).outcomes[0].status == "unchanged"


def test_a_refused_drop_is_gone_and_can_be_made_again(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    release(shop, refuse=True)
    assert not (shop / "state" / "waiting" / DROP).exists()
    with pytest.raises(ConfigurationError, match="does not wait"):
        release(shop)
    assert run(shop).outcomes[0].status == "waiting"
    release(shop)
    assert visible(shop) == ["monthly-2026-10-r1"]


@pytest.mark.parametrize(
    ("person", "told"), [(PERSON, "ran the export"), ("別人 一郎", "only a data manager")]
)
def test_nobody_else_releases_it(tmp_path, person, told):
    shop = shop_of(tmp_path)
    run(shop)
    with pytest.raises(RefusedError, match=told):
        release(shop, person=person)
    assert visible(shop) == []


@pytest.mark.parametrize("by_records", [True, False])
def test_an_objection_since_keeps_it_from_leaving(tmp_path, by_records):
    shop = shop_of(tmp_path)
    run(shop)
    if by_records:
        write_table(shop, "objections", [objection("99"), objection("1")])
    else:
        object_to(shop, "1")
    with pytest.raises(ObjectionsMovedError, match="Run the export again"):
        release(shop)
    assert visible(shop) == []
    assert run(shop).outcomes[0].account["customers"].objected == 1


def test_an_objection_that_takes_effect_meanwhile_counts(tmp_path):
    shop = shop_of(tmp_path)
    object_to(shop, "1", effective_on=datetime(2026, 11, 5, tzinfo=UTC).date())
    run(shop)
    with pytest.raises(ObjectionsMovedError):
        release(shop, now=NOW + timedelta(days=5))
    release(shop)
    assert visible(shop) == ["monthly-2026-10-r1"]


def test_a_changed_byte_or_agreement_keeps_it_from_leaving(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    path = shop / "state" / "waiting" / DROP / "data" / "customers.csv"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(VerificationError, match="not what was made"):
        release(shop)
    run(shop)
    (shop / "partners" / "lotas.toml").write_text(toml(agreement() | {"version": "2"}))
    with pytest.raises(RefusedError, match="was changed since"):
        release(shop)
    assert visible(shop) == []


def test_a_notice_that_changed_keeps_a_waiting_drop_from_leaving(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    with (shop / "notice.toml").open("a") as notice:
        notice.write("# reviewed\n")
    with pytest.raises(RefusedError, match="the notice was changed since"):
        release(shop)
    assert visible(shop) == []


def test_a_standing_permission_holds_for_its_kind_its_number_and_its_time(tmp_path):
    permission = {
        "kind": "monthly",
        "max_persons": 5,
        "until": "2026-11-02",
        "by": MANAGER,
        "reason": "毎月の納品",
    }
    rules = CarryOut.load(
        {"max_persons": 4, "data_managers": [MANAGER], "standing": [permission]}, where="x"
    )
    day = datetime(2026, 11, 2, tzinfo=UTC).date()
    assert rules.most("monthly", day) == 5
    assert rules.most("recall", day) == 4
    assert rules.most("monthly", day + timedelta(days=1)) == 4
    with pytest.raises(ConfigurationError, match="one of data_managers"):
        CarryOut.load({"standing": [permission]}, where="x")


def test_a_thousand_persons_leave_without_asking_unless_the_shop_says_less():
    assert CarryOut().most("monthly", NOW.date()) == 1000


def test_what_a_killed_run_put_aside_without_entering_it_is_swept_away(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    stray = shop / "state" / "waiting" / "lotas" / "monthly-2026-09-r1"
    stray.mkdir(mode=0o700)
    run(shop, dry_run=True)
    assert not stray.exists()
    assert (shop / "state" / "waiting" / DROP).exists()


def test_a_kill_between_the_rename_and_its_entry_publishes_nothing_without_consent(
    tmp_path, monkeypatch
):
    shop = shop_of(tmp_path)
    run(shop)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(DropBook, "publish", killed)
    with pytest.raises(KeyboardInterrupt):
        release(shop)
    monkeypatch.undo()
    assert visible(shop) == ["monthly-2026-10-r1"]
    with manager(shop).ledger.reading() as connection:
        assert len(CarryBook(connection).waiting()) == 1
    assert visible(shop) == []
    release(shop)
    assert visible(shop) == ["monthly-2026-10-r1"]
    with desk(shop).ledger.reading() as connection:
        assert CarryBook(connection).waiting() == []
        decided = [each.person for each in entries(connection) if each.action == "released"]
    assert decided == [MANAGER]


@pytest.mark.parametrize(
    "narrow",
    [
        lambda book, actor: book.decide(actor, [book.reference("ある文")], Decision.WITHHELD),
        lambda book, actor: book.take_back_words(actor, ["ほにゃらら"]),
    ],
)
def test_a_text_withheld_or_a_word_taken_back_meanwhile_keeps_it_from_leaving(tmp_path, narrow):
    shop = shop_of(tmp_path)
    at_desk = desk(shop)
    with at_desk.ledger.writing() as connection:
        ReviewBook(connection, at_desk.ledger.references).add_words(at_desk.actor, ["ほにゃらら"])
    run(shop)
    with at_desk.ledger.writing() as connection:
        narrow(ReviewBook(connection, at_desk.ledger.references), at_desk.actor)
    with pytest.raises(RefusedError, match="withheld a text, or took a word back, since"):
        release(shop)
    assert visible(shop) == []


def test_a_text_withheld_while_it_is_released_keeps_it_from_leaving(tmp_path, monkeypatch):
    shop = shop_of(tmp_path)
    run(shop)
    look = releasing.refuse_holding_refusers

    def meanwhile(*arguments):
        look(*arguments)
        withhold_texts(desk(shop), ["ある文"])

    monkeypatch.setattr(releasing, "refuse_holding_refusers", meanwhile)
    with pytest.raises(RefusedError, match="withheld a text"):
        release(shop)
    assert visible(shop) == []


@pytest.mark.parametrize("people", [3, 4])
def test_a_text_withheld_while_a_drop_is_made_keeps_it_from_leaving(tmp_path, people):
    shop = shop_of(tmp_path, people)
    for stage in ("write", "publish"):
        with pytest.raises(RefusedError, match="withheld a text, or took a word back, while"):
            run(shop, step=before(stage, lambda: withhold_texts(desk(shop), ["ある文"])))
        assert visible(shop) == []
    with desk(shop).ledger.reading() as connection:
        assert CarryBook(connection).waiting() == []


def test_a_waiting_drop_can_be_refused_whatever_became_of_the_agreement(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    (shop / "partners" / "lotas.toml").unlink()
    (shop / "partners" / "broadleaf.toml").write_text(toml(agreement("broadleaf")))
    told = attention(desk(shop).folder, desk(shop).ledger, NOW)
    assert any(f"joint-use release {DROP} --refuse" in line for line in told)
    release(shop, refuse=True)
    assert not (shop / "state" / "waiting" / DROP).exists()
    assert not any(DROP in line for line in attention(desk(shop).folder, desk(shop).ledger, NOW))
