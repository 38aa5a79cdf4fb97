"""A drop is whole, immutable, the same for the same records, and readable by the field's own tools."""

import json
import os
import shutil
from pathlib import Path

import bagit
import duckdb
import pytest
from frictionless import Package
from pyarrow import parquet

from drops.adoption import members_of
from drops.bag import TAG_MANIFEST, sha256_of
from drops.differences import differences
from drops.verify import verify_drop
from schemas.errors import VerificationError
from tests import factories
from tests.factories import (
    customer,
    joined,
    objection,
    run,
    slip,
    vehicle,
    whys,
    write_shop,
    write_table,
)

EARLIER = Path(__file__).parent / "of_version_0_4" / "monthly-2026-10-r1"
"""A drop as the program of version 0.4 made it: what was given is checked for years."""

FORMATS = [
    {"format": "parquet"},
    {"format": "csv", "encoding": "cp932", "unmappable": "substitute"},
    {"format": "csv", "encoding": "utf-8-sig", "line_end": "lf"},
]


def tables(**person):
    base = {
        "customers": [customer("1", **person)],
        "vehicles": [vehicle("V1", "1")],
        "objections": [objection("99")],
    }
    return joined(base, slip("S1", "1", "V1"))


def exported(tmp_path, delivery, **person):
    shop = write_shop(tmp_path, tables(**person), factories.agreement(delivery=delivery))
    return Path(run(shop).outcomes[0].path)


@pytest.fixture(scope="module")
def as_made(tmp_path_factory):
    """A drop of CSV files as it was made, for tests to copy."""
    return exported(tmp_path_factory.mktemp("shop"), FORMATS[2])


@pytest.fixture
def drop(as_made, tmp_path):
    """A copy of it to spoil, as deep in a folder of its own as drops are in a shop's."""
    return Path(shutil.copytree(as_made, tmp_path / "drops" / "lotas" / as_made.name))


@pytest.mark.parametrize("delivery", FORMATS)
def test_a_drop_is_a_valid_bag_and_data_package(tmp_path, delivery):
    drop = exported(tmp_path, delivery)
    assert bagit.Bag(str(drop)).is_valid()
    report = Package(str(drop / "datapackage.json")).validate()
    assert report.flatten(["type", "fieldName", "note"]) == []
    assert verify_drop(drop).rows["repair_lines"] == 2


def test_a_drop_verifies_from_within_its_folder(drop, monkeypatch):
    monkeypatch.chdir(drop)
    assert verify_drop(Path()).rows["repair_lines"] == 2
    change_byte(Path())
    with pytest.raises(VerificationError, match="monthly-2026-10-r1 is not a sound drop"):
        verify_drop(Path())


def test_the_samples_drops_validate_with_bagit_and_frictionless(sample_shop):
    for outcome in run(sample_shop).outcomes:
        assert bagit.Bag(outcome.path).is_valid()
        report = Package(str(Path(outcome.path) / "datapackage.json")).validate()
        assert report.flatten(["type", "fieldName", "note"]) == []


def test_duckdb_opens_the_parquet_with_its_types(tmp_path):
    drop = exported(tmp_path, {"format": "parquet"})
    (row,) = duckdb.sql(
        f"SELECT line_number, quantity, amount_jpy FROM '{drop}/data/repair_lines.parquet' LIMIT 1"
    ).fetchall()
    assert [str(value) for value in row] == ["1", "1.000", "1000"]


def test_a_partner_reads_the_unit_of_a_measure_whatever_the_header_calls_it(tmp_path):
    package = json.loads((exported(tmp_path, {}) / "datapackage.json").read_text())
    told = {
        field["joint-use:column"]: field.get("description", "")
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
    }
    assert told["amount_jpy"].endswith("［単位：円］")
    assert "単位" not in told["quantity"] + told["name"]


def test_the_same_records_give_the_same_bytes(tmp_path):
    one, other = (
        exported(tmp_path / name, {"format": "parquet"}, name="髙橋") for name in ("a", "b")
    )
    key = tmp_path / "a" / "state" / "keys" / "lotas.key"
    for leftover in ("drops", "state", "records"):
        shutil.rmtree(tmp_path / "b" / leftover)
    (tmp_path / "b" / "state.head.json").unlink()
    for folder in (tmp_path / "b" / "state", tmp_path / "b" / "state" / "keys"):
        folder.mkdir(mode=0o700)
    shutil.copy(key, tmp_path / "b" / "state" / "keys" / "lotas.key")
    shutil.copytree(tmp_path / "a" / "records", tmp_path / "b" / "records")
    other = Path(run(tmp_path / "b", now=factories.NOW.replace(day=9)).outcomes[0].path)
    assert (one / "manifest-sha256.txt").read_bytes() == (
        other / "manifest-sha256.txt"
    ).read_bytes()


