"""Register: what the records say about objections becomes events, and whom they mean is found out."""

from collections.abc import Collection, Mapping
from functools import partial

import pyarrow
import pyarrow.compute as pc
from sqlalchemy import Connection

from flows.making.begun_early import traits as traits_of_everyone
from flows.making.handed_on import Registered
from flows.making.learning import learn
from flows.making.suspects import begin_suspects
from flows.running.run import Run
from ledger.audit import note
from ledger.objection_book import ObjectionBook
from ledger.objection_import import Rules, import_statements
from ledger.statements import STATEMENT_COLUMNS, is_of_records, stated_ids
from schemas.drop import DropKind
from schemas.errors import ObjectionsUnreliableError
from schemas.shop_rules import Limits
from schemas.staging import FAULT
from sources.objection_records import STATED_AT, STATED_IN, read_objections, refuse_left_behind
from sources.snapshot import Snapshot
from transforms.arrays import whole
from transforms.identity import DIGITS, IDENTITY_COLUMNS, traits_of
from transforms.meaning import Meaning
from transforms.merges import resolve_merges
from transforms.objections import AsOf, Register, in_force, standing
from transforms.stated_numbers import NUMBERED_BY, are_contacts

_MOST_NAMED = 5
"""Rows of objections a message names: enough to begin with."""

_MERGE_COLUMNS = ["customer_id", "merged_into_customer_id"]


def register(run: Run, snapshot: Snapshot) -> Registered:
    """Import the objections, find out whom they mean, and keep both for the gate.

    Raises:
        ObjectionsUnreliableError: the objections cannot be trusted (policy §6; invariant 7).
    """
    customers = snapshot.table("customers", _MERGE_COLUMNS)
    traits = traits_of_everyone(run, snapshot)
    merges = resolve_merges(
        whole(customers["customer_id"]), whole(customers["merged_into_customer_id"])
    )
    with run.ledger.writing() as connection:
        rows = take_in(run, connection)
        book = ObjectionBook(connection, run.ledger.references)
        known = book.register()
        as_of = AsOf(run.as_of.date())
        meaning = Meaning.of(known, traits, as_of)
        of_rows = partial(snapshot.chosen, "customers", IDENTITY_COLUMNS)
        marks = learn(book, meaning, merges.persons, of_rows, run.ledger.references.traits)
        known, mentions = book.register(), book.mentions()
        holding = in_force(known.events, as_of)
        work = meaning.work(standing(known.events, as_of))
        by_contact = _stated_by_contact(run, rows, snapshot)
        _refuse_without_number(meaning, work, known, by_contact)
        _refuse_two_id_systems(work, known, run.folder.shop.limits)
        read = ", ".join(f"{name} {table.read}" for name, table in snapshot.tables.items())
        note(connection, run.actor, "read", detail=read)
    run.scratch.save_traits(traits)
    run.scratch.save_register(known)
    run.scratch.save_marks(marks)
    run.scratch.save_mentions(mentions)
    begin_suspects(run, snapshot)
    return Registered(len(holding), known.head, len(work))


def look_up(run: Run, snapshot: Snapshot) -> None:
    """Keep for the gate what is known of objections and people, and record nothing."""
    people = snapshot.table("customers", IDENTITY_COLUMNS)
    with run.ledger.reading() as connection:
        book = ObjectionBook(connection, run.ledger.references)
        known, mentions = book.register(), book.mentions()
    run.scratch.save_traits(traits_of(people, run.ledger.references.traits))
    run.scratch.save_register(known)
    run.scratch.save_mentions(mentions)


def _refuse_unreadable(rows: pyarrow.Table) -> None:
    """Refuse objections of which nobody can tell whose they are; say where the first of them stand."""
    is_unreadable = rows[FAULT].is_valid()
    is_blank = pc.and_not(rows["customer_id"].is_null(), is_unreadable)
    unreadable, blank = (int(pc.sum(mask).as_py() or 0) for mask in (is_unreadable, is_blank))
    if not (unreadable or blank):
        return
    first = rows.filter(pc.or_(is_unreadable, is_blank)).slice(0, _MOST_NAMED)
    places = zip(first[STATED_IN].to_pylist(), first[STATED_AT].to_pylist(), strict=True)
    named = ", ".join(f"{part} {record}" for part, record in places)
    more = "…" if unreadable + blank > _MOST_NAMED else ""
    raise ObjectionsUnreliableError(
        f"読めない申し出が {unreadable} 件、お客様番号のない申し出が {blank} 件あり、"
        f"その方々を除けません。記録（ファイルと行番号：{named}{more}）を直して、もう一度実行してください / "
        f"of the objections, {unreadable} cannot be read and {blank} name no customer; nobody can be kept "
        f"out on their account. Mend these records (file and row: {named}{more}) and run again"
    )


