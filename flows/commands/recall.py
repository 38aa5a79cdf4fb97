"""`joint-use recall`: which cars a recall may be about, whom to tell, and how far that is."""

import os
from pathlib import Path

import click
from rich.console import Console

from flows.commands.answers import print_json
from flows.commands.flow_runs import progress, set_up_run
from flows.commands.once import Command
from flows.commands.options import json_option, operator_option, reason_option, shop_option
from flows.commands.printing import print_outcome
from flows.counter.desk import open_desk
from flows.counter.recall_status import Progress, mark_cars, progress_of
from flows.deployments.group import STATE
from flows.recall.report import CampaignCount, RecallReport
from flows.recall.request import RecallRequest
from flows.recall.words import CLASS_TEXTS, KEPT_TEXTS, MARK_TEXTS, REASON_TEXTS
from flows.running.clock import utc_now
from flows.running.operators import named_person
from flows.running.reasons import StandingReason
from flows.running.report_texts import left_out_lines
from flows.running.run import opened_run
from ledger.recall_book import MARKS, NO_LONGER
from schemas.campaigns import CATEGORY_TITLES, CAVEAT, Campaign
from schemas.catalog import RECALL_TABLES
from schemas.drop import DropKind
from schemas.errors import ConfigurationError
from schemas.strict import validated
from sources.campaign_files import CampaignFile, read_campaigns
from sources.opening import refuse_missing_files
from transforms.reading.car_codes import read_identifier
from transforms.reading.folding import nfkc

_MOST_SHOWN = 20
"""Cars no campaign finds that a line shows."""

_HELP = (
    "リコール対象の可能性がある車を探す / Find cars a recall may be about, and whom to tell.\n\n\b\n"
    "joint-use recall --show FILE\n"
    "joint-use recall --campaign FILE\n"
    "joint-use recall --status 1118030\n"
    "joint-use recall --mark told --number 1118030 --vehicle V00001\n"
)


