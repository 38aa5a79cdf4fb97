"""The sample's records as tables of a database, cell for cell as the files have them."""

import csv
from collections.abc import Iterator
from pathlib import Path

from sources.encoding import encoding_of

TABLES = {
    "顧客": "顧客コード",
    "家族": "家族番号",
    "車両": "車両コード",
    "入庫": "入庫番号",
    "整備": "整備番号",
    "整備明細": "整備番号",
    "売上": "伝票番号",
    "諸費用": "諸費用番号",
    "画像": "画像番号",
    "申し出": "申出番号",
}


def columns_and_rows(shop: Path, table: str) -> tuple[list[str], Iterator[list[str | None]]]:
    """Read a table; a record of the wrong width is no row a database could hold."""
    path = shop / "records" / f"{table}.csv"
    with path.open(encoding=encoding_of(path), newline="") as file:
        header, *rows = csv.reader(file)
    return header, ([cell or None for cell in row] for row in rows if len(row) == len(header))


def create_table(table: str, header: list[str]) -> str:
    """Give the statement that makes a table; the line number is a number, as real systems have it."""
    columns = ", ".join(f'"{name}" {"INTEGER" if name == "行" else "TEXT"}' for name in header)
    return f'CREATE TABLE "{table}" ({columns})'


def drop_ragged_record(shop: Path) -> None:
    """Take the one record out of the files that a database cannot hold."""
    path = shop / "records" / "入庫.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


def point_at(shop: Path, source: str) -> None:
    """Let shop.toml read the same tables from a database."""
    text = (shop / "shop.toml").read_text()
    old = '[sources.records]\nkind = "csv"\nfolder = "records"\n'
    assert old in text
    text = text.replace(old, f"[sources.records]\n{source}\n")
    for table in TABLES:
        text = text.replace(f'table = "{table}.csv"', f'table = "{table}"')
    (shop / "shop.toml").write_text(text)
