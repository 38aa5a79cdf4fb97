"""Every action is an entry; whatever is done to the chain afterwards is found, and told apart."""

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

import flows.running.reconciling
from drops.folders import read_drop
from flows.commands.audit import command as audit_command
from flows.counter.adopting import resume
from flows.counter.disclosure import disclose
from flows.running.reconciling import doubts, examined, unknown_drops
from ledger import tables
from ledger.actions import ACTION_TITLES, Action
from ledger.audit import entries, note
from ledger.chain import START, Damage, Entry, Head, Witness, compare, digest_of, examine
from ledger.drop_book import DropBook
from ledger.noted_head import noted_head
from schemas.errors import ConfigurationError, LedgerDoubtfulError
from tests.factories import (
    NOW,
    acknowledge,
    customer,
    delivered,
    desk,
    object_to,
    objection,
    run,
    write_shop,
    write_table,
)

TABLES = {"customers": [customer("1"), customer("2")], "objections": [objection("9")]}


@pytest.fixture
def shop(tmp_path, ledger_place):
    return ledger_place(write_shop(tmp_path / "shop", TABLES))


def damages(shop, *places):
    at_desk = desk(shop)
    found = examined(at_desk.ledger, [shop / "drops", *places])
    return {each.damage for each in found}


def chain_of(shop):
    with desk(shop).ledger.reading() as connection:
        return entries(connection)


def test_a_drop_published_while_the_ledger_is_examined_is_no_older_backup(shop, monkeypatch):
    run(shop)

    def published_meanwhile(place, _found=flows.running.reconciling.witnesses_in):
        monkeypatch.setattr(flows.running.reconciling, "witnesses_in", _found)
        run(shop, month="2026-09")
        return _found(place)

    monkeypatch.setattr(flows.running.reconciling, "witnesses_in", published_meanwhile)
    assert damages(shop) == set()


def test_desks_at_work_together_note_the_newest_entry_and_leave_nothing_else(shop):
    run(shop)

    def noted(_):
        at_desk = desk(shop)
        with at_desk.ledger.writing() as connection:
            note(connection, at_desk.actor, "read", "x", "y")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(noted, range(12)))
    head = chain_of(shop)[-1]
    told = noted_head(shop / "state")
    assert told is not None
    assert told.head == Head(head.sequence, head.digest)
    assert [p.name for p in shop.iterdir() if "head" in p.name] == ["state.head.json"]


def test_a_note_that_cannot_be_read_holds_everything_until_somebody_answers(shop):
    spoilt = [
        "",
        "{",
        "[]",
        "[" * 9999,
        '{"sequence": Infinity, "sha256": "x", "at": "2026-11-01"}',
        '{"sequence": 1, "sha256": "x", "at": "früher"}',
    ]
    run(shop)
    path = shop / "state.head.json"
    for content in spoilt:
        path.write_text(content)
        for _ in range(2):
            with pytest.raises(LedgerDoubtfulError, match=r"state\.head\.json"):
                run(shop, month="2026-09")
        assert path.read_text() == content
        resume(desk(shop))
        assert noted_head(shop / "state") is not None
    assert run(shop, month="2026-09").outcomes[0].status == "published"


def test_a_folder_that_shows_before_its_entry_is_no_stranger(shop, monkeypatch):
    drop_id = run(shop).outcomes[0].drop_id
    at_desk, another, listed = desk(shop), desk(shop), threading.Event()
    with at_desk.ledger.writing() as connection:
        entered = DropBook(connection).named(drop_id)
        connection.execute(delete(tables.publications))

    def told(folder, _found=flows.running.reconciling.drops_in):
        found = list(_found(folder))
        listed.set()
        return found

    monkeypatch.setattr(flows.running.reconciling, "drops_in", told)
    with ThreadPoolExecutor(1) as other:
        with at_desk.ledger.writing() as connection:
            strangers = other.submit(unknown_drops, another.ledger, another.folder)
            assert listed.wait(60)
            DropBook(connection).publish(at_desk.actor, entered.sequence, "published")
        assert strangers.result() == []


def test_every_action_is_an_entry_that_names_a_person_and_a_reason(shop):
    first = run(shop).outcomes[0].drop_id
    object_to(shop, "1")
    run(shop, month="2026-09")
    at_desk = desk(shop)
    disclose(at_desk, "1")
    acknowledge(shop, first, now=NOW + timedelta(hours=1))
    with at_desk.ledger.writing() as connection:
        DropBook(connection).stop(at_desk.actor, first)
    chain = chain_of(shop)
    assert {entry.action for entry in chain} == {
        *("policy load", "read", "quarantine", "object", "export", "verify", "publish"),
        *("disclose", "acknowledge", "stop"),
    }
    assert all(entry.person and entry.reason and entry.at for entry in chain)
    assert damages(shop) == set()


