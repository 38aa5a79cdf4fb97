"""A group on Dask workers whose records lie in a bucket, and whose drops go to another."""

import shutil

import pytest

from drops.sealing import Parcel, unpack
from ledger.carry_book import CarryBook
from schemas.errors import ConfigurationError
from tests import factories
from tests.carrying.places import S3_CREDENTIAL, s3_place, s3_records
from tests.carrying.test_delivering import FILES, NAME, names_in, shop_for
from tests.carrying.test_sealing import identity
from tests.factories import customer, desk, objection, slip, vehicle, write_shop
from tests.groups.clusters import dying, workers
from tests.groups.test_groups import BROKEN, asked, manifests, runs_of

pytestmark = pytest.mark.flow

SHOPS = {"0": "akita", "1": "秋田 北"}
PARTNER = identity()


@pytest.fixture
def storage(monkeypatch):
    """An S3 server for records and for drops, which worker processes may use."""
    with s3_records(monkeypatch) as (address, files, where):
        files.mkdir("partner")
        yield address, files, where


def a_shop(folder, number, address):
    """A shop of a customer of its own, and of one who refuses; its drops go to a prefix of its own."""
    tables = {
        "customers": [customer(number), customer(f"9{number}")],
        "vehicles": [vehicle(f"V{number}", customer_id=number)],
        **slip(f"S{number}", number, f"V{number}", lines=3),
        "objections": [objection(f"9{number}")],
    }
    shop_for(folder, s3_place(address, number), S3_CREDENTIAL, tables, PARTNER)


def move_records(shop, files, where):
    """Move a shop's records into a bucket."""
    files.put(f"{shop / 'records'}/", f"shops/{shop.name}/", recursive=True)
    shutil.rmtree(shop / "records")
    told = (shop / "shop.toml").read_text()
    bucket = told.replace('"folder" = "records"', f'"folder" = "s3://shops/{shop.name}{where}"')
    assert bucket != told
    (shop / "shop.toml").write_text(bucket)


def test_a_worker_killed_while_it_hands_over_leaves_each_partner_one_whole_drop(
    prefect_server, storage, tmp_path, monkeypatch
):
    from flows.deployments.export_group import export_group

    address, files, where = storage
    folder, plain = tmp_path / "group", tmp_path / "plain"
    write_shop(folder / BROKEN, {})
    (folder / BROKEN / "notice.toml").write_text("no notice")
    for number, name in SHOPS.items():
        a_shop(folder / name, number, address)
    shutil.copytree(folder, plain)
    for name in SHOPS.values():
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
    assert endings == {**dict.fromkeys(SHOPS.values(), 0), BROKEN: ConfigurationError.exit_code}
    states = [run.state_name for run in runs_of(folder) if not run.name.startswith(BROKEN)]
    assert (states.count("Completed"), set(states)) == (len(SHOPS), {"Completed", "Crashed"})
    assert manifests(folder) == manifests(plain)
    for number, name in SHOPS.items():
        got = tmp_path / "got" / number
        files.get(f"partner/{number}/", f"{got}/", recursive=True)
        assert names_in(got) == FILES
        (got / "in").mkdir()
        drop = unpack(Parcel(got / NAME), str(PARTNER), got / "in")
        (manifest,) = plain.glob(f"{name}/drops/*/*/manifest-sha256.txt")
        assert (drop / manifest.name).read_bytes() == manifest.read_bytes()
        with desk(folder / name).ledger.reading() as connection:
            assert len(CarryBook(connection).delivered()) == 1
            assert CarryBook(connection).doubtful() == {}
