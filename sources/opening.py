"""Opening a configured source, whatever its kind."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from schemas.shop import (
    CertificateSource,
    CsvSource,
    ParquetSource,
    PostgresqlSource,
    Source,
    SqliteSource,
)
from sources.adbc_databases import open_postgresql, open_sqlite
from sources.certificate_files import CertificateFolder
from sources.csv_files import CsvFolder
from sources.parquet_files import ParquetFolder
from sources.rows import OpenSource
from sources.sqlalchemy_databases import open_sqlalchemy

_FOLDERS: Mapping[type, Callable[[Path], OpenSource]] = {
    CsvSource: CsvFolder,
    ParquetSource: ParquetFolder,
    CertificateSource: CertificateFolder,
}


@contextmanager
def opened(source: Source, home: Path, environment: Mapping[str, str]) -> Iterator[OpenSource]:
    """Open a source for one snapshot; paths are relative to the shop's folder."""
    if isinstance(source, CsvSource | ParquetSource | CertificateSource):
        yield _FOLDERS[type(source)](home / source.folder)
    elif isinstance(source, SqliteSource):
        with open_sqlite(home / source.file) as database:
            yield database
    else:
        url = source.url_in(environment) or ""
        opening = open_postgresql if isinstance(source, PostgresqlSource) else open_sqlalchemy
        with opening(url) as database:
            yield cast("OpenSource", database)
