"""How a command gets to the counter's desk: the shop, who sits there, and why."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from flows.commands.options import operator_option, reason_option, shop_option
from flows.counter.desk import open_desk
from flows.running.clock import utc_now
from flows.running.reasons import StandingReason

_Command = Callable[..., None]


def at_desk(default_reason: StandingReason | None = None) -> Callable[[_Command], _Command]:
    """Ask for shop, operator and reason, and call the command with its `desk` instead of them.

    Args:
        default_reason: why, unless somebody says so; without one the reason must be given.
    """

    def seated(command: _Command) -> _Command:
        @shop_option
        @operator_option
        @reason_option(default_reason)
        @wraps(command)
        def wrapped(
            *args: object, shop: Path, operator: str | None, reason: str, **asked: object
        ) -> None:
            desk = open_desk(shop, operator, reason, utc_now, os.environ)
            command(*args, desk=desk, **asked)

        return wrapped

    return seated
