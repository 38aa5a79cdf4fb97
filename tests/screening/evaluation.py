"""What screening does with a labelled corpus: `python -m tests.screening.evaluation [FILE]` prints it."""

import argparse
import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow

from sources.screening.loading import shipped_dangers, shipped_knowledge
from sources.screening.tokenizing import JapaneseTokenizer
from transforms.screening.judging import Decisions, Screen

CORPUS = Path(__file__).parent / "corpus"
COLUMN = "repairs.description"


@dataclass(frozen=True)
class Phrase:
    """One labelled text."""

    label: str
    category: str
    text: str


def phrases(path: Path) -> list[Phrase]:
    """Read a corpus."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Phrase(*row) for row in rows[1:]]


def shipped_screen() -> Screen:
    """The screen as shipped, in a shop that knows nobody."""
    known = shipped_knowledge(), shipped_dangers()
    return Screen(*known, JapaneseTokenizer(), Decisions(), knows_nobody)


def knows_nobody(texts: pyarrow.Array) -> np.ndarray:
    return np.zeros(len(texts), bool)


def outcomes(corpus: list[Phrase]) -> dict[str, str]:
    """Give what becomes of each text: left, waited or withheld."""
    found = shipped_screen().judge({COLUMN: [phrase.text for phrase in corpus]})[COLUMN]
    words = {None: "waited"}
    return {
        phrase.text: "left"
        if phrase.text not in found
        else words.get(found[phrase.text].action, "withheld")
        for phrase in corpus
    }


def share(corpus: list[Phrase], label: str, wanted: str, category: str | None = None) -> float:
    """Give the share of a label (and category) that ended so."""
    ended = outcomes(corpus)
    own = [p for p in corpus if p.label == label and category in {None, p.category}]
    return sum(ended[phrase.text] == wanted for phrase in own) / len(own)


def main() -> None:
    """Print counts per category, and the texts that ended on the wrong side."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", nargs="?", type=Path, default=CORPUS / "develop.tsv")
    options.add_argument("--show", action="store_true", help="the texts on the wrong side")
    asked = options.parse_args()
    corpus = phrases(asked.file)
    ended = outcomes(corpus)
    counts = Counter((p.label, p.category, ended[p.text]) for p in corpus)
    for label, category in sorted({(p.label, p.category) for p in corpus}):
        row = [counts[label, category, word] for word in ("left", "waited", "withheld")]
        print(f"{label:10} {category:14} left {row[0]:4}  waited {row[1]:4}  withheld {row[2]:4}")
    if asked.show:
        screen = shipped_screen()
        for phrase in corpus:
            is_wrong = (ended[phrase.text] == "left") == (phrase.label == "sensitive")
            if is_wrong:
                why = screen.judge({COLUMN: [phrase.text]})[COLUMN].get(phrase.text)
                print(
                    phrase.label, phrase.category, phrase.text, why and (why.reason, *why.unknown)
                )


if __name__ == "__main__":
    main()
