"""Asking who refuses, of whom no number is known: on the terminal, so that no history keeps it."""

import click
import pyarrow

from flows.commands.confirming import is_at_terminal
from flows.counter.outsiders import QUESTIONS, outsider, read_answer
from schemas.errors import ConfigurationError


def ask_outsider() -> pyarrow.Table:
    """Ask for name, contacts, home and birth date, a line each; give them as `IDENTITY_COLUMNS`.

    Somebody at a terminal is asked again; lines of a file must be right.

    Raises:
        ConfigurationError: an answer cannot be read.
    """
    click.echo(
        "分かるものだけ答えてください（空欄は Enter）。お名前などは残さず、鍵付きの印だけを覚えます / "
        "answer what is known (else Enter); only keyed digests of it are kept",
        err=True,
    )
    return outsider({column: _asked(column) for column in QUESTIONS})


def _asked(column: str) -> pyarrow.Array:
    while True:
        written = click.prompt(QUESTIONS[column], "", show_default=False, err=True)
        try:
            return read_answer(column, written)
        except ConfigurationError as error:
            if not is_at_terminal():
                raise
            click.echo(str(error), err=True)
