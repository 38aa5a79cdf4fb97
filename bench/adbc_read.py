"""Only read, through ADBC, the columns the export reads from a database: `python -m bench.adbc_read SHOP OUT`.

In one connection, as the rows stand; `bench.adbc_sorted` has them sorted by their keys.
"""

import os
import sys
from pathlib import Path

from schemas.catalog import CATALOG
from sources.opening import opened
from sources.records import match_table, order_of
from sources.rows import Order
from sources.shop_folder import load_shop


def read(shop: Path, *, is_sorted: bool) -> None:
    """Read all mapped tables once."""
    folder = load_shop(shop)
    source = folder.shop.sources["records"]
    with opened(source, folder.home, os.environ, folder.home) as database:
        for name, mappings in folder.shop.tables.items():
            for mapping in mappings:
                rows = database.table(mapping.table or "")
                match = match_table(mapping, rows, CATALOG[name])
                order = order_of(match, CATALOG[name]) if is_sorted else Order()
                for _ in rows.batches(match.headers, order):
                    pass


if __name__ == "__main__":
    read(Path(sys.argv[1]), is_sorted=False)