def test_running_again_publishes_nothing_new(tmp_path):
    shop = write_shop(tmp_path, tables())
    first, second = run(shop).outcomes[0], run(shop).outcomes[0]
    assert (first.status, second.status) == ("published", "unchanged")
    assert second.path == first.path
    assert [p.name for p in Path(first.path).parent.iterdir()] == ["monthly-2026-10-r1"]


def test_a_change_is_a_new_revision_that_names_the_old_and_leaves_it_alone(tmp_path):
    shop = write_shop(tmp_path, tables())
    first = Path(run(shop).outcomes[0].path)
    before = factories.bytes_of(first)
    write_table(shop, "customers", [customer("1")])
    second = run(shop).outcomes[0]
    assert second.drop_id == "lotas/monthly-2026-10-r2"
    assert second.supersedes == "lotas/monthly-2026-10-r1"
    assert factories.bytes_of(first) == before


def test_a_dry_run_leaves_nothing(tmp_path):
    shop = write_shop(tmp_path, tables())
    outcome = run(shop, dry_run=True).outcomes[0]
    assert outcome.status == "dry_run"
    assert outcome.account["customers"].delivered == 1
    assert list((shop / "drops" / "lotas").iterdir()) == []


def change_byte(drop):
    path = drop / "data" / "customers.csv"
    path.write_bytes(path.read_bytes().replace(b"023", b"024", 1))


def change_row_and_hashes(drop):
    import hashlib

    path = drop / "data" / "customers.csv"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = drop / "manifest-sha256.txt"
    tag_before = hashlib.sha256(manifest.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace(before, after))
    tag_after = hashlib.sha256(manifest.read_bytes()).hexdigest()
    tags = drop / "tagmanifest-sha256.txt"
    tags.write_text(tags.read_text().replace(tag_before, tag_after))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (change_byte, "was changed"),
        (change_row_and_hashes, "SHA-256 of data/customers.csv is another"),
        (lambda drop: (drop / "data" / "visits.csv").unlink(), "is missing"),
        (lambda drop: (drop / "data" / "extra.csv").write_text("x"), "is in no manifest"),
        (lambda drop: (drop / "drop.json").unlink(), "drop.json is missing"),
        (lambda drop: (drop / "manifest-sha256.txt").unlink(), "no whole drop"),
    ],
)
def test_a_spoilt_drop_does_not_verify(drop, spoil, told):
    spoil(drop)
    with pytest.raises(VerificationError, match=told):
        verify_drop(drop)


def test_cp932_carries_what_it_can_and_names_what_it_replaces(tmp_path):
    drop = exported(tmp_path, FORMATS[1], name="𠮷田〜髙﨑①", address="山形市−１")
    text = (drop / "data" / "customers.csv").read_bytes().decode("cp932")
    assert "吉田～髙﨑①" in text
    assert "山形市－１" in text
    assert json.loads((drop / "drop.json").read_text())["cells"]["substituted"] == 2


def test_a_character_the_agreement_does_not_replace_sets_the_row_aside(tmp_path):
    names = ["森鷗外", "金‑銀", "한글", "〜"]
    whole = joined(tables(), {"customers": [customer("2")]})
    for n, name in enumerate(names):
        person = {
            "customers": [customer(f"1{n}", name=name)],
            "vehicles": [vehicle(f"W{n}", f"1{n}")],
        }
        whole = joined(whole, person, slip(f"T{n}", f"1{n}", f"W{n}"))
    delivery = {"format": "csv", "encoding": "cp932", "unmappable": "quarantine"}
    shop = write_shop(tmp_path, whole, factories.agreement(delivery=delivery))
    outcome = run(shop).outcomes[0]
    found = {name: whys(shop, "customers", name, "lotas") for name in names}
    assert found == {name: ["name:unmappable_character"] for name in names}
    count = len(names)
    assert outcome.reasons["customers"] == {"quarantined: name:unmappable_character": count}
    assert outcome.account["repair_lines"].quarantined == 2 * count
    assert outcome.account["repair_lines"].delivered == 2


