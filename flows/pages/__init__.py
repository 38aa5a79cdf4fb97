"""Pages to print, in Japanese."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.pages.disclosed import Disclosure
from schemas.campaigns import CAVEAT

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


def call_list_page(shop: str, made_at: datetime, cards: list[dict[str, Any]]) -> str:
    """Write the call list of a recall as an HTML page, a card per person."""
    cars = sum(len(card["cars"]) for card in cards)
    page = _ENVIRONMENT.get_template("call_list.html")
    return page.render(shop=shop, made_at=made_at, cards=cards, cars=cars, caveat=CAVEAT)


def incident_text(incident: object, responsible: object, grounds: tuple[str, ...]) -> str:
    """Write the facts about a drop that went astray, for the report to the commission."""
    page = _ENVIRONMENT.get_template("incident.txt")
    return page.render(incident=incident, responsible=responsible, grounds=grounds)
