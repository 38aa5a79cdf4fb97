"""What a run did, in words: for the terminal, and for Prefect's artifact page."""

from collections import Counter

from flows.running.report import ExportReport, Outcome, Served
from schemas.catalog import CATALOG
from schemas.drop import DISPOSITIONS
from schemas.faults import follows, in_words
from transforms.gating import NAMES_OBJECTOR

COLUMN_WORDS = {
    "read": "読込",
    "delivered": "納品",
    "quarantined": "隔離",
    "out_of_scope": "対象外",
    "objected": "申し出",
    "withheld": "保留",
}
"""What the columns of an account are called."""

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


def left_out_lines(served: Served) -> list[str]:
    """Tell for whom nothing was made, and why."""
    return [
        f"{partner}: 何も作っていません / nothing was made for this partner\n  {why}"
        for partner, why in served.left_out.items()
    ]


def work_lines(report: ExportReport) -> list[str]:
    """Tell what is left for somebody to do."""
    broken = sum(sum(reasons.values()) for reasons in report.quarantined.values())
    lines = left_out_lines(report)
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
    if any(_has_in_doubt(outcome) for outcome in report.outcomes):
        lines.append(
            "申し出の方かもしれず除いたお客様がいます / customers are held back as perhaps a refuser: "
            "joint-use objections --in-doubt"
        )
    if report.new_columns:
        told = ", ".join(f"{part} {count}" for part, count in report.new_columns.items())
        lines.append(
            f"新しい列（読んでいません） / new columns, none of them read: {told} (joint-use sources)"
        )
    return [*lines, *report.attention]


def _has_in_doubt(outcome: Outcome) -> bool:
    """Tell whether customers are held back for what their card says of somebody else."""
    reasons = outcome.reasons.get("customers", {})
    return any(reason.endswith(f": {NAMES_OBJECTOR}") for reason in reasons)


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
        header = ["表 table", *(f"{COLUMN_WORDS[n]} {n}" for n in COLUMN_WORDS)]
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