def take_in(run: Run, connection: Connection) -> pyarrow.Table:
    """Read the shop's objections, add what is new in them, in the caller's transaction, and give them."""
    where = (run.folder.shop, run.folder.home, run.environment, run.workspace)
    if run.kind is not DropKind.NOTICES:  # which brings nothing
        refuse_left_behind(*where)
    rows = read_objections(*where)
    if run.scratch.is_taken_in(rows, ObjectionBook(connection, run.ledger.references).head()):
        return rows
    _refuse_unreadable(rows)
    limits = run.folder.shop.limits
    stated, rules = rows.select(STATEMENT_COLUMNS), Rules(limits, run.folder.policy.notice)
    import_statements(connection, run.ledger.references, stated, run.actor, rules)
    run.scratch.save_taken_in(rows, ObjectionBook(connection, run.ledger.references).head())
    has_any = len(ObjectionBook(connection, run.ledger.references).register().terms)
    if not has_any and not limits.objections_may_be_empty and not len(rows):
        raise ObjectionsUnreliableError(
            "申し出が一件もありません。申し出の出力が失われたときも同じに見えます。本当に一件もなければ、"
            "shop.toml に limits.objections_may_be_empty = true と書いてください / "
            "there is no objection at all; a lost export looks the same. If nobody ever objected, "
            "say so with limits.objections_may_be_empty = true in shop.toml"
        )
    return rows


def _stated_by_contact(run: Run, rows: pyarrow.Table, snapshot: Snapshot) -> set[str]:
    """Name the objections in the records whose number reads like a telephone, a plate or an address."""
    customers = partial(snapshot.table, "customers", list(NUMBERED_BY))
    is_contact = are_contacts(whole(rows["customer_id"]), customers)
    stated = rows.filter(pyarrow.array(is_contact))
    if not len(stated):
        return set()
    notice = run.folder.policy.notice
    statements = stated.select(STATEMENT_COLUMNS)
    return stated_ids(run.ledger.references, statements, notice, run.actor.at.date())


def _refuse_without_number(
    meaning: Meaning, work: Mapping[str, int], known: Register, by_contact: Collection[str]
) -> None:
    """Refuse records that name an objector by something else than a number: a name, a telephone, a plate."""
    has_digits = known.traits.filter(pc.equal(known.traits["kind"], DIGITS))["objection_id"]
    told_otherwise = set(work) - set(has_digits.to_pylist()) | set(by_contact)
    nameless = meaning.undecided & set(work) & told_otherwise
    of_records = sum(is_of_records(name) for name in nameless)
    if of_records:
        raise ObjectionsUnreliableError(
            f"番号が実在しない申し出が記録に {of_records} 件あり、その方々を除けません。"
            "記録にお客様番号を書くか、一件ずつ `joint-use object --settle` で確定してください（一覧は "
            "`joint-use objections --work`） / "
            f"{of_records} objections in the records name their customer by no number that is there; nobody "
            "can be kept out on their account. Write the customer's number into the records, or settle each "
            "with `joint-use object --settle`; `joint-use objections --work` lists them"
        )


def _refuse_two_id_systems(work: dict[str, int], known: Register, limits: Limits) -> None:
    of_nobody = sum(count == 0 for count in work.values())
    most = len(known.terms) * limits.max_unmatched_objection_share
    if of_nobody > most:
        raise ObjectionsUnreliableError(
            f"申し出 {len(known.terms)} 件のうち {of_nobody} 件がどのお客様番号とも合いません。"
            "番号を直すか、一件ずつ `joint-use object --settle` で確定してください（一覧は "
            "`joint-use objections --work`） / "
            f"{of_nobody} of {len(known.terms)} objections match no customer number. Correct the "
            "numbers, or settle each with `joint-use object --settle`; `joint-use objections --work` "
            "lists them"
        )
