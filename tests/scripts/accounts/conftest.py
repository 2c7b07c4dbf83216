"""Accounts in a store of their own."""

from __future__ import annotations

import pytest

from codexlb_store.accounts import Account
from scripts.data_folder import DataFolder
from tests.scripts.sample_ledger import add_account


@pytest.fixture
def ann(folder: DataFolder) -> Account:
    return add_account(folder, "ann@example.com", "plus")


@pytest.fixture
def bob(folder: DataFolder) -> Account:
    return add_account(folder, "bob@example.com", "pro")
