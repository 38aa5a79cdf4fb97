"""What a run tells: counts, rule names and row keys; never a person's data."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from schemas.catalog import CATALOG
from schemas.drop import DISPOSITIONS, Account
from schemas.errors import HeldError, RefusedError
from schemas.faults import follows, in_words

JAPANESE = {
    "read": "読込",
    "delivered": "納品",
    "quarantined": "隔離",
    "out_of_scope": "対象外",
    "objected": "申し出",
    "withheld": "保留",
}

Status = Literal[
    "published",
    "unchanged",
    "dry_run",
    "stopped",
    "same",
    "different",
    "unconfirmed",
    "nothing",
    "waiting",
]

STATUS_TEXT = {
    "published": "納品しました / published",
    "unchanged": "前回と同じため納品なし / nothing changed, nothing published",
    "dry_run": "試し実行（納品なし）/ dry run, nothing published",
    "stopped": (
        "停止した納品と同じ内容のため納品なし。直したら --mode correct / "
        "the same as a stopped drop, nothing published; once mended, --mode correct"
    ),
    "same": "再現：納品した行と同じ / reproduced: the same rows",
    "different": "再現：納品した行と違う / reproduced: other rows",
    "unconfirmed": "確認待ち（納品なし）。--yes で納品 / not confirmed, nothing published; add --yes",
    "nothing": "渡すものなし / nothing to hand over",
    "waiting": "データ管理者の承諾待ち（納品なし）/ waits for the data manager",
}


@dataclass(frozen=True)
class Registered:
    """What is known of objections: how many hold today, up to which event, and what is left to settle."""

    objections: int
    head: str
    unsettled: int


@dataclass(frozen=True)
class Settled:
    """What check and screening found: counts only; the verdicts themselves are in the run's folder."""

    quarantined: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Built:
    """A finished drop that is not published yet."""

    partner: str
    staging: str
    account: Mapping[str, Account]
    reasons: Mapping[str, Mapping[str, int]]
    cells: Mapping[str, int]
    deleted: int


class TableDifference(BaseModel):
    """How the rows of one file differ from those of another drop: counts, and the first keys of each."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    added_keys: tuple[str, ...] = ()
    removed_keys: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()


class Outcome(BaseModel):
    """What became of one partner's drop."""

    partner: str
    status: Status
    drop_id: str
    path: str
    supersedes: str | None
    account: Mapping[str, Account]
    reasons: Mapping[str, Mapping[str, int]]
    cells: Mapping[str, int]
    deleted: int = 0
    compared_with: str | None = None
    difference: Mapping[str, TableDifference] = Field(default_factory=dict)
    handed_over: str = ""
    """What became of handing the drop over, in a line; empty where nothing was to be done."""
    handover_code: int = 0
    """Exit code of a drop that should have been handed over and was not."""


class ExportReport(BaseModel):
    """What one export did."""

    shop: str
    month: str
    as_of: str
    objections: int
    unsettled_objections: int
    quarantined: Mapping[str, Mapping[str, int]]
    texts_waiting: int
    """Distinct texts nobody has decided about (`joint-use review`)."""
    flags: Mapping[str, Mapping[str, int]]
    outcomes: tuple[Outcome, ...]
    attention: tuple[str, ...] = ()
    """Months never delivered, drops not acknowledged in time, and the like: a line each."""
    new_columns: Mapping[str, int] = Field(default_factory=dict)
    """By file or table, how many columns nothing asks for were not there the last time."""


class CampaignCount(BaseModel):
    """The account of one campaign: in_range + possible = handed + kept + done."""

    campaign: str
    printed_number: str
    notified_on: str
    in_range: int
    possible: int
    out: int
    """Cars of its models whose number is outside its ranges."""
    reasons: Mapping[str, int]
    handed: int
    """Cars a partner was told of, now or before."""
    kept: Mapping[str, int]
    """Cars on the shop's own list, by why."""
    done: int
    """Cars marked as repaired or not affected."""


class NoLonger(BaseModel):
    """Cars a campaign was found to be about before, and not by this run; and how many were handed over."""

    campaign: str
    cars: int
    handed: int


