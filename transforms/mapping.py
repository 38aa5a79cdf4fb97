"""Finding the shop's columns: which header feeds which canonical column, what is left over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow
import pyarrow.compute as pc

from schemas.catalog import Table
from schemas.errors import ConfigurationError
from schemas.shop import ColumnSource, Joined, TableMapping
from transforms.arrays import as_texts, where, without_empty
from transforms.reading.folding import nfkc


@dataclass(frozen=True)
class MatchedColumn:
    """The source headers that make one canonical column."""

    headers: tuple[str, ...]
    separator: str = ""


@dataclass(frozen=True)
class Match:
    """How one mapping meets the headers that are really there."""

    columns: Mapping[str, MatchedColumn]
    missing: tuple[str, ...]
    """Canonical columns that are mapped but whose header is not there."""
    unmapped: tuple[str, ...]
    """Canonical columns the mapping does not speak of; they stay empty."""
    ignored: tuple[str, ...]
    """Source headers nothing asks for; they are never read."""
    wanted: tuple[str, ...] = ()
    """The headers shop.toml names for the missing ones."""

    @property
    def headers(self) -> list[str]:
        """Every source header to read, each once."""
        return list(dict.fromkeys(h for column in self.columns.values() for h in column.headers))


def match_headers(mapping: TableMapping, headers: Sequence[str], table: Table) -> Match:
    """Match a mapping with the headers of a file or table.

    Raises:
        ConfigurationError: a mapped header reads like another one.
    """
    by_fold = _by_fold(mapping, headers, table.name)
    columns = {
        name: matched
        for name, source in mapping.columns.items()
        if (matched := _find(source, by_fold)) is not None
    }
    used = {header for column in columns.values() for header in column.headers}
    return Match(
        columns=columns,
        missing=tuple(name for name in mapping.columns if name not in columns),
        unmapped=tuple(
            n for n in table.columns if n not in mapping.columns and n not in mapping.constants
        ),
        ignored=tuple(header for header in headers if header not in used),
        wanted=tuple(
            "・".join(source.join if isinstance(source, Joined) else _names(source))
            for name, source in mapping.columns.items()
            if name not in columns
        ),
    )


def refuse_missing(match: Match, part: str, table: Table) -> None:
    """Refuse a file that lacks a header shop.toml counts on.

    Read as empty, a lost column could bring back merged customers, sold cars or refusers.

    Raises:
        ConfigurationError: naming file and columns.
    """
    if match.missing:
        raise ConfigurationError(
            f"{part}: shop.toml に書いた見出し「{'」「'.join(match.wanted)}」がありません。"
            "その列を付けて出力し直すか、shop.toml を直してください（今ある見出しは `joint-use sources`） / "
            f"no header for {table.name}.{', '.join(match.missing)}; export the file with it, "
            "or take the column out of shop.toml (`joint-use sources` shows what is there)"
        )


def fold_header(header: str) -> str:
    """Fold a header: width, case, and the marks people put into headers."""
    return re.sub(r"[\s()\[\]・\-_./:：]", "", nfkc(header)).casefold()


def raw_column(batch: pyarrow.RecordBatch, matched: MatchedColumn) -> pyarrow.Array:
    """Take a canonical column's source cells, several joined into one text."""
    if len(matched.headers) == 1:
        return batch.column(matched.headers[0])
    parts = [_without_blank(batch.column(header)) for header in matched.headers]
    # Arrow leaves out rows in which every part is null.
    is_empty = reduce(pc.and_, [part.is_null() for part in parts])
    parts[0] = pc.if_else(is_empty, "", parts[0])
    joined = pc.binary_join_element_wise(*parts, matched.separator, null_handling="skip")
    return without_empty(joined)


def _without_blank(cells: pyarrow.Array) -> pyarrow.Array:
    texts = without_empty(as_texts(cells))
    return where(pc.invert(pc.utf8_is_space(texts)), texts)


def _by_fold(mapping: TableMapping, headers: Sequence[str], table: str) -> dict[str, str]:
    """Index the headers by their folded form; only a form the mapping asks for must be unique."""
    asked = {fold_header(name) for source in mapping.columns.values() for name in _names(source)}
    by_fold: dict[str, str] = {}
    for header in headers:
        folded = fold_header(header)
        if folded in by_fold and folded in asked:
            raise ConfigurationError(
                f"tables.{table}: 見出し「{by_fold[folded]}」と「{header}」が同じに読めます。"
                "一方を変えてください / "
                f"tables.{table}: two headers read alike ('{by_fold[folded]}', '{header}'); rename one"
            )
        by_fold[folded] = header
    return by_fold


def _names(source: ColumnSource) -> tuple[str, ...]:
    if isinstance(source, Joined):
        return source.join
    return (source,) if isinstance(source, str) else source


def _find(source: ColumnSource, by_fold: Mapping[str, str]) -> MatchedColumn | None:
    if isinstance(source, Joined):
        found = [by_fold.get(fold_header(name)) for name in source.join]
        whole = tuple(header for header in found if header is not None)
        return MatchedColumn(whole, source.separator) if len(whole) == len(found) else None
    header = next(
        (by_fold[f] for name in _names(source) if (f := fold_header(name)) in by_fold), None
    )
    return MatchedColumn((header,)) if header is not None else None
