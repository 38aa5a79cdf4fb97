"""Commands that take each option once: click would keep the last of two and say nothing of the first."""

from collections import Counter
from collections.abc import Mapping

import click

from schemas.errors import ConfigurationError


class Command(click.Command):
    """A command of `joint-use`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was typed.

        Raises:
            ConfigurationError: an option that takes one value was given two.
        """
        typed = Counter(self.make_parser(ctx).parse_args(args=list(args))[2])
        if not (ctx.resilient_parsing or self.get_help_option(ctx) in typed):
            _refuse_repeated(typed)
        return super().parse_args(ctx, args)


class Group(click.Group):
    """A command with commands of its own."""

    command_class = Command


def _refuse_repeated(typed: Mapping[click.Parameter, int]) -> None:
    for option, times in typed.items():
        if times > 1 and isinstance(option, click.Option) and _takes_one_value(option):
            name = "/".join(option.opts)
            raise ConfigurationError(
                f"{name} は一回だけ指定できます。一つだけにするか、一つずつ実行してください / "
                f"{name} can be given once; give one only, or run the command for each"
            )


def _takes_one_value(option: click.Option) -> bool:
    return not (option.multiple or option.is_flag or option.count)
