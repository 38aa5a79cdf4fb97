"""The answer to a disclosure request (policy §6; 個人情報保護法33条): what was given to whom, and stands."""

from collections.abc import Iterable, Iterator

import pyarrow

from flows.counter.desk import Desk
from flows.counter.given import Given, given_to_each, numbers_of_person
from flows.counter.held_today import Inquiry, ShownRecord, shown_today
from flows.pages.disclosed import Disclosure, HeldRecord, HeldState, named_items
from flows.running.reconciling import refuse_doubt
from ledger.audit import note
from ledger.holdings import OWN_NAME
from schemas.catalog import CATALOG
from schemas.drop import Drop, DropKind
from schemas.errors import ConfigurationError, JointUseError, SourceUnreadableError
from transforms.key_forms import hexadecimal_keys


def disclose(desk: Desk, customer: str, others: Iterable[str] = ()) -> Disclosure:
    """Put together what partners were given of a person, and enter that it was asked for.

    Args:
        desk: who asks.
        customer: the customer number.
        others: further numbers the person had, as the customer or old papers tell.

    Raises:
        LedgerDoubtfulError: the ledger does not know all drops; the answer might be false.
        ConfigurationError: the number is nowhere, neither in the records nor in a drop.
    """
    refuse_doubt(desk.ledger, desk.folder)
    each_known = (
        number for name in (customer, *others) for number in numbers_of_person(desk, name)
    )
    numbers = tuple(dict.fromkeys(each_known))
    each_given = given_to_each(desk, numbers)
    today = _today(desk, numbers, tuple(given.partner for given in each_given))
    answer = Disclosure(
        shop=desk.folder.policy.notice.responsible.name,
        customer=customer,
        numbers=numbers,
        asked_at=desk.actor.at.replace(microsecond=0),
        drops=tuple(drop for given in each_given for drop in given.drops()),
        deletions=tuple(told for given in each_given for told in given.deletions()),
        held=tuple(each for given in each_given for each in _held(given, today.get(given.partner))),
    )
    if not (answer.drops or answer.deletions or answer.held or _is_in_records(desk, numbers)):
        raise ConfigurationError(
            "--customer: この番号は、どの納品にも記録にもありません。確かめてください。番号が変わった方は、"
            "両方を --customer で指定してください / "
            "--customer: this number is in no drop and not in the records; check it. A customer who had "
            "another number: name both with --customer"
        )
    with desk.ledger.writing() as connection:
        subject = desk.ledger.references.of(customer)
        note(connection, desk.actor, "disclose", subject, f"{len(answer.drops)} drops")
    return answer


def _is_in_records(desk: Desk, numbers: tuple[str, ...]) -> bool:
    try:
        return bool(set(numbers) & set(desk.people.numbers))
    except SourceUnreadableError:
        return True


def _today(
    desk: Desk, numbers: tuple[str, ...], partners: tuple[str, ...]
) -> dict[str, list[ShownRecord]]:
    """Give what each partner would be shown today; a partner of whom that cannot be told is left out."""
    inquiry = Inquiry(
        desk.folder.home, desk.actor.person, desk.actor.reason, frozenset(numbers), partners
    )
    if not partners:
        return {}
    try:
        return shown_today(inquiry, lambda: desk.actor.at, desk.environment)
    except JointUseError:
        alone = partners if len(partners) > 1 else ()
        each_alone = [_today(desk, numbers, (partner,)) for partner in alone]
        return {partner: shown for each in each_alone for partner, shown in each.items()}


def _held(given: Given, today: list[ShownRecord] | None) -> Iterator[HeldRecord]:
    """Compare what a partner holds of the person with what the records say today."""
    for kind in (DropKind.MONTHLY, DropKind.RECALL):
        yield from _held_of(given, kind, today)


def _held_of(given: Given, kind: DropKind, today: list[ShownRecord] | None) -> Iterator[HeldRecord]:
    keys = set(given.keys.to_pylist()) | {record.key for record in today or ()}
    own = given.holdings(kind, pyarrow.array(sorted(keys), pyarrow.string()))
    told = given.told_to_delete()
    by_sequence = {each.sequence: each for each in given.published}
    by_name = {(record.table, record.key): record for record in today or ()}
    for key, row in zip(hexadecimal_keys(own["key"]).to_pylist(), own.to_pylist(), strict=True):
        source, table = by_sequence[row["drop"]], row["record"]
        current = by_name.get((table, key))
        outdated = _outdated(source.drop, table, row["digests"], current)
        names = {table, OWN_NAME.get(table, table)}
        told_at = max(told.get((kind.value, name, key), 0) for name in names)
        if told_at > given.order[source.sequence]:
            state: HeldState = "told_to_delete"
        elif today is None:
            state = "unknown"
        else:
            state = _state(kind, row["digests"], current, outdated)
        notice = given.notice_of(source.drop)
        yield HeldRecord(
            partner=given.partner,
            partner_name=given.named_by(notice)[0],
            record=table,
            title=CATALOG[table].title,
            since=source.published_at or given.desk.actor.at,
            drop_id=source.drop.drop_id,
            state=state,
            outdated=named_items(notice, outdated if state == "outdated" else ()),
        )


def _state(
    kind: DropKind, digests: list[int], current: ShownRecord | None, outdated: list[str]
) -> HeldState:
    """Say how what a partner holds stands to what it would be shown today, and was not told to delete."""
    if kind is DropKind.RECALL:  # which is made again only for another recall
        is_refused = current is not None and current.is_refused_for_recalls
        return "to_be_deleted" if is_refused else "unknown"
    if current is None or current.is_refused:
        return "to_be_deleted"
    if not digests:  # of a drop that was adopted
        return "unknown"
    return "outdated" if outdated else "same"


def _outdated(drop: Drop, table: str, digests: list[int], current: ShownRecord | None) -> list[str]:
    """Give the items a drop showed with another value than the records have today."""
    shown = next((each.items for each in drop.tables if each.name == table), ())
    if current is None or len(digests) != len(shown):
        return []
    before = zip(shown, digests, strict=True)
    return [item for item, digest in before if current.items.get(item, digest) != digest]
