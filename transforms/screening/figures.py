"""Figures of speech (エンジンの病気, 愛車の入院): beside a part of a car a dangerous word is of no person."""

import re
from collections.abc import Iterable

from schemas.screening import Figurative
from transforms.screening.folding import all_folded, plain

_SHORTEST_PART = 2
_BEFORE_A_PART = ("の", "は", "を")


class Figures:
    """Takes figures of speech out of a text before it is looked at."""

    def __init__(self, figurative: Figurative, parts: Iterable[str]) -> None:
        """Take the words, and what they must stand beside."""
        words = sorted(map(plain, figurative.words), key=len, reverse=True)
        self._word = re.compile("|".join(map(re.escape, words)))
        self._leading = frozenset(map(plain, figurative.leading))
        self._joints = ("", *map(plain, figurative.joints))
        long_enough = (part for part in parts if len(part) >= _SHORTEST_PART)
        names = all_folded(plain, figurative.names)
        self._carriers = all_folded(plain, (*figurative.carriers, *long_enough)) - names
        self._longest = max(map(len, self._carriers))

    def hidden(self, text: str) -> str:
        """Give a text without its figures of speech; the parts in them stay."""
        written, figures = self.spans(text)
        if not figures:
            return text
        edges = [0, *(edge for span in figures for edge in span), len(written)]
        return "".join(written[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))

    def spans(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """Find the figures of speech in a text, joints before them included.

        Returns:
            The text with widths and case folded, and where in it each figure begins and ends.
        """
        written = plain(text)
        found_at: list[tuple[int, int]] = []
        kept, place = "", 0
        for found in self._word.finditer(written):
            before = kept + written[place : found.start()]
            own = self._without_joint(before)
            leads = found[0] in self._leading and self._leads_to_a_part(written[found.end() :])
            if own is None and not leads:
                kept = before + found[0]
            else:
                kept = before if own is None else own
                begin = found.start() - (len(before) - len(kept))
                found_at.append((max(begin, place), found.end()))
            place = found.end()
        return written, found_at

    def _without_joint(self, before: str) -> str | None:
        """Give what stands before a word if it ends with a part, without the joint between them."""
        for joint in self._joints:
            stem = before.removesuffix(joint)
            lengths = range(1, self._longest + 1)
            if before.endswith(joint) and any(stem[-n:] in self._carriers for n in lengths):
                return stem
        return None

    def _leads_to_a_part(self, behind: str) -> bool:
        lengths = range(1, self._longest + 1)
        return behind[:1] in _BEFORE_A_PART and any(
            behind[1 : 1 + n] in self._carriers for n in lengths if len(behind) > n
        )
