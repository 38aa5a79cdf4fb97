"""`joint-use status`: per partner and month what was delivered, acknowledged, superseded, is overdue."""

import os
from collections import Counter
from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.once import Command
from flows.commands.options import json_option, shop_option
from flows.running.attention import DropState, PartnerState, loose_ends, partner_states, ranges
from flows.running.clock import utc_now
from flows.running.opening import open_shop
from flows.running.reconciling import complete_pending, refuse_doubt
from schemas.errors import LedgerDoubtfulError
from transforms.period import SHOP_TIME

_WORDS = {
    "acknowledged": "受領済",
    "rejected": "受取拒否",
    "superseded": "差替済",
    "stopped": "停止",
    "overdue": "返事遅れ",
    "held": "保全",
}


@click.command(cls=Command, name="status")
@shop_option
@json_option
def command(*, shop: Path, as_json: bool) -> None:
    """納品・受領・未納品の状況 / Deliveries, acknowledgements, missed months."""
    folder, ledger = open_shop(shop, os.environ)
    at = utc_now().astimezone(SHOP_TIME)
    complete_pending(ledger, folder, at)
    try:
        refuse_doubt(ledger, folder)
    except LedgerDoubtfulError as error:
        click.echo(f"台帳を確認してください / check the ledger: {error}", err=True)
    loose = list(loose_ends(ledger, folder.policy, at.date()))
    for line in loose:
        click.echo(line, err=True)
    states = partner_states(folder, ledger, at)
    if as_json:
        partners = {state.partner: _told(state) for state in states}
        told = {"partners": partners, "attention": loose}
        print_json(told)
        return
    for state in states:
        _tell(state)


def _tell(state: PartnerState) -> None:
    click.secho(state.partner, bold=True)
    for each in state.drops:
        click.echo(f"  {_line(each)}")
    if state.missing:
        click.echo(f"  未納品の月 / never delivered: {ranges(state.missing)}")
    for waiting in state.waiting:
        click.echo(
            f"  承諾待ち / waits for the data manager: {waiting.entered.drop.drop_id}  "
            f"{waiting.persons} 人 persons, {waiting.since:%Y-%m-%d} から, "
            f"実行 by {waiting.entered.drop.operator} ({waiting.entered.drop.reason})"
        )
    if state.not_handed_over:
        click.echo(f"  未引渡し / not handed over: {', '.join(state.not_handed_over)}")
    if state.by_hand:
        click.echo(f"  手渡し待ち / to carry by hand: {', '.join(state.by_hand)}")
    if state.not_to_carry:
        click.echo(
            "  手渡し禁止（deliver が理由を示します） / must not be carried: "
            f"{', '.join(state.not_to_carry)}"
        )
    if state.to_discard:
        click.echo(f"  廃棄の通知待ち / to be told to discard: {', '.join(state.to_discard)}")


def _line(state: DropState) -> str:
    drop, published_at = state.entered.drop, state.entered.published_at
    rows = sum(table.rows for table in drop.tables)
    deleted = drop.deleted.rows if drop.deleted else 0
    name = drop.drop_id.partition("/")[2]
    parts = [
        f"{name}  {published_at:%Y-%m-%d}" if published_at else name,
        f"{rows:,} 行 rows",
        f"削除通知 deleted {deleted}" if deleted else "",
        f"引渡 handed over {state.handed_over_at:%Y-%m-%d}" if state.handed_over_at else "",
        *(f"{_WORDS[mark.split()[0]]} {mark}" for mark in state.marks),
    ]
    return "  ".join(filter(None, parts))


def _told(state: PartnerState) -> dict[str, object]:
    return {
        "drops": [
            {
                "drop_id": each.entered.drop.drop_id,
                "kind": each.entered.drop.kind,
                "period": each.entered.drop.period,
                "published_at": published.isoformat() if published else None,
                "rows": sum(table.rows for table in each.entered.drop.tables),
                "deleted": each.entered.drop.deleted.rows if each.entered.drop.deleted else 0,
                "marks": each.marks,
                "superseded_by": each.superseded_by,
                "rejected": _rejected(each),
            }
            for each in state.drops
            for published in (each.entered.published_at,)
        ],
        "never_delivered": [str(month) for month in state.missing],
        "missed": [str(month) for month in state.missed],
        "to_discard": list(state.to_discard),
        "waiting": [each.entered.drop.drop_id for each in state.waiting],
        "not_handed_over": list(state.not_handed_over),
        "by_hand": list(state.by_hand),
        "not_to_carry": list(state.not_to_carry),
    }


def _rejected(state: DropState) -> dict[str, dict[str, int]]:
    """Count what the partner rejected, per file and reason."""
    if state.answer is None:
        return {}
    tables = state.answer.tables
    return {
        name: dict(Counter(row.reason for row in table.rejected))
        for name, table in tables.items()
        if table.rejected
    }
