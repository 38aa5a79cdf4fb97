"""The sample shop as it is after its monthly export."""

import shutil

import pytest

from tests.conftest import copy_sample
from tests.factories import run


@pytest.fixture(scope="session")
def sample_after_the_month(tmp_path_factory):
    """To be copied."""
    shop = copy_sample(tmp_path_factory.mktemp("sample") / "shop")
    run(shop)
    return shop


@pytest.fixture
def exported_sample(sample_after_the_month, tmp_path):
    """A copy of the sample shop, whose partners have the month."""
    return shutil.copytree(sample_after_the_month, tmp_path / "shop")
