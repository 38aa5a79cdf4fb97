"""`joint-use object`: record an objection, lift one, or settle whom one means."""

from collections.abc import Collection
from datetime import date

import click
from click.core import ParameterSource

from flows.commands.answers import print_json
from flows.commands.asking_person import ask_outsider
from flows.commands.at_desk import at_desk
from flows.commands.confirming import (
    confirm_objection,
    confirm_person,
    doubts_about,
    yes_option,
)
from flows.commands.once import Command
from flows.commands.options import (
    DAY,
    channel_option,
    json_option,
)
from flows.counter.desk import Desk, customer_number
from flows.counter.given import partners_to_tell
from flows.counter.lifting import Choice, lift
from flows.counter.objecting import Refusal, Taken, record, refuse_contradictions
from flows.counter.settling import settle
from flows.running.reasons import StandingReason
from schemas.agreement import RECALL_PURPOSE
from schemas.errors import ConfigurationError, JointUseError
from schemas.objections import SCOPES

_HELP = (
    "申し出を記録・撤回・確定する / Record an objection, lift one, or settle whom one means.\n\n\b\n"
    "joint-use object --customer C00010 --scope provision --received 2026-11-01 --channel phone\n"
    "joint-use object --person --scope provision --received 2026-11-01 --channel phone\n"
    "joint-use object --lift --customer C00010\n"
    "joint-use object --settle R0123456789abcdef --customer C00010\n"
)

_RECORDED_AGAIN = (
    "記録しました。同じ申し出がすでにあります / recorded; the same one was there already"
)
_RECORDED = "記録しました / recorded"
_LIFTED_IN_PART = (
    "撤回しました。ほかの申し出が残っているので、その分はまだ渡りません / "
    "lifted; others stand, and what they refuse does still not leave"
)
_LIFTED = "撤回しました。効力日から、また渡ります / lifted"


@click.command(cls=Command, name="object", help=_HELP)
@at_desk(StandingReason.OBJECTION)
@click.option("--customer", help="お客様番号 / customer number")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    help="provision 提供の拒否、purpose 利用目的ごとの拒否、erasure 消去",
)
@click.option("--partner", "partners", multiple=True, help="この共同利用者だけ / this partner only")
@click.option("--purpose", "purposes", multiple=True, help="この利用目的だけ / this purpose only")
@click.option("--received", type=DAY, help="受付日 / day the customer said so")
@click.option("--effective", type=DAY, help="効力発生日（省略時は受付日）/ default: --received")
@channel_option()
@click.option(
    "--person",
    "is_outsider",
    is_flag=True,
    help="番号のない方。お名前などを尋ねます / somebody without a number; asks who it is",
)
@click.option("--not-in-records", is_flag=True, help="記録にない番号でも受け付ける")
@click.option("--lift", "is_lift", is_flag=True, help="申し出を撤回する / end objections")
@click.option("--all", "is_all", is_flag=True, help="該当する申し出をすべて撤回する / lift several")
@click.option("--objection", help="申し出の番号 / id of one objection, with --lift")
@click.option("--settle", "settled", metavar="ID", help="だれの申し出かを決める / whom it means")
@click.option("--nobody", is_flag=True, help="--settle: 記録のだれでもない / nobody in the records")
@yes_option
@json_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    desk: Desk,
    customer: str | None,
    scope: str | None,
    partners: tuple[str, ...],
    purposes: tuple[str, ...],
    received: date | None,
    effective: date | None,
    channel: str | None,
    objection: str | None,
    settled: str | None,
    is_outsider: bool,
    not_in_records: bool,
    is_lift: bool,
    is_all: bool,
    nobody: bool,
    is_sure: bool,
    as_json: bool,
) -> None:
    """申し出を記録・撤回・確定する / Record an objection, lift one, or settle whom one means."""
    _refuse_idle_options("settle" if settled else "lift" if is_lift else "record")
    number = customer_number(customer) if customer else None
    if settled:
        if is_lift or bool(number) == nobody:
            raise ConfigurationError(
                "--settle: --customer か --nobody のどちらか一つを指定し、--lift は外してください / "
                "--settle: give either --customer or --nobody, and no --lift"
            )
        _confirm(desk, number, settled, is_sure=is_sure)
        _tell(settle(desk, settled, number), _RECORDED, as_json=as_json)
    elif is_lift:
        if not (number or objection):
            raise ConfigurationError(
                "--lift: --customer か --objection を指定してください / "
                "--lift: give --customer or --objection"
            )
        _confirm(desk, number, objection, is_sure=is_sure)
        choice = Choice(objection, number, scope, partners, purposes, is_all=is_all)
        taken = lift(desk, choice, effective, received or desk.today, channel)
        ended = _LIFTED if not taken.standing else _LIFTED_IN_PART
        _tell(taken, ended, as_json=as_json)
    else:
        if is_outsider and not_in_records:
            raise ConfigurationError(
                "--person と --not-in-records は一緒に使えません / --person goes with no --not-in-records"
            )
        if bool(number) == is_outsider or not (scope and received and channel):
            raise ConfigurationError(
                "--customer（番号のない方は --person）、--scope、--received、--channel を指定してください / "
                "give --customer (or --person, of somebody without a number), --scope, --received and "
                "--channel"
            )
        refusal = Refusal(
            customer=number or "",
            scope=scope,
            partners=partners,
            purposes=purposes,
            received_on=received,
            effective_on=effective or received,
            channel=channel,
            is_in_records=not not_in_records,
        )
        refuse_contradictions(desk, refusal)
        _confirm(desk, number, None, is_sure=is_sure)
        taken = record(desk, refusal, ask_outsider(desk.today) if is_outsider else None)
        said = _RECORDED_AGAIN if taken.standing else _RECORDED
        if refusal.effective_on > desk.today:
            click.echo(
                f"{refusal.effective_on} に効力が生じます。それまでは、これまでどおり渡します / "
                f"takes effect on {refusal.effective_on}; until then records go on being shared",
                err=True,
            )
        holding = _to_tell(desk, refusal, taken)
        _tell(taken, said, holding, as_json=as_json)
        for partner in holding:
            _tell_of_holder(
                partner,
                has_agreement=partner in desk.folder.policy.agreements,
                is_of_recalls=set(refusal.purposes) == {RECALL_PURPOSE},
            )


