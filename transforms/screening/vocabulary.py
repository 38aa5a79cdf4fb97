"""Known words: a text passes only if it is made of words the trade uses.

A text is cut into runs of ASCII letters and digits, which must be of a form the trade writes (sizes,
grades, model codes), and runs of Japanese, which a tokenizer splits. Neighbouring pieces may form one
term. Particles and endings need not be known; every other piece must.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from transforms.screening.folding import all_folded, fold_term, plain


@dataclass(frozen=True)
class Piece:
    """One piece of a text as a tokenizer gives it."""

    surface: str
    forms: tuple[str, ...]
    """Its dictionary form and its usual spelling."""
    part_of_speech: str
    reading: str = ""
    """In katakana."""


Tokenize = Callable[[str], Sequence[Piece]]
"""Splits a text into its shortest words."""

_GRAMMAR = frozenset({"助詞", "助動詞", "接続詞", "接頭辞", "連体詞", "補助記号", "記号", "空白"})
"""Parts of speech that tell nothing by themselves: particles, endings, marks, この and しかし."""

_LONGEST_SPAN = 10
LONGEST_TEXT = 2_000
"""No slip says more in one cell, and looking through it would take minutes."""

_RUN = re.compile(r"[A-Z0-9Ω][A-Z0-9./+*#,:×~\"'°-]*")
_SPLITTABLE = re.compile(r"[ァ-ヺー一-鿿々]+")
_SHORTEST_PART = 2

_FIGURE = r"\d{1,5}(?:\.\d{1,3})?|\d{1,3}(?:,\d{3}){1,2}"
_UNIT = (
    "MM|CM|M|KM|KM/H|KM/L|KG|G|MG|T|L|ML|CC|V|A|MA|AH|W|KW|KWH|PS|PSI|KPA|MPA|BAR|NM|N|HZ|KHZ|MHZ|DB|RPM|"
    "PPM|H|HR|MIN|S|SEC|PCS|SET|P|INCH|IN|C|K|HEX|CD|LM|Ω|CCA|J|KGF|KGF/CM2|KG/CM2|DM2|CM2|M2"
)
_WRITTEN = re.compile(
    "|".join(
        f"(?:{form})"
        for form in (
            rf"(?:{_FIGURE})(?:{_UNIT})?",
            rf"(?:{_FIGURE})(?:{_UNIT})?(?:[-/~:+×X*](?:{_FIGURE})(?:{_UNIT})?){{1,3}}",
            r"\d{2,3}/\d{2,3}(?:Z?R|-)\d{2}(?:\.\d)?(?:LT|C)?(?:-?\d{2,3}(?:/\d{2,3})?[A-Z])?",
            r"\d{1,6}KM",
            r"\d{1,2}\.\d{1,2}R\d{2}(?:LT)?|\d{1,2}PR|\d{2}X\d{1,2}(?:\.\d{1,2})?(?:R|-)\d{1,2}(?:LT)?",
            r"LT\d{3}/\d{2}R\d{2}|A?T?\d{2}X\d{1,2}-\d{1,2}|PCD\d{2,3}(?:\.\d)?|\d{2}V\d{1,3}(?:/\d)?W",
            r"M\d{1,2}(?:X?P\d(?:\.\d{1,2})?)?|[PCBU][0-9A-F]{4}-\d{1,3}|B-\d{2}",
            r"[PCBU][0-9A-F]{4}",
            r"[1-9]\d?PK\d{3,4}",
            r"M\d{1,2}(?:[X×-]\d{1,3}(?:\.\d{1,2})?){1,2}",
            r"\d{2,3}R\d{2}(?:\.\d)?(?:LT|C)?(?:-?\d{1,3}(?:/\d{2,3})?[A-Z]?)?",
            r"\d{2,3}(?:/\d{2,3})?[A-Z]",
            r"\d{1,2}(?:\.\d)?J",
            r"\d{1,2}W-?\d{2}",
            r"(?:API|ACEA|ILSAC|JASO)?(?:S[A-P]|GF-?\d|C[FH]-?4|D[HL]-?[12])(?:/[A-Z]{2}-?\d?)?",
            r"DOT-?[345](?:\.1)?",
            r"\d{2,3}[BDEFGH]\d{2}[LR]?",
            r"[KMNQST]-?\d{2}R?",
            r"[HRS]\d{1,2}(?:[./-]\d{1,2}){0,2}",
            r"H(?:1|3|4|7|8|9|11|16)U?|HB[34]|D[1-5][SRC]|T(?:10|15|16|20|25)|S25|G14|W5W",
            r"[A-Z]{1,4}\d{1,3}[A-Z]{0,3}(?:-[A-Z0-9]{1,5})?",
            r"\d?[A-Z]{2,3}-[A-Z]{1,4}\d{1,4}[A-Z]{0,4}",
            r"\d[A-Z]{1,3}(?:-[A-Z]{1,4})?",
            r"\d{1,2}[A-Z]\d{1,2}",
            r"[#]?\d{1,4}",
            r"[A-Z]",
        )
    )
)
"""Forms of letters and digits that are about cars: figures, sizes, grades, dates, model codes. Longer numbers
(part, chassis, telephone numbers) are none of them."""


_SOUND = re.compile(r"([ァ-ヶぁ-ん]{2,3})\1+|[ァ-ヶ]{1,3}ー+[ンッ]?[ッ]?|[ァ-ヶ]{1,2}ッ")
"""Words that imitate a sound, which every slip spells its own way: ゴトゴト, ギー, キュイーン, カタッ."""


@cache
def _folded(terms: frozenset[str]) -> frozenset[str]:
    """Fold the words of the trade, once for all shops of a process."""
    return all_folded(fold_term, tuple(terms))


class Vocabulary:
    """The words of the trade, and a judge of texts by them."""

    def __init__(
        self, terms: frozenset[str], tokenize: Tokenize, added: Iterable[str] = ()
    ) -> None:
        """Take the words as written, a tokenizer, and what a shop added to the words."""
        self._terms = _folded(terms) | {fold_term(word) for word in added} - {""}
        self._tokenize = tokenize

    def unknown_words(self, text: str) -> list[str]:
        """Give the pieces of a text the trade does not know; none if it passes."""
        written = plain(text)
        if fold_term(text) in self._terms:
            return []
        unknown: list[str] = []
        place = 0
        for run in _RUN.finditer(written):
            unknown += self._unknown_japanese(written[place : run.start()])
            unknown += self._unknown_run(run[0])
            place = run.end()
        return unknown + self._unknown_japanese(written[place:])

    def _unknown_run(self, run: str) -> list[str]:
        trimmed = run.replace("°", "").strip("./+*#,:×~\"'-")
        if not trimmed or self._is_written(trimmed):
            return []
        parts = [part for part in re.split(r"[/+,:×~\"'*-]", trimmed) if part]
        return [part for part in parts if not self._is_written(part)]

    def _is_written(self, run: str) -> bool:
        return fold_term(run) in self._terms or _WRITTEN.fullmatch(run) is not None

    def _unknown_japanese(self, text: str) -> list[str]:
        if not text.strip():
            return []
        pieces = [p for p in self._tokenize(text) if not re.fullmatch(r"[\W_]*", p.surface)]
        unknown = []
        place = 0
        reach = self._reaches(pieces)
        while place < len(pieces):
            if reach[place]:
                place = reach[place]
            else:
                unknown.append(pieces[place].surface)
                place += 1
        return unknown

    def _reaches(self, pieces: list[Piece]) -> list[int]:
        """Give per place where to go on after the best term that starts there; 0 where none does.

        From the end backwards, a place is covered if some term leads from it to a covered place.
        """
        count = len(pieces)
        is_covered = [False] * count + [True]
        reach = [0] * count
        for start in range(count - 1, -1, -1):
            for end in range(min(count, start + _LONGEST_SPAN), start, -1):
                if self._is_known(pieces[start:end]):
                    better = is_covered[end] and not is_covered[start]
                    if better or not reach[start]:
                        reach[start] = end
                        is_covered[start] = is_covered[end]
        return reach

    def _is_known(self, pieces: list[Piece]) -> bool:
        joined = fold_term("".join(piece.surface for piece in pieces))
        if joined in self._terms:
            return True
        if len(pieces) > 1:
            return False
        (piece,) = pieces
        return (
            piece.part_of_speech in _GRAMMAR
            or _SOUND.fullmatch(piece.surface) is not None
            or any(fold_term(form) in self._terms for form in piece.forms)
            or self._is_compound(piece.surface)
        )

    def _is_compound(self, surface: str) -> bool:
        """Tell whether a long word the tokenizer does not split is put together from known ones."""
        if not _SPLITTABLE.fullmatch(surface):
            return False
        folded = fold_term(surface)
        ends = [True] + [False] * len(folded)
        for end in range(_SHORTEST_PART, len(folded) + 1):
            ends[end] = any(
                ends[start] and folded[start:end] in self._terms
                for start in range(end - _SHORTEST_PART, -1, -1)
            )
        return len(folded) > _SHORTEST_PART and ends[-1]
