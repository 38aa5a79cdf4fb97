"""Write the sample shop: `python -m data.make_sample FOLDER`."""

import csv
import io
import sys
from pathlib import Path
from random import Random

from data.make_sample import cars, people, work

SEED = 20261031

Rows = list[dict[str, str]]


def encoded(rows: Rows, encoding: str) -> bytes:
    """Write rows as CSV with CRLF; private-use characters become the bytes of a 外字."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def make(folder: Path) -> None:
    """Write every file of the sample's records under `folder`."""
    random = Random(SEED)
    everyone = people.make_people(random)
    garage = cars.make_cars(everyone, random)
    visits, repairs, lines, invoices = work.make_work(garage, random)
    pictures, photographs = cars.picture_rows_and_files(garage, random)
    tables: dict[str, tuple[Rows, str]] = {
        "records/顧客.csv": (people.customer_rows(everyone, random), "cp932"),
        "records/家族.csv": (people.family_rows(everyone, random), "utf-8-sig"),
        "records/車両.csv": (cars.vehicle_rows(garage, random), "cp932"),
        "records/入庫.csv": (visits, "cp932"),
        "records/整備.csv": (repairs, "cp932"),
        "records/整備明細.csv": (lines, "cp932"),
        "records/売上.csv": (invoices, "cp932"),
        "records/諸費用.csv": (cars.cost_rows(garage, random), "cp932"),
        "records/画像.csv": (pictures, "cp932"),
        "records/申し出.csv": (people.objection_rows(), "cp932"),
        "counter/objections.csv": (people.counter_objection_rows(), "utf-8"),
    }
    files = {name: encoded(*table) for name, table in tables.items()}
    files["records/入庫.csv"] += "N999999,000001,途中で切れた行\r\n".encode("cp932")
    files |= {
        f"certificates/{n}": content
        for n, content in cars.certificate_files(garage, random).items()
    }
    files |= {f"images/{name}": content for name, content in photographs.items()}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
