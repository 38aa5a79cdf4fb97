"""`joint-use notices`: tell a partner at once what to delete and discard, outside the monthly run."""

import os
from pathlib import Path

import click

from flows.commands.answers import print_json
from flows.commands.once import Command
from flows.commands.options import json_option, operator_option, reason_option, shop_option
from flows.commands.printing import print_outcome
from flows.export import export
from flows.running.clock import utc_now
from flows.running.reasons import StandingReason
from flows.running.request import ExportRequest
from schemas.drop import DropKind
from schemas.strict import validated


@click.command(cls=Command, name="notices")
@shop_option
@click.option("--partner", "partners", multiple=True, required=True, help="共同利用者 / partner")
@operator_option
@reason_option(StandingReason.NOTICES)
@json_option
@click.pass_context
def command(  # noqa: PLR0913 (one parameter per option)
    context: click.Context,
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
    report = export(request, clock=utc_now, environment=os.environ, kind=DropKind.NOTICES)
    if as_json:
        print_json(report)
    else:
        for outcome in report.outcomes:
            print_outcome(outcome, f"削除 {outcome.deleted} 件 / {outcome.deleted} keys to delete")
    context.exit(report.exit_code)
