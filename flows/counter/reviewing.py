"""Reviewing texts that wait (policy §10): a named person releases or withholds each, or adds a word."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import pyarrow

from flows.counter.desk import Desk
from ledger.review_book import ReviewBook
from ledger.review_list import ReviewList
from schemas.errors import ConfigurationError, RefusedError
from schemas.screening import CODED, Decision
from sources.screening.loading import shipped_dangers, shipped_knowledge
from sources.screening.tokenizing import JapaneseTokenizer
from transforms.screening.figures import Figures
from transforms.screening.folding import fold_term
from transforms.screening.vocabulary import Vocabulary

_NAME_DIGITS = 10
_LONGEST_WORD = 20
_DAY_DIGITS = len("2026-10-01")


@dataclass(frozen=True)
class Waiting:
    """One text nobody has decided about.

    Args:
        name: what it is called on the command line.
        reference: what the ledger knows it by.
        text: as written.
        columns: where it stands.
        count: in how many rows of all months.
        unknown: its words the trade does not know.
    """

    name: str
    reference: str
    text: str
    columns: tuple[str, ...]
    count: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """A text or word somebody has decided about.

    Args:
        name: what a text is called on the command line; of a word, the word.
        decision: `Decision` or `WordDecision`.
        on: the day it was made, ISO 8601.
        person: who made it.
        text: as written, if it still stands in the list of a month; None: only its digest is kept.
    """

    name: str
    decision: str
    on: str
    person: str
    text: str | None


def waiting(desk: Desk) -> list[Waiting]:
    """List the texts that still wait, those of most rows first."""
    with desk.ledger.reading() as connection:
        book = ReviewBook(connection, desk.ledger.references)
        decisions = book.decisions()
        counts: Counter[str] = Counter()
        found: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
        for texts in ReviewList(desk.folder.state).waiting().values():
            for each in texts:
                reference = book.reference(each.text)
                if decisions.of_text(each.text) is None:
                    counts[reference] += each.count
                    found.setdefault(reference, []).append((each.text, each.column, each.unknown))
    known = shipped_knowledge()
    vocabulary = Vocabulary(known.terms, JapaneseTokenizer(), decisions.words)
    figures = Figures(known.figurative, known.parts)
    listed = []
    for reference, count in counts.most_common():
        text, first, unknown = found[reference][0]
        columns = tuple(dict.fromkeys(column for _, column, _ in found[reference]))
        left = unknown if first in CODED else tuple(vocabulary.unknown_words(figures.hidden(text)))
        if left:
            name = reference[:_NAME_DIGITS]
            listed.append(Waiting(name, reference, text, columns, count, left))
    return listed


def decided(desk: Desk) -> list[Decided]:
    """List what holds: decisions about texts, then words of the trade, each in the order of its making."""
    with desk.ledger.reading() as connection:
        book = ReviewBook(connection, desk.ledger.references)
        made, words = book.texts(), book.words()
        listed = ReviewList(desk.folder.state).waiting().values()
        texts = {book.reference(each.text): each.text for month in listed for each in month}
    subjects = [
        *((name[:_NAME_DIGITS], each, texts.get(name)) for name, each in made.items()),
        *((word, each, word) for word, each in words.items()),
    ]
    return [
        Decided(name, each.decision, each.at[:_DAY_DIGITS], each.person, text)
        for name, each, text in subjects
    ]


def decide_texts(desk: Desk, names: Collection[str], decision: Decision) -> int:
    """Release or withhold texts by name, decided ones too; give how many.

    Raises:
        ConfigurationError: nothing of that name waits.
    """
    with desk.ledger.reading() as connection:
        made = ReviewBook(connection, desk.ledger.references).texts()
    known = {digest[:_NAME_DIGITS]: digest for digest in made}
    known |= {each.name: each.reference for each in waiting(desk)}
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"「{name[:20]}」は確認待ちではありません。一覧は `joint-use review` に出ます / "
                f"'{name[:20]}' does not wait; `joint-use review` lists what does"
            )
    with desk.ledger.writing() as connection:
        book = ReviewBook(connection, desk.ledger.references)
        book.decide(desk.actor, [known[name] for name in names], decision)
    return len(names)


def withhold_texts(desk: Desk, texts: Collection[str]) -> int:
    """Withhold texts as they are written, whether or not they wait; give how many.

    Raises:
        ConfigurationError: there is nothing in one of them.
    """
    if not all(fold_term(text) for text in texts):
        raise ConfigurationError(
            "--withhold-text: 文がありません。記録にあるとおりに書いてください / "
            "--withhold-text: is empty; write the text as it stands in the records"
        )
    with desk.ledger.writing() as connection:
        book = ReviewBook(connection, desk.ledger.references)
        book.decide(desk.actor, map(book.reference, texts), Decision.WITHHELD)
    return len(texts)


def take_back_words(desk: Desk, words: Collection[str]) -> list[str]:
    """Take back words of the trade: texts with them wait again; give them.

    Raises:
        ConfigurationError: one was never added by a person of the shop.
    """
    with desk.ledger.writing() as connection:
        book = ReviewBook(connection, desk.ledger.references)
        if set(words) - book.words().keys():
            raise ConfigurationError(
                "--remove-word: 加えた言葉の中にありません。`joint-use review --decided` "
                "で確かめてください / "
                "--remove-word: is not among the words that were added; see `joint-use review --decided`"
            )
        return book.take_back_words(desk.actor, words)


def add_words(desk: Desk, words: Collection[str]) -> list[str]:
    """Add words of the trade to the vocabulary; give those that were new.

    Raises:
        RefusedError: a word is a danger, a customer's name, or no single word; it is not repeated.
    """
    dangers = shipped_dangers()
    names = {fold_term(str(name)) for name in desk.people.customers["name"].to_pylist() if name}
    # Slow to load, and a text is decided about without it.
    from flows.making.learning import remembered  # noqa: PLC0415

    refusers = remembered(desk.ledger)
    for word in words:
        folded = fold_term(word)
        is_name = any(folded in name for name in names)
        is_one = not re.search(r"[\s、。・,]", word.strip())
        is_word = is_one and 1 < len(folded) <= _LONGEST_WORD and not re.search(r"\d", folded)
        is_name |= bool(refusers.in_free_text(pyarrow.array([word])).any())
        if dangers.found_in(word) or is_name or not is_word:
            raise RefusedError(
                "--add-word: 業界の言葉として加えられません（方針第10条に当たる、お客様の名前の一部、"
                "二語以上、一文字、数字入り）。文そのものを渡すか渡さないか決めてください / "
                "--add-word: this is no word of the trade: it is sensitive (§10), part of a customer's name, "
                "several words, a single character, or has digits. Release or withhold the text itself"
            )
    with desk.ledger.writing() as connection:
        return ReviewBook(connection, desk.ledger.references).add_words(desk.actor, words)