def test_every_drop_bears_the_head_of_the_chain_it_was_made_with(shop):
    for month in ("2026-08", "2026-09"):
        outcome = run(shop, month=month).outcomes[0]
        said = read_drop(shop / "drops" / outcome.drop_id).audit_head
        entry = next(entry for entry in chain_of(shop) if entry.sequence == said.sequence)
        assert (entry.action, entry.subject, entry.digest) == (
            "export",
            outcome.drop_id,
            said.sha256,
        )


def tamper(shop, statement):
    with desk(shop).ledger.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.execute(statement)


_THIRD = tables.audit.c.sequence == 3


@pytest.mark.parametrize(
    ("statement", "then"),
    [
        (update(tables.audit).where(_THIRD).values(person="別人"), "unchanged"),
        (update(tables.audit).where(_THIRD).values(reason="別"), "unchanged"),
        (update(tables.objections).values(scope="purpose", purpose="1.research"), "unchanged"),
        (update(tables.objection_events).values(kind="lifted"), "unchanged"),
        # nobody can say any more that the drop is as it was
        (update(tables.drops).values(bag_sha256="0" * 64), "published"),
    ],
)
def test_a_changed_entry_or_what_it_vouches_for_is_found_and_holds_the_next_run(
    shop, statement, then
):
    run(shop)
    tamper(shop, statement)
    assert damages(shop) == {Damage.CHANGED}
    with pytest.raises(LedgerDoubtfulError, match="changed"):
        run(shop)
    resume(desk(shop))
    assert run(shop).outcomes[0].status == then


def test_an_event_put_in_beside_the_chain_is_found(shop):
    run(shop)
    event = tables.objection_events
    (name,) = object_to(shop, "1")
    values = {"kind": "lifted", "origin": "command", "effective_on": NOW.date()}
    entered = {"objection_id": name, "known_at": NOW.isoformat(), "audit_sequence": 1}
    tamper(shop, event.insert().values(**values, **entered))
    assert damages(shop) == {Damage.CHANGED}


def test_a_removed_acknowledgement_is_found(shop):
    acknowledge(shop, run(shop).outcomes[0].drop_id, now=NOW + timedelta(hours=1))
    tamper(shop, delete(tables.acknowledgements))
    assert damages(shop) == {Damage.CHANGED}


def test_an_older_ledger_restored_is_told_though_nothing_was_delivered_since(tmp_path):
    shop = write_shop(tmp_path / "shop", TABLES)
    run(shop, month="2026-08")
    shutil.copytree(shop / "state", tmp_path / "backup")
    object_to(shop, "1")
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    assert damages(shop) == {Damage.RESTORED}
    with pytest.raises(LedgerDoubtfulError, match="older backup"):
        run(shop)
    object_to(shop, "1", channel="phone")
    object_to(shop, "2", channel="phone")
    assert damages(shop) != set()
    assert resume(desk(shop))
    outcome = run(shop).outcomes[0]
    assert outcome.account["customers"].objected == 2
    assert damages(shop) == set()
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    with pytest.raises(LedgerDoubtfulError):
        run(shop)


def test_an_older_ledger_restored_is_told_from_a_cut_tail(tmp_path):
    shop = write_shop(tmp_path / "shop", TABLES)
    run(shop, month="2026-08")
    shutil.copytree(shop / "state", tmp_path / "backup")
    object_to(shop, "1")
    run(shop)
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    assert damages(shop) == {Damage.RESTORED}
    with pytest.raises(LedgerDoubtfulError, match="older backup"):
        run(shop)
    later = NOW + timedelta(days=2)
    object_to(shop, "1", now=later, received_on=NOW.date(), effective_on=NOW.date())
    assert Damage.RESTORED in damages(shop)
    assert resume(desk(shop, later))
    outcome = run(shop, now=later).outcomes[0]
    assert (outcome.status, outcome.account["customers"].delivered) == ("unchanged", 1)
    assert damages(shop) == {Damage.RESTORED}
    assert doubts(desk(shop).ledger, examined(desk(shop).ledger, [shop / "drops"])) == []
    assert verified(shop).exit_code == 4
    run(shop, month="2026-09", now=later)
    told = verified(shop)
    assert (told.exit_code, "answered for" in told.stdout) == (0, True)
    assert "異常なし" not in told.stderr


def verified(shop, *options):
    return CliRunner().invoke(audit_command, ["verify", "--shop", str(shop), *options])


