"""Figures of speech (エンジンの病気, 愛車の入院): beside a part of a car a dangerous word is of no person."""

import re
from collections.abc import Iterable

from schemas.screening import Figurative
from transforms.screening.folding import plain

_SHORTEST_PART = 2


class Figures:
    """Takes figures of speech out of a text before it is looked at."""

    def __init__(self, figurative: Figurative, parts: Iterable[str]) -> None:
        """Take the words, and what they must stand beside."""
        names = {plain(name) for name in figurative.names}
        carriers = {plain(word) for word in (*figurative.carriers, *parts)} - names
        carriers = {w for w in carriers if len(w) >= _SHORTEST_PART or w in figurative.carriers}
        words = _alternatives(map(plain, figurative.words))
        joints = f"(?:{_alternatives(map(plain, figurative.joints))})?"
        beside = _alternatives(carriers)
        self._word = re.compile(words)
        self._figure = re.compile(
            f"(?P<before>{beside}){joints}(?:{words})|(?:{words})(?:の|は|を)(?P<after>{beside})"
        )

    def hidden(self, text: str) -> str:
        """Give a text without its figures of speech; the parts in them stay."""
        written = plain(text)
        if not self._word.search(written):
            return text
        return self._figure.sub(lambda found: found["before"] or found["after"], written)


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
