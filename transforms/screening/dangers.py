"""Known dangers: what never passes, whatever the vocabulary or a person says."""

import re
from collections.abc import Iterable

from schemas.screening import STRICTNESS, DangerRule, Knowledge
from transforms.screening.figures import Figures
from transforms.screening.folding import close_up, fold_danger
from transforms.screening.numbers import holds_personal_number

NUMBERS = "number"
"""Category of the rule that numbers with check digits belong to."""

_Span = tuple[int, int]


class Dangers:
    """The danger rules, ready to look."""

    def __init__(self, rules: Iterable[DangerRule], figures: Figures) -> None:
        """Compile the rules.

        Of those that find something the first names the danger, and the strictest says what goes. Figures of
        speech are no find.
        """
        self._rules = [_Compiled(rule) for rule in rules]
        self.figures = figures

    @classmethod
    def of(cls, knowledge: Knowledge) -> "Dangers":
        """Make them of everything known."""
        return cls(knowledge.rules, Figures(knowledge.figurative, knowledge.parts))

    def found_in(self, text: str) -> DangerRule | None:
        """Give the rule that forbids a text, with the strictest action of all that do; or None."""
        folded, figures = self._folded(text)
        closed_up, written = close_up(self.figures.hidden(text)), close_up(text)
        has_number = holds_personal_number(text)
        found = [
            compiled.rule
            for compiled in self._rules
            if (has_number and compiled.rule.category == NUMBERS)
            or compiled.finds(folded, figures, closed_up, written)
        ]
        if not found:
            return None
        strictest = max((rule.action for rule in found), key=STRICTNESS.__getitem__)
        return found[0].model_copy(update={"action": strictest})

    def _folded(self, text: str) -> tuple[str, list[_Span]]:
        """Fold a text, and tell where in it figures of speech stand; those that touch are one."""
        written, figures = self.figures.spans(text)
        if not figures:
            return fold_danger(text), []
        spans: list[_Span] = []
        for start, end in figures:
            begin, stop = len(fold_danger(written[:start])), len(fold_danger(written[:end]))
            if spans and spans[-1][1] == begin:
                begin = spans.pop()[0]
            spans.append((begin, stop))
        return fold_danger(written), spans


class _Compiled:
    def __init__(self, rule: DangerRule) -> None:
        self.rule = rule
        words = sorted(map(fold_danger, rule.words), key=len, reverse=True)
        # Ahead of each place: one danger may begin within another.
        self._danger = re.compile(f"(?=({'|'.join(map(re.escape, words))}))") if words else None
        self._pattern = re.compile("|".join(rule.patterns)) if rule.patterns else None
        self._innocent = [(close_up(phrase), fold_danger(phrase)) for phrase in rule.unless]

    def finds(self, folded: str, figures: list[_Span], closed_up: str, written: str) -> bool:
        """Tell whether the rule forbids a text.

        Args:
            folded: the text, as dangers are folded.
            figures: where in it figures of speech stand. They are innocent, but a danger that
                reaches beyond one is not.
            closed_up: the text as written, without spaces and figures of speech.
            written: without spaces only. An innocent phrase must stand in it, marks and all.
        """
        if self._pattern is not None and self._pattern.search(closed_up):
            return True
        if self._danger is None or not self._danger.search(folded):
            return False
        innocent = list(figures)
        for phrase, form in self._innocent:
            if phrase in written:
                innocent += [found.span() for found in re.finditer(re.escape(form), folded)]
        return any(
            not any(start <= found.start(1) and found.end(1) <= end for start, end in innocent)
            for found in self._danger.finditer(folded)
        )
