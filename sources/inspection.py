"""Looking at the sources without reading a row: matched, missing, ignored and unused."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from schemas.catalog import CATALOG
from schemas.shop import ShopConfiguration
from sources.opening import opened
from sources.records import match_table


@dataclass(frozen=True)
class InspectedPart:
    """One file or table and how its headers were matched."""

    table: str
    source: str
    name: str
    matched: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    unmapped: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """All parts, and what nothing is mapped to."""

    parts: tuple[InspectedPart, ...]
    unused: Mapping[str, tuple[str, ...]]
    unmapped_tables: tuple[str, ...]


def inspect_sources(
    shop: ShopConfiguration,
    home: Path,
    environment: Mapping[str, str],
    private: Path,
    stack: ExitStack,
) -> Inspection:
    """Open every source and match every mapping."""
    sources = {
        name: stack.enter_context(opened(source, home, environment, private))
        for name, source in shop.sources.items()
    }
    parts = []
    for name, mappings in shop.tables.items():
        for mapping in mappings:
            rows = sources[mapping.source].table(mapping.table or "")
            match = match_table(mapping, rows, CATALOG[name])
            matched = {column: found.headers for column, found in match.columns.items()}
            parts.append(
                InspectedPart(
                    name,
                    mapping.source,
                    rows.part,
                    matched,
                    match.missing,
                    match.unmapped,
                    match.ignored,
                )
            )
    used = {(part.source, part.name) for part in parts}
    unused = {
        name: tuple(table for table in source.names() if (name, table) not in used)
        for name, source in sources.items()
    }
    return Inspection(
        tuple(parts),
        {name: tables for name, tables in unused.items() if tables},
        tuple(name for name in CATALOG if name not in shop.tables),
    )
