"""Asking who refuses, of whom no number is known: on the terminal, so that no history keeps it."""

import sys
from datetime import date

import click
import pyarrow

from flows.commands.confirming import is_at_terminal
from flows.counter.outsiders import QUESTIONS, outsider, read_answer
from schemas.errors import ConfigurationError


def ask_outsider(today: date) -> pyarrow.Table:
    """Ask for name, contacts, home and birth date, a line each; give them as `IDENTITY_COLUMNS`.

    Somebody at a terminal is asked again; lines of a file must be right.

    Raises:
        ConfigurationError: an answer cannot be read.
        click.Abort: nobody can answer.
    """
    if sys.stdin is None:  # closed, not only at its end
        raise click.Abort
    click.echo(
        "お名前と、ほかは分かるものだけ答えてください（空欄は Enter）。そのままでは残さず、鍵付きの印だけを"
        "覚えます / "
        "give the name, and what else is known (Enter for what is not); only keyed digests are kept",
        err=True,
    )
    return outsider({question: _asked(question, today) for question in QUESTIONS})


def _asked(question: str, today: date) -> pyarrow.Array:
    while True:
        written = click.prompt(QUESTIONS[question], "", show_default=False, err=True)
        try:
            return read_answer(question, written, today)
        except ConfigurationError as error:
            if not is_at_terminal():
                raise
            click.echo(str(error), err=True)
