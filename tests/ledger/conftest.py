"""A module's shop with its ledger in either database."""

import pytest


@pytest.fixture
def shop_anywhere(shop, ledger_place):
    """The module's shop, for what each kind of statement of a book does."""
    return ledger_place(shop)
