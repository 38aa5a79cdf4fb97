"""A drop made in parts by workers has the bytes of one made in one piece."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests import factories
from tests.conftest import copy_sample


class Pool:
    """An engine of the standard library: threads, or processes of their own."""

    def __init__(self, executor, parts):
        self._executor, self.parts, self.fewest_rows = executor, parts, 1

    def map(self, work, jobs):
        return self._executor.map(work, jobs)


def manifests(shop):
    found = sorted(Path(shop).glob("drops/*/*/manifest-sha256.txt"))
    return {path.relative_to(shop): path.read_text() for path in found}


def accounts(report):
    return [(o.account, o.reasons, o.cells, o.deleted) for o in report.outcomes]


@pytest.mark.parametrize("pool", ["threads", "processes"])
def test_parts_merge_into_the_bytes_of_the_whole(tmp_path, pool):
    whole, split = copy_sample(tmp_path / "whole"), copy_sample(tmp_path / "split")
    expected = factories.run(whole)
    (split / "state").mkdir(mode=0o700)
    (whole / "state" / "keys").rename(split / "state" / "keys")
    executor = (
        ThreadPoolExecutor(2)
        if pool == "threads"
        else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    )
    with executor:
        found = factories.run(split, engine=Pool(executor, parts=3))
    assert manifests(split) == manifests(whole)
    assert accounts(found) == accounts(expected)
