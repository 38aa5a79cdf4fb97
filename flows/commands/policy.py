"""`joint-use policy`: check, show and compare notice and agreements; the data dictionary."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.once import Group
from flows.commands.options import json_option, shop_option
from flows.running.clock import utc_now
from schemas.arrow_types import type_of
from schemas.catalog import CATALOG, Table
from schemas.columns import Column, Role
from schemas.errors import ConfigurationError, RefusedError
from schemas.partner_tables import partner_tables, recall_tables
from schemas.policy import DatedNotice, Policy, changes, narrowed, permissions
from sources.shop_folder import load_policy, load_shop
from transforms.period import SHOP_TIME


def _today() -> date:
    return utc_now().astimezone(SHOP_TIME).date()


@click.group(cls=Group, name="policy")
def command() -> None:
    """公表事項と覚書 / Notice and agreements."""


@command.command(name="check")
@shop_option
@click.pass_context
def check(context: click.Context, shop: Path) -> None:
    """読み込めるか、覚書が公表事項の範囲内か / Load everything; refuse what goes beyond the notice."""
    today = _today()
    policy = load_shop(shop).policy
    code = 0
    click.echo(f"公表事項 / notice {policy.notice.version}: OK")
    if policy.announced_on <= today < policy.notice.effective_on:
        click.echo(
            f"  {policy.notice.effective_on} に発効します。それより前に始まる月は notices/ の公表事項でも"
            f"判断します / takes effect on {policy.notice.effective_on}; months that begin before are judged "
            "by those in notices/ as well"
        )
    else:
        _tell_of_later(policy.announced_on, today)
    for partner, agreement in policy.agreements.items():
        columns = sum(len(table.columns) for table in agreement.monthly.tables.values())
        click.echo(f"覚書 / agreement {partner} {agreement.version}: OK, {columns} 列 columns")
        _tell_of_later(agreement.effective_on, today)
        for share, tables in (
            (agreement.monthly, partner_tables),
            (agreement.recall, recall_tables),
        ):
            if share is not None:
                tables(share)  # which refuses titles that read alike
        try:
            agreement.refuse_expired_key(today)
            for share in agreement.shares.values():
                narrowed(share, partner, _in_force(policy, today))
        except RefusedError as error:
            click.echo(f"  今は納品できません / gets nothing as it is: {error}")
            code = RefusedError.exit_code
    context.exit(code)


def _in_force(policy: Policy, today: date) -> tuple[DatedNotice, ...]:
    """Give the notice today's records are judged by; none before the first takes effect."""
    return policy.notices_for(today, today) if policy.announced_on <= today else ()


def _tell_of_later(effective_on: date, today: date) -> None:
    if effective_on > today:
        click.echo(
            f"  {effective_on} に発効します。それまでの月は納品できません / takes effect on {effective_on}; "
            "no month before it can be delivered"
        )


@command.command(name="show")
@shop_option
@json_option
def show(shop: Path, *, as_json: bool) -> None:
    """納品先ごとの列・項目・条項 / Partner × column × item × clause."""
    policy = load_policy(shop)
    today = _today()
    permitted = list(permissions(policy, _in_force(policy, today)))
    if policy.notice.effective_on > today:
        click.echo(
            f"公表事項は {policy.notice.effective_on} に発効します。下は今日のものです / "
            f"the notice takes effect on {policy.notice.effective_on}; this is what holds today",
            err=True,
        )
    rows = [
        {
            "partner": p.partner,
            "kind": p.kind.value,
            "table": p.table,
            "column": p.column,
            "items": list(p.items),
            "clauses": list(p.clauses),
        }
        for p in permitted
    ]
    if as_json:
        purposes = {
            name: {kind: list(share.purposes) for kind, share in agreement.shares.items()}
            for name, agreement in policy.agreements.items()
        }
        print_json({"purposes": purposes, "columns": rows})
        return
    for partner, agreement in policy.agreements.items():
        for kind, share in agreement.shares.items():
            click.secho(f"{partner} {kind}: {', '.join(share.purposes)}", bold=True)
            for p in permitted:
                if (p.partner, p.kind.value) != (partner, kind):
                    continue
                items = ", ".join(f"{i} §{c}" for i, c in zip(p.items, p.clauses, strict=True))
                click.echo(f"  {p.table}.{p.column}: {items}")


@command.command(name="diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.pass_context
def diff(context: click.Context, old: Path, new: Path) -> None:
    """二つの版の違い / Compare two shop folders; exit 3 if items or partners grow."""
    for folder in (old, new):
        if not folder.is_dir():
            raise ConfigurationError(
                f"{folder.name}: フォルダではありません。店舗フォルダを二つ指定してください / "
                f"{folder.name}: this is no folder; name two shop folders, each with its notice.toml"
            )
    found = changes(load_policy(old), load_policy(new))
    for change in found:
        mark = "拡大 WIDENS (同意が必要 / needs consent)" if change.is_widening else "変更 changes"
        click.echo(f"{mark}: {change.text}")
    if not found:
        click.echo("違いはありません / no difference")
    if any(change.is_widening for change in found):
        context.exit(RefusedError.exit_code)


@command.command(name="dictionary")
@json_option
def dictionary(*, as_json: bool) -> None:
    """データ辞書 / The data dictionary, from the one declaration of each column."""
    if as_json:
        tables = {
            name: [_entry(c) for c in table.columns.values()] for name, table in CATALOG.items()
        }
        print_json(tables)
        return
    click.echo("\n".join(_lines(CATALOG.values())))


def _lines(tables: Iterable[Table]) -> Iterable[str]:
    for table in tables:
        yield f"## {table.name}\n\n{table.row_description}\n"
        yield "| column | 列 | type | cites | rules |\n|---|---|---|---|---|"
        for column in table.columns.values():
            entry = _entry(column)
            cites = ", ".join(column.items) or f"({column.role.value})"
            told = [column.unit, "required" if column.is_required else "", *column.codes]
            rules = "; ".join(filter(None, told))
            yield f"| {entry['name']} | {entry['title']} | {entry['kind']} | {cites} | {rules} |"
        yield ""


def _entry(column: Column) -> dict[str, object]:
    return {
        "name": column.name,
        "title": column.title,
        "kind": column.kind.value,
        "unit": column.unit,
        "type": str(type_of(column)),
        "role": column.role.value,
        "items": list(column.items),
        "leaves": column.role is Role.ITEM,
        "required": column.is_required,
        "codes": list(column.codes),
    }