def test_a_line_that_cannot_be_written_takes_its_slip_along(tmp_path):
    whole = tables()
    whole["repair_lines"][1]["name"] = "部品𩸽"
    outcome = run(write_shop(tmp_path, whole, factories.agreement(delivery=FORMATS[1]))).outcomes[0]
    assert outcome.account["repairs"].quarantined == outcome.account["invoices"].quarantined == 1


def test_formulas_are_defused_in_text_and_nothing_else_is_touched(tmp_path):
    whole = tables(name="=HYPERLINK(1)", phone="+81 23-643-8163")
    whole["invoices"][0]["billed_jpy"] = "-500"
    whole["repairs"][0] |= {"description": "－", "work_kind": "-"}
    drop = Path(run(write_shop(tmp_path, whole)).outcomes[0].path)
    assert '"\'=HYPERLINK(1)"' in (drop / "data" / "customers.csv").read_text()
    assert '"023-643-8163"' in (drop / "data" / "customers.csv").read_text()
    assert ",-500\n" in (drop / "data" / "invoices.csv").read_text()
    assert '"-","－"' in (drop / "data" / "repairs.csv").read_text()


def test_parquet_is_not_defused(tmp_path):
    drop = exported(tmp_path, {"format": "parquet"}, name="=1+1")
    assert parquet.read_table(drop / "data" / "customers.parquet")["name"].to_pylist() == ["=1+1"]


def test_titles_and_labels_of_the_agreement_are_used(tmp_path):
    wanted = {
        "customers": {
            "columns": ["name", "sex"],
            "titles": {"name": "お名前", "customer_key": "キー"},
            "labels": {"sex": {"male": "男", "female": "女", "other": "他"}},
        }
    }
    drop = Path(
        run(write_shop(tmp_path, tables(sex="male"), factories.agreement(tables=wanted)))
        .outcomes[0]
        .path
    )
    header, row = (drop / "data" / "customers.csv").read_text("utf-8-sig").splitlines()
    assert header == '"キー","お名前","性別"'
    assert row.endswith('"男"')


def test_crlf_ends_records_and_leaves_line_breaks_in_cells_alone(tmp_path):
    whole = tables()
    whole["repairs"][0]["description"] = "点検\n異音"
    delivery = {"format": "csv", "encoding": "cp932", "line_end": "crlf"}
    drop = Path(
        run(write_shop(tmp_path, whole, factories.agreement(delivery=delivery))).outcomes[0].path
    )
    raw = (drop / "data" / "repairs.csv").read_bytes()
    assert "点検\n異音".encode("cp932") in raw
    assert raw.count(b"\r\n") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"path": "data/customers.csv"', '"path": "../../secret.csv"'),
        ('"schema"', '"scheme"'),
        ('"type": "date"', '"type": "moon"'),
        ('"resources"', '"things"'),
    ],
)
def test_a_foreign_description_is_a_fault_and_no_crash(drop, old, new):
    import hashlib

    path, tags = drop / "datapackage.json", drop / "tagmanifest-sha256.txt"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text().replace(old, new))
    tags.write_text(tags.read_text().replace(before, hashlib.sha256(path.read_bytes()).hexdigest()))
    with pytest.raises(VerificationError, match=r"datapackage.json|cannot be read"):
        verify_drop(drop)


@pytest.mark.parametrize("failure", [KeyError, TypeError])
def test_what_fails_in_the_look_is_no_fault_of_the_drop(tmp_path, failure):
    def look(*_):
        raise failure("a column of another table")

    with pytest.raises(failure, match="a column of another table"):
        verify_drop(exported(tmp_path, {"format": "parquet"}), look)


def vouched_for(drop):
    """Write the tag manifest anew, as whoever alters a drop would."""
    names = [line.split("  ")[1] for line in (drop / TAG_MANIFEST).read_text().splitlines()]
    lines = [f"{sha256_of(drop / name)}  {name}\n" for name in names]
    (drop / TAG_MANIFEST).write_text("".join(lines))


def altered(drop, name, change):
    content = json.loads((drop / name).read_text())
    change(content)
    (drop / name).write_text(json.dumps(content))
    vouched_for(drop)


