"""The answer of a command that is asked for JSON."""

import sys

import click


def print_json(document: str) -> None:
    """Print a JSON document: into a file or pipe as UTF-8 (RFC 8259), whatever the console's encoding."""
    click.echo(document if sys.stdout.isatty() else document.encode())
