"""Handing over at real places: whole or not at all, never written over, on after a break."""

import hashlib
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

import drops.transfer
from drops.transfer import READY
from flows.carrying.cut_off import Settled, settle_cut_off
from flows.counter.adopting import resume
from flows.counter.delivering import deliver
from flows.counter.disclosure import disclose
from flows.counter.earlier_drop import opened_for
from flows.counter.incident import incident
from flows.counter.owed import carried_by_hand, owed, send_again
from flows.counter.reviewing import withhold_texts
from flows.running.attention import attention
from ledger.carry_book import CarryBook
from ledger.drop_book import DropBook
from ledger.private_files import write_private
from schemas.drop import DropKind
from schemas.errors import (
    ConfigurationError,
    DeliveryError,
    ObjectionsMovedError,
    RefusedError,
    VerificationError,
)
from tests import factories
from tests.carrying.places import S3_CREDENTIAL, s3_files, s3_place, s3_server, sftp_server
from tests.carrying.test_sealing import TABLES, identity, sealed_to
from tests.command import joint_use
from tests.factories import (
    NOW,
    PERSON,
    acknowledge,
    agreement,
    customer,
    desk,
    joined,
    killed_in,
    object_to,
    objection,
    run,
    slip,
    vehicle,
    write_shop,
    write_table,
)

NAME = "monthly-2026-10-r1.tar.age"
FILES = {NAME, f"{NAME}.sha256", f"{NAME}.sha256.sig", f"monthly-2026-10-r1{READY}"}
DROP = "lotas/monthly-2026-10-r1"


def stop(at_desk, drop_id):
    """Stop a drop, as the command does."""
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, drop_id)


def shop_for(folder: Path, place: dict, secret: str = "", tables=TABLES, key=None) -> Path:
    terms = agreement(sealing=sealed_to(key or identity())) | {"place": place}
    shop = write_shop(folder, tables, terms)
    if secret:
        write_private(shop / "state" / "keys" / "lotas-sftp", secret.encode())
    return shop


def owing(folder: Path) -> tuple[Path, Path]:
    """A shop with a drop that is published and not handed over, and its place, which is there by now."""
    out = folder / "out"
    shop = shop_for(folder / "shop", {"kind": "folder", "path": str(out)})
    run(shop)
    out.mkdir()
    return shop, out


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def outcome_of(shop: Path):
    (outcome,) = run(shop).outcomes
    return outcome


def test_a_folder_gets_the_parcel_and_the_marker_last(tmp_path):
    (tmp_path / "out").mkdir()
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    outcome = outcome_of(shop)
    assert outcome.handed_over == f"渡しました / handed over: {tmp_path / 'out'}: {NAME}"
    assert names_in(tmp_path / "out") == FILES
    told = json.loads((tmp_path / "out" / f"monthly-2026-10-r1{READY}").read_text())
    assert told["drop_id"] == DROP
    assert owed(desk(shop)).by_program == []
    assert outcome_of(shop).handed_over == ""


def test_every_file_stands_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    kept, whole = [], os.fsync

    def fsync(handle):
        kept.append((os.fstat(handle).st_ino, names_in(out) & FILES))
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    deliver(desk(shop), lambda: NOW, DROP)
    seen = dict(reversed(kept))
    assert all(path.name not in seen[path.stat().st_ino] for path in out.iterdir())
    assert [inode for inode, _ in kept].count(out.stat().st_ino) == len(FILES)


