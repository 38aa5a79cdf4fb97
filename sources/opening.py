"""Opening a configured source, whatever its kind."""

from collections.abc import Iterator, Mapping
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
from sources.buckets import BucketFolder, Reader, is_in_bucket
from sources.certificate_files import CERTIFICATE_SUFFIXES, CertificateFolder
from sources.csv_files import CsvFolder
from sources.parquet_files import ParquetFolder
from sources.rows import OpenSource
from sources.sqlalchemy_databases import open_sqlalchemy

_FOLDERS: Mapping[type, Reader] = {
    CsvSource: Reader(CsvFolder, (".csv",)),
    ParquetSource: Reader(ParquetFolder, (".parquet",)),
    CertificateSource: Reader(CertificateFolder, CERTIFICATE_SUFFIXES, is_one_table=True),
}


@contextmanager
def opened(
    source: Source, home: Path, environment: Mapping[str, str], private: Path
) -> Iterator[OpenSource]:
    """Open a source for one snapshot.

    Args:
        source: to open.
        home: the shop's folder, which paths are relative to.
        environment: may name databases.
        private: a folder that goes with the run, for copies of what is far away.
    """
    if isinstance(source, CsvSource | ParquetSource | CertificateSource):
        reader = _FOLDERS[type(source)]
        if is_in_bucket(source.folder):
            yield BucketFolder(source.folder, private, reader)
        else:
            yield reader.open(home / source.folder)
    elif isinstance(source, SqliteSource):
        with open_sqlite(home / source.file) as database:
            yield database
    else:
        url = source.url_in(environment) or ""
        opening = open_postgresql if isinstance(source, PostgresqlSource) else open_sqlalchemy
        with opening(url) as database:
            yield cast("OpenSource", database)
