"""Looking into a finished drop for what must not be in it (policy §10), apart from the screening."""

from pathlib import Path

import pyarrow

from drops.folders import read_drop
from drops.reading import read_table, resources_of
from schemas.catalog import CATALOG
from schemas.columns import Kind
from schemas.datapackage import Resource
from schemas.screening import CODED, FREE_TEXT
from sources.screening.loading import shipped_dangers
from transforms.arrays import distinct


class SensitiveScan:
    """Gathers the distinct free texts of a drop, to be judged at the end."""

    def __init__(self) -> None:
        """Begin with none."""
        self._texts = set[str]()

    def look(self, resource: Resource, rows: pyarrow.RecordBatch) -> None:
        """Gather the texts of rows of a file."""
        for column, header in resource.headers.items():
            if _is_free_text(resource.name, column):
                self._texts.update(distinct(rows.column(header)).drop_null().to_pylist())

    def categories(self) -> tuple[str, ...]:
        """Name the categories of §10 that the texts hold; none in a sound drop."""
        dangers = shipped_dangers()
        rules = (dangers.found_in(text) for text in self._texts)
        return tuple(sorted({rule.category for rule in rules if rule}))


def sensitive_in(folder: Path) -> tuple[str, ...]:
    """Name the categories of §10 that the free texts of a drop hold."""
    scan, resources = SensitiveScan(), resources_of(folder)
    for table in read_drop(folder).tables:
        for batch in read_table(folder, resources[table.name]):
            scan.look(resources[table.name], batch)
    return scan.categories()


def _is_free_text(table: str, column: str) -> bool:
    known = CATALOG[table].columns.get(column) if table in CATALOG else None
    is_screened = f"{table}.{column}" in {*FREE_TEXT, *CODED}
    return is_screened or (known is not None and known.kind is Kind.FREE_TEXT)
