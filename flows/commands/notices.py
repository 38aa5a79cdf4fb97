"""`joint-use notices`: tell a partner at once what to delete and discard, outside the monthly run."""

import os
from pathlib import Path

import click

from flows.commands.options import json_option, now, operator_option, reason_option, shop_option
from flows.export import export
from flows.report import STATUS_TEXT
from flows.request import ExportRequest
from schemas.agreement import DropKind
from schemas.configuration import validated


@click.command(name="notices")
@shop_option
@click.option("--partner", "partners", multiple=True, required=True, help="共同利用者 / partner")
@operator_option
@reason_option("deletion notice")
@json_option
def command(
    *,
    shop: Path,
    partners: tuple[str, ...],
    operator: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """削除の通知だけを今すぐ渡す / Make a drop that holds nothing but what must be deleted."""
    asked = {
        "shop": str(shop.resolve()),
        "partners": partners,
        "operator": operator or "",
        "reason": reason,
    }
    request = validated(ExportRequest, asked, where="notices")
    report = export(request, clock=now, environment=os.environ, kind=DropKind.NOTICES)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
        return
    for outcome in report.outcomes:
        click.echo(
            f"{outcome.partner}: {STATUS_TEXT[outcome.status]}: "
            f"削除 {outcome.deleted} 件 / {outcome.deleted} keys to delete",
            err=True,
        )
        if outcome.path:
            click.echo(outcome.path)
