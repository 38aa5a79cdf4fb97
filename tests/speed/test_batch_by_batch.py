"""However few rows a run holds at once, what leaves and what is remembered of it is the same."""

import shutil

import numpy as np
import pyarrow
import pytest

import sources.csv_files
import sources.rows
import sources.snapshot
import transforms.prefetching
import transforms.spine
from drops.bag import read_manifest
from ledger.holdings_book import HoldingsBook
from schemas.drop import DropKind
from sources.shop_folder import load_shop
from sources.staging import take_snapshot
from tests.conftest import copy_sample
from tests.factories import desk, object_to, run
from transforms.identity import IDENTITY_COLUMNS, traits_of, traits_of_all

FEW_ROWS, FEW_BYTES = 70, 1 << 12


@pytest.fixture
def few_at_once(monkeypatch):
    """Have sources read in small batches from when it is called."""

    def begin():
        monkeypatch.setattr(sources.rows, "BATCH_ROWS", FEW_ROWS)
        monkeypatch.setattr(sources.csv_files, "_BLOCK_BYTES", FEW_BYTES)
        monkeypatch.setattr(transforms.prefetching, "_FEW_ROWS", 0)
        monkeypatch.setattr(transforms.spine, "_MOST_KEPT", FEW_ROWS)
        monkeypatch.setattr(sources.snapshot, "_MOST_KEPT", FEW_ROWS)

    return begin


def test_the_drops_of_the_sample_do_not_depend_on_how_many_rows_are_read_at_once(
    tmp_path, few_at_once
):
    told = []
    for name in ("many", "few"):
        shop = copy_sample(tmp_path / name)
        if name == "few":
            few_at_once()
            (shop / "state").mkdir(mode=0o700)
            shutil.copytree(tmp_path / "many" / "state" / "keys", shop / "state" / "keys")
        first = run(shop)
        object_to(shop, "000001")
        reports = [first, run(shop, month="2026-09"), run(shop, kind=DropKind.NOTICES)]
        outcomes = [outcome for report in reports for outcome in report.outcomes]
        shown = [
            (each.drop_id, each.status, each.account, read_manifest(shop / "drops" / each.drop_id))
            for each in outcomes
        ]
        told.append((shown, held(shop)))
    assert told[0] == told[1]
    assert any(digests for _, _, _, digests in told[0][0])


def held(shop):
    """What the partners hold, whatever pieces it is kept in."""
    with desk(shop).ledger.reading() as connection:
        book = HoldingsBook(connection)
        records = ("customers", "vehicles", "family_members", "certificates")
        return {
            (partner, record): sorted(keys.to_pylist())
            for partner in ("lotas", "broadleaf")
            for record, keys in book.held_keys(partner, "monthly", records).items()
        }


def test_rows_of_a_mask_and_traits_are_those_of_the_whole_table(tmp_path, few_at_once):
    few_at_once()
    shop = load_shop(copy_sample(tmp_path / "shop"))
    (tmp_path / "staged").mkdir()
    snapshot = take_snapshot(shop, tmp_path / "staged", {}, ["customers"])
    customers = snapshot.table("customers", IDENTITY_COLUMNS)
    assert len(list(snapshot.batches("customers"))) > 3
    for step in (1, 7, len(customers) + 1):
        mask = [n % step == step - 1 for n in range(len(customers))]
        expected = customers.filter(pyarrow.array(mask, pyarrow.bool_()))
        assert snapshot.chosen("customers", IDENTITY_COLUMNS, np.array(mask)).equals(expected)

    def digest(texts):
        return pyarrow.array([t and hash(t) % 2**63 for t in texts.to_pylist()], pyarrow.uint64())

    by_batch = traits_of_all(snapshot.batches("customers", IDENTITY_COLUMNS), digest).arrays()
    at_once = traits_of(customers, digest).arrays()
    assert {n: c.tolist() for n, c in by_batch.items()} == {
        n: c.tolist() for n, c in at_once.items()
    }
