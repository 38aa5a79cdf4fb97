"""Looking into a finished drop for what must not be in it (policy §10), apart from the screening."""

from pathlib import Path

import pyarrow.compute as pc

from drops.folders import read_drop
from drops.verify import read_table, resources_of
from schemas.catalog import CATALOG
from schemas.columns import Kind
from schemas.screening import CODED, FREE_TEXT
from sources.screening.loading import shipped_knowledge
from transforms.screening.dangers import Dangers


def sensitive_in(folder: Path) -> tuple[str, ...]:
    """Name the categories of §10 that the free texts of a drop hold; none in a sound one."""
    texts = set[str]()
    for table in read_drop(folder).tables:
        resource = resources_of(folder)[table.name]
        headers = [
            field["name"]
            for field in resource["schema"]["fields"]
            if _is_free_text(table.name, field["joint-use:column"])
        ]
        for batch in read_table(folder, resource, headers) if headers else ():
            for header in headers:
                texts |= set(pc.unique(batch.column(header)).drop_null().to_pylist())
    dangers = Dangers.of(shipped_knowledge())
    rules = (dangers.found_in(text) for text in texts)
    return tuple(sorted({rule.category for rule in rules if rule}))


def _is_free_text(table: str, column: str) -> bool:
    known = CATALOG[table].columns.get(column) if table in CATALOG else None
    is_screened = f"{table}.{column}" in {*FREE_TEXT, *CODED}
    return is_screened or (known is not None and known.kind is Kind.FREE_TEXT)
