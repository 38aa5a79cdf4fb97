"""Known dangers: what never passes, whatever the vocabulary or a person says."""

import re
from collections.abc import Iterable

from schemas.screening import DangerRule, Knowledge
from transforms.screening.figures import Figures
from transforms.screening.folding import close_up, fold_danger
from transforms.screening.numbers import holds_personal_number

NUMBERS = "number"
"""Category of the rule that numbers with check digits belong to."""


class Dangers:
    """The danger rules, ready to look."""

    def __init__(self, rules: Iterable[DangerRule], figures: Figures) -> None:
        """Compile the rules; the first that finds something counts, and figures of speech do not."""
        self._rules = [_Compiled(rule) for rule in rules]
        self._figures = figures

    @classmethod
    def of(cls, knowledge: Knowledge) -> "Dangers":
        """Make them of everything known."""
        return cls(knowledge.rules, Figures(knowledge.figurative, knowledge.parts))

    def found_in(self, text: str) -> DangerRule | None:
        """Give the rule that forbids a text, or None."""
        literal = self._figures.hidden(text)
        folded, closed_up = fold_danger(literal), close_up(literal)
        has_number = holds_personal_number(text)
        for compiled in self._rules:
            if (has_number and compiled.rule.category == NUMBERS) or compiled.finds(
                folded, closed_up
            ):
                return compiled.rule
        return None


class _Compiled:
    def __init__(self, rule: DangerRule) -> None:
        self.rule = rule
        words = sorted(map(fold_danger, rule.words), key=len, reverse=True)
        # Ahead of each place: one danger may begin within another.
        self._danger = re.compile(f"(?=({'|'.join(map(re.escape, words))}))") if words else None
        self._pattern = re.compile("|".join(rule.patterns)) if rule.patterns else None
        innocent = sorted(map(fold_danger, rule.unless), key=len, reverse=True)
        self._innocent = re.compile("|".join(map(re.escape, innocent))) if innocent else None

    def finds(self, folded: str, closed_up: str) -> bool:
        """Tell whether the rule forbids a text, folded and as written without spaces."""
        if self._pattern is not None and self._pattern.search(closed_up):
            return True
        if self._danger is None or not self._danger.search(folded):
            return False
        innocent = [m.span() for m in self._innocent.finditer(folded)] if self._innocent else []
        return any(
            not any(start <= found.start(1) and found.end(1) <= end for start, end in innocent)
            for found in self._danger.finditer(folded)
        )
