"""A drop whose keys do not fit together does not verify, however well its hashes do."""

import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow
import pyarrow.csv as arrow_csv
import pytest
from pyarrow import parquet

from drops.bag import read_manifest, seal_bag, sha256_of
from drops.verify import verify_drop
from schemas.errors import VerificationError
from tests import factories
from tests.factories import customer, joined, objection, run, slip, vehicle, write_shop

NOBODY = "0123456789abcdef" * 2


@pytest.fixture(scope="module", params=["parquet", "csv"])
def as_made(request, tmp_path_factory):
    """A drop as it was made, for every test to copy."""
    tables = {
        "customers": [customer("1"), customer("2")],
        "vehicles": [vehicle("V1", "1"), vehicle("V2", "2")],
        "objections": [objection("99")],
    }
    tables = joined(joined(tables, slip("S1", "1", "V1")), slip("S2", "2", "V2"))
    agreed = factories.agreement(delivery={"format": request.param, "encoding": "utf-8-sig"})
    shop = write_shop(tmp_path_factory.mktemp("shop"), tables, agreed)
    return Path(run(shop).outcomes[0].path)


@pytest.fixture
def drop(as_made, tmp_path):
    return Path(shutil.copytree(as_made, tmp_path / as_made.name))


def rewritten(drop, table, change):
    """Change the rows of a file, and everything that vouches for them."""
    (path,) = (drop / "data").glob(f"{table}.*")
    if path.suffix == ".parquet":
        rows = change(parquet.read_table(path))
        parquet.write_table(rows, path)
    else:
        as_text = {
            name: pyarrow.string()
            for name in path.read_text("utf-8-sig").splitlines()[0].replace('"', "").split(",")
        }
        options = arrow_csv.ConvertOptions(column_types=as_text, strings_can_be_null=True)
        rows = change(arrow_csv.read_csv(path, convert_options=options))
        arrow_csv.write_csv(rows, path)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    told = json.loads((drop / "drop.json").read_text())
    for file in (*told["tables"], told["deleted"]):
        if file["name"] == table:
            file |= {"sha256": sha256_of(path), "rows": len(rows)}
            file["columns"] = file["columns"][: rows.num_columns]
            told["account"].get(table, {})["delivered"] = len(rows)
    (drop / "drop.json").write_text(json.dumps(told, ensure_ascii=False))
    payload = {name: sha256_of(drop / name) for name in read_manifest(drop)}
    (drop / "tagmanifest-sha256.txt").unlink()
    seal_bag(drop, identifier="x", shop="x", bagged_on=date(2026, 11, 1), payload=payload)


def twice(rows):
    """Have the first row a second time at the end."""
    return pyarrow.concat_tables([rows, rows.slice(0, 1)])


def with_cell(place, text):
    """Have another text in a cell of the first row."""

    def change(rows):
        cells = rows.column(place).to_pylist()
        return rows.set_column(
            place, rows.field(place), pyarrow.chunked_array([[text(cells[0]), *cells[1:]]])
        )

    return change


@pytest.mark.parametrize(
    ("table", "change", "told"),
    [
        ("customers", twice, r"customers\.\w+: a key stands twice"),
        ("invoices", twice, r"invoices\.\w+: a key stands twice"),
        ("repair_lines", twice, r"repair_lines\.\w+: a key stands twice"),
        ("repairs", with_cell(0, lambda _: NOBODY), r"a row's repairs is not in this drop"),
        ("customers", with_cell(0, str.upper), r"customers\.\w+: \S+: str_matches"),
        ("customers", with_cell(0, str.upper), r"a row's customers is not in this drop"),
        ("customers", with_cell(0, lambda key: key[1:]), r"customers\.\w+: \S+: str_matches"),
    ],
)
def test_keys_that_do_not_fit_are_told(drop, table, change, told):
    verify_drop(drop)
    rewritten(drop, table, change)
    with pytest.raises(VerificationError, match=told):
        verify_drop(drop)


def keys_of(drop, table):
    """The keys of a file, in its order."""
    (path,) = (drop / "data").glob(f"{table}.*")
    if path.suffix == ".parquet":
        return parquet.read_table(path).column(0).to_pylist()
    lines = path.read_text("utf-8-sig").splitlines()[1:]
    return [line.split(",")[0].strip('"') for line in lines]


@pytest.mark.parametrize(("record", "place"), [("customers", 0), ("customers", 1), ("vehicles", 1)])
def test_a_key_to_delete_that_is_delivered_is_told(drop, record, place):
    key = keys_of(drop, record)[place]
    rewritten(
        drop,
        "deleted",
        lambda rows: pyarrow.table([[record], [key]], names=rows.schema.names),
    )
    with pytest.raises(VerificationError, match="a key to delete is delivered"):
        verify_drop(drop)


def test_a_file_of_what_to_delete_without_its_columns_is_told(drop):
    described = json.loads((drop / "datapackage.json").read_text())
    for resource in described["resources"]:
        if resource["name"] == "deleted":
            resource["schema"]["fields"].pop()
            resource["schema"].pop("primaryKey", None)
    (drop / "datapackage.json").write_text(json.dumps(described, ensure_ascii=False))
    rewritten(drop, "deleted", lambda rows: rows.select([0]))
    with pytest.raises(VerificationError, match="not the columns of what is to be deleted"):
        verify_drop(drop)


def test_a_key_that_is_none_is_told_even_if_the_description_does_not_say_what_a_key_is(drop):
    described = json.loads((drop / "datapackage.json").read_text())
    for resource in described["resources"]:
        for field in resource["schema"]["fields"]:
            field.get("constraints", {}).pop("pattern", None)
    (drop / "datapackage.json").write_text(json.dumps(described, ensure_ascii=False))
    rewritten(drop, "customers", with_cell(0, lambda _: "abc"))
    with pytest.raises(VerificationError, match=r"customers\.\w+: \S+: str_matches"):
        verify_drop(drop)
