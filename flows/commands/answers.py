"""The answer of a command that is asked for JSON."""

import json
import sys

import click
from pydantic import BaseModel


def print_json(answer: object) -> None:
    """Print an answer as JSON: into a file or pipe as UTF-8 (RFC 8259), whatever the console's encoding."""
    document = (
        answer.model_dump_json(indent=2)
        if isinstance(answer, BaseModel)
        else json.dumps(answer, ensure_ascii=False, indent=2, default=str)
    )
    click.echo(document if sys.stdout.isatty() else document.encode())
