"""Small whole shops: canonical headers, so that a test shows only the data that matters."""

import csv
import itertools
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from drops.folders import read_drop
from flows.counter.desk import Desk, open_desk
from flows.counter.objecting import Refusal, record
from flows.counter.reviewing import decide_texts, waiting
from flows.export import export
from flows.running.engine import Engine
from flows.running.guarding import Step, plainly
from flows.running.reasons import StandingReason
from flows.running.report import ExportReport
from flows.running.request import ExportRequest
from ledger.answer_book import AnswerBook
from ledger.drop_book import DropBook
from schemas.acknowledgement import Acknowledgement
from schemas.agreement import Agreement
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.columns import Role
from schemas.drop import Drop, DropKind
from schemas.errors import UnexpectedError
from schemas.notice import Notice
from schemas.screening import Decision
from tests.conftest import SAMPLE
from transforms.period import SHOP_TIME

Row = dict[str, str]
Tables = Mapping[str, Iterable[Mapping[str, str]]]

MONTH = "2026-10"
NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
PERSON = "伊藤 秀吉"

_numbers = itertools.count(1)


def notice() -> Notice:
    """The notice of the policy, as the sample has it."""
    return Notice.load(tomllib.loads((SAMPLE / "notice.toml").read_text()), where="notice.toml")


def widest_tables() -> dict[str, Any]:
    """Every column that may leave, table by table."""
    return {
        table: {
            "columns": [
                column.name
                for column in CATALOG[table].columns.values()
                if column.role is Role.ITEM
            ]
        }
        for table in DELIVERABLE_TABLES
    }


