"""Opening a configured source, whatever its kind."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from schemas.shop import (
    CertificateSource,
    CsvSource,
    DatabaseSource,
    ParquetSource,
    Source,
    SqlAlchemySource,
    SqliteSource,
)
from sources.buckets import BucketFolder, Reader, is_in_bucket
from sources.certificate_files import CertificateFolder, may_be_record
from sources.csv_files import CsvFolder, is_csv
from sources.parquet_files import ParquetFolder
from sources.rows import OpenSource, file_in
from sources.shop_folder import ShopFolder

FOLDER_READERS: Mapping[type, Reader] = {
    CsvSource: Reader(CsvFolder, is_csv),
    ParquetSource: Reader(ParquetFolder, lambda name: name.lower().endswith(".parquet")),
    CertificateSource: Reader(CertificateFolder, may_be_record, is_one_table=True),
}


def refuse_missing_files(shop: ShopFolder, tables: Collection[str]) -> None:
    """Refuse a shop that names a CSV or Parquet file that is not there, before anything is opened.

    Raises:
        SourceUnreadableError: saying which.
    """
    for name in tables:
        for mapping in shop.shop.tables.get(name, ()):
            source = shop.shop.sources[mapping.source]
            if isinstance(source, CsvSource | ParquetSource) and not is_in_bucket(source.folder):
                file_in(shop.home / source.folder, mapping.table or "")


@contextmanager
def opened(
    source: Source,
    home: Path,
    environment: Mapping[str, str],
    private: Path,
    tables: Collection[str] = (),
) -> Iterator[OpenSource]:
    """Open a source for one snapshot.

    Args:
        source: to open.
        home: the shop's folder, which paths are relative to.
        environment: may name databases.
        private: a folder that goes with the run, for copies of what is far away.
        tables: that will be read; a database may keep others from emptying them meanwhile.
    """
    if isinstance(source, CsvSource | ParquetSource | CertificateSource):
        reader = FOLDER_READERS[type(source)]
        if is_in_bucket(source.folder):
            yield BucketFolder(source.folder, private, reader)
        else:
            yield reader.open(home / source.folder)
    else:
        with _opened_database(source, home, environment, tables) as database:
            yield database


def _opened_database(
    source: DatabaseSource, home: Path, environment: Mapping[str, str], tables: Collection[str]
) -> AbstractContextManager[OpenSource]:
    # The drivers take longer to load than a shop of files takes to read.
    if isinstance(source, SqlAlchemySource):
        from sources.sqlalchemy_databases import open_sqlalchemy  # noqa: PLC0415

        return open_sqlalchemy(source.url_in(environment) or "", tables)
    from sources.adbc_databases import open_postgresql, open_sqlite  # noqa: PLC0415

    if isinstance(source, SqliteSource):
        return open_sqlite(home / source.file)
    return open_postgresql(source.url_in(environment) or "", tables)
