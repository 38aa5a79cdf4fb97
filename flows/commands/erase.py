"""`joint-use erase`: a customer asked for erasure; everything the pipeline holds of them goes."""

from datetime import date

import click

from flows.commands.at_desk import at_desk
from flows.commands.confirming import confirm_person, doubts_about, yes_option
from flows.commands.once import Command
from flows.commands.options import DAY, channel_option
from flows.counter.desk import Desk, customer_number
from flows.counter.erasing import Erased, erase
from flows.counter.objecting import Refusal
from flows.running.reasons import StandingReason
from schemas.objections import ERASURE


@click.command(cls=Command, name="erase")
@at_desk(StandingReason.ERASURE)
@click.option("--customer", required=True, help="お客様番号 / customer number")
@click.option("--received", type=DAY, required=True, help="申し出を受けた日 / when it was received")
@channel_option(required=True)
@click.option(
    "--not-in-records",
    is_flag=True,
    help="店の記録からは消去済み / the shop's own records were erased already",
)
@yes_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    desk: Desk,
    customer: str,
    received: date,
    channel: str,
    not_in_records: bool,
    is_sure: bool,
) -> None:
    """消去の申し出に応じる / Erase a person here, keep the refusal, tell the partners to delete (§6)."""
    number = customer_number(customer)
    confirm_person(desk, number, is_sure=is_sure)
    refusal = Refusal(
        customer=number,
        scope=ERASURE,
        partners=(),
        purposes=(),
        received_on=received,
        effective_on=min(received, desk.today),
        channel=channel,
        is_in_records=not not_in_records,
    )
    _tell(erase(desk, refusal))


def _tell(erased: Erased) -> None:
    click.echo("\n".join(erased.objection_ids))
    for line in doubts_about(erased.held):
        click.echo(line, err=True)
    for line in erased.removed:
        click.echo(f"消去 / removed: {line}", err=True)
    if any(line.startswith("call_list") for line in erased.removed):
        click.echo(
            "リコールの一覧は、この方の行と印刷用のページだけを消しました。印刷するには、もう一度 recall "
            "してください / "
            "of call lists only the person's rows and the pages to print are gone; the next recall makes "
            "new ones",
            err=True,
        )
    if erased.is_review_list_gone:
        click.echo(
            "確認待ちの一覧は次の export で作り直されます / the next export makes the list to review anew",
            err=True,
        )
    for drop_id in erased.kept:
        click.echo(
            f"{drop_id}: 納品先の返事を待って廃棄します / stays until its partner answered, then `dispose`",
            err=True,
        )
    click.echo(f"証明書 / certificate: {erased.certificate}", err=True)
    for recall in erased.recalls:
        click.echo(
            f"リコール {recall}: この方への連絡がまだです。店のシステムから消す前に連絡し、`joint-use recall "
            "--mark told` で記録してください / "
            f"recall {recall}: nobody told this person yet. Do so before you erase the shop's own record, "
            "and enter it with `joint-use recall --mark told`",
            err=True,
        )
    if erased.mentions:
        _tell_of_mentions(erased.mentions)
    click.echo(
        "店の記録そのものは店のシステムで消してください。削除の通知は次の納品で伝わります。すぐに伝えるには "
        "joint-use notices / erase the shop's "
        "own records in its system; partners are told with the next drop, or now: joint-use notices",
        err=True,
    )


def _tell_of_mentions(mentions: tuple[str, ...]) -> None:
    click.echo(
        f"ほかに {len(mentions)} 行（この方の車の車検証や、ほかの方の行）にも、この方（または同じ名前の方）"
        "の名前・連絡先・住まい・車台番号があります。"
        "この方の行を店のシステムで消す前に、これらの行からも消してください。行がなくなると、だれのことか分からず"
        "渡ってしまいます / "
        f"{len(mentions)} more rows, papers of the person's cars and rows of others, bear their name, "
        "contact, home or chassis number (or a namesake's). Take it out of them before you erase the "
        "person's own row: without that, nothing tells whose it is",
        err=True,
    )
    click.echo(
        "  （元の記録と行番号。フォルダの車検証は、名前の順で何番目のファイルか / source and row as a "
        "spreadsheet numbers it; of a folder of certificates the place of the file by name）",
        err=True,
    )
    for line in mentions:
        click.echo(f"  {line}", err=True)