def agreement(
    partner: str = "lotas",
    *,
    purposes: tuple[str, ...] = ("2.offers",),
    delivery: Mapping[str, str] | None = None,
    tables: Mapping[str, Any] | None = None,
    sealing: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An agreement as parsed TOML; the widest the notice allows, unsealed, unless told otherwise."""
    return {
        "partner": partner,
        "version": "1",
        "effective_on": "2020-01-01",
        "delivery": dict(delivery or {"format": "csv", "encoding": "utf-8-sig", "line_end": "lf"}),
        "sealing": dict(sealing or {"seal": "none", "reason": "試験のため", "until": "2099-12-31"}),
        "monthly": {"purposes": list(purposes), "tables": dict(tables or widest_tables())},
    }


def loaded_agreement(**changes: Any) -> Agreement:
    """An agreement, loaded."""
    return Agreement.load(agreement(**changes), where="partners/x.toml")


def customer(number: str, **values: str) -> Row:
    """A customer nobody else shares a value with."""
    serial = next(_numbers)
    return {
        "customer_id": number,
        "kind": "individual",
        "name": f"客{serial:05}号 某",
        "address": f"山形市架空町{serial}番地",
        "phone": f"023-6{serial // 10000 % 90 + 10}-{serial % 10000:04}",
        "mobile_phone": f"090-{2000 + serial // 10000}-{serial % 10000:04}",
        "email": f"person{serial}@example.jp",
        **values,
    }


def vehicle(number: str, customer_id: str, **values: str) -> Row:
    """A car with its own chassis number and plate."""
    serial = next(_numbers)
    return {
        "vehicle_id": number,
        "customer_id": customer_id,
        "chassis_number": f"ZVW50-{serial:07}",
        "plate": f"山形 500 あ {serial % 9999 + 1}",
        **values,
    }


def slip(
    number: str, customer_id: str, vehicle_id: str, *, booked_on: str = "2026-10-10", lines: int = 2
) -> dict[str, list[Row]]:
    """A completed repair with lines and its invoice."""
    return {
        "repairs": [
            {
                "repair_id": number,
                "customer_id": customer_id,
                "vehicle_id": vehicle_id,
                "status": "completed",
                "done_by": "own_shop",
                "done_on": booked_on,
            }
        ],
        "repair_lines": [
            {
                "repair_id": number,
                "line_number": str(place),
                "line_kind": "part",
                "name": "オイル",
                "quantity": "1",
                "unit_price_jpy": "1000",
                "amount_jpy": "1000",
            }
            for place in range(1, lines + 1)
        ],
        "invoices": [
            {
                "invoice_id": f"D{number}",
                "repair_id": number,
                "customer_id": customer_id,
                "booked_on": booked_on,
                "billed_jpy": "2000",
            }
        ],
    }


def objection(number: str, **values: str) -> Row:
    """An objection of a customer; the widest unless told otherwise."""
    return {
        "objection_id": f"O{number}",
        "customer_id": number,
        "scope": "provision",
        **values,
    }


def joined(*parts: Tables) -> dict[str, list[Row]]:
    """Put tables together."""
    whole: dict[str, list[Row]] = {}
    for part in parts:
        for name, rows in part.items():
            whole.setdefault(name, []).extend(dict(row) for row in rows)
    return whole


def write_shop(
    folder: Path,
    tables: Tables,
    *agreements: dict[str, Any],
    limits: Mapping[str, float] | None = None,
) -> Path:
    """Write a shop whose CSV files carry the canonical headers."""
    for name in (*CATALOG,):
        write_table(folder, name, tables.get(name, ()))
    (folder / "partners").mkdir(exist_ok=True)
    (folder / "notice.toml").write_text((SAMPLE / "notice.toml").read_text())
    for terms in agreements or (agreement(),):
        (folder / "partners" / f"{terms['partner']}.toml").write_text(toml(terms))
    mapping = {
        name: {
            "source": "records",
            "table": f"{name}.csv",
            "columns": {c: c for c in table.columns},
        }
        for name, table in CATALOG.items()
    }
    shop = {
        "name": "試験の店",
        "limits": {
            "max_quarantined_share": 1,
            "max_objection_shrink_share": 0.2,
            "max_unmatched_objection_share": 1,
            "max_records_age_days": 36500,
            **(limits or {}),
        },
        "sources": {"records": {"kind": "csv", "folder": "records"}},
        "tables": mapping,
    }
    (folder / "shop.toml").write_text(toml(shop))
    return folder


def write_table(folder: Path, name: str, rows: Iterable[Mapping[str, str]]) -> None:
    """Write one table of a shop made by `write_shop`."""
    path = folder / "records" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(CATALOG[name].columns), restval="")
        writer.writeheader()
        writer.writerows(rows)


def toml(content: Mapping[str, Any], prefix: str = "") -> str:
    """Write nested values as TOML (JSON spells strings, numbers and lists the same way)."""
    plain = {k: v for k, v in content.items() if not isinstance(v, dict)}
    lines = [f"{json.dumps(k)} = {_value(v)}" for k, v in plain.items()]
    for name, value in content.items():
        if isinstance(value, dict):
            place = f"{prefix}{json.dumps(name)}"
            lines += ["", f"[{place}]", toml(value, f"{place}.")]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return (
        text.strip('"')
        if isinstance(value, str) and value[:2] == "20" and len(value) == 10
        else text
    )


def run(
    shop: Path,
    *,
    now: datetime = NOW,
    clock: Callable[[], datetime] | None = None,
    kind: DropKind = DropKind.MONTHLY,
    engine: Engine | None = None,
    step: Step = plainly,
    **asked: Any,
) -> ExportReport:
    """Export a shop without Prefect."""
    request = {"shop": str(shop), "month": MONTH, "operator": PERSON, "reason": "試験", **asked}
    at = clock or (lambda: now)
    try:
        return export(
            ExportRequest(**request), clock=at, environment={}, kind=kind, engine=engine, step=step
        )
    except UnexpectedError as error:
        # What the program keeps for its maintainers is what a failing test has to show.
        for kept in sorted((shop / "state" / "failures").glob("*.txt")):
            error.add_note(kept.read_text())
        raise


def before(name: str, act: Callable[[], object]) -> Step:
    """Run the stages as they are, and do something before each time this one begins."""

    def step(stage: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(stage)
        def wrapped(*args: Any) -> Any:
            if stage.__name__ == name:
                act()
            return stage(*args)

        return wrapped

    return step


class Killed(BaseException):
    """What ends a program: no handler of ours catches it."""


def killed_in(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    step: str,
    act: Callable[[], object],
    first: Callable[..., object] = lambda *_: None,
) -> None:
    """Do something, and be killed where a step of it begins, or after what is done `first` in its place."""

    def killed(*arguments: Any, **_options: Any) -> None:
        first(*arguments)
        raise Killed

    with monkeypatch.context() as context:
        context.setattr(owner, step, killed)
        with pytest.raises(Killed):
            act()


def delivered(report: ExportReport, partner: str = "lotas") -> dict[str, list[Row]]:
    """Read what a UTF-8 CSV drop holds, by canonical column names."""
    outcome = next(outcome for outcome in report.outcomes if outcome.partner == partner)
    folder = Path(outcome.path)
    package = json.loads((folder / "datapackage.json").read_text())
    tables = {}
    for resource in package["resources"]:
        names = [field["joint-use:column"] for field in resource["schema"]["fields"]]
        with (folder / resource["path"]).open(encoding=resource["encoding"], newline="") as file:
            rows = list(csv.reader(file))[1:]
        tables[resource["name"]] = [dict(zip(names, row, strict=True)) for row in rows]
    return tables


def names_beside(folder: Path, others: Iterable[Row], refusers: Iterable[Row]) -> list[str]:
    """Export a shop of which some customers refuse everything, and name those that leave, in order."""
    refusers = list(refusers)
    tables = {
        "customers": [*others, *refusers],
        "objections": [objection(row["customer_id"]) for row in refusers],
    }
    return [row["name"] for row in delivered(run(write_shop(folder, tables)))["customers"]]


def whys(shop: Path, table: str, cell: str, partner: str = "all") -> list[str]:
    """Why the rows that have this cell were set aside, for all partners or for one."""
    path = shop / "state" / "quarantine" / partner / f"{table}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["reason"] for row in csv.DictReader(file) if cell in row.values()]


def texts_of(report: ExportReport) -> list[str]:
    """Everything a partner could read in each drop of a run; all of them were published."""
    assert report.outcomes
    assert {outcome.status for outcome in report.outcomes} == {"published"}
    return [bytes_of(Path(each.path)).decode("utf-8", "replace") for each in report.outcomes]


def bytes_of(folder: Path) -> bytes:
    """Every byte under a folder, Parquet pages uncompressed into text."""
    import duckdb

    parts = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            rows = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()
            parts.append(repr(rows).encode())
        elif path.is_file():
            raw = path.read_bytes()
            parts.append(raw)
            if path.suffix == ".csv":
                parts.append(
                    raw.decode("cp932" if raw[:3] != b"\xef\xbb\xbf" else "utf-8").encode()
                )
    assert parts, f"{folder} holds nothing in which anything could be looked for"
    return b"\n".join(parts)


def desk(shop: Path, now: datetime = NOW) -> Desk:
    """The shop in a named person's hands."""
    return open_desk(shop, PERSON, StandingReason.OBJECTION, lambda: now, {})


def object_to(shop: Path, number: str, *, now: datetime = NOW, **said: Any) -> tuple[str, ...]:
    """Record an objection at the counter; the widest, from its day on, unless told otherwise."""
    today = now.astimezone(SHOP_TIME).date()
    refusal = {
        "customer": number,
        "scope": "provision",
        "partners": (),
        "purposes": (),
        "received_on": today,
        "effective_on": today,
        "channel": "counter",
        "is_in_records": True,
        **said,
    }
    return record(desk(shop, now), Refusal(**refusal)).objection_ids


def acknowledgement(drop: Drop, received_at: datetime, **rejected: list[int]) -> dict[str, Any]:
    """What a partner sends back: all rows accepted but these, by file."""
    return {
        "format": "joint-use-ack/1",
        "drop_id": drop.drop_id,
        "received_at": received_at.isoformat(),
        "tables": {
            table.name: {
                "accepted": table.rows - len(rejected.get(table.name, [])),
                "rejected": [{"row": n, "reason": "other"} for n in rejected.get(table.name, [])],
            }
            for table in drop.files
        },
    }


def acknowledge(shop: Path, drop_id: str, *, now: datetime = NOW, **rejected: list[int]) -> None:
    """Record a partner's answer to a drop."""
    at_desk = desk(shop, now)
    drop = read_drop(shop / "drops" / drop_id)
    said = Acknowledgement.load(acknowledgement(drop, now, **rejected), where="ack.json")
    with at_desk.ledger.writing() as connection:
        book = DropBook(connection)
        entered = book.named(drop_id)
        said.hold_against(entered.drop, entered.published_at or now, now)
        AnswerBook(connection).enter(at_desk.actor, entered, said)


def release_texts(shop: Path) -> None:
    """Let a person release every text that waits."""
    at_desk = desk(shop)
    decide_texts(at_desk, [each.name for each in waiting(at_desk)], Decision.RELEASED)
