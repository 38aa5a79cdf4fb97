"""The judgement on a distinct text: it leaves, waits for a person, or is withheld."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow

from schemas.screening import CODED, WAITS, Action, DangerRule, Decision, Knowledge
from transforms.screening.dangers import Dangers
from transforms.screening.folding import fold_danger, fold_term
from transforms.screening.numbers import holds_contact
from transforms.screening.vocabulary import LONGEST_TEXT, Tokenize, Vocabulary

_KANA = re.compile("[ぁ-んァ-ヶ]{4}")
_KANJI = re.compile("[一-龥々]")
_SHORTEST_READING = 4
"""Shorter ones stand in other words by chance."""


@dataclass(frozen=True)
class Judgement:
    """What becomes of a text that does not leave.

    Args:
        reason: `WAITS`, or the category of a rule.
        action: None where the text waits.
        unknown: words the trade does not know.
    """

    reason: str
    action: Action | None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decisions:
    """What named persons have decided.

    Args:
        words: words they added to the vocabulary.
        of_text: looks up the decision about a text.
    """

    words: Collection[str] = ()
    of_text: Callable[[str], Decision | None] = field(default=lambda _text: None)


class Screen:
    """Judges texts by everything known."""

    def __init__(
        self,
        knowledge: Knowledge,
        dangers: Dangers,
        tokenize: Tokenize,
        decisions: Decisions,
        names_somebody: Callable[[pyarrow.Array], np.ndarray],
    ) -> None:
        """Put it together.

        Args:
            knowledge: as shipped.
            dangers: made of it.
            tokenize: a tokenizer.
            decisions: of the shop's persons.
            names_somebody: mask of the texts that name a customer, a contact or a car of the shop.
        """
        self._dangers = dangers
        self._vocabulary = Vocabulary(knowledge.terms, tokenize, decisions.words)
        self._lists = {
            column: frozenset(map(fold_term, values)) for column, values in knowledge.lists.items()
        }
        self._tokenize = tokenize
        self._rules = knowledge.rules
        self._decisions = decisions
        self._names_somebody = names_somebody

    def judge(
        self, columns: Mapping[str, Collection[str]]
    ) -> Mapping[str, Mapping[str, Judgement]]:
        """Judge the distinct texts of columns (`table.column`); those not in the answer leave."""
        distinct = pyarrow.array(sorted(set().union(*columns.values())), pyarrow.string())
        named = set(distinct.filter(pyarrow.array(self._names_somebody(distinct))).to_pylist())
        return {
            column: {
                text: judgement
                for text in texts
                if (judgement := self._of(column, text, is_named=text in named)) is not None
            }
            for column, texts in columns.items()
        }

    def _of(self, column: str, text: str, *, is_named: bool) -> Judgement | None:
        if len(text) > LONGEST_TEXT:
            return Judgement("too_long", Action.WITHHOLD_CELL)
        rule = self._dangers.found_in(text)
        if rule is not None:
            return Judgement(rule.category, _strict_enough(rule.action, column))
        if is_named or holds_contact(text):
            return Judgement("person", Action.WITHHOLD_CELL)
        decision = self._decisions.of_text(text)
        if decision is Decision.RELEASED:
            return None
        if decision is Decision.WITHHELD:
            return Judgement("by_decision", Action.WITHHOLD_CELL)
        unknown = self._unknown(column, text)
        return Judgement(WAITS, None, tuple(unknown)) if unknown else None

    def _unknown(self, column: str, text: str) -> list[str]:
        if column in CODED:
            return [] if fold_term(text) in self._lists.get(column, frozenset()) else [text]
        shown = self._dangers.figures.hidden(text)
        unknown = self._vocabulary.unknown_words(shown)
        return unknown or self._reading_in(shown)

    @cached_property
    def _readings(self) -> re.Pattern[str]:
        """What danger words are in kana; found out when a text asks, for it takes the dictionary."""
        return _readings_of(self._rules, self._tokenize)

    def _reading_in(self, text: str) -> list[str]:
        """Give a reading of a danger that begins where a word does: フロントウインカー holds no とういん."""
        if not _KANA.search(text):
            return []
        folded = fold_danger(text)
        found = {match.start(): match[0] for match in self._readings.finditer(folded)}
        if not found:
            return []
        place = 0
        for piece in self._tokenize(text):
            if place in found:
                return [found[place]]
            place += len(fold_danger(piece.surface))
        return []


def _strict_enough(action: Action, column: str) -> Action:
    """Have a cost go with its kind: an empty kind and 0 yen would tell as much (減免)."""
    is_of_cost = column == "vehicle_costs.cost_kind" and action is Action.WITHHOLD_CELL
    return Action.WITHHOLD_ROW if is_of_cost else action


def _readings_of(rules: Iterable[DangerRule], tokenize: Tokenize) -> re.Pattern[str]:
    """Give what the words of danger rules are in kana, which the trade's words and particles may hide."""
    readings = {
        fold_danger("".join(piece.reading for piece in tokenize(word)))
        for rule in rules
        for word in rule.words
        if _KANJI.search(word)
    }
    long_enough = sorted(reading for reading in readings if len(reading) >= _SHORTEST_READING)
    return re.compile("|".join(map(re.escape, long_enough)))
