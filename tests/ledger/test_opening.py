"""The ledger's tables are what the migrations make; older ones are upgraded, newer ones refused."""

import re
import sqlite3
from datetime import datetime
from threading import Thread, Timer

import psycopg
import pyarrow
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, text

from flows.running.opening import open_shop
from ledger import tables
from ledger.audit import Actor, entries, note
from ledger.bindings import digest_of_decisions, unbound
from ledger.holdings import HOLDINGS, RECORDS, packed
from ledger.holdings_book import HoldingsBook
from ledger.migrating import configuration
from ledger.objection_book import ObjectionBook
from ledger.opening import open_ledger
from ledger.review_book import ReviewBook
from ledger.settings import remember_setting, setting
from schemas.errors import (
    BusyError,
    ConfigurationError,
    LedgerDoubtfulError,
    LedgerUnavailableError,
)
from tests.conftest import new_database
from tests.factories import customer, desk, object_to, objection, run, write_shop

ACTOR = Actor("前田", "試験", datetime.fromisoformat("2026-11-01T09:00:00+09:00"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return None
    return new_database(request.getfixturevalue("postgresql"))


def engine_of(tmp_path, url):
    place = f"sqlite:///{tmp_path / 'state' / 'ledger.db'}"
    if url is not None:
        place = url.replace("postgresql://", "postgresql+psycopg://")
    return create_engine(place, poolclass=NullPool)


def test_migrations_make_the_declared_tables(tmp_path, url):
    ledger = open_ledger(tmp_path / "state", url)
    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == tables.FORM


def test_another_ledger_is_not_begun_beside_the_one_there_is(tmp_path, postgresql):
    open_ledger(tmp_path / "state", None)
    with pytest.raises(LedgerDoubtfulError, match="without the objections in state/ledger"):
        open_ledger(tmp_path / "state", new_database(postgresql))


def test_a_ledger_named_by_a_variable_is_in_no_folder(tmp_path, postgresql):
    tables_of = {"customers": [customer("1"), customer("2")], "objections": [objection("99")]}
    shop = write_shop(tmp_path / "shop", tables_of)
    with (shop / "shop.toml").open("a") as file:
        file.write(f'\n[places]\nstate = "{tmp_path / "state"}"\n[ledger]\nurl_variable = "AT"\n')
    environment = {"AT": new_database(postgresql)}
    for _ in range(2):
        open_shop(shop, environment)
    assert not (shop / ".joint-use-ledger").exists()


def test_a_ledger_whose_disk_is_away_is_not_begun_anew(tmp_path):
    share = tmp_path / "share"
    tables_of = {"customers": [customer("1"), customer("2")], "objections": [objection("99")]}
    shop = write_shop(tmp_path / "shop", tables_of)
    with (shop / "shop.toml").open("a") as file:
        file.write(f'\n[places]\nstate = "{share / "state"}"\ndrops = "{share / "drops"}"\n')
    share.mkdir()
    object_to(shop, "1")
    run(shop)
    share.rename(tmp_path / "away")
    share.mkdir()
    with pytest.raises(LedgerDoubtfulError, match="is that share or disk there"):
        run(shop, month="2026-09")
    share.rmdir()
    (tmp_path / "away").rename(share)
    assert run(shop, month="2026-09").outcomes[0].account["customers"].objected == 1


def test_a_new_ledger_is_what_an_upgraded_one_becomes(tmp_path, postgresql):
    def statements(path):
        with sqlite3.connect(path) as connection:
            made = connection.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master"
            ).fetchall()
        connection.close()
        # Alembic adds a column with its check behind the others; the order of constraints says nothing.
        return {(kind, name, table, _parts(sql)) for kind, name, table, sql in made}

    open_ledger(tmp_path / "new", None)
    (tmp_path / "state").mkdir()
    with engine_of(tmp_path, None).begin() as connection:
        command.upgrade(configuration(connection), "head")
    assert statements(tmp_path / "new" / "ledger.db") == statements(
        tmp_path / "state" / "ledger.db"
    )

    def described(url):
        with psycopg.connect(url) as connection:
            return [connection.execute(query).fetchall() for query in DESCRIPTIONS]

    new, upgraded = new_database(postgresql), new_database(postgresql)
    open_ledger(tmp_path / "other", new)
    with engine_of(tmp_path, upgraded).begin() as connection:
        command.upgrade(configuration(connection), "head")
    assert described(new) == described(upgraded)


DESCRIPTIONS = (
    """SELECT table_name, column_name, column_default, is_nullable, data_type, character_maximum_length
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
)
"""Columns, constraints and indexes of a PostgreSQL database."""


def _parts(sql):
    return frozenset(re.sub(r"\s+", " ", part).strip(" ()") for part in (sql or "").split(","))


def test_an_older_ledger_is_upgraded_in_place_with_what_it_holds(tmp_path, url):
    (tmp_path / "state").mkdir(mode=0o700)
    engine = engine_of(tmp_path, url)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
        connection.execute(tables.settings.insert().values(name="kept", value="as it was"))
    ledger = open_ledger(tmp_path / "state", url)
    with ledger.reading() as connection:
        kept = connection.execute(
            text("SELECT value FROM settings WHERE name = 'kept'")
        ).scalar_one()
        assert kept == "as it was"
        assert MigrationContext.configure(connection).get_current_revision() == tables.FORM


def test_what_partners_hold_is_the_same_after_the_ledger_is_upgraded_to_pieces(tmp_path, url):
    (tmp_path / "state").mkdir(mode=0o700)
    keys = [bytes([n]) * 16 for n in range(6)]
    held = [("customers", keys[0], [7], 2), ("vehicles", keys[1], [8, 9], 1)]
    # What a partner refused to delete it has again from the notices (4) that told it to.
    held += [("customers", keys[2], [], 4), ("certificates", keys[1], [5], 1)]
    pending = [("customers", keys[3], [4]), ("customers", keys[0], [6])]
    with engine_of(tmp_path, url).begin() as connection:
        command.upgrade(configuration(connection), "0004")
        _fill(connection, held, pending)
    ledger = open_ledger(tmp_path / "state", url)
    asked = pyarrow.array(keys, HOLDINGS.field("key").type)
    with ledger.writing() as connection:
        book = HoldingsBook(connection)
        assert _rows(book.held_of("lotas", "monthly", asked)) == sorted(held)
        connection.execute(
            tables.publications.insert().values(
                drop_sequence=3, published_at="2026-11-01", audit_sequence=1
            )
        )
        book.publish(3)
        expected = [*held[1:], *((*row, 3) for row in pending)]
        assert _rows(book.held_of("lotas", "monthly", asked)) == sorted(expected)


def test_words_added_before_they_could_be_taken_back_are_still_vouched_for(tmp_path, url):
    (tmp_path / "state").mkdir(mode=0o700)
    words = ["ほにゃらら", "もへじ"]
    with engine_of(tmp_path, url).begin() as connection:
        command.upgrade(configuration(connection), "0009")
        digest = digest_of_decisions((word, "word") for word in words)
        entry = note(
            connection, ACTOR, "review", detail=f"added 2 words; decisions sha256:{digest}"
        )
        for word in words:
            insert = text("INSERT INTO added_words VALUES (:word, :entry)")
            connection.execute(insert, {"word": word, "entry": entry.sequence})
    ledger = open_ledger(tmp_path / "state", url)
    with ledger.writing() as connection:
        book = ReviewBook(connection, ledger.references)
        assert sorted(book.words()) == words
        assert book.take_back_words(ACTOR, ["もへじ"]) == ["もへじ"]
        assert list(book.words()) == ["ほにゃらら"]
        assert unbound(connection, entries(connection)) == []


def _fill(connection, held, pending):
    """Enter two published drops and one that is not, as ledgers of form 0004 keep them."""
    note(connection, ACTOR, "read")
    insert = text(
        "INSERT INTO drops (drop_id, partner, kind, period, revision, contents, bag_sha256, persons,"
        " records, audit_sequence) VALUES (:name, 'lotas', :kind, :period, 1, '{}', '', :persons,"
        " :records, 1)"
    )
    persons = packed(pyarrow.schema([]).empty_table())
    for number, kind in ((1, "monthly"), (2, "monthly"), (3, "monthly"), (4, "notices")):
        rows = pyarrow.Table.from_pylist(_named(RECORDS, pending if number == 3 else []), RECORDS)
        given = {
            "kind": kind,
            "period": f"2026-0{number}",
            "persons": persons,
            "records": packed(rows),
        }
        connection.execute(insert, {"name": f"lotas/{number}", **given})
        if number != 3:
            shown = {"drop_sequence": number, "published_at": "2026-10-01", "audit_sequence": 1}
            connection.execute(tables.publications.insert().values(shown))
    rows = packed(pyarrow.Table.from_pylist(_named(HOLDINGS, held), HOLDINGS))
    connection.execute(
        text("INSERT INTO holdings VALUES ('lotas', 'monthly', :records)"), {"records": rows}
    )


def _named(schema, rows):
    return [dict(zip(schema.names, row, strict=True)) for row in rows]


def _rows(table):
    return sorted(tuple(row.values()) for row in table.to_pylist())


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path, url):
    open_ledger(tmp_path / "state", url)
    with engine_of(tmp_path, url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(ConfigurationError, match="newer version"):
        open_ledger(tmp_path / "state", url)
    with engine_of(tmp_path, url).begin() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert found == "0999"


def test_a_key_that_is_gone_or_another_is_refused(tmp_path, url):
    open_ledger(tmp_path / "state", url)
    key = tmp_path / "state" / "keys" / "ledger.key"
    key.write_text("00" * 32)
    with pytest.raises(ConfigurationError, match="not the one"):
        open_ledger(tmp_path / "state", url)
    key.unlink()
    with pytest.raises(ConfigurationError, match="missing"):
        open_ledger(tmp_path / "state", url)


def test_a_damaged_ledger_file_is_told_and_quotes_nothing(tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "ledger.db").write_bytes(b"no database" * 500)
    with pytest.raises(LedgerUnavailableError, match=r"backup's damaged copy"):
        open_ledger(tmp_path / "state", None)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("mysql://x/y", ConfigurationError),
        ("nonsense", ConfigurationError),
        ("postgresql://u:geheim@127.0.0.1:1/none", LedgerUnavailableError),
    ],
)
def test_a_ledger_that_is_not_there_is_told_without_its_password(tmp_path, url, error):
    with pytest.raises(error) as caught:
        open_ledger(tmp_path / "state", url)
    assert "geheim" not in str(caught.value)


def test_sqlite_is_set_up_to_survive_and_to_refuse_loose_ends(tmp_path):
    ledger = open_ledger(tmp_path / "state", None)
    with ledger.reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        ]
    assert found == ["wal", 1, 2]
    assert (tmp_path / "state" / "ledger.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_ledgers_that_one_process_has_open_are_not_mixed(tmp_path, request, kind):
    def opened(name):
        is_file = kind == "sqlite"
        url = None if is_file else new_database(request.getfixturevalue("postgresql"))
        return open_ledger(tmp_path / name, url)

    ledgers = {name: opened(name) for name in ("first", "second")}

    def count(name):
        for _ in range(20):
            with ledgers[name].writing() as connection:
                known = int(setting(connection, "count") or 0)
                remember_setting(connection, "count", str(known + 1))

    threads = [Thread(target=count, args=(name,)) for name in ledgers]
    with ledgers["first"].writing() as one, ledgers["second"].writing() as other:
        remember_setting(one, "name", "first")
        remember_setting(other, "name", "second")
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    for name, ledger in ledgers.items():
        with ledger.reading() as connection:
            assert (setting(connection, "name"), setting(connection, "count")) == (name, "20")


def test_desks_with_folders_of_their_own_hold_each_other_off_on_postgresql(tmp_path, postgresql):
    url = new_database(postgresql)
    first = open_ledger(tmp_path / "a", url)
    (tmp_path / "b").mkdir(mode=0o700)
    (tmp_path / "a" / "keys").rename(tmp_path / "b" / "keys")
    second = open_ledger(tmp_path / "b", url)
    with (
        first.held(["lotas-monthly"]),
        pytest.raises(BusyError, match="another desk"),
        second.held(["lotas-monthly"]),
    ):
        pass
    with first.held(["lotas-monthly"]):
        pass


def test_an_error_undoes_all_of_a_transaction(tmp_path, ledger_place):
    tables_of_shop = {"customers": [customer("1")], "objections": [objection("9")]}
    shop = ledger_place(write_shop(tmp_path, tables_of_shop))
    run(shop)
    at_desk = desk(shop)
    half = tables.settings.insert().values(name="half", value="done")

    def breaks_off():
        with at_desk.ledger.writing() as connection:
            connection.execute(half)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks_off()
    object_to(shop, "1")
    with at_desk.ledger.reading() as connection:
        assert not connection.execute(
            text("SELECT count(*) FROM settings WHERE name = 'half'")
        ).scalar_one()
        book = ObjectionBook(connection, at_desk.ledger.references)
        assert len(book.register().terms) == 2


def test_another_program_that_holds_the_file_is_waited_for(tmp_path):
    ledger = open_ledger(tmp_path / "state", None)
    other = sqlite3.connect(
        tmp_path / "state" / "ledger.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO settings (name, value) VALUES ('a', 'b')")
    freeing = Timer(0.5, other.execute, ["COMMIT"])
    freeing.start()
    with ledger.writing() as connection:
        assert setting(connection, "a") == "b"
    freeing.join()
    other.close()


def test_whoever_only_looks_waits_for_no_writer(tmp_path, monkeypatch):
    key = open_ledger(tmp_path / "state", None).signing_key()
    monkeypatch.setattr("ledger.databases._PATIENCE_SECONDS", 0)
    other = sqlite3.connect(tmp_path / "state" / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert open_ledger(tmp_path / "state", None).signing_key() == key
    other.execute("ROLLBACK")
    other.close()


def test_state_of_another_shop_is_refused_and_one_of_a_moved_or_renamed_shop_is_not(tmp_path):
    records = {"customers": [customer("1")], "objections": [objection("9")]}
    first, second = (write_shop(tmp_path / name, records) for name in ("first", "second"))
    run(first)
    moved = first.rename(tmp_path / "moved")
    run(moved)
    settings = moved / "shop.toml"
    settings.write_text(settings.read_text().replace("試験の店", "改めの店"))
    run(moved)

    with (second / "shop.toml").open("a") as theirs:
        theirs.write(f'\n[places]\nstate = "{moved / "state"}"\n')
    with pytest.raises(ConfigurationError, match="別の店「改めの店」"):
        run(second)
    assert not (second / "drops").exists()
    run(moved)
