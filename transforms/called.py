"""What people are called: their whole names, and the given one where a blank tells which part it is."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow
import pyarrow.compute as pc

from transforms.arrays import whole
from transforms.reading.folded_columns import fold_names, squeezed
from transforms.reading.mixed_names import mixed_names
from transforms.reading.own_names import own_names

_TWO_WORDS = r"^\s*\S+\s+(\S+?)(?:様|殿|さん|さま)?\s*$"


@dataclass(frozen=True)
class Called:
    """A name, folded and squeezed; `given` is empty where nothing parts it."""

    full: str
    given: str = ""

    def may_be_given(self, part: str) -> bool:
        """Tell whether a part of a cell may be the given name."""
        if self.given:
            return part == self.given
        return self.full != part and self.full.endswith(part)

    def may_be_of_family(self, name: str) -> bool:
        """Tell whether a name may be the family's alone."""
        if self.given:
            return self.full == f"{name}{self.given}"
        return self.full != name and self.full.startswith(name)


def called(people: pyarrow.Table) -> Iterator[tuple[Called, int]]:
    """Give what people are called, each with its row.

    Args:
        people: with `name` and `name_kana`.
    """
    for column in ("name", "name_kana"):
        written = whole(people[column])
        normal = pc.utf8_normalize(written, form="NFKC")
        is_parted = pc.match_substring_regex(normal, _TWO_WORDS)
        last = pc.if_else(is_parted, pc.replace_substring_regex(normal, _TWO_WORDS, r"\1"), "")
        names = zip(
            squeezed(fold_names(written)).to_pylist(),
            squeezed(fold_names(last)).to_pylist(),
            strict=True,
        )
        for row, (full, given) in enumerate(names):
            if full:
                is_end = bool(given) and full != given and full.endswith(given)
                yield Called(full, given if is_end else ""), row
    others, rows = own_names(whole(people["name"]))
    for full, row in zip(others.to_pylist(), rows.tolist(), strict=True):
        yield Called(full), row
    others, rows = mixed_names(whole(people["name"]), whole(people["name_kana"]))
    for full, row in zip(others.to_pylist(), rows.tolist(), strict=True):
        yield Called(full, full), row  # no part of it is a given name that is not known already
