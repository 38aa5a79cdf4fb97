"""Shops as they are after a run that many tests begin with."""

import shutil
from datetime import timedelta

import pytest

from tests import factories
from tests.recall.shops import CARS, FIRST, NOW, balanced, run, shop_of


@pytest.fixture
def shop(tmp_path):
    """A shop that has told nobody yet."""
    return shop_of(tmp_path)


@pytest.fixture(scope="session")
def shop_after_a_recall(tmp_path_factory):
    """To be copied."""
    shop = shop_of(tmp_path_factory.mktemp("told") / "shop")
    report = balanced(run(shop))
    assert (report.campaigns[0].handed, report.campaigns[0].kept) == (len(CARS), {})
    assert report.outcomes[0].account["recall_targets"].delivered == len(CARS)
    assert report.outcomes[0].drop_id == FIRST
    return shop


@pytest.fixture(scope="session")
def shop_after_month_and_recall(tmp_path_factory):
    """To be copied."""
    shop = shop_of(tmp_path_factory.mktemp("told") / "shop")
    factories.run(shop, partners=("lotas",))
    run(shop, now=NOW + timedelta(hours=1))
    return shop


@pytest.fixture
def told_shop(shop_after_a_recall, tmp_path):
    """A shop that told its partner of all six cars, now, by the drop `FIRST`."""
    return shutil.copytree(shop_after_a_recall, tmp_path / "told")


@pytest.fixture
def told_twice(shop_after_month_and_recall, tmp_path):
    """A shop whose partner has the month, and an hour later heard of all six cars."""
    return shutil.copytree(shop_after_month_and_recall, tmp_path / "told")