@pytest.mark.parametrize(
    "manifest",
    ["0  data/顧客.csv\n".encode("cp932"), b"0  data/a\x00b\n", b"0  data/" + b"a" * 5000 + b"\n"],
)
def test_a_manifest_no_program_of_ours_wrote_is_refused_in_a_line(drop, manifest):
    (drop / "manifest-sha256.txt").write_bytes(manifest)
    vouched_for(drop)
    with pytest.raises(VerificationError) as refused:
        verify_drop(drop)
    assert len(str(refused.value)) < 8000
    assert "manifest-sha256.txt" in str(refused.value) or "is missing" in str(refused.value)


@pytest.mark.parametrize("what", ["pipe", "link", "folder", "circle"])
def test_what_is_no_file_and_in_no_manifest_is_a_fault(drop, tmp_path, what):
    place = drop / "data" / "extra"
    if what == "pipe":
        os.mkfifo(place)
    else:
        target = {"link": tmp_path / "nothing", "folder": tmp_path, "circle": place}[what]
        place.symlink_to(target)
    with pytest.raises(VerificationError, match="data/extra is in no manifest"):
        verify_drop(drop)


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret.csv", "pipe"])
def test_a_file_the_manifest_does_not_list_is_not_opened(drop, tmp_path, path):
    os.mkfifo(tmp_path / "pipe")
    path = str(tmp_path / path) if path == "pipe" else path
    altered(drop, "datapackage.json", lambda told: told["resources"][0].update(path=path))
    altered(drop, "drop.json", lambda told: told["tables"][0].update(file=path))
    with pytest.raises(VerificationError, match=r"the SHA-256 of .* is another one"):
        verify_drop(drop)


def first_field(told):
    return told["resources"][0]["schema"]["fields"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["resources"][0].update(encoding="klingon"),
        lambda told: first_field(told).setdefault("constraints", {}).update(pattern="("),
        lambda told: first_field(told).pop("title"),
        lambda told: first_field(told).update(type="geopoint"),
        lambda told: told["resources"][0].update(schema=[]),
        lambda told: told.update(resources=[[]]),
    ],
)
def test_a_description_that_makes_no_sense_is_a_fault_of_the_drop(drop, change):
    altered(drop, "datapackage.json", change)
    with pytest.raises(VerificationError):
        verify_drop(drop)


@pytest.mark.parametrize("name", ["drop.json", "datapackage.json"])
def test_json_without_end_is_a_fault_of_the_drop(drop, name):
    (drop / name).write_text("[" * 100_000)
    vouched_for(drop)
    with pytest.raises(VerificationError):
        verify_drop(drop)


def test_a_drop_of_an_earlier_version_is_still_one():
    drop = verify_drop(EARLIER).drop
    assert (drop.software, len(drop.tables)) == ("joint-use-export", 10)
    assert members_of(EARLIER).records["record"].value_counts()["customers"] == 2
    assert differences(EARLIER, EARLIER) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda told: told["account"]["customers"].update(read=99), "does not balance"),
        (lambda told: told["tables"][0].update(rows=99), "does not balance"),
        (lambda told: told["deleted"].update(rows=9), "deleted has 0 rows, not 9"),
        (lambda told: told["tables"][0]["columns"].pop(), "the same columns of customers"),
        (lambda told: told["tables"].pop(), "do not list the same tables"),
        (lambda told: told["tables"][0].update(sha256="0" * 64), "is another one"),
    ],
)
def test_a_drop_that_says_another_thing_of_itself_is_told(drop, change, told):
    altered(drop, "drop.json", change)
    with pytest.raises(VerificationError, match=told):
        verify_drop(drop)


@pytest.mark.parametrize("name", ["bag-info.txt", "drop.json", "datapackage.json"])
def test_a_changed_or_unlisted_tag_file_is_told(drop, name):
    path, tags = drop / name, drop / TAG_MANIFEST
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    with pytest.raises(VerificationError, match=f"{name} was changed"):
        verify_drop(drop)
    path.write_bytes(before)
    lines = tags.read_text().splitlines(keepends=True)
    tags.write_text("".join(line for line in lines if not line.endswith(f"  {name}\n")))
    with pytest.raises(VerificationError, match=f"{name} is missing from the tag manifest"):
        verify_drop(drop)
