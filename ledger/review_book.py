"""The book of reviewed texts: what named persons released, withheld, or added to the vocabulary."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, insert, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.bindings import WORDS_AS_BOUND, digest_of_decisions
from ledger.references import References
from schemas.screening import Decision, WordDecision
from transforms.screening.folding import fold_term
from transforms.screening.judging import Decisions


@dataclass(frozen=True)
class Made:
    """A decision, when it was made (ISO 8601, Asia/Tokyo), and who made it."""

    decision: str
    at: str
    person: str


class ReviewBook:
    """The decisions of one ledger, within a transaction."""

    def __init__(self, connection: Connection, references: References) -> None:
        """Work on an open transaction; a writing one to decide."""
        self._connection, self._references = connection, references

    def reference(self, text: str) -> str:
        """Give what the ledger knows a text by, however it is spelt in width and spaces."""
        return self._references.of_text(fold_term(text))

    def decide(self, actor: Actor, digests: Iterable[str], decision: Decision) -> None:
        """Enter a decision about texts by their references; it holds until another is made."""
        rows = [(digest, decision.value) for digest in sorted(set(digests))]
        told = f"{decision} {len(rows)} texts; decisions sha256:{digest_of_decisions(rows)}"
        head = note(self._connection, actor, "review", detail=told)
        for digest, word in rows:
            entry = {"digest": digest, "decision": word, "audit_sequence": head.sequence}
            self._connection.execute(insert(tables.text_decisions).values(entry))

    def add_words(self, actor: Actor, words: Iterable[str]) -> list[str]:
        """Add words of the trade; give those that were new."""
        new = sorted(set(words) - self.words().keys())
        self._decide_words(actor, new, WordDecision.ADDED)
        return new

    def take_back_words(self, actor: Actor, words: Iterable[str]) -> list[str]:
        """Take back words that were added, so that texts with them wait again; give those there were."""
        known = sorted(set(words) & self.words().keys())
        self._decide_words(actor, known, WordDecision.TAKEN_BACK)
        return known

    def _decide_words(self, actor: Actor, words: list[str], decision: WordDecision) -> None:
        if not words:
            return
        digest = digest_of_decisions((word, WORDS_AS_BOUND[decision]) for word in words)
        told = f"{decision} {len(words)} words; decisions sha256:{digest}"
        head = note(self._connection, actor, "review", detail=told)
        for word in words:
            entry = {"word": word, "decision": decision.value, "audit_sequence": head.sequence}
            self._connection.execute(insert(tables.word_decisions).values(entry))

    def decisions(self) -> Decisions:
        """Give everything decided so far."""
        decided = self.texts()

        def of_text(text: str) -> Decision | None:
            made = decided.get(self.reference(text)) if decided else None
            return Decision(made.decision) if made else None

        return Decisions(self.words().keys(), of_text)

    def texts(self) -> dict[str, Made]:
        """Give what holds of each text (`Decision`), by its reference."""
        return _made(self._connection, tables.text_decisions, "digest")

    def words(self) -> dict[str, Made]:
        """Give the words that were added and not taken back since."""
        made = _made(self._connection, tables.word_decisions, "word")
        return {word: last for word, last in made.items() if last.decision == WordDecision.ADDED}


def _made(connection: Connection, table: Table, subject: str) -> dict[str, Made]:
    """Give the last decision about each subject, those of the same entry in the order of their making."""
    entries = tables.audit.c
    query = (
        select(table.c[subject], table.c.decision, entries.at, entries.person)
        .join(tables.audit, entries.sequence == table.c.audit_sequence)
        .order_by(table.c.sequence)
    )
    return {name: Made(*made) for name, *made in connection.execute(query)}
