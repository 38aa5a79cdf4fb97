"""What is past its time goes, unless somebody needs it; a person who asks is erased (policy §5, §6)."""

import json
import os
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import drops.keeping
from drops.bag import sha256_of
from drops.keeping import Kept
from drops.verify import verify_drop
from flows.counter.disposing import dispose, hold, past_their_time
from flows.counter.erasing import erase
from flows.counter.incident import incident
from flows.counter.lawful_requests import LawfulRequest, record_request
from flows.counter.objecting import Refusal
from flows.counter.owed import carried_by_hand
from flows.recall.words import CUSTOMER_NUMBER, VEHICLE_NUMBER
from flows.running.attention import attention
from flows.running.opening import open_shop
from ledger.audit import entries
from ledger.drop_book import DropBook
from ledger.hold_book import HoldBook
from ledger.locks import held
from ledger.objection_book import ObjectionBook
from ledger.private_files import private_folder, write_private
from schemas.drop import DropKind
from schemas.errors import (
    BusyError,
    ConfigurationError,
    LedgerDoubtfulError,
    VerificationError,
)
from tests.carrying.test_sealing import identity, sealed_to
from tests.command import joint_use
from tests.drops.test_drop import vouched_for
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    agreement,
    customer,
    desk,
    joined,
    killed_in,
    objection,
    run,
    slip,
    toml,
    vehicle,
    write_shop,
    write_table,
)

DROP = "lotas/monthly-2026-10-r1"
TABLES = joined(
    {
        "customers": [customer("1", name="秘密 太郎"), customer("2")],
        "family_members": [{"family_member_id": "F1", "customer_id": "1", "relation": "妻"}],
        "vehicles": [vehicle("V1", "1")],
        "objections": [objection("99")],
    },
    slip("S1", "1", "V1"),
)


def bag_of(shop: Path, drop_id: str = DROP) -> str:
    """What the ledger knows a drop's bag by."""
    with desk(shop).ledger.reading() as connection:
        return DropBook(connection).named(drop_id).bag_sha256


def at(days: int) -> datetime:
    return NOW + timedelta(days=days)


def shop_of(folder: Path, tables=TABLES) -> Path:
    shop = write_shop(folder, tables, agreement(sealing=sealed_to(identity())))
    run(shop)
    return shop


def kinds(shop: Path, days: int) -> list[str]:
    return [each.kind for each in past_their_time(desk(shop, at(days)))]


def of_drops(shop: Path, days: int) -> list[str]:
    return [kind for kind in kinds(shop, days) if kind in {"sealed", "plain_drop", "drop"}]


def test_a_drop_nobody_acknowledged_stays(tmp_path):
    shop = shop_of(tmp_path)
    assert of_drops(shop, 1000) == []
    acknowledge(shop, DROP)
    assert of_drops(shop, 29) == []
    assert of_drops(shop, 31) == ["plain_drop"]
    assert of_drops(shop, 61) == ["sealed", "plain_drop"]
    assert of_drops(shop, 401) == ["sealed", "drop"]


