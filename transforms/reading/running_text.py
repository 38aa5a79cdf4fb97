"""Texts as one running text, so that one pass of a string function folds them all.

Many texts have far fewer different characters: what concerns none of them is not looked for.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

_BOUNDARIES = tuple(chr(code) for code in range(0xFDD0, 0xFDF0))
"""Noncharacters of Unicode (never assigned, no part of any text): one stands between the texts."""

_MOST_EXCHANGED = 48
"""So many characters are exchanged one after the other in less time than a text is normalised."""

_ALONE = re.compile(
    "[\0-\u02ff\u3000-\u3029\u3030-\u303f\u3041-\u3096\u30a0-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\ufdd0-\ufdef\uff01-\uff9d]*"
)
"""Characters that combine with no neighbour: kanji, kana and Latin letters; no marks of voice or accent."""


class RunningText:
    """Texts that are changed together; none of the changes reaches across them."""

    text: str
    boundary: str
    """Stands before, between and behind the texts."""
    count: int
    _characters: frozenset[str]
    """Those of the text, and perhaps more that it had."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Join the texts."""
        self._join(lambda boundary: boundary.join(texts), len(texts))

    def texts(self) -> list[str]:
        """Take the running text apart again."""
        return self.text[1:-1].split(self.boundary) if self.count else []

    def compatible(self) -> None:
        """Fold widths (NFKC)."""
        forms = {c: unicodedata.normalize("NFKC", c) for c in self._characters}
        wide = {character: form for character, form in forms.items() if form != character}
        if len(wide) <= _MOST_EXCHANGED and _stand_alone(forms) and _stand_alone(wide.values()):
            self.exchange(wide)
        elif not unicodedata.is_normalized("NFKC", self.text):
            self.text = unicodedata.normalize("NFKC", self.text)
            self._characters = self._characters_now()

    def upper(self) -> None:
        """Turn letters into capitals, but for those that would become two."""
        capitals = {c: c.upper() for c in self._characters if c.upper() != c}
        if all(len(capital) == 1 for capital in capitals.values()):
            self.text = self.text.upper() if capitals else self.text
            self._characters = frozenset(capitals.get(c, c) for c in self._characters)
        else:
            self.exchange({c: capital for c, capital in capitals.items() if len(capital) == 1})

    def lower(self) -> None:
        """Turn letters into small ones."""
        self.text = self.text.lower()
        self._characters = self._characters_now()

    def keep(self, is_kept: Callable[[str], bool]) -> None:
        """Take out all other characters."""
        others = {c for c in self._characters if not is_kept(c)} - {self.boundary}
        self.exchange(dict.fromkeys(others, ""))

    def exchange(self, pairs: Mapping[str, str]) -> None:
        """Put one text for each of these characters."""
        for character in sorted(self._characters & pairs.keys()):
            self.replace(character, pairs[character])
            self._characters -= {character}

    def replace(self, old: str, new: str) -> None:
        """Put one text for another."""
        if self._characters.issuperset(old):
            self.text = self.text.replace(old, new)
            self._characters |= set(new)

    def substitute(
        self, pattern: str, new: str | Callable[[re.Match[str]], str], *, only_with: Collection[str]
    ) -> None:
        """Replace what a regular expression finds, if the text has one of the characters `only_with`.

        It cannot speak of the ends of texts but by the `boundary`.
        """
        if self._characters.isdisjoint(only_with):
            return
        changed = re.sub(pattern, new, self.text)
        if callable(new) and changed != self.text:
            self.text = changed
            self._characters = self._characters_now()
        elif isinstance(new, str):
            self.text = changed
            self._characters |= set(new)

    def _join(self, join: Callable[[str], str], count: int) -> None:
        """Join the texts with the first boundary that none of them has: it stands between them only.

        Raises:
            ValueError: they have all of them.
        """
        for boundary in _BOUNDARIES:
            joined = join(boundary)
            if joined.count(boundary) == max(count - 1, 0):
                break
        else:
            raise ValueError("a column uses every noncharacter of Unicode; this is no text")
        self.boundary, self.count = boundary, count
        self.text = f"{boundary}{joined}{boundary}" if count else boundary
        self._characters = self._characters_now()

    def _characters_now(self) -> frozenset[str]:
        """Give the different characters of the text."""
        return frozenset(self.text)


def _stand_alone(texts: Iterable[str]) -> bool:
    """Tell whether no character of these texts combines with another, whatever it stands beside."""
    return _ALONE.fullmatch("".join(texts)) is not None
