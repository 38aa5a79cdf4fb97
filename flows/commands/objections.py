"""`joint-use objections`: what held on a day, as it was known at an instant; and what is left to settle."""

from dataclasses import asdict
from datetime import date, datetime

import click

from flows.commands.answers import print_json
from flows.commands.at_desk import at_desk
from flows.commands.once import Command
from flows.commands.options import (
    DAY,
    Moment,
    json_option,
)
from flows.counter.desk import Desk, customer_number
from flows.counter.objection_list import ENDED, IN_FORCE, TO_COME, MeantObjection, standing_on
from flows.running.reasons import StandingReason
from ledger.bindings import OF_OUTSIDER
from schemas.catalog import CATALOG
from schemas.errors import ConfigurationError
from schemas.objections import ERASURE, PROVISION, PURPOSE, UNDEFINED
from transforms.objections import AsOf

_MOST_SHOWN = 5
"""Customer numbers an objection may mean that a line shows."""

_STATES = {IN_FORCE: "有効 in force", TO_COME: "効力前 to come", ENDED: "撤回済 lifted"}


@click.command(cls=Command, name="objections")
@at_desk(StandingReason.LISTING)
@click.option("--as-of", type=DAY, help="この日に効力があるもの / what held on this day")
@click.option("--known-at", type=Moment(), help="この時点で分かっていたもの / what was known then")
@click.option("--customer", default="", help="このお客様のものだけ / of this customer number only")
@click.option("--all", "is_all", is_flag=True, help="撤回済みも / lifted ones too")
@click.option("--work", is_flag=True, help="確認が必要なものだけ / only what has to be settled")
@click.option(
    "--in-doubt",
    is_flag=True,
    help="申し出の方のことかもしれず除いている方 / who is held back as perhaps a refuser",
)
@json_option
def command(  # noqa: PLR0913 (one parameter per option)
    *,
    desk: Desk,
    as_of: date | None,
    known_at: datetime | None,
    customer: str,
    is_all: bool,
    work: bool,
    in_doubt: bool,
    as_json: bool,
) -> None:
    """申し出の一覧 / List objections: ids, customer numbers, terms; no names."""
    if in_doubt:
        if as_of or known_at or customer or is_all or work:
            raise ConfigurationError(
                "--in-doubt は、ほかの絞り込みと一緒には使えません / --in-doubt goes with no other choice"
            )
        _show_in_doubt(desk, as_json=as_json)
        return
    moment = AsOf(as_of or desk.today, known_at)
    number = customer and customer_number(customer)
    overview = standing_on(desk, moment, customer=number, is_of_work=work, with_ended=is_all)
    if not overview.are_records_read:
        click.echo(
            "店の記録を読めません / the records cannot be read: no customer numbers", err=True
        )
    rows = overview.rows
    if as_json:
        print_json([_told(row) for row in rows])
        return
    for row in rows:
        click.echo(_line(row))
    click.echo(f"{len(rows)} 件", err=True)
    if any(row.unsettled is not None for row in rows):
        click.echo(
            "確認が必要: joint-use object --settle ID --customer 番号、または --nobody / to settle; "
            "until then everyone it may mean is held back",
            err=True,
        )


def _show_in_doubt(desk: Desk, *, as_json: bool) -> None:
    # What reads all records is slow to load.
    from flows.counter.held_in_doubt import held_in_doubt  # noqa: PLC0415

    held = held_in_doubt(desk)
    if as_json:
        print_json(
            [
                {"table": table, "number": number, "partners": partners}
                for (table, number), partners in held.items()
            ]
        )
        return
    for (table, number), partners in held.items():
        click.echo(f"{number}  {CATALOG[table].title} {table}  {', '.join(partners)}")
    click.echo(
        f"{len(held)} 件（記録の申し出は前回の実行の分まで / objections of the records as of the last run）",
        err=True,
    )
    if held:
        click.echo(
            "申し出の方と同じ連絡先や名前があるため除いています。同じ方なら、その番号で申し出を記録するか、"
            "統合してください。別の方なら、記録の誤り（連絡先、名前欄の覚え書き）を直すか、生年月日・"
            "フリガナを入れてください / "
            "held back because they share contacts or names with somebody who objected. If it is the same "
            "person, record the objection under this number too or merge the two; if not, mend the contact "
            "or the remark in the records, or enter birth dates or readings, which tell them apart",
            err=True,
        )


def _told(row: MeantObjection) -> dict[str, object]:
    terms = asdict(row.listed)
    terms.pop("persons")
    return {**terms, "customers": row.customers, "may_mean": row.unsettled, "perhaps": row.may_mean}


_SCOPES = {
    PROVISION: "提供の拒否",
    PURPOSE: "利用目的の拒否",
    ERASURE: "消去",
    "(all)": "すべて",
    UNDEFINED: "読み取れない言葉のため、すべて",
}
_CHANNELS = {
    "counter": "窓口 counter",
    "phone": "電話 phone",
    "letter": "手紙 letter",
    "mail": "メール mail",
}


_WITHOUT_NUMBER = "(番号のない方 / without a number)"
_NOT_THERE = "(お客様の記録にいない方 / not among the customers)"


def _line(row: MeantObjection) -> str:
    each = row.listed
    scope = each.scope or "(all)"
    terms = [f"{_SCOPES[scope]} {scope}" if scope in _SCOPES else scope]
    terms += [each.partner or "", each.purpose or ""]
    days = [
        f"{each.begins_on} から" if each.begins_on not in {None, date.min} else "",
        f"{each.ends_on} まで" if each.ends_on else "",
    ]
    nobody = _WITHOUT_NUMBER if each.origin == OF_OUTSIDER else _NOT_THERE
    whom = ", ".join(row.customers) or nobody
    parts = [
        each.objection_id,
        whom,
        " ".join(filter(None, terms)),
        _STATES[each.state],
        *days,
        f"受付 {each.received_on}" if each.received_on else "",
        _CHANNELS.get(each.channel or "", each.channel or ""),
    ]
    if row.unsettled is not None:
        perhaps = ", ".join(row.may_mean[:_MOST_SHOWN]) or "-"
        more = " …" if len(row.may_mean) > _MOST_SHOWN else ""
        parts.append(
            f"要確認、当てはまりうる方 {row.unsettled} 人（{perhaps}{more}）"
            f" / to settle, may mean {row.unsettled}"
        )
    return "  ".join(filter(None, parts))