@click.command(cls=Command, name="recall", help=_HELP)
@shop_option
@click.option(
    "--campaign",
    "path",
    type=click.Path(path_type=Path),
    help="届出ファイル（国土交通省の JSON、または CSV）/ campaign file",
)
@click.option(
    "--partner", "partners", multiple=True, help="納品先 / partner, default all with [recall]"
)
@click.option("--dry-run", is_flag=True, help="探すだけで、渡さない / look only, hand over nothing")
@click.option(
    "--show",
    "shown",
    type=click.Path(path_type=Path),
    help="届出ファイルから読み取った内容を見る / what was understood of a file",
)
@click.option("--status", "status_of", metavar="NUMBER", help="届出ごとの進み具合 / how far it is")
@click.option("--mark", type=click.Choice(MARKS), help="連絡済み・修理済み・対象外と記録する")
@click.option("--number", help="--mark: 届出番号 / campaign number")
@click.option("--vehicle", "vehicles", multiple=True, help="--mark: 車両番号 / vehicle number")
@operator_option
@reason_option(StandingReason.RECALL)
@json_option
@click.pass_context
def command(  # noqa: PLR0913 (one parameter per option)
    context: click.Context,
    *,
    shop: Path,
    path: Path | None,
    partners: tuple[str, ...],
    dry_run: bool,
    shown: Path | None,
    status_of: str | None,
    mark: str | None,
    number: str | None,
    vehicles: tuple[str, ...],
    operator: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """リコール対象の可能性がある車を探す / Find cars a recall may be about, and whom to tell."""
    if sum(map(bool, (path, shown, status_of, mark))) != 1:
        raise ConfigurationError(
            "次のどれか一つを指定してください / "
            "give one of --campaign FILE, --show FILE, --status NUMBER, --mark"
        )
    if (dry_run or partners) and not path:
        raise ConfigurationError(
            "--dry-run と --partner は --campaign と一緒に指定してください / "
            "--dry-run and --partner go with --campaign"
        )
    if (number or vehicles) and not mark:
        raise ConfigurationError(
            "--number と --vehicle は --mark と一緒に指定してください / --number and --vehicle go with --mark"
        )
    if shown:
        _show(read_campaigns(shown), as_json=as_json)
        return
    if path:
        asked = {
            "shop": str(shop.resolve()),
            "campaign": str(path.resolve()),
            "partners": partners,
            "operator": named_person(operator),
            "reason": reason,
            "dry_run": dry_run,
        }
        context.exit(_run(validated(RecallRequest, asked, where="recall"), as_json=as_json))
    desk = open_desk(shop, operator, reason, utc_now, os.environ)
    if mark:
        if not (number and vehicles):
            raise ConfigurationError(
                "--mark: --number（リコールの番号）と --vehicle を指定してください / "
                "--mark: give --number (of the campaign) and --vehicle"
            )
        read = [read_identifier(each).value or "" for each in vehicles]
        status_of = number
        mark_cars(desk, nfkc(number), read, mark)
    _print_progress(progress_of(desk, nfkc(status_of or "")), as_json=as_json)


def _show(file: CampaignFile, *, as_json: bool) -> None:
    if as_json:
        told = {
            "campaigns": [_told(each) for each in file.campaigns],
            "superseded": [each.number for each in file.superseded],
            "withdrawn": [each.number for each in file.withdrawn],
            "announced": file.announced,
        }
        print_json(told)
        return
    for each in file.campaigns:
        printed = f" ({each.printed_number})" if each.printed_number else ""
        click.secho(
            f"{each.number}{printed}  {each.notified_on}  {CATEGORY_TITLES[each.category]}  "
            f"{each.device}",
            bold=True,
        )
        for model in each.models:
            for ends in model.ranges or ():
                click.echo(
                    f"  {model.maker} {model.code} {model.common_name}: {ends.first} ～ {ends.last or '？'}"
                )
            if not model.ranges:
                click.echo(
                    f"  {model.maker} {model.code} {model.common_name}: 型式のみ / all of the model"
                )
    for each in file.superseded:
        click.echo(f"{each.number} ({each.notified_on}): 訂正により置き換え / superseded")
    for each in file.withdrawn:
        click.echo(f"{each.number}: 取り下げ / withdrawn")
    _warn_of_pages(file.announced, file.records)


def _warn_of_pages(announced: int | None, read: int) -> None:
    if announced is not None and announced > read:
        click.echo(
            f"検索結果は {announced} 件、このファイルには {read} 件です / the search found {announced} "
            f"notifications, this file holds {read}",
            err=True,
        )


def _told(campaign: Campaign) -> dict[str, object]:
    return {
        "number": campaign.number,
        "printed_number": campaign.printed_number,
        "notified_on": campaign.notified_on.isoformat(),
        "category": campaign.category.value,
        "is_import": campaign.is_import,
        "device": campaign.device,
        "models": [
            {
                "maker": model.maker,
                "model_code": model.code,
                "common_name": model.common_name,
                "ranges": [[ends.first, ends.last] for ends in model.ranges],
            }
            for model in campaign.models
        ],
    }


def _run(request: RecallRequest, *, as_json: bool) -> int:
    console = Console(stderr=True)
    with progress(console, "準備中 / getting ready"):
        # Everything that can be refused is refused before the minute Prefect may need to start.
        read_campaigns(Path(request.campaign))
        with opened_run(request.as_export(), utc_now, os.environ, kind=DropKind.RECALL) as run:
            state = run.folder.state
            refuse_missing_files(run.folder, RECALL_TABLES)
        set_up_run(state, Path(request.shop).parent / STATE)
        from flows.deployments.recall_targets import recall_targets  # noqa: PLC0415 (Prefect reads the environment once)
    with progress(console, "確認中 / looking"):
        report = recall_targets(request)
    if as_json:
        print_json(report)
    else:
        _print(report)
    return report.exit_code


def _print(report: RecallReport) -> None:
    for each in report.campaigns:
        click.echo(_campaign_line(each))
    for outcome in report.outcomes:
        handed = outcome.account["recall_targets"].delivered
        print_outcome(outcome, f"新たに {handed} 件 / {handed} new, 削除通知 {outcome.deleted}")
    for line in left_out_lines(report):
        click.echo(line, err=True)
    if report.call_list:
        click.echo(
            f"店から連絡する車 {report.call_list_cars} 件 / cars on the shop's own call list:",
            err=True,
        )
        click.echo(report.call_list)
    if report.blind:
        _print_blind(report)
    for name in report.superseded:
        click.echo(
            f"{name}: 前の届出は訂正で置き換え / an earlier version was superseded", err=True
        )
    for name in report.withdrawn:
        click.echo(f"{name}: 取り下げ / withdrawn", err=True)
    for gone in report.no_longer:
        click.echo(
            f"{gone.campaign}: 前は対象、今回は対象外の車 {gone.cars} 台（渡済み {gone.handed} 台）。"
            "届出ファイルが一番新しいものか確かめてください / "
            f"{gone.cars} cars were affected before and are not by this run ({gone.handed} of them handed "
            "over); is this the newest file?",
            err=True,
        )
    if report.unreadable:
        click.echo(
            f"読めない記録が {report.unreadable} 件あり、対象かどうか分かりません。`joint-use quarantine` "
            "で確かめ、直してもう一度実行してください / "
            f"{report.unreadable} records of cars or papers cannot be read, and may be affected; "
            "`joint-use quarantine` says which, mend them and run again",
            err=True,
        )
    _warn_of_pages(report.announced, report.records)
    click.echo(CAVEAT, err=True)


def _print_blind(report: RecallReport) -> None:
    click.echo(
        f"型式も車台番号も読めない車が {report.blind} 台あり、どのリコールでも見つけられません。"
        "車検証から記録に書き足してください / "
        f"{report.blind} cars have neither 型式 nor a chassis number that can be read, and no campaign "
        "finds them; write them into the records from their certificates",
        err=True,
    )
    more = " …（--json で全部 / all with --json）" if len(report.blind_cars) > _MOST_SHOWN else ""
    if report.blind_cars:
        click.echo(f"  {', '.join(report.blind_cars[:_MOST_SHOWN])}{more}", err=True)


def _campaign_line(each: CampaignCount) -> str:
    kept = ", ".join(f"{KEPT_TEXTS[why]} {count}" for why, count in each.kept.items())
    head = (
        f"{each.campaign}  対象の可能性 {each.in_range + each.possible} "
        f"(範囲内 in range {each.in_range}, 要確認 possible {each.possible}); 範囲外 out {each.out}"
    )
    sums = (
        f"  = 共同利用者への納品 in drops {each.handed} + 店の連絡表 call list {sum(each.kept.values())}"
        f" + 済 done {each.done}"
    )
    lines = [head, sums]
    if kept:
        lines.append(f"  連絡表の内訳 / call list: {kept}")
    lines += [
        f"  {count:5}  {REASON_TEXTS[reason]}  {reason}" for reason, count in each.reasons.items()
    ]
    return "\n".join(lines)


def _kept_words(reason: str) -> str:
    if reason == NO_LONGER:
        return "今回は対象に入らなかった not affected by the last run"
    return f"店から連絡 call list: {KEPT_TEXTS.get(reason, reason)}" if reason else ""


def _print_progress(progress: Progress, *, as_json: bool) -> None:
    if as_json:
        print_json(progress)
        return
    for car in sorted(progress.cars, key=lambda car: car.vehicle):
        parts = [
            car.vehicle or "(記録にない車)",
            CLASS_TEXTS.get(car.match_class, car.match_class),
            f"{car.found_at[:10]} から",
            "新規 new" if car.is_new else "",
            *car.handed,
            _kept_words(car.kept_because),
            *(f"{MARK_TEXTS[mark.mark]} {mark.mark} {mark.at[:10]}" for mark in car.marks),
        ]
        click.echo("  ".join(filter(None, parts)))
    click.echo(f"{len(progress.cars)} 件  対象の可能性 / cars it may be about", err=True)
