"""The second look: that nothing which belongs only to objectors stands in any cell of a drop.

It shares nothing with the gate but how addresses and texts are folded and contacts found in cells that
could not be read. Who refuses is read anew (`refusers`), what they are recognised by is gathered from the
records (`suspects`), and here the files on disk are searched for it: cells of a known form as a whole,
running text for any part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import ahocorasick_rs
import pyarrow
import pyarrow.compute as pc

from drops.plain_forms import plain_form, strings
from schemas.catalog import CATALOG
from schemas.columns import ADDRESSES, Kind
from schemas.datapackage import Resource
from schemas.errors import VerificationError
from transforms.arrays import plain
from transforms.reading.folded_columns import (
    fold_addresses,
    plain_text,
    squeezed,
    squeezed_addresses_text,
)
from transforms.reading.joined_text import JoinedText

_SHORTEST_CONTACT = 6
_FEWEST_PHONE_DIGITS = 9
_SHORTEST_ADDRESS = 8
_NOBODYS = frozenset({Kind.CODE, Kind.MONTH, Kind.MODEL_CODE, Kind.DIGITS, Kind.POSTAL_CODE})
"""Kinds that many share and nobody is known by."""

_PAIRS = (("name", "address"), ("owner_name", "owner_address"), ("user_name", "user_address"))


@dataclass
class Traces:
    """What objectors, and only they, can be recognised by, in plain form."""

    keys: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)


class ObjectorScan:
    """Searches every file of a drop, rows by rows."""

    def __init__(self, traces: Traces) -> None:
        """Search for these traces."""
        self._search = _Search(traces)
        self._found = set[str]()

    def look(self, resource: Resource, rows: pyarrow.RecordBatch) -> None:
        """Search rows of a file."""
        name = resource.name
        if name in CATALOG:
            self._found.update(f"{name}.{hit}" for hit in self._search.hits(name, rows, resource))

    @property
    def has_found(self) -> bool:
        """Whether anything was found until now."""
        return bool(self._found)

    def refuse(self) -> None:
        """Tell what was found.

        Raises:
            VerificationError: naming tables and columns, never what was found.
        """
        if self._found:
            raise VerificationError(
                f"申し出た方だけの内容が、できあがった納品の {', '.join(sorted(self._found))} "
                "に見つかりました。何も納品していません。記録をそのままにして、この行をお知らせください / "
                "something that belongs only to people who objected was found in "
                f"{', '.join(sorted(self._found))}; nothing is published. Keep the records as they are "
                "and report this"
            )


class _Wanted:
    """Texts that are looked for in many columns."""

    def __init__(self, texts: set[str]) -> None:
        self._texts, self._column = texts, strings(texts)

    def stand_in(self, cells: pyarrow.Array) -> bool:
        """Tell whether one of the texts is a cell; Arrow hashes all of them anew each time it is asked."""
        if len(cells) < len(self._texts):
            return not self._texts.isdisjoint(cells.to_pylist())
        return bool(pc.any(pc.is_in(cells, value_set=self._column)).as_py())


class _Search:
    def __init__(self, traces: Traces) -> None:
        self._whole, self._addresses = _Wanted(traces.contacts), _Wanted(traces.addresses)
        self._pairs, self._keys = traces.pairs, _Wanted(traces.keys)
        self._namesakes = strings({name for name, _ in traces.pairs})
        words = {w for contact in traces.contacts for w in _as_written(contact)}
        self._words = ahocorasick_rs.AhoCorasick(sorted(words)) if words else None
        homes = squeezed(strings(traces.addresses)).to_pylist()
        long_enough = [home for home in homes if len(home) >= _SHORTEST_ADDRESS]
        self._homes = ahocorasick_rs.AhoCorasick(long_enough) if long_enough else None

    def hits(self, table: str, batch: pyarrow.RecordBatch, resource: Resource) -> Iterator[str]:
        columns = {
            column: _Column(batch.column(header)) for column, header in resource.headers.items()
        }
        for name, column in columns.items():
            if column.is_text and self._holds(column, table, name):
                yield name
        for name, address in _PAIRS:
            if {name, address} <= columns.keys() and self._holds_pair(
                columns[name], columns[address]
            ):
                yield f"{name}+{address}"

    def _holds(self, column: "_Column", table: str, name: str) -> bool:
        if name.endswith("_key"):
            return self._keys.stand_in(column.entries)
        kind = CATALOG[table].columns[name].kind
        if kind in _NOBODYS:
            return False
        if kind in ADDRESSES:
            return self._addresses.stand_in(fold_addresses(column.texts))
        if self._whole.stand_in(column.forms):
            return True
        return kind is Kind.FREE_TEXT and self._is_told_in(column.texts, column.forms)

    def _is_told_in(self, texts: pyarrow.Array, plain: pyarrow.Array) -> bool:
        if _stands_alone(self._words, JoinedText(plain).text):
            return True
        if self._homes is None:
            return False
        return bool(
            self._homes.find_matches_as_indexes(squeezed_addresses_text(plain_text(texts)).text)
        )

    def _holds_pair(self, names: "_Column", addresses: "_Column") -> bool:
        is_namesake = pc.is_in(names.forms, value_set=self._namesakes)
        if not pc.any(is_namesake, min_count=0).as_py():
            return False
        rows = pc.fill_null(is_namesake.take(names.places), fill_value=False)
        found = names.forms.take(names.places.filter(rows)).to_pylist()
        homes = fold_addresses(plain(addresses.cells).filter(rows)).to_pylist()
        return not self._pairs.isdisjoint(zip(found, homes, strict=True))


class _Column:
    """A column of a drop: its different texts, in the forms they are compared in, and where they stand."""

    def __init__(self, cells: pyarrow.Array) -> None:
        self.cells = cells
        self._is_encoded = isinstance(cells, pyarrow.DictionaryArray)

    @property
    def is_text(self) -> bool:
        kind = self.cells.type.value_type if self._is_encoded else self.cells.type
        return bool(pyarrow.types.is_string(kind))

    @property
    def entries(self) -> pyarrow.Array:
        """What stands in the file: each text once if it came as a dictionary."""
        return self.texts if self._is_encoded else self.cells

    @cached_property
    def _encoded(self) -> pyarrow.DictionaryArray:
        return self.cells if self._is_encoded else self.cells.dictionary_encode()

    @property
    def texts(self) -> pyarrow.Array:
        """All that stand in the file count, used or not."""
        return self._encoded.dictionary

    @property
    def places(self) -> pyarrow.Array:
        """Of each row's text among `texts`."""
        return self._encoded.indices

    @cached_property
    def forms(self) -> pyarrow.Array:
        return plain_form(self.texts)


def _as_written(contact: str) -> Iterator[str]:
    """Give the forms of a contact to look for in running text; a piece of a number is none."""
    digits = re.sub(r"\D", "", contact)
    if re.fullmatch(r"[\d-]+", contact):
        if len(digits) >= _FEWEST_PHONE_DIGITS:
            yield contact
            yield digits
    elif len(re.sub(r"\W", "", contact)) >= _SHORTEST_CONTACT and re.search(r"\d|@", contact):
        yield contact


def _stands_alone(automaton: "ahocorasick_rs.AhoCorasick | None", text: str) -> bool:
    """Tell whether a word stands in the text that is not just a piece of a longer one."""
    if automaton is None:
        return False
    for _, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
        before, after = text[max(0, start - 1) : start], text[end : end + 1]
        if not (_continues(before) or _continues(after)):
            return True
    return False


def _continues(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in {"-", "_", ".", "@"})