class RecallReport(BaseModel):
    """What one recall run did."""

    shop: str
    as_of: str
    campaigns: tuple[CampaignCount, ...]
    superseded: tuple[str, ...]
    withdrawn: tuple[str, ...]
    no_longer: tuple[NoLonger, ...]
    records: int
    """Notifications in the file."""
    announced: int | None
    """How many of them the search found; None if the file does not say."""
    unreadable: int
    """Records of cars and papers without cells: whether one of them is affected, nobody can tell."""
    blind: int
    """Cars with neither 型式 nor a number that can be read: no campaign can find them."""
    cars: int
    outcomes: tuple[Outcome, ...]
    call_list: str
    """Folder of the call list; it stays in the shop."""
    call_list_cars: int


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Give the exit code a run ends with: of what waits or was not confirmed, or was not handed over."""
    outcomes = tuple(outcomes)
    statuses = {outcome.status for outcome in outcomes}
    if "waiting" in statuses:
        return HeldError.exit_code
    if "unconfirmed" in statuses:
        return RefusedError.exit_code
    return max((outcome.handover_code for outcome in outcomes), default=0)


_CELL_WORDS = {
    "waits": "確認待ち",
    "defused": "数式として動く文字を無害化",
    "substituted": "文字の置き換え",
    "withheld:names_objector": "保留：申し出た方の名前など",
    "withheld:holder_is_not_the_customer": "保留：所有者・使用者がお客様でない",
    "withheld:home_of_objector": "保留：申し出た方の住まい",
    "withheld:person": "保留：ほかの方の名前・連絡先",
    "withheld:by_decision": "保留：渡さないと決めた文",
    "withheld:too_long": "保留：2,000字を超える文",
    "withheld:not_a_code": "保留：番号・記号でない文字",
}


def outcome_lines(outcome: Outcome) -> list[str]:
    """Tell what became of cells, keys and the drop; categories of §10 are not told apart."""
    cells = Counter[str]()
    for reason, count in outcome.cells.items():
        known = reason if reason in _CELL_WORDS else "withheld:§10"
        words = _CELL_WORDS.get(reason, "保留：方針第10条")
        cells[f"{words} / cells {known}"] += count
    lines = [f"{words}: {count}" for words, count in cells.items()]
    if outcome.status == "waiting":
        lines.append(f"joint-use release {outcome.drop_id}")
    if outcome.deleted:
        lines.append(f"削除通知 / keys to delete: {outcome.deleted}")
    return [*lines, *([outcome.handed_over] if outcome.handed_over else [])]


def work_lines(report: ExportReport) -> list[str]:
    """Tell what is left for somebody to do."""
    broken = sum(sum(reasons.values()) for reasons in report.quarantined.values())
    lines = []
    if broken:
        lines.append(
            f"隔離 {broken} 行 / rows set aside: joint-use quarantine --shop … が理由を示します"
        )
    if report.texts_waiting:
        lines.append(f"確認待ちの文 / texts to review: {report.texts_waiting} (joint-use review)")
    if report.unsettled_objections:
        lines.append(
            f"確認が必要な申し出 / objections to settle: {report.unsettled_objections} "
            "(joint-use objections --work)"
        )
    if report.new_columns:
        told = ", ".join(f"{part} {count}" for part, count in report.new_columns.items())
        lines.append(
            f"新しい列（読んでいません） / new columns, none of them read: {told} (joint-use sources)"
        )
    return [*lines, *report.attention]


def account_rows(outcome: Outcome) -> list[dict[str, str | int]]:
    """Give the account as rows of a table, English keys."""
    names = ("read", *DISPOSITIONS)
    return [
        {"table": table, **{name: getattr(account, name) for name in names}}
        for table, account in outcome.account.items()
    ]


def difference_lines(outcome: Outcome) -> list[str]:
    """Tell, file by file, what differs from the drop it was compared with: counts, and first keys."""
    if outcome.compared_with is None:
        return []
    lines = [f"{outcome.compared_with} との違い / compared with it:"]
    if not outcome.difference:
        lines.append("  なし / the same rows")
    for name, each in outcome.difference.items():
        lines.append(f"  {name}: +{each.added} −{each.removed} ~{each.changed}")
        for mark, keys in (
            ("+", each.added_keys),
            ("−", each.removed_keys),
            ("~", each.changed_keys),
        ):
            lines += [f"    {mark} {key}" for key in keys]
    return lines


def markdown(report: ExportReport) -> str:
    """Tell the run in Markdown, for Prefect's artifact page."""
    lines = [f"# {report.shop}: {report.month}", "", f"{report.as_of} 現在 / as of", ""]
    for outcome in report.outcomes:
        lines += [
            f"## {outcome.partner}",
            "",
            f"**{STATUS_TEXT[outcome.status]}**: `{outcome.drop_id}`",
            "",
        ]
        header = ["表 table", *(f"{JAPANESE[n]} {n}" for n in JAPANESE)]
        lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
        lines += [
            f"| {CATALOG[str(table)].title} {table} | {' | '.join(map(str, counts))} |"
            for table, *counts in (row.values() for row in account_rows(outcome))
        ]
        lines += [
            "",
            *(f"- {line}" for line in outcome_lines(outcome)),
            "",
            *(f"    {line}" for line in difference_lines(outcome)),
            "",
        ]
    lines += ["## 隔離 / quarantined", ""]
    lines += [
        f"- {table}: {in_words(table, reason)} {reason}: {reasons[reason]}"
        for table, reasons in report.quarantined.items()
        for reason in sorted(reasons, key=follows)
    ]
    lines += ["", *(f"- {line}" for line in work_lines(report))]
    return "\n".join(lines)
