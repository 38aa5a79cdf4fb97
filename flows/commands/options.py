"""Options that several commands share."""

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from flows.running.reasons import StandingReason, checked_reason
from schemas.errors import ConfigurationError
from schemas.people import CHANNELS
from transforms.period import SHOP_TIME
from transforms.reading.days import read_day, read_month
from transforms.reading.folding import nfkc
from transforms.reading.values import Read

Value = TypeVar("Value")


def _shop_option(*, is_required: bool) -> Callable[[click.decorators.FC], click.decorators.FC]:
    return click.option(
        "--shop",
        envvar="JOINT_USE_SHOP",
        required=is_required,
        type=click.Path(path_type=Path),
        help="店舗フォルダ / the shop's folder, with shop.toml (or JOINT_USE_SHOP)",
    )


shop_option = _shop_option(is_required=True)
shop_or_group_option = _shop_option(is_required=False)


def group_option(described: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Ask for a group instead of a shop; `described` tells what is done with it."""
    return click.option("--group", type=click.Path(path_type=Path), help=described)


def neither_shop_nor_group() -> ConfigurationError:
    """Give what is said to whoever names neither."""
    return ConfigurationError(
        "店舗フォルダを --shop で指定してください / which shop? give --shop (or JOINT_USE_SHOP), or --group"
    )


def refuse_both(context: click.Context) -> None:
    """Refuse a shop and a group on one command line; a shop of the environment gives way to a group.

    Raises:
        ConfigurationError: both stand there.
    """
    named = (context.get_parameter_source(name) for name in ("shop", "group"))
    if all(source is ParameterSource.COMMANDLINE for source in named):
        raise ConfigurationError(
            "--shop と --group は一緒に使えません。一つの店なら --group を外してください / "
            "--shop and --group exclude each other; for one shop leave --group out"
        )


operator_option = click.option(
    "--operator",
    envvar="JOINT_USE_OPERATOR",
    help="操作者の氏名 / your own name (or JOINT_USE_OPERATOR)",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="結果を JSON で出す / answer with one JSON document"
)


def channel_option(
    *, required: bool = False
) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Ask how the customer said so."""
    return click.option(
        "--channel",
        type=click.Choice(CHANNELS),
        required=required,
        help="受付方法 / how the customer said so",
    )


def reason_option(
    default: StandingReason | None = None,
) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Ask why; without a default the reason must be given."""
    help_text = "理由 / why; no names or numbers of customers"
    if default is None:
        # A default of None would count as given.
        return click.option("--reason", required=True, callback=_reason, help=help_text)
    return click.option(
        "--reason", default=default.value, show_default=True, callback=_reason, help=help_text
    )


def _reason(_context: click.Context, _option: click.Parameter, written: str) -> str:
    return checked_reason(written)


def _written(param: click.Parameter | None, otherwise: str) -> str:
    """Name an option as people write it."""
    name = param.name if param and param.name else otherwise
    return f"--{name.replace('_', '-')}"


class _AsInRecords(click.ParamType[Value]):
    """What people write in one of the ways records have it."""

    def __init__(self, read: Callable[[str], Read[Value]], name: str, wanted: str) -> None:
        """Take the reader of records, and how to ask for what it cannot read."""
        self.name, self._read, self._wanted = name, read, wanted

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Value:
        """Read it."""
        del ctx
        found = self._read(str(value)).value
        if found is None:
            raise ConfigurationError(f"{_written(param, self.name)}: {self._wanted}")
        return found


DAY = _AsInRecords(
    read_day,
    "YYYY-MM-DD",
    "日付は 2026-10-01 のように書いてください / write the day as YYYY-MM-DD",
)
MONTH = _AsInRecords(
    read_month, "YYYY-MM", "月は 2026-10 のように書いてください / write the month as YYYY-MM"
)


class DropId(click.ParamType[str]):
    """The name of a drop, also as a shell completes it: with a slash behind it, or a backslash within."""

    name = "DROP"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Read it."""
        del param, ctx
        return str(value).replace("\\", "/").strip("/")


class Moment(click.ParamType[datetime]):
    """An instant, or a day (its end in Japan); without an offset it is Japan's."""

    name = "YYYY-MM-DD[THH:MM]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it."""
        del ctx
        if isinstance(value, datetime):
            return value
        written = nfkc(str(value)).strip()
        day = None if ":" in written else read_day(written).value
        if day is not None:
            return datetime.combine(day, time.max, SHOP_TIME)
        try:
            instant = datetime.fromisoformat(written)
        except ValueError:
            told = (
                f"{_written(param, self.name)}: 2026-10-01 または 2026-10-01T12:00 のように書いてください / "
                "write YYYY-MM-DD or YYYY-MM-DDTHH:MM"
            )
        else:
            return instant if instant.tzinfo else instant.replace(tzinfo=SHOP_TIME)
        raise ConfigurationError(told)