def test_a_drop_under_a_legal_hold_stays_until_it_is_lifted(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    for is_held, expected in ((True, []), (False, ["sealed", "drop"])):
        at_desk = desk(shop)
        with at_desk.ledger.writing() as connection:
            HoldBook(connection).enter(at_desk.actor, DROP, is_held=is_held)
        assert of_drops(shop, 500) == expected


def test_a_drop_is_first_kept_encrypted_then_its_key_is_destroyed(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    kept = Kept(shop / "state", DROP)
    dispose(desk(shop, at(31)))
    assert not (shop / "drops" / DROP).exists()
    assert "秘密".encode() not in kept.copy.read_bytes()
    assert kept.key.stat().st_mode & 0o077 == 0
    (tmp_path / "look").mkdir()
    folder = kept.open_into(tmp_path / "look", bag_of(shop))
    assert "秘密" in (folder / "data" / "customers.csv").read_text("utf-8-sig")
    dispose(desk(shop, at(401)))
    assert [path for path in (kept.copy, kept.key) if path.exists()] == []
    with pytest.raises(VerificationError, match="nothing of it is kept"):
        kept.open_into(tmp_path, bag_of(shop))
    assert of_drops(shop, 402) == []


def test_a_break_between_key_and_copy_is_gone_on_with(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    dispose(desk(shop, at(31)))
    Kept(shop / "state", DROP).key.unlink()
    dispose(desk(shop, at(401)))
    assert not Kept(shop / "state", DROP).copy.exists()


def test_the_certificate_says_what_how_many_when_and_by_which_rule(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    path = dispose(desk(shop, at(401)))
    told = json.loads(path.with_suffix(".json").read_text())
    assert told["removed"][1] == {
        "kind": "drop",
        "name": DROP,
        "persons": 2,
        "rule": "retention.drop_days = 400",
    }
    assert "| drop | lotas/monthly-2026-10-r1 | 2 |" in path.read_text()
    with desk(shop).ledger.reading() as connection:
        assert entries(connection)[-1].action == "dispose"
    assert past_their_time(desk(shop, at(402))) == []
    assert dispose(desk(shop, at(402))) is None


def test_a_disposal_waits_for_no_other_and_for_no_run(tmp_path):
    shop = shop_of(tmp_path)
    with held(shop / "state", ["lotas-monthly"]), pytest.raises(BusyError):
        dispose(desk(shop, at(402)))


def test_what_a_killed_program_left_half_written_goes_with_the_next_disposal(tmp_path):
    shop = shop_of(tmp_path)
    left = shop / "state" / "failures" / f".x.txt.{'0' * 32}"
    write_private(left.with_name("y.txt"), b"")
    left.write_text("秘密 太郎")
    gone = shop / "drops" / "lotas" / ".monthly-2026-09-r1.disposed"
    gone.mkdir()
    dispose(desk(shop))
    assert not left.exists()
    assert not gone.exists()


def test_lists_and_details_go_by_their_age(tmp_path):
    shop = shop_of(tmp_path)
    (shop / "state" / "failures").mkdir(mode=0o700)
    (shop / "state" / "failures" / "x.txt").write_text("details")
    old = at(-100).timestamp()
    for path in (shop / "state" / "failures" / "x.txt", shop / "state" / "quarantine" / "all"):
        os.utime(path, (old, old))
    assert kinds(shop, 0) == ["failures"]
    assert set(kinds(shop, 90)) == {"failures", "quarantine"}


def refusal(number: str) -> Refusal:
    return Refusal(
        customer=number,
        scope="erasure",
        partners=(),
        purposes=(),
        received_on=NOW.date(),
        effective_on=NOW.date(),
        channel="letter",
        is_in_records=True,
    )


def test_an_erased_person_is_nowhere_in_what_is_held_and_stays_refused(tmp_path):
    broken = [{"visit_id": "N1", "customer_id": "1", "checked_in_on": "いつか"}]
    shop = shop_of(tmp_path, joined(TABLES, {"visits": broken}))
    acknowledge(shop, DROP)
    erased = erase(desk(shop), refusal("1"))
    own = [TABLES["customers"][0][k] for k in ("name", "phone", "email")]
    left = b"".join(
        p.read_bytes()
        for place in ("state", "drops")
        for p in (shop / place).rglob("*")
        if p.is_file()
    )
    assert [word for word in own if word.encode() in left] == []
    assert ",1," not in (shop / "state" / "quarantine" / "all" / "visits.csv").read_text()
    assert {line.split()[0] for line in erased.removed} == {
        "quarantine",
        "review",
        "sealed",
        "drop",
    }
    report = run(shop)
    assert report.outcomes[0].account["customers"].objected == 1
    assert report.outcomes[0].deleted == 3


def test_erasing_reaches_every_number_of_a_person(tmp_path):
    one = customer("1")
    two = {**one, "customer_id": "2"}
    tables = {"customers": [two, customer("3")], "objections": [objection("99")]}
    shop = write_shop(tmp_path, tables)
    first = run(shop).outcomes[0].drop_id
    acknowledge(shop, first, now=NOW + timedelta(minutes=1))
    write_table(shop, "customers", [one, two, customer("3")])
    today = NOW.date()
    refusal = Refusal("1", "erasure", (), (), today, today, "letter", is_in_records=True)
    erased = erase(desk(shop, NOW + timedelta(minutes=2)), refusal)
    assert not (shop / "drops" / first).exists()
    assert erased.mentions == ()


def test_how_somebody_asked_for_erasure_is_one_of_four_words(tmp_path):
    shop = shop_of(tmp_path)
    asked = ("erase", "--customer", "1", "--received", "2026-11-01", "--yes", "--shop", shop)
    with desk(shop).ledger.reading() as connection:
        before = entries(connection)
    done = joint_use(*asked, "--operator", PERSON, "--channel", "奥様から090-1111-2222で")
    assert done.returncode == 2
    with desk(shop).ledger.reading() as connection:
        assert entries(connection) == before


def test_what_was_disposed_of_cannot_be_held(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    erase(desk(shop), refusal("1"))
    asked = ("hold", DROP, "--shop", shop, "--operator", PERSON, "--reason", "係争中")
    done = joint_use(*asked)
    assert done.returncode == 2
    assert "nothing is left to hold" in done.stderr


def test_a_drop_is_held_once(tmp_path):
    shop = shop_of(tmp_path)
    asked = ("hold", DROP, "--shop", shop, "--operator", PERSON, "--reason", "係争中")
    assert joint_use(*asked).returncode == 0
    assert "is held already" in joint_use(*asked).stderr


def test_a_hold_that_is_not_there_cannot_be_lifted(tmp_path):
    shop = shop_of(tmp_path)
    asked = ("hold", DROP, "--shop", shop, "--operator", PERSON, "--reason", "係争中")
    assert joint_use(*asked, "--lift").returncode == 2
    assert joint_use(*asked).returncode == 0
    assert joint_use(*asked, "--lift").returncode == 0


def test_a_drop_its_partner_has_not_answered_stays_and_is_named(tmp_path):
    shop = shop_of(tmp_path)
    assert erase(desk(shop), refusal("1")).kept == (DROP,)
    assert (shop / "drops" / DROP).exists()


def test_the_facts_of_an_incident_are_there_at_once(tmp_path):
    shop = shop_of(tmp_path)
    found = incident(desk(shop), DROP, date(2026, 11, 2), is_wrongful=False)
    assert (found.customers, found.relatives, found.persons) == (2, 1, 3)
    assert (found.is_sealed, found.is_over_1000, found.sensitive) == (True, False, "none")
    assert found.first_report_by == "2026-11-05 – 2026-11-07"
    assert found.final_report_by == "2026-12-01"
    assert found.must_be_reported == ()
    assert "お名前" in found.facts
    assert "秘密" not in found.model_dump_json()


def test_erasing_names_the_rows_of_others_that_tell_of_the_person(tmp_path):
    own = TABLES["customers"][0]
    more = {
        "customers": [customer("3", address=f"山形市架空町9番地 {own['name']}様方")],
        "certificates": [{"vehicle_id": "V1", "model_code": "DAA-ZVW50", "user_name": own["name"]}],
    }
    shop = shop_of(tmp_path, joined(TABLES, more))
    erased = erase(desk(shop), refusal("1"))
    assert erased.mentions == ("customers.csv 4", "certificates.csv 2")
    arguments = ("--customer", "2", "--received", "2026-11-01", "--channel", "phone", "--yes")
    done = joint_use("erase", "--shop", shop, "--operator", PERSON, *arguments)
    assert (done.returncode, "more rows, papers of" in done.stderr) == (0, False)


def test_an_erasure_stated_for_later_is_no_erasure_now(tmp_path):
    stated = objection(
        "1", scope="erasure", received_on=f"{NOW:%Y-%m-%d}", effective_on="2027-01-01"
    )
    shop = shop_of(tmp_path, {**TABLES, "objections": [stated]})
    (name,) = erase(desk(shop), refusal("1")).objection_ids
    assert name.startswith("K")
    assert run(shop).outcomes[0].account["customers"].objected == 1


def test_a_copy_of_a_drop_that_comes_back_after_an_erasure_goes_again(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    shutil.copytree(shop / "drops" / DROP, tmp_path / "backup")
    erase(desk(shop), refusal("1"))
    assert not (shop / "drops" / DROP).exists()
    shutil.copytree(tmp_path / "backup", shop / "drops" / DROP)
    assert dispose(desk(shop, NOW + timedelta(days=1)))
    assert not (shop / "drops" / DROP).exists()


def test_a_copy_somebody_made_of_a_drop_is_told(tmp_path):
    shop = shop_of(tmp_path)
    shutil.copytree(shop / "drops" / DROP, shop / "drops" / f"{DROP} - コピー")
    folder, ledger = open_shop(shop, {})
    told = [line for line in attention(folder, ledger, NOW) if "コピー" in line]
    assert len(told) == 1
    assert "remove it" in told[0]


def test_a_copy_without_its_key_is_made_again_before_the_folder_goes(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    shutil.copytree(shop / "drops" / DROP, tmp_path / "backup")
    dispose(desk(shop, NOW + timedelta(days=40)))
    kept = Kept(shop / "state", DROP)
    kept.key.unlink()
    shutil.copytree(tmp_path / "backup", shop / "drops" / DROP)
    dispose(desk(shop, NOW + timedelta(days=41)))
    assert (
        kept.open_into(private_folder(tmp_path / "scratch"), bag_of(shop)) / "drop.json"
    ).exists()


def test_nothing_is_disposed_of_while_an_older_backup_may_have_been_restored(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    shutil.copytree(shop / "state", tmp_path / "backup")
    hold(desk(shop), DROP, is_held=True)
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    with pytest.raises(LedgerDoubtfulError):
        dispose(desk(shop, NOW + timedelta(days=500)))
    assert (shop / "drops" / DROP).exists()


def test_what_was_left_half_removed_of_a_partner_without_an_agreement_goes(tmp_path):
    shop = shop_of(tmp_path)
    left = shop / "drops" / "former" / ".monthly-2026-08-r1.disposed" / "data"
    left.mkdir(parents=True)
    (left / "customers.csv").write_text("x")
    dispose(desk(shop))
    assert not left.exists()


def test_an_erasure_that_is_done_again_is_recorded_once(tmp_path):
    shop = shop_of(tmp_path)
    (first,) = erase(desk(shop), refusal("1")).objection_ids
    assert erase(desk(shop), refusal("1")).objection_ids == (first,)
    later = replace(refusal("1"), received_on=NOW.date() - timedelta(days=1))
    assert erase(desk(shop), later).objection_ids != (first,)


def test_an_erased_person_is_in_no_quarantine_file_of_an_older_form(tmp_path):
    broken = [{"visit_id": "N1", "customer_id": "1", "checked_in_on": "いつか"}]
    shop = shop_of(tmp_path, joined(TABLES, {"visits": broken}))
    path = shop / "state" / "quarantine" / "all" / "visits.csv"
    write_private(path, b'"source","row","reason","unreadable","customer_id"\r\n"x",1,"y",,"1"\r\n')
    erase(desk(shop), refusal("1"))
    assert not path.exists()


def test_an_incident_names_where_the_drop_went_not_where_the_next_would(tmp_path):
    shop = shop_of(tmp_path)
    assert incident(desk(shop), DROP, date(2026, 11, 2), is_wrongful=False).place == ""
    carried_by_hand(desk(shop), DROP)
    place = {"kind": "folder", "path": str(tmp_path / "usb")}
    terms = agreement(sealing=sealed_to(identity())) | {"place": place}
    (shop / "partners" / "lotas.toml").write_text(toml(terms))
    assert incident(desk(shop), DROP, date(2026, 11, 2), is_wrongful=False).place == "手渡し"


def test_an_unsealed_drop_taken_on_purpose_must_be_reported(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    run(shop)
    found = incident(desk(shop), DROP, date(2026, 11, 2), is_wrongful=True)
    assert found.must_be_reported == ("3号 不正の目的によるおそれ",)
    assert found.final_report_by == "2026-12-31"


def test_an_incident_looks_into_the_kept_copy_and_fears_the_worst_without_one(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    for days, sensitive in ((31, "none"), (401, "unknown")):
        dispose(desk(shop, at(days)))
        found = incident(desk(shop), DROP, date(2026, 11, 2), is_wrongful=False)
        assert found.sensitive == sensitive
    assert not list((shop / "state" / "runs").iterdir())


def test_a_lawful_request_is_recorded_and_makes_no_drop(tmp_path):
    shop = shop_of(tmp_path)
    many = [customer(str(number)) for number in range(100, 161)]
    write_table(shop, "customers", [*TABLES["customers"], *many])
    request = LawfulRequest.load(
        {
            "authority": "山形県警察",
            "basis": "authority",
            "law": "刑事訴訟法197条2項",
            "document": "第12号",
            "given": "氏名、住所",
        },
        where="x",
    )
    before = sorted((shop / "drops").rglob("*"))
    path = record_request(desk(shop), request, [str(number) for number in range(100, 161)])
    with desk(shop).ledger.reading() as connection:
        told = [entry.subject for entry in entries(connection) if entry.action == "lawful request"]
    references = desk(shop).ledger.references
    assert told == references.of_all(str(number) for number in range(100, 161))
    path = record_request(desk(shop), request, ["1", "1"])
    assert path.stat().st_mode & 0o077 == 0
    assert sorted((shop / "drops").rglob("*")) == before
    with desk(shop).ledger.reading() as connection:
        entry = entries(connection)[-1]
    assert (entry.action, entry.subject) == ("lawful request", desk(shop).ledger.references.of("1"))
    with pytest.raises(ConfigurationError, match="nobody in the records"):
        record_request(desk(shop), request, ["404"])


def test_nothing_is_recorded_or_removed_while_a_run_is_at_work(tmp_path):
    shop = shop_of(tmp_path)
    run(shop)
    with held(shop / "state", ["lotas-recall"]), pytest.raises(BusyError, match="lotas-recall"):
        erase(desk(shop), refusal("1"))
    with desk(shop).ledger.reading() as connection:
        register = ObjectionBook(connection, desk(shop).ledger.references).register()
    assert "erasure" not in register.terms["scope"].to_pylist()
    assert erase(desk(shop), refusal("1")).objection_ids


def test_a_drop_with_an_erased_person_goes_as_soon_as_its_partner_answered(tmp_path):
    shop = shop_of(tmp_path)
    erase(desk(shop), refusal("1"))
    assert of_drops(shop, 1) == []
    acknowledge(shop, DROP, now=at(1))
    assert of_drops(shop, 1) == ["sealed", "drop"]
    dispose(desk(shop, at(1)))
    assert not (shop / "drops" / DROP).exists()


def test_a_broken_row_without_a_number_that_names_the_erased_person_goes_too(tmp_path):
    stray = [{"chassis_number": "", "owner_name": "秘密　太郎", "first_registered_in": "いつか"}]
    shop = shop_of(tmp_path, joined(TABLES, {"certificates": stray}))
    path = shop / "state" / "quarantine" / "all" / "certificates.csv"
    assert "秘密" in path.read_text("utf-8-sig")
    erase(desk(shop), refusal("1"))
    assert "秘密" not in path.read_text("utf-8-sig")


def test_a_replaced_drop_stays_until_its_successor_is_acknowledged(tmp_path):
    shop = shop_of(tmp_path)
    write_table(shop, "customers", [*TABLES["customers"], customer("3")])
    run(shop)
    assert of_drops(shop, 500) == []
    acknowledge(shop, "lotas/monthly-2026-10-r2")
    assert of_drops(shop, 500) == ["sealed", "drop", "sealed", "drop"]


def test_a_break_while_the_folder_is_removed_loses_no_kept_copy(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    kept, folder = Kept(shop / "state", DROP), shop / "drops" / DROP
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    dispose(desk(shop, at(31)))
    shutil.copytree(whole, folder)
    (folder / "data" / "customers.csv").unlink()
    dispose(desk(shop, at(32)))
    (tmp_path / "look").mkdir()
    assert (kept.open_into(tmp_path / "look", bag_of(shop)) / "data" / "customers.csv").exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    "spoilt", ["秘密 太郎,090-1111-2222\r\n".encode("cp932"), b"", b"\xef\xbb\xbfa,b\r\n1\r\n"]
)
def test_a_list_somebody_saved_otherwise_goes_whole_and_stops_no_erasure(tmp_path, spoilt):
    shop = shop_of(tmp_path)
    lists = [
        shop / "state" / "recall" / "2026-11-02" / "call-list.csv",
        shop / "state" / "quarantine" / "2026-10" / "customers.csv",
        shop / "state" / "quarantine" / "2026-10" / "customers のコピー.csv",
    ]
    for path in lists:
        write_private(path, spoilt)
    erased = erase(desk(shop), refusal("1"))
    assert not any(path.exists() for path in lists)
    assert erased.kept == (DROP,)


def test_what_cannot_be_removed_keeps_nothing_else(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop, month="2026-09")
    run(shop)
    for name in ("lotas/monthly-2026-09-r1", DROP):
        acknowledge(shop, name)
    (shop / "drops" / DROP / ".DS_Store").write_text("x")
    with pytest.raises(VerificationError, match="is not as it was published; it stays"):
        dispose(desk(shop, at(31)))
    assert of_drops(shop, 31) == ["plain_drop"]
    assert (shop / "drops" / DROP).exists()
    (certificate,) = (shop / "state" / "disposals").glob("*.json")
    assert "2026-09" in certificate.read_text()
    with pytest.raises(VerificationError):
        dispose(desk(shop, at(31)))
    assert len(list((shop / "state" / "disposals").glob("*.json"))) == 1


def test_a_drop_its_partner_was_told_to_discard_closes_with_that_answer(tmp_path):
    shop = write_shop(tmp_path, TABLES)
    run(shop)
    assert joint_use("stop", DROP, "--reason", "誤り", *_who(shop)).returncode == 0
    (notice,) = run(shop, kind=DropKind.NOTICES, now=at(30)).outcomes
    assert of_drops(shop, 1000) == []
    acknowledge(shop, notice.drop_id, now=at(31))
    assert "drop" in of_drops(shop, 1000)


def _who(shop: Path) -> tuple[str, ...]:
    return ("--shop", str(shop), "--operator", PERSON)


@pytest.mark.parametrize("damage", ["cut", "gone", "described by nothing", "kept"])
def test_an_incident_with_a_damaged_copy_is_answered_and_fears_the_worst(tmp_path, damage):
    shop = shop_of(tmp_path)
    folder = shop / "drops" / DROP
    file = folder / "data" / "customers.csv"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "kept":
        acknowledge(shop, DROP)
        dispose(desk(shop, at(31)))
        kept = Kept(shop / "state", DROP).copy
        content = bytearray(kept.read_bytes())
        content[-30] ^= 1
        kept.write_bytes(content)
    else:
        (file if damage == "gone" else folder / "datapackage.json").unlink()
    found = incident(desk(shop), DROP, NOW.date(), is_wrongful=False)
    assert (found.sensitive, found.customers) == ("unknown", 2)
    with desk(shop).ledger.reading() as connection:
        assert entries(connection)[-1].action == "incident"


def test_a_program_killed_while_it_makes_a_copy_again_loses_nothing(tmp_path, monkeypatch):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    kept, folder = Kept(shop / "state", DROP), shop / "drops" / DROP
    shutil.copytree(folder, tmp_path / "backup")
    dispose(desk(shop, at(31)))
    shutil.copytree(tmp_path / "backup", folder)
    kept.key.unlink()
    killed_in(monkeypatch, drops.keeping, "encrypt", lambda: dispose(desk(shop, at(32))))
    dispose(desk(shop, at(33)))
    assert not folder.exists()
    opened = kept.open_into(private_folder(tmp_path / "scratch"), bag_of(shop))
    assert (opened / "drop.json").exists()


def test_a_drop_altered_with_all_its_manifests_is_not_the_one_that_was_published(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    folder = shop / "drops" / DROP
    data = folder / "data" / "customers.csv"
    before = sha256_of(data)
    data.write_bytes(data.read_bytes().replace("秘密".encode(), "公開".encode()))
    for name in ("drop.json", "datapackage.json", "manifest-sha256.txt"):
        text = (folder / name).read_text().replace(before, sha256_of(data))
        (folder / name).write_text(text)
    vouched_for(folder)
    assert verify_drop(folder)
    assert incident(desk(shop), DROP, NOW.date(), is_wrongful=False).sensitive == "unknown"
    with pytest.raises(VerificationError, match="not as it was published"):
        dispose(desk(shop, at(31)))
    assert folder.exists()


def test_the_report_of_an_incident_is_given_though_a_key_was_half_destroyed(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    dispose(desk(shop, at(31)))
    Kept(shop / "state", DROP).key.write_bytes(b"\xff\xfe" * 37)
    told = incident(desk(shop, at(32)), DROP, NOW.date(), is_wrongful=False)
    assert told.sensitive == "unknown"


def test_an_erased_persons_rows_leave_every_list_and_what_may_quote_them(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    header = f"{CUSTOMER_NUMBER},{VEHICLE_NUMBER},name\r\n"
    rows = ("1,V7,own card", "7,V1,own car", "7,V7,somebody else", "2,V2,another")
    calls = shop / "state" / "recall" / "7001"
    private_folder(calls)
    write_private(
        calls / "call-list.csv", (header + "\r\n".join(rows) + "\r\n").encode("utf-8-sig")
    )
    write_private(calls / "call-list.html", "秘密 太郎".encode())
    write_private(shop / "state" / "failures" / "1.txt", "秘密 太郎".encode())
    erase(desk(shop), refusal("1"))
    left = (calls / "call-list.csv").read_text("utf-8-sig")
    assert [name in left for name in ("own card", "own car", "somebody else", "another")] == [
        *(False, False, True, True)
    ]
    assert not (calls / "call-list.html").exists()
    assert not list((shop / "state" / "failures").iterdir())


@pytest.mark.parametrize(
    ("sealing", "is_wrongful", "duties"),
    [
        (sealed_to(identity()), False, ()),
        (sealed_to(identity()), True, ("3号 不正の目的によるおそれ",)),
        (None, False, ()),
        (None, True, ("3号 不正の目的によるおそれ",)),
    ],
)
def test_what_was_taken_on_purpose_is_reported_though_it_was_sealed(
    tmp_path, sealing, is_wrongful, duties
):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealing))
    run(shop)
    told = incident(desk(shop), DROP, NOW.date(), is_wrongful=is_wrongful)
    assert told.must_be_reported == duties


@pytest.mark.parametrize(("most", "is_due"), [(3, False), (2, True)])
def test_relatives_count_among_those_whose_leak_is_reported(tmp_path, monkeypatch, most, is_due):
    monkeypatch.setattr("flows.counter.incident.REPORTABLE_PERSONS", most)
    shop = write_shop(tmp_path, TABLES)
    run(shop)
    told = incident(desk(shop), DROP, NOW.date(), is_wrongful=False)
    assert (told.persons, told.is_over_1000) == (3, is_due)
    assert told.must_be_reported == (("4号 1,000人を超える",) if is_due else ())


def test_copy_and_key_stand_on_the_disk_before_the_drop_goes(tmp_path, monkeypatch):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    kept, folder = Kept(shop / "state", DROP), shop / "drops" / DROP
    seen, fsync = {}, os.fsync

    def recorded(handle):
        seen[os.fstat(handle).st_ino] = (folder.exists(), kept.copy.exists())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", recorded)
    dispose(desk(shop, at(31)))
    assert not folder.exists()
    assert seen[kept.key.stat().st_ino] == (True, False)
    assert seen[kept.copy.stat().st_ino] == (True, False)
    assert seen[kept.copy.parent.stat().st_ino] == (True, True)
    assert seen[kept.key.parent.stat().st_ino] == (True, False)


def test_a_program_killed_while_it_encrypts_leaves_no_copy_that_looks_whole(tmp_path, monkeypatch):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)

    def begun(_folder, _name, _recipient, file):
        file.write(b"age-encryption.org/v1\n")

    killed_in(monkeypatch, drops.keeping, "encrypt", lambda: dispose(desk(shop, at(31))), begun)
    dispose(desk(shop, at(32)))
    opened = Kept(shop / "state", DROP).open_into(
        private_folder(tmp_path / "scratch"), bag_of(shop)
    )
    assert (opened / "drop.json").exists()


def test_a_program_killed_while_it_removes_a_drop_leaves_no_half_of_it(tmp_path, monkeypatch):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)

    def one_gone(folder, *_more):
        next(path for path in Path(folder).rglob("*") if path.is_file()).unlink()

    gone = drops.keeping.shutil
    killed_in(monkeypatch, gone, "rmtree", lambda: dispose(desk(shop, at(31))), one_gone)
    assert not (shop / "drops" / DROP).exists()
    run(shop, now=at(32))
    assert not list((shop / "drops" / "lotas").glob(".*.disposed"))


def test_a_destroyed_key_is_overwritten_where_it_stood(tmp_path):
    shop = shop_of(tmp_path)
    acknowledge(shop, DROP)
    dispose(desk(shop, at(31)))
    kept = Kept(shop / "state", DROP)
    secret = kept.key.read_bytes()
    with kept.key.open("rb") as handle:
        dispose(desk(shop, at(401)))
        assert len(left := handle.read()) == len(secret)
    assert left != secret
    assert not kept.key.exists()
