"""Pages to print, in Japanese."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.disclosure import Disclosure

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def disclosure_page(disclosure: Disclosure) -> str:
    """Write the answer to a disclosure request as an HTML page of A4."""
    return _ENVIRONMENT.get_template("disclosure.html").render(answer=disclosure)


def disclosure_text(disclosure: Disclosure) -> str:
    """Write the same answer as text for a terminal."""
    return _ENVIRONMENT.get_template("disclosure.txt").render(answer=disclosure)