def test_a_folder_that_is_not_there_is_told_and_handed_over_to_later(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    outcome = outcome_of(shop)
    assert (outcome.status, outcome.handover_code) == ("published", 1)
    assert owed(desk(shop)).by_program == [DROP]
    (tmp_path / "out").mkdir()
    deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(tmp_path / "out") == FILES


def test_a_notice_that_reached_no_place_ends_with_a_code(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    run(shop)
    object_to(shop, "1")
    asked = ("--shop", shop, "--partner", "lotas", "--operator", PERSON)
    done = joint_use("notices", *asked)
    assert done.returncode == 1
    assert "not handed over: フォルダ out" in done.stderr
    (tmp_path / "out").mkdir()
    notice = "/".join(Path(done.stdout.strip()).parts[-2:])
    again = joint_use("deliver", notice, "--shop", shop, "--operator", PERSON)
    assert (again.returncode, again.stdout.strip().endswith(".tar.age")) == (0, True)


def test_a_sealed_drop_without_a_place_waits_to_be_carried_by_hand(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    asked = ("--shop", shop, "--operator", PERSON)
    for arguments in (("deliver", *asked), ("deliver", DROP, *asked)):
        assert f"joint-use deliver {DROP} --by-hand" in joint_use(*arguments).stdout
    assert f"to carry by hand: {DROP}" in joint_use("status", "--shop", shop).stdout
    joint_use("deliver", DROP, "--by-hand", *asked)
    assert "nothing is due" in joint_use("deliver", *asked).stderr
    assert "by hand" not in joint_use("status", "--shop", shop).stdout


def test_nobody_is_told_to_carry_a_drop_an_objection_has_overtaken(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    object_to(shop, "1")
    asked = ("--shop", shop, "--operator", PERSON)
    done = joint_use("deliver", *asked)
    assert (done.returncode, "--by-hand" in done.stdout) == (4, False)
    assert "an objection arrived" in done.stderr


MOBILE = "090-7777-7777"


@pytest.mark.parametrize(
    ("table", "row", "since"),
    [
        (
            "family_members",
            {"family_member_id": "F1", "customer_id": "2", "name": "架空 月子"},
            {"linked_customer_id": "1"},
        ),
        ("vehicles", vehicle("V2", "2"), {"customer_id": "1"}),
        ("repairs", slip("S1", "2", "V9")["repairs"][0], {"customer_id": "1"}),
        ("invoices", slip("S1", "2", "V9")["invoices"][0], {"customer_id": "1"}),
        ("customers", customer("1", mobile_phone=""), {"mobile_phone": MOBILE}),
        ("customers", customer("1"), {"name": "架空 月子"}),
    ],
)
def test_a_drop_with_what_turns_out_to_be_a_refusers_is_not_handed_over(
    tmp_path, table, row, since
):
    lodger = customer("3", address="山形市架空町9番地 架空月子様方")
    people = [customer("2", phone=MOBILE), lodger]
    refuser = [] if table == "customers" else [customer("1")]
    tables = joined(
        {"customers": [*people, *refuser], "vehicles": [vehicle("V9", "2")]},
        slip("S1", "2", "V9"),
    )
    others = [each for each in tables.get(table, []) if table not in {"repairs", "invoices"}]
    tables[table] = [*others, row]
    out = tmp_path / "out"
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(out)}, tables=tables)
    object_to(shop, "1")
    assert outcome_of(shop).status == "published"
    write_table(shop, table, [*others, {**row, **since}])
    out.mkdir()
    with pytest.raises(ObjectionsMovedError, match="holds something of people"):
        deliver(desk(shop), lambda: NOW, DROP)


def test_a_notice_is_handed_over_whatever_became_of_the_records(tmp_path):
    out = tmp_path / "out"
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(out)})
    run(shop)
    object_to(shop, "1")
    notice = run(shop, kind=DropKind.NOTICES, month="").outcomes[0].drop_id
    (shop / "records" / "customers.csv").rename(shop / "customers.csv")
    out.mkdir()
    assert "handed over" in deliver(desk(shop), lambda: NOW, notice)


