"""Splitting Japanese into words with SudachiPy and its core dictionary, which ships in a wheel."""

from collections.abc import Sequence
from functools import cache

from sudachipy import Dictionary, SplitMode, Tokenizer

from transforms.screening.vocabulary import Piece


def tokenize(text: str) -> Sequence[Piece]:
    """Split a text into its shortest words."""
    return [
        Piece(
            morpheme.surface(),
            (morpheme.dictionary_form(), morpheme.normalized_form()),
            morpheme.part_of_speech()[0],
        )
        for morpheme in _tokenizer().tokenize(text, SplitMode.A)
    ]


@cache
def _tokenizer() -> Tokenizer:
    return Dictionary(dict="core").tokenizer()
