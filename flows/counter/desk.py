"""The counter's desk: a named person with the shop's folder and ledger open."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flows.running.clock import Clock
from flows.running.opening import note_policy, open_shop
from flows.running.operators import SCHEDULE, named_person, refuse_name_of_firm
from flows.running.reasons import STANDING_REASONS, checked_reason
from flows.running.reconciling import complete_pending
from ledger.audit import Actor
from ledger.opening import Ledger
from schemas.errors import ConfigurationError, JointUseError
from sources.shop_folder import ShopFolder
from transforms.period import SHOP_TIME
from transforms.reading.car_codes import read_identifier

if TYPE_CHECKING:
    from flows.counter.people import People


@dataclass(frozen=True)
class Desk:
    """A shop's folder and ledger in somebody's hands."""

    folder: ShopFolder
    ledger: Ledger
    actor: Actor
    environment: Mapping[str, str] = field(repr=False)

    @property
    def today(self) -> date:
        """The day in Japan."""
        return self.actor.at.date()

    @cached_property
    def people(self) -> "People":
        """Everybody in the shop's records at this moment.

        Raises:
            SourceUnreadableError: the records cannot be read.
        """
        from flows.counter.people import read_people  # noqa: PLC0415 (what reads records is slow to load)

        return read_people(self.folder, self.ledger, self.environment)


def open_desk(  # noqa: PLR0913 (who, why, when, and what a desk depends on from outside)
    shop: Path,
    operator: str | None,
    reason: str,
    clock: Clock,
    environment: Mapping[str, str],
    *,
    is_scheduled: bool = False,
) -> Desk:
    """Open the shop for a named person, or for the schedule.

    Raises:
        ConfigurationError: a file of the shop is wrong, there is no name, or the reason, in somebody's own
            words, tells of somebody.
        RefusedError: the name is one that several people use.
    """
    person = SCHEDULE if is_scheduled else named_person(operator)
    why = checked_reason(reason)
    folder, ledger = open_shop(shop, environment)
    if not is_scheduled:
        refuse_name_of_firm(person, folder.policy.notice, folder.shop.name)
    actor = Actor(person, why, clock().astimezone(SHOP_TIME))
    desk = Desk(folder, ledger, actor, environment)
    if why not in STANDING_REASONS:
        _refuse_telling_reason(desk)
    complete_pending(ledger, folder, actor.at)
    note_policy(folder, ledger, actor)
    return desk


def _refuse_telling_reason(desk: Desk) -> None:
    """Refuse a reason that names somebody of the records, as far as they can be read, or who ever refused."""
    from flows.making.learning import remembered  # noqa: PLC0415
    from flows.running.telling_reasons import refuse_telling_reason  # noqa: PLC0415 (slow to load)
    from transforms.mentions import Mentions, identities  # noqa: PLC0415

    finders = [remembered(desk.ledger).in_free_text]
    with suppress(JointUseError):
        finders.append(Mentions(identities(desk.people.customers)).in_free_text)
    refuse_telling_reason(desk.actor.reason, *finders)


def customer_number(written: str) -> str:
    """Read a customer number as the records' are read."""
    number = read_identifier(written).value
    if not isinstance(number, str):
        raise ConfigurationError(
            "--customer: お客様番号ではありません。記録から写してください / "
            "--customer: this is no customer number; copy it from the records"
        )
    return number