def test_a_drop_that_a_merge_shows_to_hold_a_refuser_is_not_handed_over(tmp_path):
    people = [customer("1"), customer("2"), customer("3")]
    place = {"kind": "folder", "path": str(tmp_path / "out")}
    shop = shop_for(tmp_path / "shop", place, tables={"customers": people})
    object_to(shop, "1")
    assert outcome_of(shop).status == "published"
    write_table(shop, "customers", [*people[:2], {**people[2], "merged_into_customer_id": "1"}])
    (tmp_path / "out").mkdir()
    with pytest.raises(ObjectionsMovedError, match="holds something of people"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(tmp_path / "out") == set()


def test_a_drop_nobody_may_carry_is_told_so_and_warned_of_if_it_was_carried(tmp_path):
    people = {"customers": [factories.customer("1")], "objections": [factories.objection("99")]}
    shop = write_shop(tmp_path, people, agreement(sealing=sealed_to(identity())))
    run(shop)
    assert f"手渡し待ち / to carry by hand: {DROP}" in joint_use("status", "--shop", shop).stdout
    object_to(shop, "1")
    told = joint_use("status", "--shop", shop).stdout
    assert f"must not be carried: {DROP}" in told
    assert "to carry by hand" not in told
    who = ("--shop", shop, "--operator", factories.PERSON)
    done = joint_use("deliver", DROP, "--by-hand", *who)
    assert (done.returncode, f"joint-use incident {DROP}" in done.stderr) == (0, True)


def test_an_export_that_finds_nothing_changed_frees_what_is_to_be_carried(tmp_path):
    people = [factories.customer("1"), factories.customer("2")]
    tables = {"customers": people, "objections": [factories.objection("99")]}
    both = [
        agreement(sealing=sealed_to(identity())),
        agreement("broadleaf", purposes=("1.research",), sealing=sealed_to(identity())),
    ]
    shop = write_shop(tmp_path, tables, *both)
    run(shop)
    object_to(shop, "1", partners=("broadleaf",))
    assert f"must not be carried: {DROP}" in joint_use("status", "--shop", shop).stdout
    statuses = {each.partner: each.status for each in run(shop).outcomes}
    assert statuses == {"lotas": "unchanged", "broadleaf": "published"}
    assert f"to carry by hand: {DROP}" in joint_use("status", "--shop", shop).stdout
    who = ("--shop", shop, "--operator", factories.PERSON)
    assert joint_use("deliver", DROP, *who).returncode == 0
    assert "incident" not in joint_use("deliver", DROP, "--by-hand", *who).stderr
    object_to(shop, "2")
    other = "broadleaf/monthly-2026-10-r2"
    assert f"must not be carried: {other}" in joint_use("status", "--shop", shop).stdout


def test_a_notice_is_carried_whatever_was_refused_since(tmp_path):
    (tmp_path / "out").mkdir()
    place = {"kind": "folder", "path": str(tmp_path / "out")}
    people = [factories.customer("1"), factories.customer("2")]
    tables = {"customers": people, "objections": [factories.objection("99")]}
    shop = shop_for(tmp_path / "shop", place, tables=tables)
    run(shop)
    (tmp_path / "out").rename(tmp_path / "away")
    object_to(shop, "1")
    (notice,) = run(shop, kind=DropKind.NOTICES).outcomes
    object_to(shop, "2")
    (tmp_path / "away").rename(tmp_path / "out")
    assert deliver(desk(shop), lambda: factories.NOW, notice.drop_id).startswith("渡しました")


def test_a_drop_that_was_not_sealed_cannot_have_been_carried(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    for file in (shop / "drops" / "lotas").glob("*.tar.age*"):
        file.unlink()
    with pytest.raises(ConfigurationError, match="is not sealed"):
        carried_by_hand(desk(shop), DROP)
    assert deliver(desk(shop), lambda: NOW, DROP)
    carried_by_hand(desk(shop), DROP)


def test_a_parcel_that_was_carried_before_it_was_stopped_is_entered(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    at_desk = desk(shop)
    deliver(at_desk, lambda: NOW, DROP)
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, DROP)
    done = joint_use("deliver", DROP, "--by-hand", "--shop", shop, "--operator", PERSON)
    assert (done.returncode, "it was stopped: get it back" in done.stderr) == (0, True)
    assert incident(desk(shop), DROP, NOW.date(), is_wrongful=False).handed_over_on


def test_an_answer_of_the_partner_stands_in_the_report_of_an_incident(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    told = incident(desk(shop), DROP, NOW.date(), is_wrongful=False)
    assert (told.acknowledged_on, "受領の返事　なし" in told.facts) == ("", True)
    acknowledge(shop, DROP)
    told = incident(desk(shop), DROP, NOW.date(), is_wrongful=False)
    assert told.acknowledged_on
    assert f"受領の返事　{told.acknowledged_on}" in told.facts


def test_a_dry_run_tells_that_the_key_has_expired(tmp_path):
    expired = (NOW - timedelta(days=9)).date().isoformat()
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity(), expired)))
    (outcome,) = run(shop, dry_run=True).outcomes
    assert "would not be handed over" in outcome.handed_over


def test_the_next_run_hands_over_what_an_unchanged_month_still_owes(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    run(shop)
    (tmp_path / "out").mkdir()
    outcome = outcome_of(shop)
    assert (outcome.status, outcome.handover_code) == ("unchanged", 0)
    assert names_in(tmp_path / "out") == FILES


def test_a_file_of_the_partners_is_never_written_over(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / NAME).write_bytes(b"the partner's own")
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(out)})
    outcome = outcome_of(shop)
    assert outcome.handover_code == 1
    assert "not written over" in outcome.handed_over
    assert (out / NAME).read_bytes() == b"the partner's own"
    assert names_in(out) == {NAME}


def test_a_marker_of_the_partners_is_no_sign_that_anything_was_handed_over(tmp_path):
    shop, out = owing(tmp_path)
    (out / f"monthly-2026-10-r1{READY}").write_text("the partner's own")
    for _ in range(2):
        with pytest.raises(DeliveryError, match="is another one"):
            deliver(desk(shop), lambda: NOW, DROP)
    assert owed(desk(shop)).by_program == [DROP]


