"""`joint-use deliver`: hand over what was published and is not at its partner's place yet."""

import click

from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import DropId
from flows.counter.desk import Desk
from flows.counter.owed import Carried, carried_by_hand, owed, send_again
from flows.running.clock import utc_now
from flows.running.reasons import StandingReason
from schemas.errors import ConfigurationError, JointUseError


@click.command(cls=Command, name="deliver")
@at_desk(StandingReason.HANDING_OVER)
@click.argument("drop", type=DropId(), required=False)
@click.option(
    "--by-hand", is_flag=True, help="手渡ししたことを記録する / it was carried there by hand"
)
@click.option(
    "--again",
    is_flag=True,
    help="渡したか分からない納品を、相手に確かめて届いていなければもう一度渡す / "
    "send again what may have been handed over: its partner was asked and has not got it",
)
@click.pass_context
def command(
    context: click.Context,
    *,
    desk: Desk,
    drop: str | None,
    by_hand: bool,
    again: bool,
) -> None:
    """まだ渡していない納品を渡す / Hand over one drop, or all that are due."""
    if by_hand or again:
        if not drop or (by_hand and again):
            raise ConfigurationError(
                "--by-hand か --again のどちらか一つに、納品の名前を書いてください"
                "（例 lotas/monthly-2026-10-r1） / "
                "name the drop with one of --by-hand and --again, e.g. lotas/monthly-2026-10-r1"
            )
        if by_hand:
            _tell_of_hand(drop, carried_by_hand(desk, drop))
            return
        send_again(desk, drop)
    left = owed(desk)
    due = (*left.by_hand, *left.by_program, *left.overtaken)
    if not (drop or due):
        click.echo("渡すものはありません / nothing is due", err=True)
        return
    from flows.counter.delivering import deliver  # noqa: PLC0415 (slow to load, and mostly nothing is due)

    if drop:
        told = deliver(desk, utc_now, drop)
        click.echo(told or _nothing_to_do(desk, drop, is_by_hand=drop in left.by_hand))
        return
    code = 0
    for name in due:
        try:
            told = deliver(desk, utc_now, name)
            click.echo(_by_hand(name) if name in left.by_hand else f"{name}: {told}")
        except JointUseError as error:
            text = str(error)
            click.echo(text if text.startswith(name) else f"{name}: {text}", err=True)
            code = error.exit_code
    context.exit(code)


def _tell_of_hand(drop: str, carried: Carried) -> None:
    click.echo(f"{drop}: 手渡しを記録しました / recorded", err=True)
    if carried.successor:
        click.echo(
            f"{drop} は {carried.successor} に差し替えられています。そちらも渡してください / "
            f"it was replaced by {carried.successor}; carry that too",
            err=True,
        )
    if carried.is_stopped:
        click.echo(
            f"{drop} は停止されています。取り戻すか廃棄を求め、`joint-use incident {drop}` をご覧ください / "
            f"it was stopped: get it back or have it destroyed, and see `joint-use incident {drop}`",
            err=True,
        )
    if carried.is_overtaken:
        click.echo(
            f"{drop}: 作った後に申し出が動いています。渡してはいけない方が入っていることがあります。"
            f"`joint-use notices` で削除を伝え、`joint-use incident {drop}` をご覧ください / "
            "an objection has moved since it was made, and it may hold somebody who refused: tell the "
            f"partner with `joint-use notices`, and see `joint-use incident {drop}`",
            err=True,
        )


def _nothing_to_do(desk: Desk, drop: str, *, is_by_hand: bool) -> str:
    if is_by_hand:
        return _by_hand(drop)
    agreement = desk.folder.policy.agreements.get(drop.partition("/")[0])
    if agreement is not None and not agreement.is_carried:
        return (
            f"{drop}: 封緘も渡す場所も決めていない納品先です。納品フォルダから取りに来るか、手渡しします / "
            "neither seal nor place is agreed: the partner takes it from the drops folder, or it is carried"
        )
    return f"{drop}: 渡し済み / nothing is due"


def _by_hand(drop: str) -> str:
    return (
        f"{drop}: 手渡しです。.tar.age と .sha256、.sha256.sig を渡したら --by-hand で記録してください / "
        f"carry its three files, then `joint-use deliver {drop} --by-hand`"
    )