_ALWAYS = frozenset({"shop", "operator", "reason", "customer", "is_sure", "as_json"})
_MEANT = {
    "settle": {"settled", "nobody"},
    "lift": {
        *("is_lift", "is_all", "objection", "scope", "partners", "purposes"),
        *("effective", "received", "channel"),
    },
    "record": {
        *("scope", "partners", "purposes", "received", "effective", "channel"),
        *("is_outsider", "not_in_records"),
    },
}
"""The options each of the three jobs asks for, beside those that always may stand there."""


_IN_JAPANESE = {
    "settle": "だれの申し出かを決める（--settle）",
    "lift": "撤回する（--lift）",
    "record": "新しく記録する",
}


def _refuse_idle_options(job: str) -> None:
    """Refuse options that mean nothing where they stand: somebody meant something else."""
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        is_written = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_written and name not in _ALWAYS | _MEANT[job]:
            written, where = option.opts[0], [each for each, own in _MEANT.items() if name in own]
            raise ConfigurationError(
                f"{written} は、{_IN_JAPANESE[job]}ときには使えません。使うのは、"
                f"{'か、'.join(_IN_JAPANESE[each] for each in where)}ときです / "
                f"{written} means nothing to {job} an objection; it is for: {', '.join(where)}"
            )


def _confirm(desk: Desk, number: str | None, objection: str | None, *, is_sure: bool) -> None:
    if number:
        confirm_person(desk, number, is_sure=is_sure)
    elif objection:
        confirm_objection(desk, objection, is_sure=is_sure)


def _to_tell(desk: Desk, refusal: Refusal, taken: Taken) -> list[str]:
    try:
        return partners_to_tell(desk, refusal, taken.recognised)
    except JointUseError as error:
        click.echo(f"共同利用者の保有は確認できません / holdings not looked up: {error}", err=True)
        return []


def _tell(taken: Taken, ended: str, holding: Collection[str] = (), *, as_json: bool) -> None:
    click.echo(ended, err=True)
    if as_json:
        told = {"objections": taken.objection_ids, "held_by": list(holding)}
        print_json(told)
    else:
        click.echo("\n".join(taken.objection_ids))
    for line in doubts_about(taken.held):
        click.echo(line, err=True)
    if taken.recognised:
        numbers = ", ".join(taken.recognised)
        click.echo(
            f"お客様番号 {numbers} の方と同じ方として除きます。別の方なら、記録に生年月日を入れるか、"
            "撤回（--lift）して、生年月日まで聞いて記録し直してください / "
            f"held to be the customer with number {numbers}, who does not leave either. If they are two, "
            "enter birth dates in the records, or lift it and record it again with the birth date",
            err=True,
        )
    if taken.standing:
        click.echo(f"有効な申し出 / in force or to come: {', '.join(taken.standing)}", err=True)
    if not taken.are_records_read:
        click.echo(
            "店の記録を読めなかったため、番号は確認していません / the records could not be read, so the "
            "number was not looked up; it counts as written",
            err=True,
        )


def _tell_of_holder(partner: str, *, has_agreement: bool, is_of_recalls: bool) -> None:
    if has_agreement and is_of_recalls:
        click.echo(
            f"{partner}: すでに渡しています。リコールで渡した分の削除は、次の joint-use recall の実行で"
            "通知します（月次の納品で渡していない方なら、次の納品か notices で） / "
            "holds this customer; what it has by recalls it is told to delete with the next run of joint-use "
            "recall (of somebody it has by recalls alone with the next drop, or now: "
            f"joint-use notices --partner {partner})",
            err=True,
        )
        return
    how = (
        "次の納品で削除を通知します / holds this customer; told to delete with the next drop, or now: "
        f"joint-use notices --partner {partner}"
        if has_agreement
        else "覚書がもうないので、納品では通知できません。文書で削除を求めてください / holds this customer, "
        "and has no agreement any more: no drop tells it, ask it by letter to delete"
    )
    click.echo(f"{partner}: すでに渡しています。{how}", err=True)