@pytest.mark.parametrize("ending", [".sha256", ".sha256.sig"])
def test_what_is_taken_away_is_the_shops_own(tmp_path, ending):
    shop, out = owing(tmp_path)
    theirs = out / f"{NAME}{ending}"
    theirs.write_text("the partner's own")
    with pytest.raises(DeliveryError, match="not written over"):
        deliver(desk(shop), lambda: NOW, DROP)
    object_to(shop, "1")
    with pytest.raises(ObjectionsMovedError):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == {theirs.name}


def test_what_was_signed_with_a_key_replaced_since_is_taken_away_too(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    assert {f"{NAME}{ending}" for ending in ("", ".sha256", ".sha256.sig")} <= names_in(out)
    at_desk = desk(shop)
    at_desk.ledger.replace_signing_key(at_desk.actor)
    object_to(shop, "1")
    with pytest.raises(ObjectionsMovedError):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_a_drop_with_a_text_withheld_while_it_is_sent_is_taken_away_again(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    at_desk, put = desk(shop), drops.transfer._put

    def meanwhile(path, digest, place):
        put(path, digest, place)
        if path.suffix == ".age":
            withhold_texts(at_desk, ["ある文"])

    monkeypatch.setattr(drops.transfer, "_put", meanwhile)
    with pytest.raises(RefusedError, match="withheld a text"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_a_half_sent_file_is_gone_on_with_and_a_spoilt_one_sent_anew(tmp_path):
    out = tmp_path / "out"
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(out)})
    run(shop)
    whole = (shop / "drops" / "lotas" / NAME).read_bytes()
    out.mkdir()
    (out / f".{NAME}.part").write_bytes(b"spoilt" + whole[6:100])
    deliver(desk(shop), lambda: NOW, DROP)
    assert len((out / NAME).read_bytes()) == len(whole)
    assert names_in(out) == FILES


def test_after_an_objection_nothing_older_is_handed_over(tmp_path):
    shop, out = owing(tmp_path)
    object_to(shop, "1")
    with pytest.raises(ObjectionsMovedError, match="export again"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_a_drop_stopped_while_it_is_sent_is_taken_away_again(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    at_desk = desk(shop)

    def stopped_meanwhile(path, digest, place, _put=drops.transfer._put):
        _put(path, digest, place)
        if path.suffix == ".age":
            with at_desk.ledger.writing() as connection:
                DropBook(connection).stop(at_desk.actor, DROP)

    monkeypatch.setattr(drops.transfer, "_put", stopped_meanwhile)
    with pytest.raises(RefusedError, match="was stopped"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_a_drop_refused_while_it_is_sent_is_taken_away_again(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)

    def refused_meanwhile(path, digest, place, _put=drops.transfer._put):
        _put(path, digest, place)
        if path.suffix == ".age":
            object_to(shop, "1", now=NOW)

    monkeypatch.setattr(drops.transfer, "_put", refused_meanwhile)
    with pytest.raises(ObjectionsMovedError, match="an objection arrived"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def deliver_killed_in(owner, step, shop, monkeypatch):
    killed_in(monkeypatch, owner, step, lambda: deliver(desk(shop), lambda: NOW, DROP))


@pytest.mark.parametrize("is_fetched", [False, True])
def test_what_was_handed_over_when_the_program_was_killed_is_in_the_ledger(
    tmp_path, monkeypatch, is_fetched
):
    shop, out = owing(tmp_path)
    deliver_killed_in(CarryBook, "deliver", shop, monkeypatch)
    assert names_in(out) == FILES
    if is_fetched:
        (out / NAME).unlink()
        (out / f"monthly-2026-10-r1{READY}").unlink()
    object_to(shop, "1")
    assert [each.has_arrived for each in disclose(desk(shop), "1").drops] == [True]
    assert incident(desk(shop), DROP, NOW.date(), is_wrongful=False).place.startswith(str(out))
    assert "had been handed over" in deliver(desk(shop), lambda: NOW, DROP)
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        (there,) = CarryBook(connection).delivered().values()
        assert CarryBook(connection).begun() == []
    assert (there.at, there.place) == (NOW, str(out))


def test_what_was_not_handed_over_when_the_program_was_killed_never_is(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    assert [each.has_arrived for each in disclose(desk(shop), "1").drops] == [True]
    object_to(shop, "1")
    with pytest.raises(ObjectionsMovedError):
        deliver(desk(shop), lambda: NOW, DROP)
    assert [each.has_arrived for each in disclose(desk(shop), "1").drops] == [False]
    assert names_in(out) == set()


def test_a_place_where_nothing_is_left_tells_nothing_until_somebody_does(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    out.rename(tmp_path / "stick")
    out.mkdir()
    with pytest.raises(DeliveryError, match="connect the right one"):
        deliver(desk(shop), lambda: NOW, DROP)
    at_desk = desk(shop)
    told = attention(at_desk.folder, at_desk.ledger, NOW)
    assert any("not known whether it was handed over" in line for line in told)
    out.rmdir()
    (tmp_path / "stick").rename(out)
    assert deliver(desk(shop), lambda: NOW, DROP).startswith("渡しました")
    assert names_in(out) == FILES


def test_what_its_partner_answered_was_handed_over_whatever_is_left_of_it(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(CarryBook, "deliver", shop, monkeypatch)
    for path in out.iterdir():
        path.unlink()
    acknowledge(shop, DROP)
    assert "had been handed over" in deliver(desk(shop), lambda: NOW, DROP)


def test_a_partner_that_has_what_is_gone_from_its_place_is_entered_by_hand(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(CarryBook, "deliver", shop, monkeypatch)
    for path in out.iterdir():
        path.unlink()
    carried_by_hand(desk(shop), DROP)
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        (there,) = CarryBook(connection).delivered().values()
        assert CarryBook(connection).begun() == []
    assert (there.at, there.place) == (NOW, str(out))


def test_what_its_partner_has_not_got_is_sent_again(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    with pytest.raises(ConfigurationError, match="is known"):
        send_again(desk(shop), DROP)
    deliver_killed_in(CarryBook, "deliver", shop, monkeypatch)
    for path in out.iterdir():
        path.unlink()
    with pytest.raises(DeliveryError, match="--again"):
        deliver(desk(shop), lambda: NOW, DROP)
    send_again(desk(shop), DROP)
    assert deliver(desk(shop), lambda: NOW, DROP).startswith("渡しました")
    assert names_in(out) == FILES


def test_after_a_restored_backup_nothing_is_sent_twice(tmp_path):
    shop, out = owing(tmp_path)
    deliver(desk(shop), lambda: NOW, DROP)
    for path in (shop / "state").glob("ledger.db*"):
        path.unlink()
    (out / NAME).unlink()
    (out / f"monthly-2026-10-r1{READY}").unlink()
    resume(desk(shop))
    assert [each.has_arrived for each in disclose(desk(shop), "1").drops] == [True]
    assert "had been handed over" in deliver(desk(shop), lambda: NOW, DROP)
    assert NAME not in names_in(out)


def test_after_a_restored_backup_a_sending_nobody_knows_of_is_gone_on_with(tmp_path, monkeypatch):
    out = tmp_path / "out"
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(out)})
    run(shop, month="2026-09")
    shutil.copytree(shop / "state", tmp_path / "backup")
    run(shop)
    out.mkdir()
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    resume(desk(shop))
    assert deliver(desk(shop), lambda: NOW, DROP).startswith("渡しました")
    assert names_in(out) == FILES
    assert (out / NAME).read_bytes() == (shop / "drops" / f"{DROP}.tar.age").read_bytes()


def test_a_place_that_was_changed_since_is_still_looked_at(tmp_path, monkeypatch):
    out, new = tmp_path / "out", tmp_path / "new"
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(out)})
    run(shop)
    out.mkdir()
    new.mkdir()
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    file = shop / "partners" / "lotas.toml"
    file.write_text(file.read_text().replace(str(out), str(new)))
    assert outcome_of(shop).drop_id == "lotas/monthly-2026-10-r2"
    assert names_in(out) == set()
    assert f"monthly-2026-10-r2{READY}" in names_in(new)


def test_a_run_of_another_kind_leaves_what_is_being_sent_alone(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    whole = drops.transfer._put_marker

    def beside_another(marker, place):
        at_desk = desk(shop)
        with at_desk.ledger.reading() as connection:
            notice = (
                DropBook(connection).named(DROP).drop.model_copy(update={"kind": DropKind.NOTICES})
            )
        with opened_for(at_desk, lambda: NOW, notice) as other:
            assert settle_cut_off(other, notice) == Settled()
        whole(marker, place)

    monkeypatch.setattr(drops.transfer, "_put_marker", beside_another)
    assert deliver(desk(shop), lambda: NOW, DROP).startswith("渡しました")
    assert names_in(out) == FILES


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_was_broken_off_when_it_was_taken_away_is_gone_on_with(tmp_path, monkeypatch, count):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    (out / f".monthly-2026-10-r1{READY}.part").touch()
    object_to(shop, "1")
    removed, taken = LocalFileSystem.rm_file, []

    def breaks(self, path):
        if len(taken) == count:
            raise OSError(5, "Input/output error")
        taken.append(path)
        removed(self, path)

    with monkeypatch.context() as context:
        context.setattr(LocalFileSystem, "rm_file", breaks)
        with pytest.raises(DeliveryError, match="could not be taken away"):
            deliver(desk(shop), lambda: NOW, DROP)
    assert NAME in names_in(out)
    with pytest.raises(ObjectionsMovedError):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_another_file_under_the_name_of_a_tar_stays_when_ours_are_taken_away(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    (out / NAME).write_bytes(b"the partner's own")
    object_to(shop, "1")
    with pytest.raises(ObjectionsMovedError):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == {NAME}
    assert (out / NAME).read_bytes() == b"the partner's own"


def test_a_drop_stopped_after_the_program_was_killed_is_taken_away(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    stop(desk(shop), DROP)
    with pytest.raises(RefusedError, match="was stopped"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()
    assert owed(desk(shop)).by_program == []


def test_a_stopped_drop_without_a_place_is_not_sealed_again(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    stop(desk(shop), DROP)
    for parcel in (shop / "drops" / "lotas").glob(f"{NAME}*"):
        parcel.unlink()
    with pytest.raises(RefusedError, match="was stopped"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert not list((shop / "drops" / "lotas").glob(f"{NAME}*"))


def test_a_file_spoilt_on_its_way_does_not_get_its_name(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    send = drops.transfer._send

    def spoils(path, place, hidden):
        send(path, place, hidden)
        whole = Path(hidden).read_bytes()
        Path(hidden).write_bytes(bytes([whole[0] ^ 1]) + whole[1:])

    with monkeypatch.context() as context:
        context.setattr(drops.transfer, "_send", spoils)
        with pytest.raises(DeliveryError, match="arrived damaged"):
            deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()
    deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == FILES


def test_a_file_that_appears_while_ours_is_sent_is_not_written_over(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    send = drops.transfer._send

    def meanwhile(path, place, hidden):
        send(path, place, hidden)
        (out / path.name).write_bytes(b"the partner's own")

    monkeypatch.setattr(drops.transfer, "_send", meanwhile)
    with pytest.raises(DeliveryError, match="appeared at the partner's place meanwhile"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert (out / NAME).read_bytes() == b"the partner's own"


def test_a_parcel_cut_off_in_the_drops_folder_is_made_anew(tmp_path):
    shop, out = owing(tmp_path)
    parcel = shop / "drops" / "lotas" / NAME
    whole = parcel.read_bytes()
    parcel.write_bytes(whole[: len(whole) // 2])
    deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == FILES
    told = (out / f"{NAME}.sha256").read_text().split()[0]
    assert hashlib.sha256((out / NAME).read_bytes()).hexdigest() == told


def test_what_the_records_call_back_is_taken_away_at_once(tmp_path, monkeypatch):
    shop, out = owing(tmp_path)
    deliver_killed_in(drops.transfer, "_put_marker", shop, monkeypatch)
    write_table(shop, "objections", [*TABLES["objections"], objection("1")])
    with pytest.raises(ObjectionsMovedError):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_the_next_drop_finds_out_what_became_of_the_one_before(tmp_path, monkeypatch):
    shop, _ = owing(tmp_path)
    deliver_killed_in(CarryBook, "deliver", shop, monkeypatch)
    object_to(shop, "1")
    assert f"{DROP} had been handed over" in outcome_of(shop).handed_over
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        assert len(CarryBook(connection).delivered()) == 2


def test_two_partners_with_one_folder_are_refused_however_it_is_spelt(tmp_path):
    both = [
        agreement(name, sealing=sealed_to(identity())) | {"place": {"kind": "folder", "path": path}}
        for name, path in (
            ("lotas", "out"),
            ("broadleaf", str(tmp_path / "shop" / "x" / ".." / "out")),
        )
    ]
    shop = write_shop(tmp_path / "shop", TABLES, *both)
    with pytest.raises(
        RefusedError, match=r"lotas.toml: place is the folder of partners/broadleaf"
    ):
        run(shop)


def test_a_drop_that_was_lost_before_it_was_handed_over_is_made_again(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    first = outcome_of(shop)
    shutil.rmtree(first.path)
    (tmp_path / "out").mkdir()
    again = outcome_of(shop)
    assert (again.status, again.drop_id) == ("published", "lotas/monthly-2026-10-r2")
    assert "monthly-2026-10-r2.tar.age" in names_in(tmp_path / "out")


def test_sftp_with_a_key_and_a_pinned_host(tmp_path):
    (tmp_path / "far").mkdir()
    with sftp_server(tmp_path / "far") as server:
        shop = shop_for(tmp_path / "shop", server.place(), server.private_key)
        outcome = outcome_of(shop)
    assert outcome.handover_code == 0, outcome.handed_over
    assert names_in(tmp_path / "far") == FILES


def test_sftp_with_a_password(tmp_path):
    (tmp_path / "far").mkdir()
    with sftp_server(tmp_path / "far") as server:
        assert (
            outcome_of(shop_for(tmp_path / "shop", server.place(), "open sesame\n")).handover_code
            == 0
        )
    assert names_in(tmp_path / "far") == FILES


def test_an_sftp_server_with_another_host_key_gets_nothing(tmp_path):
    (tmp_path / "far").mkdir()
    with sftp_server(tmp_path / "far") as other, sftp_server(tmp_path / "far") as server:
        place = server.place(host_key=other.host_key)
        outcome = outcome_of(shop_for(tmp_path / "shop", place, server.private_key))
    assert (outcome.status, outcome.handover_code) == ("published", 1)
    assert "PRIVATE" not in outcome.handed_over
    assert names_in(tmp_path / "far") == set()


def test_a_wrong_password_is_told_without_it(tmp_path):
    (tmp_path / "far").mkdir()
    with sftp_server(tmp_path / "far") as server:
        outcome = outcome_of(shop_for(tmp_path / "shop", server.place(), "open barley"))
    assert outcome.handover_code == 1
    assert "barley" not in outcome.model_dump_json()


def test_a_cut_connection_leaves_nothing_to_be_taken_and_is_gone_on_with(tmp_path):
    far = tmp_path / "far"
    far.mkdir()
    people = {
        "customers": [customer(str(n)) for n in range(3000)],
        "objections": TABLES["objections"],
    }
    with sftp_server(far, cut_after=60_000) as server:
        shop = shop_for(tmp_path / "shop", server.place(), server.private_key, people)
        text = (shop / "shop.toml").read_text()
        (shop / "shop.toml").write_text(f"{text}\n[carry_out]\nmax_persons = 5000\n")
        outcome = outcome_of(shop)
        assert (outcome.status, outcome.handover_code) == ("published", 1)
        assert not names_in(far) & FILES
        server.mend()
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(far) == FILES
    assert (far / NAME).read_bytes() == (shop / "drops" / "lotas" / NAME).read_bytes()


def test_s3_gets_the_parcel(tmp_path):
    with s3_server() as address:
        bucket, place = s3_files(address), s3_place(address, "in")
        bucket.mkdir("partner")
        outcome = outcome_of(shop_for(tmp_path / "shop", place, S3_CREDENTIAL))
        found = {name.removeprefix("partner/in/") for name in bucket.ls("partner/in")}
    assert outcome.handover_code == 0, outcome.handed_over
    assert found == FILES


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ({}, "give either file"),
        ({"file": "nothing"}, "is missing"),
        ({"file": "wide"}, "chmod 600"),
    ],
)
def test_a_credential_that_is_not_there_or_that_others_can_read_is_refused(tmp_path, secret, told):
    (tmp_path / "far").mkdir()
    with sftp_server(tmp_path / "far") as server:
        shop = shop_for(tmp_path / "shop", server.place(secret=secret), server.private_key)
        wide = shop / "state" / "keys" / "wide"
        wide.write_text("open sesame")
        wide.chmod(0o644)
        outcome = outcome_of(shop)
    assert outcome.handover_code == ConfigurationError.exit_code
    assert told in outcome.handed_over
    assert DeliveryError.exit_code == 1


def test_what_a_killed_run_left_of_a_parcel_is_swept_away(tmp_path):
    (tmp_path / "out").mkdir()
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    run(shop)
    left = shop / "drops" / "lotas" / f".{NAME}.part"
    left.write_bytes(b"half")
    run(shop)
    assert not left.exists()


def test_everything_a_run_writes_is_its_owners_alone(tmp_path):
    (tmp_path / "out").mkdir()
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    run(shop)
    places = [shop / "state", shop / "drops", tmp_path / "out"]
    wide = [p for place in places for p in place.rglob("*") if p.stat().st_mode & 0o077]
    assert wide == []


def test_a_replaced_drop_that_was_carried_by_hand_is_entered_and_its_successor_told(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    run(shop)
    object_to(shop, "1")
    run(shop)
    done = joint_use("deliver", DROP, "--by-hand", "--shop", shop, "--operator", PERSON)
    assert done.returncode == 0
    assert f"replaced by {DROP[:-1]}2" in done.stderr
    assert owed(desk(shop)).by_hand == [f"{DROP[:-1]}2"]


def test_what_was_carried_by_hand_is_entered_once(tmp_path):
    shop = write_shop(tmp_path, TABLES, agreement(sealing=sealed_to(identity())))
    assert outcome_of(shop).handed_over.endswith(NAME)
    assert owed(desk(shop)).by_program == []
    carried_by_hand(desk(shop), DROP)
    with pytest.raises(ConfigurationError, match="handed over before"):
        carried_by_hand(desk(shop), DROP)


def test_a_drop_of_a_wider_agreement_is_not_handed_over_any_more(tmp_path):
    shop, out = owing(tmp_path)
    terms = agreement(sealing=sealed_to(identity()), tables={"customers": {"columns": ["name"]}})
    terms |= {"place": {"kind": "folder", "path": str(out)}}
    (shop / "partners" / "lotas.toml").write_text(factories.toml(terms))
    with pytest.raises(RefusedError, match="was changed since"):
        deliver(desk(shop), lambda: NOW, DROP)
    assert names_in(out) == set()


def test_a_parcel_that_only_bears_the_name_is_not_handed_over(tmp_path):
    (tmp_path / "out").mkdir()
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "away")})
    run(shop)
    other = write_shop(tmp_path / "other", TABLES, agreement(sealing=sealed_to(identity())))
    run(other)
    for path in (other / "drops" / "lotas").glob(f"{NAME}*"):
        shutil.copy(path, shop / "drops" / "lotas")
    foreign = (shop / "drops" / "lotas" / NAME).read_bytes()
    (tmp_path / "out").rename(tmp_path / "away")
    deliver(desk(shop), lambda: NOW, DROP)
    assert (tmp_path / "away" / NAME).read_bytes() != foreign


def test_a_replaced_drop_is_not_handed_over(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    run(shop)
    for count in (2, 3):
        people = [customer(str(number)) for number in range(1, count + 1)]
        factories.write_table(shop, "customers", people)
        run(shop)
    with pytest.raises(RefusedError, match="was replaced by lotas/monthly-2026-10-r3"):
        deliver(desk(shop), lambda: NOW, DROP)


def test_a_notice_that_was_altered_is_not_handed_over(tmp_path):
    out = tmp_path / "out"
    people = {"customers": [factories.customer("1")], "objections": [factories.objection("99")]}
    place = {"kind": "folder", "path": str(out)}
    out.mkdir()
    shop = shop_for(tmp_path / "shop", place, tables=people)
    run(shop)
    out.rename(tmp_path / "away")
    object_to(shop, "1")
    (notice,) = run(shop, kind=DropKind.NOTICES).outcomes
    (Path(notice.path) / "data" / "内緒.csv").write_text("秘密 太郎")
    (tmp_path / "away").rename(out)
    with pytest.raises(VerificationError, match=r"内緒\.csv is in no manifest"):
        deliver(desk(shop), lambda: factories.NOW, notice.drop_id)
    assert not [name for name in names_in(out) if "notices" in name]


def test_a_drop_whose_place_was_corrected_is_still_owed_and_made_again(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "wrong")})
    outcome_of(shop)
    (tmp_path / "right").mkdir()
    terms = shop / "partners" / "lotas.toml"
    terms.write_text(terms.read_text().replace("wrong", "right"))
    assert owed(desk(shop)).overtaken == [DROP]
    done = joint_use("deliver", "--shop", shop, "--operator", factories.PERSON)
    assert done.returncode == RefusedError.exit_code
    assert "export again" in done.stderr
    assert "lotas.toml" in done.stderr
    assert outcome_of(shop).handed_over.startswith("渡しました")
    assert owed(desk(shop)).overtaken == []


def test_what_its_partner_answered_is_owed_no_more(tmp_path):
    shop = shop_for(tmp_path / "shop", {"kind": "folder", "path": str(tmp_path / "out")})
    outcome_of(shop)
    factories.acknowledge(shop, DROP)
    assert owed(desk(shop)).by_program == []


def test_a_credential_that_is_no_text_is_told_and_stops_no_other_partner(tmp_path):
    place = {
        "kind": "sftp",
        "host": "127.0.0.1",
        "user": "x",
        "host_key": "ssh-ed25519 AAAA",
        "secret": {"file": "its-secret"},
    }
    sftp = agreement("broadleaf", sealing=sealed_to(identity())) | {"place": place}
    shop = write_shop(tmp_path, TABLES, sftp, agreement(sealing=sealed_to(identity())))
    write_private(shop / "state" / "keys" / "its-secret", "password".encode("utf-16"))
    broadleaf, lotas = sorted(run(shop).outcomes, key=lambda each: each.partner)
    assert "keys/its-secret is no UTF-8 text" in broadleaf.handed_over
    assert lotas.handed_over.startswith("封緘しました")