def test_a_forged_history_with_an_answer_of_its_own_is_not_sound(shop, tmp_path):
    run(shop)
    shutil.copytree(shop / "drops", tmp_path / "kept")
    at_desk = desk(shop)
    with at_desk.ledger.writing() as connection:
        chain = entries(connection)
        forged = renewed(chain, 1, reason="forged")
        for entry in forged[1:]:
            values = {
                "reason": entry.reason,
                "previous": f"{entry.sequence:064}",
                "digest": entry.digest,
            }
            own = tables.audit.c.sequence == entry.sequence
            connection.execute(update(tables.audit).where(own).values(**values))
        for entry in forged[1:]:
            own = tables.audit.c.sequence == entry.sequence
            connection.execute(update(tables.audit).where(own).values(previous=entry.previous))
        names = " ".join(each.drop.drop_id for each in DropBook(connection).published())
        note(connection, at_desk.actor, "resume", names)
    assert verified(shop, "--drops", str(tmp_path / "kept")).exit_code == 4


@pytest.mark.parametrize("place", ["drops", "drops/lotas", "drops/lotas/monthly-2026-10-r1"])
def test_drops_bear_witness_wherever_they_are_kept(shop, tmp_path, place):
    run(shop)
    shutil.copytree(shop / "drops", tmp_path / "kept" / "drops")
    told = verified(shop, "--drops", str(tmp_path / "kept" / place))
    assert (told.exit_code, "witnesses 2" in told.stderr) == (0, True)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ConfigurationError, match="bears witness"):
        CliRunner().invoke(
            audit_command,
            ["verify", "--shop", str(shop), "--drops", str(tmp_path / "nothing")],
            catch_exceptions=False,
        )


def test_events_that_change_places_or_instants_are_found(shop):
    run(shop)
    (name,) = object_to(shop, "1")
    event = tables.objection_events
    own = event.c.objection_id == name
    tamper(shop, update(event).where(own).values(known_at="2026-01-01T00:00:00.000000+09:00"))
    assert damages(shop) == {Damage.CHANGED}


def test_after_resuming_who_only_a_lost_drop_held_is_still_told_to_be_deleted(tmp_path):
    shop = write_shop(tmp_path / "shop", {**TABLES, "customers": TABLES["customers"][1:]})
    run(shop, month="2026-08")
    shutil.copytree(shop / "state", tmp_path / "backup")
    write_table(shop, "customers", TABLES["customers"])
    lost = delivered(run(shop))
    shutil.rmtree(shop / "state")
    shutil.copytree(tmp_path / "backup", shop / "state")
    resume(desk(shop))
    object_to(shop, "1")
    told = {row["key"] for row in delivered(run(shop, month="2026-09"))["deleted"]}
    (key,) = (
        row["customer_key"]
        for row in lost["customers"]
        if row["name"] == TABLES["customers"][0]["name"]
    )
    assert told == {key}
    drops = disclose(desk(shop), "1").drops
    assert [drop.drop_id for drop in drops] == ["lotas/monthly-2026-10-r1"]
    assert [table.name for table in drops[0].tables] == ["customers"]


def test_a_cut_tail_is_found_by_the_ledgers_own_tables_and_by_the_partners_drops(shop, tmp_path):
    run(shop, month="2026-08")
    run(shop)
    shutil.copytree(shop / "drops", tmp_path / "kept")
    end = chain_of(shop)[-1].sequence
    at_desk = desk(shop)
    with at_desk.ledger.writing() as connection:
        _without_foreign_keys(connection)
        connection.execute(delete(tables.audit).where(tables.audit.c.sequence > end - 4))
    shutil.rmtree(shop / "drops")
    with at_desk.ledger.reading() as connection:
        found = compare(entries(connection), [], end)
    assert [each.damage for each in found] == [Damage.TRUNCATED]
    assert Damage.TRUNCATED in damages(shop, tmp_path / "kept")


