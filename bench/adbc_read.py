"""Only read, through ADBC, the columns the export reads from a database: `python -m bench.adbc_read SHOP`."""

import os
import sys
from pathlib import Path

from schemas.catalog import CATALOG
from sources.opening import opened
from sources.records import match_table, order_of
from sources.shop_folder import load_shop

folder = load_shop(Path(sys.argv[1]))
source = folder.shop.sources["records"]
with opened(source, folder.home, os.environ, folder.home) as database:
    for name, mappings in folder.shop.tables.items():
        for mapping in mappings:
            rows = database.table(mapping.table or "")
            match = match_table(mapping, rows, CATALOG[name])
            for _ in rows.batches(match.headers, order_of(match, CATALOG[name])):
                pass
