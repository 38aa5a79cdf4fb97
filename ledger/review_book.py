"""The book of reviewed texts: what named persons released, withheld, or added to the vocabulary."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from ledger import tables
from ledger.audit import Actor, note
from ledger.bindings import digest_of_decisions
from ledger.references import References
from schemas.screening import Decision
from transforms.screening.folding import fold_term
from transforms.screening.judging import Decisions


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
        known = self._words()
        new = sorted(set(words) - known)
        if new:
            rows = [(word, "word") for word in new]
            told = f"added {len(new)} words; decisions sha256:{digest_of_decisions(rows)}"
            head = note(self._connection, actor, "review", detail=told)
            entries = [{"word": word, "audit_sequence": head.sequence} for word in new]
            self._connection.execute(insert(tables.added_words), entries)
        return new

    def decisions(self) -> Decisions:
        """Give everything decided so far."""
        decided = self.decided()

        def of_text(text: str) -> Decision | None:
            return decided.get(self.reference(text)) if decided else None

        return Decisions(self._words(), of_text)

    def decided(self) -> dict[str, Decision]:
        """Give what holds of each text, by its reference: of several decisions the last."""
        columns = tables.text_decisions.c
        query = select(columns.digest, columns.decision).order_by(columns.sequence)
        return {row.digest: Decision(row.decision) for row in self._connection.execute(query)}

    def _words(self) -> set[str]:
        return set(self._connection.execute(select(tables.added_words.c.word)).scalars())
