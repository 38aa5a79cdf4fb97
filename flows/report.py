"""What a run tells: counts, rule names and row keys; never a person's data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from schemas.drop import DISPOSITIONS, Account

JAPANESE = {
    "read": "読込",
    "delivered": "納品",
    "quarantined": "隔離",
    "out_of_scope": "対象外",
    "objected": "申し出",
    "withheld": "保留",
}

STATUS_TEXT = {
    "published": "納品しました / published",
    "unchanged": "前回と同じため納品なし / nothing changed, nothing published",
    "dry_run": "試し実行（納品なし）/ dry run, nothing published",
}


@dataclass(frozen=True)
class Settled:
    """What the check stage found: counts only; the verdicts themselves are in the run's folder."""

    objections: int
    objections_head: str
    unmatched_objections: int
    quarantined: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Gated:
    """How many customer numbers of people who objected one partner does not get."""

    partner: str
    objectors: int


@dataclass(frozen=True)
class Built:
    """A finished drop that is not published yet."""

    partner: str
    staging: str
    account: Mapping[str, Account]
    reasons: Mapping[str, Mapping[str, int]]
    cells: Mapping[str, int]


class Outcome(BaseModel):
    """What became of one partner's drop."""

    partner: str
    status: Literal["published", "unchanged", "dry_run"]
    drop_id: str
    path: str
    supersedes: str | None
    account: Mapping[str, Account]
    reasons: Mapping[str, Mapping[str, int]]
    cells: Mapping[str, int]


class ExportReport(BaseModel):
    """What one export did."""

    shop: str
    month: str
    as_of: str
    objections: int
    unmatched_objections: int
    quarantined: Mapping[str, Mapping[str, int]]
    flags: Mapping[str, Mapping[str, int]]
    outcomes: tuple[Outcome, ...]


def account_rows(outcome: Outcome) -> list[dict[str, str | int]]:
    """Give the account as rows of a table, English keys."""
    names = ("read", *DISPOSITIONS)
    return [
        {"table": table, **{name: getattr(account, name) for name in names}}
        for table, account in outcome.account.items()
    ]


def markdown(report: ExportReport) -> str:
    """Tell the run in Markdown, for Prefect's artifact page."""
    lines = [f"# {report.shop}: {report.month}", "", f"as of {report.as_of}", ""]
    for outcome in report.outcomes:
        lines += [
            f"## {outcome.partner}",
            "",
            f"**{STATUS_TEXT[outcome.status]}**: `{outcome.drop_id}`",
            "",
        ]
        header = ["table", *(f"{JAPANESE[n]} {n}" for n in JAPANESE)]
        lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
        lines += [
            "| " + " | ".join(str(value) for value in row.values()) + " |"
            for row in account_rows(outcome)
        ]
        lines += [
            "",
            *(f"- cells {reason}: {count}" for reason, count in outcome.cells.items()),
            "",
        ]
    lines += ["## 隔離 / quarantined", ""]
    lines += [
        f"- {table}: {reason}: {count}"
        for table, reasons in report.quarantined.items()
        for reason, count in reasons.items()
    ]
    if report.unmatched_objections:
        lines += ["", f"objections that match no customer: {report.unmatched_objections}"]
    return "\n".join(lines)
