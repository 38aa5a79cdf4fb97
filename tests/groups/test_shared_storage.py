"""A group on Dask workers whose records lie in a bucket, and whose drops go to another."""

import io
import shutil
import tarfile

import pyrage
import pytest

from ledger.carry_book import CarryBook
from ledger.private_files import write_private
from schemas.errors import ConfigurationError
from tests import factories
from tests.carrying.places import S3_CREDENTIAL, s3_records
from tests.factories import agreement, customer, desk, objection, slip, vehicle, write_shop
from tests.groups.clusters import dying, workers
from tests.groups.test_groups import BROKEN, asked, manifests, runs_of

pytestmark = pytest.mark.flow

SHOPS = ("akita", "秋田 北")
PARCEL = "monthly-2026-10-r1.tar.age"
PARTNER = pyrage.x25519.Identity.generate()


@pytest.fixture
def storage(monkeypatch):
    """An S3 server for records and for drops, which worker processes may use."""
    with s3_records(monkeypatch) as (address, files, where):
        files.mkdir("partner")
        yield address, files, where


def a_shop(folder, number, address):
    """A shop of a customer of its own, and of one who refuses; its drops go to a prefix of its own."""
    place = {"kind": "s3", "bucket": "partner", "prefix": number, "endpoint_url": address}
    sealing = {"seal": "age", "recipient": str(PARTNER.to_public()), "expires_on": "2099-12-31"}
    terms = agreement(sealing=sealing) | {"place": {**place, "secret": {"file": "storage"}}}
    tables = {
        "customers": [customer(number), customer(f"9{number}")],
        "vehicles": [vehicle(f"V{number}", customer_id=number)],
        **slip(f"S{number}", number, f"V{number}", lines=3),
        "objections": [objection(f"9{number}")],
    }
    shop = write_shop(folder, tables, terms)
    write_private(shop / "state" / "keys" / "storage", S3_CREDENTIAL.encode())


def move_records(shop, files, where):
    """Move a shop's records into a bucket."""
    files.put(f"{shop / 'records'}/", f"shops/{shop.name}/", recursive=True)
    shutil.rmtree(shop / "records")
    told = (shop / "shop.toml").read_text()
    bucket = told.replace('"folder" = "records"', f'"folder" = "s3://shops/{shop.name}{where}"')
    assert bucket != told
    (shop / "shop.toml").write_text(bucket)


def unsealed_manifest(parcel):
    """What the partner finds in a parcel to check its files by."""
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(parcel, [PARTNER]))) as tar:
        (name,) = (n for n in tar.getnames() if n.endswith("/manifest-sha256.txt"))
        member = tar.extractfile(name)
        assert member is not None
        return member.read()


def test_a_worker_killed_while_it_hands_over_leaves_each_partner_one_whole_drop(
    prefect_server, storage, tmp_path, monkeypatch
):
    from flows.deployments.export_group import export_group

    address, files, where = storage
    folder, plain = tmp_path / "group", tmp_path / "plain"
    write_shop(folder / BROKEN, {})
    (folder / BROKEN / "notice.toml").write_text("no notice")
    for number, name in enumerate(SHOPS):
        a_shop(folder / name, str(number), address)
    shutil.copytree(folder, plain)
    for name in SHOPS:
        factories.run(plain / name)
        shutil.rmtree(folder / name / "state")
        (folder / name / "state").mkdir(mode=0o700)
        shutil.copytree(plain / name / "state" / "keys", folder / name / "state" / "keys")
        move_records(folder / name, files, where)
    files.rm("partner", recursive=True)
    files.mkdir("partner")
    died = dying(tmp_path, monkeypatch, "drops.transfer", "_put")
    with workers("dask") as two:
        report = export_group(asked(folder, two))
    assert died.exists()
    endings = {shop.shop: shop.exit_code for shop in report.shops}
    assert endings == {**dict.fromkeys(SHOPS, 0), BROKEN: ConfigurationError.exit_code}
    states = [run.state_name for run in runs_of(folder) if not run.name.startswith(BROKEN)]
    assert (states.count("Completed"), set(states)) == (len(SHOPS), {"Completed", "Crashed"})
    assert manifests(folder) == manifests(plain)
    for number, name in enumerate(SHOPS):
        found = {path.rpartition("/")[2] for path in files.ls(f"partner/{number}")}
        parts = (
            PARCEL,
            f"{PARCEL}.sha256",
            f"{PARCEL}.sha256.sig",
            "monthly-2026-10-r1.ready.json",
        )
        assert found == set(parts)
        (manifest,) = plain.glob(f"{name}/drops/*/*/manifest-sha256.txt")
        assert unsealed_manifest(files.cat(f"partner/{number}/{PARCEL}")) == manifest.read_bytes()
        with desk(folder / name).ledger.reading() as connection:
            assert len(CarryBook(connection).delivered()) == 1
            assert CarryBook(connection).doubtful() == {}
