"""Splitting Japanese into words with SudachiPy and its core dictionary, which ships in a wheel."""

from collections.abc import Sequence
from functools import cached_property

from sudachipy import Dictionary, SplitMode, Tokenizer

from transforms.screening.vocabulary import Piece


class JapaneseTokenizer:
    """Splits texts; its dictionary, 80 MB of memory, is opened for the first and closed with this object."""

    def __call__(self, text: str) -> Sequence[Piece]:
        """Split a text into its shortest words."""
        return [
            Piece(
                morpheme.surface(),
                (morpheme.dictionary_form(), morpheme.normalized_form()),
                morpheme.part_of_speech()[0],
                morpheme.reading_form(),
            )
            for morpheme in self._tokenizer.tokenize(text, SplitMode.A)
        ]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Dictionary(dict="core").tokenizer()