def _without_foreign_keys(connection):
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET session_replication_role = replica")
        return
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def test_writers_at_once_make_one_chain(shop):
    run(shop)
    before = len(chain_of(shop))

    def enters(number):
        at_desk = desk(shop)
        for _ in range(5):
            with at_desk.ledger.writing() as connection:
                note(connection, at_desk.actor, "read", detail=f"desk {number}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(enters, range(6)))
    chain = chain_of(shop)
    assert len(chain) == before + 30
    assert examine(chain) == []


def made_chain(length):
    """A sound chain, as `note` makes it."""
    chain, previous = [], START
    for number in range(1, length + 1):
        entry = Entry(
            number,
            f"2026-11-02T12:{number:02}:00+09:00",
            "某",
            "試験",
            "read",
            "",
            "",
            previous,
            "",
        )
        entry = replace(entry, digest=digest_of(entry))
        chain.append(entry)
        previous = entry.digest
    return chain


def renewed(chain, place, **changes):
    """Change an entry and digest it and all after it anew, as a forger would."""
    forged, previous = list(chain[:place]), chain[place].previous
    for number, entry in enumerate(chain[place:]):
        fresh = replace(entry, previous=previous, **(changes if number == 0 else {}))
        forged.append(replace(fresh, digest=digest_of(fresh)))
        previous = forged[-1].digest
    return forged


places = st.integers(0, 9)


def witness(entry, minute=None):
    at = entry.at if minute is None else f"2026-11-02T12:{minute:02}:00+09:00"
    return Witness("lotas/x", at, Head(entry.sequence, entry.digest))


@given(st.integers(0, 12))
def test_a_sound_chain_is_sound(length):
    chain = made_chain(length)
    assert examine(chain) == compare(chain, [witness(entry) for entry in chain], length) == []


@given(places, st.sampled_from(["at", "person", "reason", "action", "subject", "detail"]))
def test_any_change_of_any_field_is_found(place, field):
    chain = made_chain(10)
    chain[place] = replace(chain[place], **{field: "x"})
    assert {each.damage for each in examine(chain)} == {Damage.CHANGED}


@given(st.integers(0, 8))
def test_a_removed_entry_is_found_as_removed(place):
    chain = made_chain(10)
    del chain[place]
    assert {each.damage for each in examine(chain)} == {Damage.REMOVED}


@given(st.integers(1, 9))
def test_an_entry_put_in_between_is_found(place):
    chain = made_chain(10)
    extra = replace(chain[place], reason="put in", previous="1" * 64)
    chain.insert(place, replace(extra, digest=digest_of(extra)))
    assert {each.damage for each in examine(chain)} & {Damage.INSERTED, Damage.FORKED}


@given(st.integers(1, 9))
def test_two_entries_after_one_are_a_fork(place):
    chain = made_chain(10)
    other = replace(chain[place], reason="another writer")
    chain.insert(place + 1, replace(other, digest=digest_of(other)))
    assert Damage.FORKED in {each.damage for each in examine(chain)}


def test_a_last_entry_written_in_part_is_torn():
    chain = made_chain(4)
    chain[-1] = replace(chain[-1], digest=chain[-1].digest[:20])
    assert [each.damage for each in examine(chain)] == [Damage.TORN]


@given(places, places)
def test_a_history_rewritten_throughout_is_found_by_who_keeps_a_drop(place, kept):
    chain = made_chain(10)
    forged = renewed(chain, place, reason="forged")
    assert examine(forged) == []
    found = compare(forged, [witness(chain[kept])], 10)
    assert [each.damage for each in found] == ([Damage.REWRITTEN] if kept >= place else [])


@given(st.integers(0, 9), places)
def test_a_cut_tail_is_found_by_who_keeps_a_later_drop(length, kept):
    whole = made_chain(10)
    found = compare(whole[:length], [witness(whole[kept])], 10)
    assert found[0].damage is Damage.TRUNCATED
    restored = compare(whole[:length], [witness(whole[kept])], length)
    assert [each.damage for each in restored] == ([Damage.RESTORED] if kept >= length else [])


def test_a_backup_that_was_written_on_is_told_from_a_forgery():
    whole = made_chain(10)
    late = [replace(e, at=f"2026-11-03T09:{e.sequence:02}:00+09:00") for e in whole]
    written_on = renewed(whole, 5, at=late[5].at)
    found = compare(written_on, [witness(whole[5])], 10)
    assert [each.damage for each in found] == [Damage.RESTORED]


@pytest.mark.parametrize("at", ["2026/11/02", "2026-11-02T12:00:00"])
def test_a_drop_that_tells_no_instant_is_no_witness_and_stops_nothing(shop, tmp_path, at):
    folder = Path(run(shop).outcomes[0].path)
    kept = tmp_path / "partner" / folder.name
    shutil.copytree(folder, kept)
    told = json.loads((kept / "drop.json").read_text())
    told["audit_head"] |= {"at": at, "sha256": "0" * 64}
    (kept / "drop.json").write_text(json.dumps(told))
    with pytest.raises(ConfigurationError, match=r"drop\.json: audit_head\.at"):
        read_drop(kept)
    assert damages(shop, tmp_path / "partner") == set()


def test_each_action_has_a_japanese_name():
    assert set(ACTION_TITLES) == set(get_args(Action))
    assert len(set(ACTION_TITLES.values())) == len(ACTION_TITLES)
