"""Only read what `bench.adbc_read` reads, sorted by the database: `python -m bench.adbc_sorted SHOP OUT`."""

import sys
from pathlib import Path

from bench.adbc_read import read

if __name__ == "__main__":
    read(Path(sys.argv[1]), is_sorted=True)
